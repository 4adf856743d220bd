"""Erase: gone at once, with everything derived from it, from every file of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from memorybank import MemoryBank, Turn
from memorybank.errors import BadInput, NotFound, UnknownMemory
from memorybank.records import Level
from memorybank.store.care import examine
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs.erase import Erased
from memorybank.verbs.mending import check

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
CANARY = {"en": "xylocarp", "zh": "鸊鷉"}
TOLD = {
    "en": ("I love my {} tree and I work as a nurse.", "A {}! On May 3rd?"),
    "zh": ("我喜欢我的{}，我的工作是护士。", "{}真好！五月三日？"),
}
OTHER = {"en": ("My name is Clara.", "I work in Lyon."), "zh": ("我叫克拉拉。", "我的公司在里昂。")}
LEVELS: tuple[Level, ...] = ("day", "insight", "week", "month", "global")


@pytest.fixture(autouse=True)
def sound(tmp_path: Path) -> Iterator[None]:
    """Whatever a test did, the file it leaves behind is sound."""
    yield
    for path in (tmp_path / "m.db", tmp_path / "zh.db"):
        if path.exists():
            assert examine(path) == [] and check(path).findings == ()


def holding(folder: Path, word: str) -> list[str]:
    """Return the files that hold a word in any usual form."""
    forms = [word.encode(code) for code in ("utf-8", "utf-16-le", "gb18030")]
    forms += [word.upper().encode(), word.encode("unicode_escape")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def everything(bank: MemoryBank) -> str:
    """All that a bank tells anywhere, as one text."""
    parts: list[object] = [bank.portrait().to_json(), bank.timeline(), bank.statements()]
    parts += [bank.summaries(level) for level in LEVELS]
    parts += [
        bank.recall(q, k=99, faded="always", neighbours=2).to_json() for q in ("Clara", "里昂")
    ]
    parts += [bank.context("Clara 里昂").to_json(), bank.jobs(), bank.info().to_json()]
    return repr(parts)


def with_canary(bank: MemoryBank, clock: Clock, lang: str) -> tuple[str, list[str]]:
    """Fill a bank over three weeks, the canary in the middle; return its id and the others'."""
    others = []
    text, reply = (part.format(CANARY[lang]) for part in TOLD[lang])
    for week in range(3):
        for i, said in enumerate(OTHER[lang]):
            others.append(bank.remember(f"{said} ({week}.{i})", source="diary"))
            clock.forward(hours=2)
        if week == 1:
            memory = bank.remember(
                text, reply=reply, external_id=f"id {CANARY[lang]}", source="canary",
                speaker=CANARY[lang], conversation=f"about {CANARY[lang]}",
            )  # fmt: skip
        clock.forward(days=7)
    bank.remember(OTHER[lang][0], used=[memory, *others[:2]])
    bank.digest()
    return memory, others


def counts(bank: MemoryBank) -> tuple[int, int]:
    """How many summaries and insights of every level a bank has, and how many statements."""
    return sum(len(bank.summaries(level)) for level in LEVELS), len(bank.statements())


def pick(bank: MemoryBank, bank_zh: MemoryBank, lang: str) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


@BOTH
def test_erased_by_id(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, tmp_path: Path, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    memory, others = with_canary(mine, clock, lang)
    assert CANARY[lang] in everything(mine) and holding(tmp_path, CANARY[lang])
    before = counts(mine)
    receipt = mine.erase(memory)
    assert CANARY[lang] not in everything(mine), "at once, before any digest"
    left = counts(mine)
    assert (receipt.summaries, receipt.statements) == (before[0] - left[0], before[1] - left[1])
    assert holding(tmp_path, CANARY[lang]) == []
    assert (receipt.turns, receipt.statements) == (1, 1)
    assert receipt.summaries >= 4, "the day, its insight, its week, and upwards"
    assert CANARY[lang] not in repr(receipt)
    for verb in (mine.explain, mine.pin, mine.erase):
        with pytest.raises(UnknownMemory):
            verb(memory)
    mine.digest()
    assert CANARY[lang] not in everything(mine)
    for level in LEVELS:
        assert mine.summaries(level), level
        assert not any(memory in summary.sources for summary in mine.summaries(level))
        assert not any(summary.stale for summary in mine.summaries(level))
    ids = [hit.id for hit in mine.recall(OTHER[lang][0], k=99, faded="always", kinds=("turn",))]
    assert set(others) <= set(ids) and memory not in ids
    mine.close()
    assert holding(tmp_path, CANARY[lang]) == []


@BOTH
def test_erasing_reaches_big_texts_in_a_crowd(
    bank: MemoryBank, bank_zh: MemoryBank, tmp_path: Path, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    ids = []
    for i in range(60):  # pages split, texts overflow, free pages are used again
        word = CANARY[lang] if i % 3 == 0 else "plain"
        memory = mine.remember(f"{i} {word} " * (1 + 40 * (i % 7)), reply=f"{word} {i}")
        ids += [memory] if i % 3 == 0 else []
    mine.digest()
    mine.erase(*ids)
    assert holding(tmp_path, CANARY[lang]) == []
    mine.digest()
    assert holding(tmp_path, CANARY[lang]) == []
    assert mine.info().turns == 40


def test_erased_by_day(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    kept = bank.remember("My name is Clara.")
    clock.forward(days=1)
    ids = [bank.remember(f"I love my xylocarp {i}.") for i in range(3)]
    bank.correct(ids[0], "I love my xylocarp and my garden.")
    bank.digest()
    assert bank.erase(day=date(2026, 3, 3)).turns == 4, "what was replaced goes too"
    assert holding(tmp_path, "xylocarp") == []
    assert [day.day for day in bank.timeline()] == [date(2026, 3, 2)]
    bank.digest()
    assert [s.period for s in bank.summaries("day")] == ["2026-03-02"]
    assert [hit.id for hit in bank.recall("xylocarp", kinds=("turn",))] == [kept]
    assert bank.jobs() == []


def test_a_receipt_counts_what_went(bank: MemoryBank, clock: Clock) -> None:
    bank.remember("I work in Lyon.")
    clock.forward(days=1)
    ids = [bank.remember(text) for text in ("My name is Clara.", "I love my garden.")]
    bank.digest()
    before = counts(bank)
    receipt = bank.erase(*ids)
    left = counts(bank)
    assert before[1] - left[1] == 2, "else this test proves nothing"
    assert receipt == Erased(2, before[0] - left[0], 2, cleared=True)
    assert {j.subject for j in bank.jobs()} == {
        "day:2026-03-03", "week:2026-W10", "month:2026-03", "global:all",
    }  # fmt: skip
    assert bank.erase(source="nobody") == Erased(0, 0, 0), "nothing to erase is no error"


def test_erased_by_source(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    turns = [
        Turn(
            text=f"I love my xylocarp {i}.", occurred_at=clock(), channel="import", source="a.json"
        )
        for i in range(3)
    ]
    bank.remember_turns([*turns, Turn(text="My name is Clara.", occurred_at=clock(), source="b")])
    bank.digest()
    assert bank.erase(source="a.json").turns == 3
    assert holding(tmp_path, "xylocarp") == [] and bank.info().turns == 1
    assert bank.erase(source="a.json").turns == 0


def test_what_is_named_together_goes_together(bank: MemoryBank, clock: Clock) -> None:
    by_id = bank.remember("My name is Clara.")
    clock.forward(days=1)
    bank.remember("I love my garden.")
    clock.forward(days=1)
    bank.remember("I work in Lyon.", source="a.json")
    kept = bank.remember("I like tea.")
    assert bank.erase(by_id, by_id, day=date(2026, 3, 3), source="a.json").turns == 3
    assert [memory.id for day in bank.timeline() for memory in day.memories] == [kept]


def test_erasing_several_at_once_is_all_or_none(bank: MemoryBank) -> None:
    memory = bank.remember("My name is Clara.")
    with pytest.raises(UnknownMemory):
        bank.erase(memory, "no-such-id")
    assert bank.recall("Clara")[0].id == memory and bank.info().turns == 1


def test_what_to_erase_must_be_said(bank: MemoryBank) -> None:
    memory = bank.remember("My name is Clara.")
    with pytest.raises(BadInput) as refused:
        bank.erase()
    assert refused.value.say("en") == "say what to erase: ids, a day, or a source"
    assert refused.value.say("zh") == "请说明要删除什么：编号、某一天，或某个来源"
    bank.digest()
    with pytest.raises(BadInput) as refused:
        bank.erase(bank.summaries("day")[0].id)
    assert refused.value.say("en") == (
        "an event summary is made from its turns: erase those, or the day; "
        "to have it out of the way, fade it"
    )
    assert refused.value.say("zh") == (
        "小结由它的对话而来：请删除那些对话，或删除那一天；只是不想看到它，就让它淡忘"
    )
    assert bank.explain(memory).derived


def test_erasing_the_last_turn_leaves_nothing_derived(bank: MemoryBank, tmp_path: Path) -> None:
    memory = bank.remember("I love my xylocarp.")
    bank.digest()
    bank.erase(memory)
    bank.digest()
    assert [bank.summaries(level) for level in LEVELS] == [[]] * 5
    assert bank.portrait().statements == () and bank.timeline() == [] and bank.jobs() == []
    assert holding(tmp_path, "xylocarp") == []
    assert list(bank.recall("xylocarp")) == []
    assert bank.remember("I love my garden.") and bank.recall("garden")[0].text


def test_erasing_takes_out_waiting_work(bank: MemoryBank) -> None:
    memory = bank.remember("I love my xylocarp.", vectors="later")
    bank.erase(memory)
    assert not [job for job in bank.jobs() if job.kind == "embed"]
    assert bank.embed_pending() == 0


def test_a_warm_second_store_forgets_at_once(
    bank: MemoryBank, clock: Clock, tmp_path: Path
) -> None:
    memory = bank.remember("I love my xylocarp.")
    other_id = bank.remember("My name is Clara.")
    with MemoryBank.open(
        tmp_path / "m.db", bank="emily", embedder=HashEmbedder(), clock=clock
    ) as warm:
        assert len(warm.recall("xylocarp")) == 2
        bank.erase(memory)
        assert [hit.id for hit in warm.recall("xylocarp")] == [other_id]
        assert warm.remember("I like tea.") and len(warm.recall("xylocarp")) == 2
    assert holding(tmp_path, "xylocarp") == []


def test_what_it_strengthened_stays_strong(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("My name is Clara.")
    clock.forward(days=3)
    turn = bank.remember("Who am I?", used=[memory])
    grown = bank.explain(memory).memory
    bank.erase(turn)
    told = bank.explain(memory)
    assert told.memory == grown
    assert [(e.kind, e.turn_id) for e in told.events] == [("recall", None)]


def test_the_same_external_id_can_come_again(bank: MemoryBank) -> None:
    first = bank.remember("I love my xylocarp.", external_id="a")
    bank.erase(first)
    second = bank.remember("I love my xylocarp.", external_id="a")
    assert second != first and bank.recall("xylocarp")[0].id == second


# -- corrections ---------------------------------------------------------------------------


def chain(bank: MemoryBank, clock: Clock) -> list[str]:
    """Three versions on three days, each digested."""
    ids = [bank.remember("My name is Clara and I work in Oslo.")]
    for town in ("Bergen", "Trondheim"):
        clock.forward(days=2)
        ids.append(bank.correct(ids[-1], f"My name is Clara and I work in {town}."))
    bank.digest()
    return ids


def days_that_tell(bank: MemoryBank, word: str) -> list[str]:
    return [summary.period for summary in bank.summaries("day") if word in summary.text]


def test_what_was_replaced_stands_again(bank: MemoryBank, clock: Clock) -> None:
    a, b, c = chain(bank, clock)
    assert days_that_tell(bank, "Bergen") == [] and "Trondheim" in bank.portrait().text
    bank.erase(c)
    hits = bank.recall("where does Clara work?", faded="always", kinds=("turn",))
    assert [hit.id for hit in hits] == [b] and hits[0].replaces == (a,)
    assert bank.explain(b).replaced_by is None


def test_what_was_replaced_is_digested_again(bank: MemoryBank, clock: Clock) -> None:
    chain_ids = chain(bank, clock)
    bank.erase(chain_ids[2])
    bank.digest()
    assert days_that_tell(bank, "Bergen") == ["2026-03-04"]
    assert "Bergen" in bank.portrait().text and "Trondheim" not in bank.portrait().text
    bank.erase(chain_ids[1])
    bank.digest()
    assert days_that_tell(bank, "Oslo") == ["2026-03-02"]
    assert "Oslo" in bank.portrait().text


def test_erasing_the_middle_of_a_chain(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    a, b, c = chain(bank, clock)
    bank.erase(b)
    assert holding(tmp_path, "Bergen") == []
    hits = bank.recall("where does Clara work?", faded="always", kinds=("turn",))
    assert [hit.id for hit in hits] == [c], "the oldest does not come back beside the newest"
    assert hits[0].replaces == (a,) and bank.explain(c).replaces == (a,)
    bank.erase(c)
    hits = bank.recall("where does Clara work?", faded="always", kinds=("turn",))
    assert [hit.id for hit in hits] == [a]


def test_erasing_the_oldest_of_a_chain(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    a, b, c = chain(bank, clock)
    bank.erase(a)
    assert holding(tmp_path, "Oslo") == []
    hits = bank.recall("where does Clara work?", faded="always", kinds=("turn",))
    assert [hit.id for hit in hits] == [c] and hits[0].replaces == (b,)
    assert bank.explain(b).replaces == ()


# -- whole banks and files -----------------------------------------------------------------


def test_a_whole_bank(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    other = bank.other("second", create=True)
    kept = other.remember("My name is Clara.")
    with_canary(bank, clock, "en")
    turns, (summaries, statements) = bank.info().turns, counts(bank)
    assert summaries > 4 and statements > 1
    assert bank.erase_bank() == Erased(turns, summaries, statements, cleared=True)
    assert bank.desk.key not in bank.desk.shelf._volumes, "nor does its index stay in memory"
    assert holding(tmp_path, "xylocarp") == []
    assert [info.name for info in other.banks()] == ["second"]
    assert other.recall("Clara", faded="always")[0].id == kept
    for verb in (lambda: bank.recall("Clara"), lambda: bank.remember("Hello again."), bank.info):
        with pytest.raises(NotFound):
            verb()
    fresh = other.other("emily", create=True)
    assert fresh.info().turns == 0 and list(fresh.recall("Clara")) == []


def test_what_a_file_said_beside_its_turns_goes_too(
    bank: MemoryBank, tmp_path: Path, home: Path
) -> None:
    import json

    from memorybank.intake import take_in, volumes
    from memorybank.settings import read_settings

    source = tmp_path / "memory_bank_en.json"
    day = "2023-04-27"
    source.write_text(
        json.dumps(
            {"Clara": {
                "name": "Clara",
                "history": {day: [{"query": "My xylocarp died.", "response": "Oh."}],
                            "2023-04-28": [{"query": "I bought peas.", "response": "Good."}]},
                "summary": {day: "Her xylocarp died.", "2023-04-28": "Peas."},
                "overall_history": "A xylocarp, then peas.",
            }}
        ), "utf-8",
    )  # fmt: skip
    settings = read_settings({"MEMORYBANK_HOME": str(home), "MEMORYBANK_EMBEDDER": "none"})
    target = tmp_path / "bank" / "memory.db"
    take_in(source, target, settings=settings, zone="UTC", now=datetime(2026, 3, 2, tzinfo=UTC))
    with MemoryBank.open(target, bank="Clara", create=False, embedder=None) as clara:
        clara.erase(day=date(2023, 4, 27))
        assert holding(tmp_path / "bank", "xylocarp") == []
        (volume,) = volumes(clara)
    assert "Peas." in repr(volume.extra) and "xylocarp" not in repr(volume.extra)
