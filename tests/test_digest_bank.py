"""The digest of a bank: incremental, resumable, honest about itself, and harmless to what faded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memorybank import MemoryBank, Summary
from memorybank.records import Lang, Level
from memorybank.store.care import examine
from memorybank.testing import Clock, HashEmbedder, Ids
from memorybank.verbs.digest import Digested

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
LEVELS: tuple[Level, ...] = ("day", "insight", "week", "month", "global")
MERGED: tuple[Level, ...] = ("day", "week", "month", "global")

SAID = {
    "en": ["My name is Clara and I live in Lyon.", "I love my {} tree.",
           "I work as a nurse on floor {}.", "My sister Anna has a {} garden."],
    "zh": ["我叫克拉拉，我住在里昂。", "我喜欢我的{}树。", "我的工作是{}楼的护士。",
           "我妹妹安娜有一个{}花园。"],
}  # fmt: skip
THINGS = {"en": ("plum", "pear", "fig", "lime"), "zh": ("李子", "梨子", "无花果", "青柠")}
# Days of 2026: two in one week, one in the week after, one in the month after.
DAYS = ((3, 2), (3, 4), (3, 10), (4, 15))


def fill(bank: MemoryBank, clock: Clock, lang: str) -> dict[str, list[str]]:
    """Four turns on each of four days; returns the ids by day."""
    ids: dict[str, list[str]] = {}
    for (month, day), thing in zip(DAYS, THINGS[lang], strict=True):
        clock.time = datetime(2026, month, day, 6, tzinfo=UTC)
        for said in SAID[lang]:
            memory = bank.remember(said.format(thing), reply={"en": "I see.", "zh": "嗯。"}[lang])
            ids.setdefault(f"2026-{month:02}-{day:02}", []).append(memory)
            clock.forward(minutes=5)
    clock.forward(days=1)
    return ids


def pick(bank: MemoryBank, bank_zh: MemoryBank, lang: str) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


def all_of(bank: MemoryBank) -> dict[tuple[str, str], Summary]:
    return {(level, s.period): s for level in LEVELS for s in bank.summaries(level)}


def told(bank: MemoryBank) -> list[tuple[object, ...]]:
    """What a digest leaves behind, but for ids and times."""
    rows = [(s.level, s.period, s.text, s.method, s.lang) for s in all_of(bank).values()]
    return [*rows, *((s.topic, s.text, s.when, s.sources) for s in bank.statements())]


# -- what it makes -------------------------------------------------------------------------


@BOTH
def test_all_levels(bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str) -> None:
    mine = pick(bank, bank_zh, lang)
    ids = fill(mine, clock, lang)
    assert mine.digest() == Digested(days=4, weeks=3, months=2, overall=1)
    made = all_of(mine)
    periods = {level: [p for (of, p) in made if of == level] for level in LEVELS}
    assert periods == {
        "day": list(ids), "insight": list(ids), "week": ["2026-W10", "2026-W11", "2026-W16"],
        "month": ["2026-03", "2026-04"], "global": ["all"],
    }  # fmt: skip
    for (day, turns), thing in zip(ids.items(), THINGS[lang], strict=True):
        assert thing in made["day", day].text
        assert set(made["day", day].sources) <= set(turns)
        assert set(made["insight", day].sources) <= set(turns)
    below = {s.id for (level, _), s in made.items() if level == "day"}
    for level in MERGED[1:]:
        own = [s for (of, _), s in made.items() if of == level]
        assert all(s.sources and set(s.sources) <= below for s in own), level
        below = {s.id for s in own}
    assert all(not s.stale for s in made.values())
    assert mine.jobs() == []


@BOTH
def test_it_says_that_no_language_model_took_part(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    fill(mine, clock, lang)
    mine.digest()
    assert {s.method for s in all_of(mine).values()} == {"extractive"}
    assert {s.method for s in mine.statements()} == {"extractive"}
    assert mine.portrait().method == "extractive"
    said = [text.format(thing) for text in SAID[lang] for thing in THINGS[lang]]
    for summary in mine.summaries("day"):
        for line in summary.text.splitlines():
            assert any(line in text for text in said), "it quotes, and invents nothing"


@BOTH
def test_statements_know_their_turns(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    ids = fill(mine, clock, lang)
    mine.digest()
    statements = mine.statements()
    assert len(statements) == 16
    for statement in statements:
        (source,) = statement.sources
        assert source in ids[statement.when.isoformat()]
        assert mine.explain(source).memory.text.startswith(statement.text)
        assert statement.id in mine.explain(source).derived
        assert statement.lang == lang
    topics = {s.topic for s in mine.portrait().statements}
    assert {"self", "likes", "work", "people"} <= topics
    chosen = [s.text for s in mine.portrait().statements]
    assert len(chosen) == len(set(chosen)) < 16
    for s in mine.portrait().statements:
        assert s in statements


def test_only_what_the_user_said_feeds_the_portrait(bank: MemoryBank) -> None:
    bank.remember("I love my plum tree.", reply="I love my own xylocarp.")
    bank.remember("I love the xylocarp of the tool.", trusted=False, channel="tool")
    bank.remember("I love the xylocarp of a friend.", author="other", speaker="Boris")
    bank.remember(None, reply="I love the xylocarp too.", author="companion")
    bank.digest()
    assert [s.text for s in bank.statements()] == ["I love my plum tree."]
    assert "xylocarp" not in bank.summaries("insight")[0].text


MIXED = {
    "en": ("I bought a new bicycle today.", "My brother Boris rides along."),
    "zh": ("我今天买了一辆新自行车。", "我哥哥伯里斯也一起骑。"),
}


@pytest.mark.parametrize("own", ["en", "zh"])
def test_the_language_is_that_of_the_conversation(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, own: str
) -> None:
    mine = pick(bank, bank_zh, own)
    languages: dict[str, Lang] = {"2026-03-02": "en", "2026-03-03": "zh", "2026-03-04": "zh"}
    for lang in languages.values():
        for text in MIXED[lang]:
            mine.remember(text)
        clock.forward(days=1)
    mine.digest()
    for level in ("day", "insight"):
        assert {s.period: s.lang for s in mine.summaries(level)} == languages  # type: ignore[arg-type]
    assert "Boris" in all_of(mine)["day", "2026-03-02"].text
    assert {"en": "People", "zh": "亲友"}["en"] in all_of(mine)["insight", "2026-03-02"].text
    assert "亲友" in all_of(mine)["insight", "2026-03-03"].text
    assert [s.lang for s in mine.summaries("global")] == ["zh"], "most of it"
    found = {hit.when.date().isoformat(): hit.lang for hit in mine.recall("Boris", kinds=("day",))}
    assert found == languages


def test_small_talk_alone_makes_no_summary(bank: MemoryBank) -> None:
    bank.remember("Hello!", reply="Good morning!")
    bank.digest()
    assert all_of(bank) == {} and bank.jobs() == []


# -- incremental ---------------------------------------------------------------------------


@BOTH
def test_a_second_digest_does_nothing(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    fill(mine, clock, lang)
    mine.digest()
    before = all_of(mine), mine.statements(), mine.timeline()
    clock.forward(hours=1)
    now = datetime(2026, 4, 16, 6, 20, tzinfo=UTC)
    assert mine.digest() == Digested()
    assert (all_of(mine), mine.statements()) == before[:2]
    assert [d.memories for d in mine.timeline(now=now)] == [d.memories for d in before[2]]


@BOTH
def test_a_turn_on_an_old_day_redoes_only_its_branch(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    fill(mine, clock, lang)
    mine.digest()
    before, old_statements = all_of(mine), {s.id: s for s in mine.statements()}
    made_then = clock()
    clock.forward(days=1)
    new = {"en": "I love my xylocarp, too.", "zh": "我也喜欢我的鸊鷉。"}[lang]
    mine.remember(new, at=datetime(2026, 3, 10, 5, tzinfo=UTC))
    stale = {key for key, s in all_of(mine).items() if s.stale}
    assert ("day", "2026-03-10") in stale and ("day", "2026-03-02") not in stale
    assert mine.digest() == Digested(days=1, weeks=1, months=1, overall=1)
    after = all_of(mine)
    branch = {("day", "2026-03-10"), ("insight", "2026-03-10"), ("week", "2026-W11"),
              ("month", "2026-03"), ("global", "all")}  # fmt: skip
    assert after.keys() == before.keys()
    for key, summary in after.items():
        if key in branch:
            assert summary.made_at == clock(), key
            assert key[0] == "insight" or summary.id == before[key].id, "it keeps its id"
        else:
            assert summary == before[key] and summary.made_at == made_then
    assert new in after["day", "2026-03-10"].text or new in after["insight", "2026-03-10"].text
    for statement in mine.statements():
        if statement.when.isoformat() != "2026-03-10":
            assert old_statements[statement.id] == statement


@BOTH
def test_digesting_as_it_comes_equals_digesting_at_once(
    bank: MemoryBank, bank_zh: MemoryBank, tmp_path: Path, clock: Clock, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    with MemoryBank.open(
        tmp_path / "once.db", bank="once", lang=lang, zone=mine.info().zone,  # type: ignore[arg-type]
        embedder=HashEmbedder(), clock=clock, new_id=Ids(),
    ) as once:  # fmt: skip
        ids, other = [], []
        for (month, day), thing in zip(DAYS, THINGS[lang], strict=True):
            for i, said in enumerate(SAID[lang]):
                clock.time = datetime(2026, month, day, 6 + i, tzinfo=UTC)
                ids.append(mine.remember(said.format(thing)))
                other.append(once.remember(said.format(thing)))
                mine.digest()
        once.digest()
        names = dict(zip(ids, other, strict=True))
        renamed = [
            (*row[:3], tuple(names[i] for i in row[3])) if len(row) == 4 else row  # type: ignore[attr-defined]
            for row in told(mine)
        ]
        assert sorted(map(repr, renamed)) == sorted(map(repr, told(once)))


# -- resumable -----------------------------------------------------------------------------


class Stop(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3, 5, 9])
def test_it_can_be_stopped_and_taken_up_again(
    bank: MemoryBank, tmp_path: Path, clock: Clock, after: int
) -> None:
    fill(bank, clock, "en")
    seen: list[tuple[int, int]] = []

    def stop(what: str, done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == after:
            raise Stop

    with pytest.raises(Stop):
        bank.digest(progress=stop)
    half = all_of(bank)
    assert examine(tmp_path / "m.db") == []
    first = bank.digest()
    assert sum((first.days, first.weeks, first.months, first.overall)) == 10 - after
    assert bank.jobs() == []
    for key, summary in half.items():
        assert all_of(bank)[key].id == summary.id, "nothing was done twice"
    with MemoryBank.open(
        tmp_path / "w.db", bank="w", embedder=HashEmbedder(), clock=clock, zone="UTC", new_id=Ids()
    ) as whole:
        fill(whole, clock, "en")
        whole.digest()
        assert [row for row in told(bank)] == [row for row in told(whole)]


def test_progress_counts_up_to_all_of_it(bank: MemoryBank, clock: Clock) -> None:
    fill(bank, clock, "en")
    seen: list[tuple[str, int, int]] = []
    bank.digest(progress=lambda *report: seen.append(report))
    assert [done for _, done, _ in seen] == list(range(1, 11))
    assert all(done <= total for _, done, total in seen) and seen[-1][1] == seen[-1][2]


def test_a_failing_embedder_costs_no_digest_already_made(tmp_path: Path, clock: Clock) -> None:
    """A model that goes away costs vectors, which wait; the digest itself goes on."""
    from memorybank.errors import ModelError

    class Failing(HashEmbedder):
        left = 99

        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            self.left -= 1
            if self.left < 0:
                raise ModelError("the model is gone")
            return super().embed_passages(texts)

    model = Failing()
    with MemoryBank.open(tmp_path / "f.db", bank="f", embedder=model, clock=clock) as bank:
        fill(bank, clock, "en")
        model.left = 2
        assert bank.digest().days == 4
        assert [job.kind for job in bank.jobs()] == ["embed", "embed"]
        with pytest.raises(ModelError):
            bank.embed_pending()
        assert any(job.error for job in bank.jobs()) and len(bank.jobs()) == 2
        model.left = 99
        assert bank.embed_pending() == 2 and bank.jobs() == []
        assert examine(tmp_path / "f.db") == []


# -- erased, renewed, faded ----------------------------------------------------------------


@BOTH
def test_an_erased_turn_leaves_no_trace_at_any_level(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, tmp_path: Path, lang: str
) -> None:
    mine = pick(bank, bank_zh, lang)
    word = {"en": "xylocarp", "zh": "鸊鷉"}[lang]
    clock.time = datetime(2026, 3, 10, 5, tzinfo=UTC)
    erased = mine.remember({"en": "I love my xylocarp and Anna.", "zh": "我喜欢我的鸊鷉。"}[lang])
    fill(mine, clock, lang)
    mine.digest()
    assert word in repr(told(mine))
    mine.erase(erased)
    assert word not in repr(told(mine))
    mine.digest()
    with MemoryBank.open(
        tmp_path / "never.db", bank="never", lang=lang, zone=mine.info().zone,  # type: ignore[arg-type]
        embedder=HashEmbedder(), clock=clock, new_id=Ids(),
    ) as never:  # fmt: skip
        fill(never, clock, lang)
        never.digest()
        assert [row for row in told(mine) if len(row) == 5] == [
            row for row in told(never) if len(row) == 5
        ], "as if it had never been said"


def test_a_renewed_summary_keeps_its_id_and_its_log(
    bank: MemoryBank, clock: Clock, tmp_path: Path
) -> None:
    bank.remember("I love my plum tree.")
    bank.digest()
    summary = bank.summaries("day")[0]
    clock.forward(days=2)
    turn = bank.remember("And my plum tree?", used=[summary.id])
    strong = bank.explain(summary.id)
    clock.forward(days=1)
    bank.remember("I also love my xylocarp tree.", at=datetime(2026, 3, 2, 20, tzinfo=UTC))
    bank.digest()
    renewed = bank.summaries("day")[0]
    assert renewed.id == summary.id and "xylocarp" in renewed.text
    told_now = bank.explain(summary.id)
    assert [(e.kind, e.turn_id) for e in told_now.events] == [("recall", turn)]
    assert told_now.memory.strength >= strong.memory.strength
    assert told_now.memory.last_recalled_at == strong.memory.last_recalled_at
    with MemoryBank.open(
        tmp_path / "m.db", bank="emily", embedder=HashEmbedder(), clock=clock
    ) as other:
        for again in (bank, other):
            found = again.recall("xylocarp tree", kinds=("day",), faded="always")
            (hit,) = [hit for hit in found if hit.id == summary.id]
            assert hit.retention == pytest.approx(told_now.memory.retention, abs=1e-6)
            assert "xylocarp" in hit.text


def tired(bank: MemoryBank, clock: Clock) -> tuple[list[str], dict[str, datetime | None]]:
    """A day whose first turn is taken up again twice, so that its digest raises its weight."""
    ids = [bank.remember("Plums and pears.")]
    ids += [bank.remember(f"Plums and pears {more}.") for more in ("again", "once more")]
    return ids, {memory: bank.explain(memory).memory.fades_at for memory in ids}


def test_a_digest_never_revives(bank: MemoryBank, clock: Clock) -> None:
    ids, fades = tired(bank, clock)
    assert fades[ids[0]] is not None
    clock.time = fades[ids[0]] + timedelta(hours=1)
    bank.digest()
    assert bank.explain(ids[0]).memory.faded
    found = bank.recall("plums and pears", kinds=("turn",), faded="never")
    assert ids[0] not in [hit.id for hit in found]


def test_a_digest_does_not_touch_what_is_left_of_faded_memories(
    bank: MemoryBank, clock: Clock
) -> None:
    ids, fades = tired(bank, clock)
    clock.time = max(filter(None, fades.values())) + timedelta(hours=1)
    before = {memory: bank.explain(memory).memory.retention for memory in ids}
    bank.digest()
    assert {memory: bank.explain(memory).memory.retention for memory in ids} == before


@pytest.mark.parametrize("put_away", [True, False])
def test_a_digest_leaves_what_was_put_away_or_pinned(
    bank: MemoryBank, clock: Clock, put_away: bool
) -> None:
    ids, _ = tired(bank, clock)
    for memory in ids:
        (bank.fade if put_away else bank.pin)(memory)
    bank.digest()
    for memory in ids:
        held = bank.explain(memory).memory
        assert (held.faded, held.pinned) == (put_away, not put_away)


def test_settling_is_logged_and_lasts(bank: MemoryBank, clock: Clock, tmp_path: Path) -> None:
    ids, _ = tired(bank, clock)
    before = bank.explain(ids[0]).memory
    clock.forward(hours=12)
    bank.digest()
    told_now = bank.explain(ids[0])
    (event,) = told_now.events
    assert event.kind == "settle" and event.at == clock()
    assert event.effect == pytest.approx(told_now.memory.significance)
    assert told_now.memory.significance < before.significance  # the day said it over and over
    assert told_now.memory.strength < before.strength
    assert "taken up" in {part.name for part in told_now.parts}
    past = bank.explain(ids[0], now=clock() - timedelta(hours=6)).memory
    assert (past.significance, past.strength) == (before.significance, before.strength)


def test_the_summary_of_a_day_is_dropped_with_its_last_turn(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("I love my plum tree.")
    clock.forward(days=1)
    bank.remember("I work as a nurse.")
    bank.digest()
    clock.forward(days=1)
    bank.correct(memory, "I sold the tree.")
    bank.digest()
    assert [s.period for s in bank.summaries("day")] == ["2026-03-03", "2026-03-04"]
    assert "plum" not in bank.summaries("global")[0].text
    assert {hit.kind for hit in bank.recall("tree", k=99)} == {"turn", "day"}
