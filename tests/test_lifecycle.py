"""What becomes of a memory: pinned, faded, revived, explained; and the whole bank's curve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from memorybank import Explanation, MemoryBank, Turn
from memorybank.errors import BadInput, BadSetting, UnknownBank, UnknownMemory
from memorybank.records import Memory
from memorybank.significance import BIAS
from memorybank.store.care import examine
from memorybank.testing import Clock, HashEmbedder

DAY = timedelta(days=1)
TIE = math.log(1 / 0.05)
BOTH = pytest.mark.parametrize("lang", ["en", "zh"])


def reopened(bank: MemoryBank, path: Path) -> MemoryBank:
    return MemoryBank.open(
        path, bank=bank.info().name, create=False, embedder=HashEmbedder(), clock=bank.desk.clock
    )


def held(bank: MemoryBank, memory: str) -> Memory:
    return bank.explain(memory).memory


def lifetime(memory: Memory) -> float:
    """Days from the last recall, or birth, to fading, by the two numbers that explain gives."""
    return memory.strength * TIE


def kinds(told: Explanation) -> list[str]:
    return [event.kind for event in told.events]


# -- by hand -------------------------------------------------------------------------------


def test_pinned_memories_stay(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    bank.pin(memory)
    clock.forward(days=5_000)
    assert held(bank, memory).pinned and not held(bank, memory).faded
    assert held(bank, memory).fades_at is None and held(bank, memory).retention == 1.0
    assert [hit.id for hit in bank.recall("plums", faded="never")] == [memory]
    bank.unpin(memory)
    now = held(bank, memory)
    assert not now.pinned and now.faded, "it follows its curve again, as if never pinned"
    assert now.fades_at is not None and now.fades_at < clock() - 4_900 * DAY


def test_recall_and_explain_agree_on_a_pinned_memory(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    bank.pin(memory)
    clock.forward(days=3)
    assert bank.recall("plums")[0].retention == held(bank, memory).retention == 1.0


def test_faded_by_hand_and_revived_by_hand(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    for name in ("Anna", "Boris", "Chloe", "Dmitri"):
        bank.remember(f"{name} gave me a long book about gardens in Lisbon.")
    strength = held(bank, memory).strength
    clock.forward(days=1)
    bank.fade(memory)
    assert held(bank, memory).faded
    assert memory not in [hit.id for hit in bank.recall("plums", faded="never")]
    assert bank.recall("plums", faded="always")[0].id == memory, "nothing is lost"
    clock.forward(days=100)
    bank.revive(memory)
    assert not held(bank, memory).faded
    assert held(bank, memory).strength == strength, "it comes back no stronger than it was"
    assert held(bank, memory).fades_at == pytest.approx(
        clock() + lifetime(held(bank, memory)) * DAY, abs=timedelta(milliseconds=1)
    )
    assert bank.recall("plums", faded="never")[0].id == memory


def test_a_memory_that_faded_by_itself_can_be_revived(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    clock.forward(days=400)
    assert held(bank, memory).faded
    bank.revive(memory)
    assert not held(bank, memory).faded and held(bank, memory).retention == 1.0


def test_taking_out_a_pin_does_not_revive(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    bank.fade(memory)
    bank.unpin(memory)
    assert held(bank, memory).faded, "unpin is not revive"


def test_every_change_stands_in_the_log(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    memory = bank.remember("Bought some plums.")
    verbs = ("pin", "unpin", "fade", "revive")
    moments = []
    for verb in verbs:
        moments.append(clock.forward(hours=1))
        getattr(bank, verb)(memory)
    clock.forward(days=2)
    turn = bank.remember("And the plums?", used=[memory])
    told = bank.explain(memory)
    assert kinds(told) == [*verbs, "recall"]
    assert [e.at for e in told.events[:4]] == moments
    assert told.events[-1].turn_id == turn and told.events[-1].at == clock()
    before = told.events[-1].retention
    assert before is not None and before == pytest.approx(math.exp(-2 / _first(told)), rel=1e-6)
    with reopened(bank, tmp_path / "m.db") as other:
        assert other.explain(memory) == told


def _first(told: Explanation) -> float:
    """Return S at birth by the formula of the gentle preset."""
    return 7.0 * 260.0**told.memory.significance / TIE


def test_by_the_last_letters_of_an_id(bank: MemoryBank) -> None:
    memory = bank.remember("Bought some plums.")
    bank.pin(memory[-8:])
    assert held(bank, memory[-8:]).pinned
    with pytest.raises(UnknownMemory):
        bank.pin("ffffffff")


# -- golden numbers ------------------------------------------------------------------------


def weigh(monkeypatch: pytest.MonkeyPatch, significance: float) -> None:
    """Let every memory that comes now have this significance."""
    from memorybank import significance as module

    judgement = module.Judgement(significance=significance, parts=())
    monkeypatch.setattr(module, "judge", lambda scene: judgement)


@pytest.mark.parametrize(("weight", "days"), [(0.0, 7.0), (0.5, 112.87), (1.0, 1820.0)])
def test_golden_lifetimes(
    bank: MemoryBank, monkeypatch: pytest.MonkeyPatch, weight: float, days: float
) -> None:
    weigh(monkeypatch, weight)
    memory = held(bank, bank.remember("Bought some plums."))
    assert memory.significance == weight
    assert lifetime(memory) == pytest.approx(days, rel=1e-4)
    assert memory.fades_at is not None
    assert (memory.fades_at - memory.occurred_at) / DAY == pytest.approx(days, rel=1e-4)


def test_golden_recall(bank: MemoryBank, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    weigh(monkeypatch, 0.0)
    memory = bank.remember("Bought some plums.")
    clock.forward(days=6)
    assert held(bank, memory).retention == pytest.approx(0.05 ** (6 / 7))
    bank.remember("And the plums?", used=[memory])
    assert lifetime(held(bank, memory)) == pytest.approx(16.69, abs=0.01)
    assert held(bank, memory).fades_at == pytest.approx(
        clock() + lifetime(held(bank, memory)) * DAY, abs=timedelta(milliseconds=1)
    )


def test_golden_paper(tmp_path: Path, clock: Clock) -> None:
    with MemoryBank.open(
        tmp_path / "p.db", bank="p", preset="paper", embedder=None, clock=clock
    ) as bank:
        memory = bank.remember("Bought some plums.")
        assert lifetime(held(bank, memory)) == pytest.approx(2.9957, abs=1e-4)
        clock.forward(days=2)
        assert held(bank, memory).retention == pytest.approx(math.exp(-2))
        bank.remember("And the plums?", used=[memory])
        assert held(bank, memory).strength == 2.0
        assert lifetime(held(bank, memory)) == pytest.approx(5.9915, abs=1e-4)


def test_an_event_summary_outlives_its_turns_twice(
    bank: MemoryBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = bank.remember("My friend Anna from Lisbon grows forty kinds of roses.")
    bank.digest()
    summary = held(bank, bank.summaries("day")[0].id)
    turn = held(bank, memory)
    assert summary.kind == "day" and summary.significance == turn.significance
    assert lifetime(summary) == pytest.approx(2 * lifetime(turn))


def test_at_most_three_recalls_a_day_strengthen(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Bought some plums.")
    clock.forward(days=3)
    strengths = []
    for i in range(5):
        bank.remember(f"And the plums, {i}?", used=[memory])
        strengths.append(held(bank, memory).strength)
        clock.forward(hours=2)
    assert strengths[0] < strengths[1] < strengths[2] == strengths[3] == strengths[4]


# -- presets -------------------------------------------------------------------------------


@pytest.fixture
def lived(bank: MemoryBank, clock: Clock) -> list[str]:
    """A bank with a past: recalled, pinned, faded, capped, digested, corrected memories."""
    names = ("Anna", "Boris", "Chloe", "Dmitri", "Elena", "Farid")
    ids = [
        bank.remember(f"{name} from Lisbon likes plums and {len(name)} roses.") for name in names
    ]
    clock.forward(days=2)
    for i in range(5):  # more often in a day than gentle counts
        bank.remember(f"What about Anna, question {i}?", used=[ids[0]])
        clock.forward(hours=1)
    bank.pin(ids[1])
    bank.fade(ids[2])
    bank.correct(ids[3], "Dmitri is from Porto.")
    bank.digest()
    summary = bank.summaries("day")[0].id
    clock.forward(days=3)
    bank.remember("And again Boris?", used=[ids[1], ids[4], summary])
    bank.revive(ids[2])
    clock.forward(days=1)
    return [*ids, summary]


def states(bank: MemoryBank, ids: list[str]) -> list[object]:
    """How memories are held, told by explain and, independently, by recall."""
    found = {
        h.id: (h.retention, h.faded) for h in bank.recall("Lisbon plums", k=99, faded="always")
    }
    told = [held(bank, memory) for memory in ids]
    for memory in told:
        if memory.id in found:  # what was replaced is not in it
            retention, faded = found[memory.id]
            assert faded == memory.faded, memory.text
            expected = pytest.approx(memory.retention, abs=1e-9)
            assert memory.pinned or retention == expected, memory.text
    return [(m.strength, m.fades_at, m.faded, m.pinned, m.last_recalled_at) for m in told]


@pytest.mark.parametrize("there", ["paper", "off", "paper-chance"])
def test_change_preset_there_and_back(
    bank: MemoryBank, lived: list[str], tmp_path: Path, there: str
) -> None:
    before = states(bank, lived)
    bank.change_preset(there)
    assert bank.info().preset == there
    between = states(bank, lived)
    assert between != before
    with reopened(bank, tmp_path / "m.db") as other:
        assert states(other, lived) == between
    bank.change_preset("gentle")
    assert states(bank, lived) == before
    with reopened(bank, tmp_path / "m.db") as other:
        assert states(other, lived) == before


def test_another_preset_is_seen_by_a_warm_second_store(
    bank: MemoryBank, lived: list[str], tmp_path: Path
) -> None:
    with reopened(bank, tmp_path / "m.db") as warm:
        states(warm, lived)
        bank.change_preset("off")
        assert states(warm, lived) == states(bank, lived)
        bank.change_preset("paper")
        assert states(warm, lived) == states(bank, lived)


def test_an_unknown_preset_changes_nothing(bank: MemoryBank, lived: list[str]) -> None:
    before = states(bank, lived)
    with pytest.raises(BadSetting, match="gentle"):
        bank.change_preset("eternal")
    assert bank.info().preset == "gentle" and states(bank, lived) == before


# -- where curves start --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "curve_from", "from_arrival"),
    [("import", "arrival", True), ("import", "occurred", False), ("chat", "arrival", False)],
)
def test_imported_turns_start_on_arrival(
    bank: MemoryBank, clock: Clock, channel: str, curve_from: str, from_arrival: bool
) -> None:
    then = datetime(2023, 4, 27, tzinfo=UTC)
    turn = Turn(text="Bought some plums.", occurred_at=then, channel=channel)  # type: ignore[arg-type]
    (result,) = bank.remember_turns([turn], curve_from=curve_from)  # type: ignore[arg-type]
    memory = held(bank, result.id)
    assert memory.occurred_at == then
    start = clock() if from_arrival else then
    assert memory.fades_at == pytest.approx(
        start + lifetime(memory) * DAY, abs=timedelta(milliseconds=1)
    )
    assert memory.faded is not from_arrival


# -- looking -------------------------------------------------------------------------------

DIARY = {
    "en": (("My name is Clara.", "Hello, Clara."), ("I love strong tea.", "Noted."),
           ("I work as a nurse in Lyon.", "A fine job.")),
    "zh": (("我叫克拉拉。", "你好，克拉拉。"), ("我喜欢喝浓茶。", "记住了。"),
           ("我的工作是里昂的护士。", "了不起。")),
}  # fmt: skip


def test_explain_tells_all(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember(
        "My friend Anna grows 40 roses.", reply="Which?", speaker="Emily", conversation="talk",
        external_id="x",
    )  # fmt: skip
    bank.digest()
    told = bank.explain(memory)
    assert told.preset == "gentle" and told.memory.external_id == "x"
    assert {"names", "numbers"} <= {part.name for part in told.parts}
    logit = math.log(told.memory.significance / (1 - told.memory.significance))
    assert logit == pytest.approx(BIAS + sum(part.share for part in told.parts), abs=0.01)
    assert told.turn is not None
    assert (told.turn.text, told.turn.conversation) == ("My friend Anna grows 40 roses.", "talk")
    summaries = [bank.summaries(level)[0].id for level in ("day", "insight")]  # type: ignore[arg-type]
    assert set(summaries) <= set(told.derived)
    gist = bank.explain(summaries[0])
    assert gist.sources == (memory,) and gist.turn is None
    assert told.curve[0] == (0.0, 1.0)
    for days, retention in told.curve:
        assert retention == pytest.approx(math.exp(-days / told.memory.strength))
    assert told.to_json()["memory"]["id"] == memory


@BOTH
def test_timeline_shows_the_days(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = {"en": bank, "zh": bank_zh}[lang]
    ids = []
    for text, reply in DIARY[lang]:
        ids.append(mine.remember(text, reply=reply))
        clock.forward(days=2)
    assert mine.timeline()[0].summary is None
    mine.digest()
    days = mine.timeline()
    assert [day.day for day in days] == [date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 6)]
    assert [[m.id for m in day.memories] for day in days] == [[i] for i in ids]
    for day, (text, _) in zip(days, DIARY[lang], strict=True):
        assert day.summary is not None and text in day.summary.text
        assert day.insight is not None and text in day.insight.text
        assert day.memories[0].text.startswith(text)
    assert [d.day.day for d in mine.timeline(first=date(2026, 3, 3))] == [4, 6]
    assert [d.day.day for d in mine.timeline(last=date(2026, 3, 4))] == [2, 4]
    assert [d.day.day for d in mine.timeline(now=datetime(2026, 3, 5, tzinfo=UTC))] == [2, 4]


def test_days_are_those_of_the_banks_own_zone(tmp_path: Path, clock: Clock) -> None:
    late = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)  # March 1st in New York, 2nd in Shanghai
    for zone, day in (("America/New_York", date(2026, 3, 1)), ("Asia/Shanghai", date(2026, 3, 2))):
        with MemoryBank.open(
            tmp_path / "z.db", bank=zone, zone=zone, embedder=None, clock=clock
        ) as bank:
            bank.remember("Bought some plums.", at=late)
            assert [d.day for d in bank.timeline()] == [day]


@BOTH
def test_the_portrait_follows_corrections(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = {"en": bank, "zh": bank_zh}[lang]
    ids = [mine.remember(text, reply=reply) for text, reply in DIARY[lang]]
    mine.digest()
    assert DIARY[lang][2][0] in mine.portrait().text
    clock.forward(days=3)
    new = {"en": "I work as a baker in Nice.", "zh": "我的工作是尼斯的面包师。"}[lang]
    corrected = mine.correct(ids[2], new)
    mine.digest()
    assert DIARY[lang][2][0] not in mine.portrait().text and new in mine.portrait().text
    (statement,) = [s for s in mine.portrait().statements if s.text == new]
    assert statement.sources == (corrected,)
    assert ids[2] not in {source for s in mine.statements() for source in s.sources}


@pytest.fixture
def closing(tmp_path: Path) -> Iterator[None]:
    """Whatever a test did, the file it leaves behind is sound."""
    yield
    for path in (tmp_path / "m.db", tmp_path / "zh.db"):
        if path.exists():
            assert examine(path) == []


def test_an_unknown_bank_is_gone(bank: MemoryBank, tmp_path: Path, closing: None) -> None:
    with pytest.raises(UnknownBank) as caught:
        MemoryBank.open(tmp_path / "m.db", bank="emilia", create=False, embedder=None)
    assert caught.value.near == ("emily",)
    with pytest.raises(BadInput):
        MemoryBank.open(tmp_path / "m.db", bank=" \x00", embedder=None)
