"""Who is let in: faded memories by policy, with the clock moved; and chains of corrections."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from memorybank import MemoryBank, Recollection
from memorybank.records import FadedPolicy, Lang
from memorybank.testing import Clock, HashEmbedder

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
SMALL = {"en": "Bought some plums.", "zh": "买了些李子。"}
FILLER = {
    "en": "My friend {} from Lisbon told me on day {} about the garden, and I took notes.",
    "zh": "我在里斯本的朋友{}第{}天跟我讲了花园的事，我记了笔记。",
}
PEOPLE = {
    "en": ("Anna", "Boris", "Chloe", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas",
           "Kira", "Leo", "Mina", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Stefan", "Tess"),
    "zh": ("安娜", "伯里斯", "克洛伊", "德米", "埃琳", "法里", "葛丽", "雨果", "伊妮", "约纳",
           "琪拉", "利奥", "米娜", "纳迪", "奥斯卡", "佩特", "昆汀", "罗莎", "斯蒂", "苔丝"),
}  # fmt: skip
CUES = {
    # the bare thing; the thing beside a filler that answers better; the day
    "en": ("plums", "Anna from Lisbon, the garden, notes, plums", "What did I say on March 2nd?"),
    "zh": ("李子", "里斯本的安娜、花园、笔记、李子", "3月2号我说了什么？"),
}  # fmt: skip


class Scene:
    """A bank in which twenty pinned memories stay and one small one has faded."""

    def __init__(self, path: Path, lang: Lang, preset: str = "gentle") -> None:
        from datetime import UTC, datetime

        self.clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.bank = MemoryBank.open(
            path, bank="one", lang=lang, zone="UTC", preset=preset, embedder=HashEmbedder(),
            clock=self.clock, seed=b"seed",
        )  # fmt: skip
        self.small = self.bank.remember(SMALL[lang])
        self.clock.forward(days=1)
        self.others = [
            self.bank.remember(FILLER[lang].format(name, i))
            for i, name in enumerate(PEOPLE[lang], 1)
        ]
        for memory in self.others:
            self.bank.pin(memory)
        fades = self.bank.explain(self.small).memory.fades_at
        assert fades is not None
        self.fades = fades

    def ids(self, question: str, policy: FadedPolicy | None = None, k: int = 30) -> list[str]:
        return [hit.id for hit in self.bank.recall(question, faded=policy, k=k)]


@BOTH
def test_a_memory_takes_part_until_the_moment_it_fades(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    bare = CUES[lang][0]
    scene.clock.time = scene.fades - timedelta(seconds=1)
    assert scene.ids(bare, "never")[0] == scene.small
    scene.clock.time = scene.fades + timedelta(seconds=1)
    assert scene.small not in scene.ids(bare, "never")
    assert bool(scene.bank.explain(scene.small).memory.faded)
    assert scene.bank.explain(scene.small).memory.retention == pytest.approx(0.05, abs=1e-5)


@BOTH
def test_policies(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    scene.clock.time = scene.fades + timedelta(days=3)
    bare, beside, day = CUES[lang]
    assert scene.ids(bare, "always")[0] == scene.small
    assert scene.small in scene.ids(beside, "always")
    for question in CUES[lang]:
        assert scene.small not in scene.ids(question, "never")
        assert set(scene.ids(question, "never")) == set(scene.others)
    assert scene.ids(bare, "on_cue")[0] == scene.small, "nothing else comes near"
    assert scene.ids(day, "on_cue")[0] == scene.small, "its day is named"
    assert scene.small not in scene.ids(beside, "on_cue")
    for question in CUES[lang]:
        assert scene.ids(question) == scene.ids(question, "on_cue"), "the default"


@BOTH
def test_what_comes_back_says_that_it_had_faded(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    scene.clock.time = scene.fades + timedelta(days=3)
    for question in (CUES[lang][0], CUES[lang][2]):
        first, *others = scene.bank.recall(question)
        assert first.faded and first.retention < 0.05 and first.why.notes
        assert not any(hit.faded for hit in others)
    plain = [note for hit in scene.bank.recall(CUES[lang][1]) for note in hit.why.notes]
    assert plain == []


@BOTH
def test_what_is_withheld_is_counted_and_listed(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    scene.clock.time = scene.fades + timedelta(days=3)
    never = scene.bank.recall(CUES[lang][0], faded="never")
    assert [hit.id for hit in never.withheld] == [scene.small]
    assert len(never.notes) == 1 and "1" in never.notes[0]
    on_cue = scene.bank.recall(CUES[lang][1])
    assert [hit.id for hit in on_cue.withheld] in ([scene.small], [])
    let_in: Recollection = scene.bank.recall(CUES[lang][0])
    assert let_in.withheld == () and let_in.notes == ()
    context = scene.bank.context(CUES[lang][1])
    assert scene.small not in {hit.id for hit in context.recalled}


@BOTH
def test_the_paper_never_brings_back(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang, preset="paper")
    born = scene.bank.explain(scene.small).memory.occurred_at
    assert (scene.fades - born) / timedelta(days=1) == pytest.approx(2.9957, abs=1e-3)
    scene.clock.time = scene.fades + timedelta(days=1)
    for question in CUES[lang]:
        assert scene.small not in scene.ids(question)
    assert scene.ids(CUES[lang][0], "always")[0] == scene.small


@BOTH
def test_off_never_forgets(tmp_path: Path, lang: Lang) -> None:
    from datetime import UTC, datetime

    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    with MemoryBank.open(
        tmp_path / "m.db", bank="one", preset="off", lang=lang, embedder=None, clock=clock
    ) as bank:
        memory = bank.remember(SMALL[lang])
        clock.forward(days=20_000)
        held = bank.explain(memory).memory
        assert held.fades_at is None and not held.faded and held.retention == 1.0
        assert [hit.id for hit in bank.recall(CUES[lang][0], faded="never")] == [memory]


@BOTH
def test_a_faded_memory_that_is_used_lives_on(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    scene.clock.time = scene.fades + timedelta(days=3)
    found = scene.bank.recall(CUES[lang][0], k=1)
    scene.bank.remember(CUES[lang][0], used=found)
    assert scene.small in scene.ids(CUES[lang][0], "never")
    grown = scene.bank.explain(scene.small).memory
    assert not grown.faded and grown.fades_at is not None
    first_life = scene.fades - grown.occurred_at
    assert grown.fades_at - scene.clock() > 2.4 * first_life, "most when it was nearly gone"


@BOTH
def test_neighbours_of_a_hit_say_if_they_have_faded(tmp_path: Path, lang: Lang) -> None:
    scene = Scene(tmp_path / "m.db", lang)
    scene.bank.fade(scene.others[4])
    name = PEOPLE[lang][3]
    found = scene.bank.recall(name, k=1, neighbours=1, faded="never")
    faded = {hit.id: hit.faded for hit in found}
    assert faded[scene.others[3]] is False
    assert faded.get(scene.others[4], True) is True


# -- corrections ---------------------------------------------------------------------------

CHAIN = {
    "en": ("My sister lives in Oslo.", "My sister lives in Bergen.", "She has gone to Trondheim."),
    "zh": ("我妹妹住在奥斯陆。", "我妹妹住在卑尔根。", "她搬去特隆赫姆了。"),
}
ASKED = {"en": "where does my sister live?", "zh": "我妹妹住在哪里？"}


def chained(bank: MemoryBank, clock: Clock, lang: str) -> tuple[str, str, str]:
    first = bank.remember(CHAIN[lang][0])
    clock.forward(days=1)
    second = bank.correct(first, CHAIN[lang][1])
    clock.forward(days=1)
    third = bank.correct(second, CHAIN[lang][2])
    clock.forward(days=1)
    return first, second, third


def filled(bank: MemoryBank, lang: str) -> None:
    for i, name in enumerate(PEOPLE[lang]):
        bank.remember(FILLER[lang].format(name, i))


@BOTH
def test_a_chain_of_three_shows_the_newest(bank: MemoryBank, clock: Clock, lang: str) -> None:
    filled(bank, lang)
    a, b, c = chained(bank, clock, lang)
    found = bank.recall(ASKED[lang], faded="always", k=99)
    ids = [hit.id for hit in found]
    assert ids[0] == c, "though only the old wordings answer the question"
    assert a not in ids and b not in ids
    assert set(found[0].replaces) == {a, b}
    for old, text in ((a, CHAIN[lang][0]), (b, CHAIN[lang][1])):
        assert any(old[-8:] in note and text in note for note in found[0].why.notes)
    assert found[0].text.startswith(CHAIN[lang][2])
    told = [bank.explain(memory) for memory in (a, b, c)]
    assert [t.replaced_by for t in told] == [b, c, None]
    assert [t.replaces for t in told] == [(), (a,), (b,)]


@BOTH
def test_a_chain_seen_from_between(bank: MemoryBank, clock: Clock, lang: str) -> None:
    start = clock()
    a, b, c = chained(bank, clock, lang)
    for days, standing, old in ((0.5, a, ()), (1.5, b, (a,)), (2.5, c, (a, b))):
        hits = bank.recall(ASKED[lang], now=start + timedelta(days=days), faded="always")
        assert [hit.id for hit in hits] == [standing]
        assert set(hits[0].replaces) == set(old)


@BOTH
def test_a_chain_is_alike_in_a_reopened_bank(
    bank: MemoryBank, clock: Clock, tmp_path: Path, lang: str
) -> None:
    filled(bank, lang)
    chained(bank, clock, lang)
    warm = [hit.to_json() for hit in bank.recall(ASKED[lang], k=99)]
    with MemoryBank.open(
        tmp_path / "m.db", bank="emily", embedder=HashEmbedder(), clock=clock
    ) as other:
        assert [hit.to_json() for hit in other.recall(ASKED[lang], k=99)] == warm


@BOTH
def test_a_correction_matters_no_less_than_what_it_corrects(
    bank: MemoryBank, clock: Clock, lang: str
) -> None:
    first = bank.remember(FILLER[lang].format(PEOPLE[lang][0], 7))
    second = bank.correct(first, {"en": "No.", "zh": "不是。"}[lang])
    told = [bank.explain(memory).memory.significance for memory in (first, second)]
    assert told[1] >= told[0] - 1e-6


@BOTH
def test_correcting_an_old_version_corrects_what_stands(
    bank: MemoryBank, clock: Clock, lang: str
) -> None:
    """Whoever holds the first id may not know that it has been corrected already."""
    a = bank.remember(CHAIN[lang][0])
    bank.correct(a, CHAIN[lang][1])
    c = bank.correct(a, CHAIN[lang][2])
    assert [hit.id for hit in bank.recall(ASKED[lang])] == [c]


def test_both_ways_to_correct_make_one_chain(bank: MemoryBank) -> None:
    a = bank.remember(CHAIN["en"][0], external_id="x")
    bank.correct(a, CHAIN["en"][1])
    c = bank.remember(CHAIN["en"][2], external_id="x")
    assert [hit.id for hit in bank.recall(ASKED["en"])] == [c]


def test_an_event_summary_cannot_be_corrected(bank: MemoryBank) -> None:
    from memorybank.errors import BadInput

    bank.remember("My sister lives in Oslo.")
    bank.digest()
    summary = bank.summaries("day")[0].id
    with pytest.raises(BadInput, match="turn"):
        bank.correct(summary, "She lives in Bergen.")
