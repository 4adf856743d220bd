"""Recall through a bank, both languages in parallel tables of our own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
import numpy as np
import pytest

from memorybank import MemoryBank, Recollection, Turn
from memorybank.records import Lang
from memorybank.retrieve import NEAR_TIE
from memorybank.testing import Clock, HashEmbedder

ZONES = {"en": "UTC", "zh": "Asia/Shanghai"}
NAMES = {"en": "emily", "zh": "张曼婷"}

# key, month, day, hour, what was said, the reply: row by row the same in both languages.
DIARY: dict[str, list[tuple[str, int, int, int, str, str]]] = {
    "en": [
        ("cat", 3, 4, 20, "I adopted a grey cat called Miso.", "Welcome, Miso!"),
        ("tooth", 3, 5, 12, "The dentist pulled my wisdom tooth.", "I hope it heals soon."),
        ("fox", 3, 7, 15, "We hiked up Mount Wilson and saw a fox.", "What a sight."),
        ("float", 3, 11, 18, "The lesson at the pool went well, I can float.", "Well done."),
        ("coach", 3, 11, 19, "The coach wants me there on Fridays.", "A good sign."),
        ("tofu", 3, 14, 20, "I cooked mapo tofu for Anna.", "How spicy was it?"),
        ("lunch", 3, 14, 13, "I had a sandwich in the park.", "Lovely weather for it."),
    ],
    "zh": [
        ("cat", 3, 4, 20, "我领养了一只灰猫，叫年糕。", "欢迎年糕！"),
        ("tooth", 3, 5, 12, "牙医拔掉了我的智齿。", "希望快点好起来。"),
        ("fox", 3, 7, 15, "我们爬上香山，看见一只狐狸。", "真难得。"),
        ("float", 3, 11, 18, "泳池的课很顺利，我能浮起来了。", "太棒了。"),
        ("coach", 3, 11, 19, "教练要我每个星期五都去。", "这是好兆头。"),
        ("tofu", 3, 14, 20, "我给安娜做了麻婆豆腐。", "辣不辣？"),
        ("lunch", 3, 14, 13, "我在公园里吃了三明治。", "阳光正好。"),
    ],
}
BOTH = pytest.mark.parametrize("lang", ["en", "zh"])


def at(lang: str, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZoneInfo(ZONES[lang]))


def now_of(lang: str) -> datetime:
    """Monday, March 16th, ten o'clock."""
    return at(lang, 3, 16, 10)


def diary(lang: str) -> list[Turn]:
    return [
        Turn(text=text, reply=reply, occurred_at=at(lang, month, day, hour), external_id=key)
        for key, month, day, hour, text, reply in DIARY[lang]
    ]


def opened(
    path: Path, lang: str, *, name: str = "", tenant: str = "", embedder: object = "hash"
) -> MemoryBank:
    return MemoryBank.open(
        path, bank=name or NAMES[lang], tenant=tenant, lang=lang, zone=ZONES[lang],  # type: ignore[arg-type]
        clock=Clock(now_of(lang)), seed=b"seed",
        embedder=HashEmbedder() if embedder == "hash" else embedder,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., MemoryBank]]:
    """Makes banks with the diary of a language in them, and closes them."""
    made: list[MemoryBank] = []

    def make(
        lang: Lang, file: str = "diary.db", *, full: bool = True, **more: object
    ) -> MemoryBank:
        bank = opened(tmp_path / file, lang, **more)  # type: ignore[arg-type]
        made.append(bank)
        if full:
            bank.remember_turns(diary(lang))
        return bank

    yield make
    for bank in made:
        bank.close()


Make = Callable[..., MemoryBank]


def keys(found: Recollection) -> list[str | None]:
    return [hit.external_id for hit in found]


def scores(found: Recollection) -> list[tuple[str | None, float]]:
    return [(hit.external_id, hit.score) for hit in found]


# -- words and meaning ---------------------------------------------------------------------

WORDS = {
    "en": [("which cat did I adopt?", "cat"), ("the dentist and my tooth", "tooth"),
           ("what did we see hiking?", "fox"), ("which days does the coach want?", "coach"),
           ("what did I cook for Anna?", "tofu"), ("MISO", "cat")],
    "zh": [("我领养了什么猫？", "cat"), ("牙医和智齿", "tooth"), ("爬香山看见了什么？", "fox"),
           ("教练要我哪天去？", "coach"), ("我给安娜做了什么菜？", "tofu"), ("年糕", "cat")],
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("embedder", ["hash", None])
def test_words_find_what_was_said(make: Make, lang: Lang, embedder: object) -> None:
    bank = make(lang, embedder=embedder)
    for question, key in WORDS[lang]:
        first = bank.recall(question, faded="always")[0]
        assert first.external_id == key, question
        assert any(s.name == "words" and s.share > 0 for s in first.why.signals)


@BOTH
def test_scores_are_the_sum_of_their_reasons(make: Make, lang: Lang) -> None:
    for question, _ in WORDS[lang]:
        found = make(lang).recall(question, faded="always")
        scores = [hit.score for hit in found]
        assert all(a >= b - NEAR_TIE for a, b in pairwise(scores)), "near ties may change places"
        for hit in found:
            assert hit.score == pytest.approx(sum(s.share for s in hit.why.signals), abs=1e-4)


class Senses(HashEmbedder):
    """Knows a few things that no word shows: what lives in one sense points one way."""

    SENSES = (
        ("cat", "pet", "猫", "宠物"), ("dentist", "clinic", "牙", "看病"),
        ("fox", "wildlife", "狐狸", "野兽"), ("tofu", "dinner", "豆腐", "晚饭"),
    )  # fmt: skip

    def _direction(self, text: str) -> np.ndarray:
        direction = np.full(self.dim, 0.05, np.float32)
        for i, words in enumerate(self.SENSES):
            direction[i] += sum(text.lower().count(word) for word in words)
        return np.asarray(direction / np.linalg.norm(direction), np.float32)


MEANING = {
    "en": [("Any pets?", "cat"), ("A clinic?", "tooth"), ("Wildlife?", "fox"), ("Dinner?", "tofu")],
    "zh": [("有宠物吗？", "cat"), ("看病？", "tooth"), ("野兽？", "fox"), ("晚饭？", "tofu")],
}


@BOTH
def test_meaning_finds_what_no_word_shows(make: Make, lang: Lang) -> None:
    bank = make(lang, embedder=Senses(name="testing:senses"))
    for question, key in MEANING[lang]:
        first = bank.recall(question, faded="always")[0]
        assert first.external_id == key, question
        by = {s.name: s.share for s in first.why.signals}
        assert by["meaning"] > 0 and by["meaning"] > by.get("words", 0.0)


@BOTH
def test_words_alone_says_so(make: Make, lang: Lang) -> None:
    with_model, without = make(lang, "a.db"), make(lang, "b.db", embedder=None)
    question = WORDS[lang][0][0]
    assert with_model.recall(question).notes == ()
    found = without.recall(question)
    assert keys(found)[0] == "cat"
    assert len(found.notes) == 1 and "siliconfriend[local]" in found.notes[0]
    assert {s.name for hit in found for s in hit.why.signals} <= {"words", "words before", "nearby"}


@BOTH
def test_vectors_of_two_models_never_mix(make: Make, lang: Lang) -> None:
    make(lang)
    other = make(lang, full=False, embedder=Senses(name="testing:senses"))
    question = WORDS[lang][0][0]
    found = other.recall(question, faded="always")
    assert {s.name for hit in found for s in hit.why.signals} <= {"words", "words before", "nearby"}
    assert len(found.notes) == 1 and keys(found)[0] == "cat"
    other.remember("A new turn about a cat. 一只新猫。", external_id="new")
    models = other.desk.store
    with models.read() as tx:
        names = tx.rows("load_vectors", bank=1, above=0, model="testing:senses", dim=64)
    assert names == []
    assert other.change_embedder() == 8
    found = other.recall(MEANING[lang][0][0], faded="always")
    assert found.notes == () and set(keys(found)[:2]) == {"cat", "new"}
    first = make(lang, full=False)
    assert len(first.recall(question, faded="always").notes) == 1, "and now the first is other"


# -- dates in words ------------------------------------------------------------------------

DATES = {
    "en": [
        ("What did I tell you last Wednesday?", ["float", "coach"]),
        ("What did I say on March 5th?", ["tooth"]),
        ("What did I do last weekend?", ["tofu", "lunch"]),
        ("What did we do on the Saturday before last, March 7?", ["fox"]),
        ("Do you remember what I told you twelve days ago?", ["cat"]),
        ("What did I tell you on March 5 and 7?", ["tooth", "fox"]),
        ("What have I told you since March 11th?", ["float", "coach", "tofu", "lunch"]),
    ],
    "zh": [
        ("上周三我跟你说了什么？", ["float", "coach"]),
        ("3月5号我说了什么？", ["tooth"]),
        ("三月五日我说了什么？", ["tooth"]),
        ("上周末我做了什么？", ["tofu", "lunch"]),
        ("3月7号我们做了什么？", ["fox"]),
        ("你还记得十二天前我告诉你什么了吗？", ["cat"]),
        ("3月5号和7号我跟你说了什么？", ["tooth", "fox"]),
        ("3月11号以来我跟你说了什么？", ["float", "coach", "tofu", "lunch"]),
    ],
}
ONE_DATE = [(lang, *row) for lang, rows in DATES.items() for row in rows]


@pytest.mark.parametrize(("lang", "question", "expected"), ONE_DATE)
def test_a_day_that_is_named_comes_first(
    make: Make, lang: Lang, question: str, expected: list[str]
) -> None:
    found = make(lang).recall(question)
    assert sorted(keys(found)[: len(expected)]) == sorted(expected)
    for hit in found[: len(expected)]:
        assert hit.why.notes, "and says that it is for the time named"


PARTS = {
    "en": [("What was on Saturday night?", "tofu"), ("What was last Saturday at noon?", "lunch")],
    "zh": [("前天晚上发生了什么？", "tofu"), ("前天中午发生了什么？", "lunch")],
}


@BOTH
def test_a_part_of_a_day_that_is_named_comes_first_in_it(make: Make, lang: Lang) -> None:
    bank = make(lang, embedder=None)
    for question, key in PARTS[lang]:
        assert keys(bank.recall(question))[0] == key, question
        assert set(keys(bank.recall(question))[:2]) == {"tofu", "lunch"}


@BOTH
def test_a_day_is_named_relative_to_now(make: Make, lang: Lang) -> None:
    bank = make(lang)
    question = {"en": "What did I tell you yesterday?", "zh": "昨天我跟你说了什么？"}[lang]
    assert keys(bank.recall(question, now=at(lang, 3, 6)))[0] == "tooth"
    assert keys(bank.recall(question, now=at(lang, 3, 8)))[0] == "fox"
    # shortly after midnight in the bank's own zone it is already the day after
    assert keys(bank.recall(question, now=at(lang, 3, 8, 0) + timedelta(minutes=5)))[0] == "fox"


# -- neighbours and kinds ------------------------------------------------------------------


@BOTH
def test_neighbours_are_the_turns_around_in_the_same_conversation(make: Make, lang: Lang) -> None:
    bank = make(lang, full=False)
    turns = diary(lang)
    talk = [Turn(text=t.text, occurred_at=t.occurred_at, external_id=t.external_id,
                 conversation="one" if i % 2 else "two") for i, t in enumerate(turns)]  # fmt: skip
    bank.remember_turns(talk)  # by time: one: tooth, float, tofu; two: cat, fox, coach, lunch
    question = {"en": "float in the pool", "zh": "泳池浮起来"}[lang]
    plain = bank.recall(question, k=1, faded="always")
    assert keys(plain) == ["float"] and plain[0].neighbour_of is None
    found = bank.recall(question, k=1, faded="always", neighbours=1)
    assert keys(found) == ["float", "tooth", "tofu"]
    assert [hit.neighbour_of for hit in found] == [None, found[0].id, found[0].id]
    early = bank.recall(question, k=1, faded="always", neighbours=2, now=at(lang, 3, 12))
    assert keys(early) == ["float", "tooth"], "a neighbour that has not happened is none"
    assert keys(bank.recall(question, k=2, faded="always", neighbours=9)).count("tooth") == 1


@BOTH
def test_event_summaries_are_recalled_as_days(make: Make, lang: Lang) -> None:
    bank = make(lang)
    bank.digest()
    question = {"en": "float in the pool with the coach", "zh": "泳池教练浮起来"}[lang]
    days = bank.recall(question, kinds=("day",), faded="always")
    assert {hit.kind for hit in days} == {"day"}
    assert (days[0].when.date().isoformat(), days[0].external_id) == ("2026-03-11", None)
    turns = bank.recall(question, kinds=("turn",), faded="always")
    assert {hit.kind for hit in turns} == {"turn"} and len(turns) == 7
    ids = {hit.external_id: hit.id for hit in turns}
    assert set(days[0].sources) <= {ids["float"], ids["coach"]} and days[0].sources
    assert {hit.kind for hit in bank.recall(question, faded="always", k=99)} == {"turn", "day"}


# -- apart ---------------------------------------------------------------------------------


def crowded(make: Make, lang: Lang, **where: str) -> None:
    """Fill another bank of the same file with texts that would change every word's rarity."""
    other = make(lang, full=False, **where)
    wording = [turn.text for turn in diary(lang)]
    other.remember_turns(
        [
            Turn(text=f"{wording[i % 7]} {wording[(i + 3) % 7]}", external_id=f"other-{i}",
                 occurred_at=at(lang, 3, 5 + i % 9))
            for i in range(60)
        ]
    )  # fmt: skip
    other.digest()


@BOTH
@pytest.mark.parametrize("where", [{"name": "somebody else"}, {"tenant": "acme"}])
def test_banks_of_one_file_never_see_each_other(
    make: Make, lang: Lang, where: dict[str, str]
) -> None:
    alone, shared = make(lang, "alone.db"), make(lang)
    crowded(make, lang, **where)
    questions = [question for question, _ in (*WORDS[lang], *DATES[lang])]
    for bank in (shared, make(lang, full=False)):  # warm, and loaded after the other came
        for question in questions:
            found = bank.recall(question, faded="always", k=99)
            assert scores(found) == scores(alone.recall(question, faded="always", k=99))
            assert len(found) == 7
    new = alone.remember("One more turn. 再说一句。"), shared.remember("One more turn. 再说一句。")
    judged = [b.explain(i).parts for b, i in zip((alone, shared), new, strict=True)]
    assert judged[0] == judged[1], "what matters is judged by the own bank alone"


@BOTH
def test_names_of_another_bank_open_nothing(make: Make, lang: Lang) -> None:
    from memorybank.errors import UnknownMemory

    mine = make(lang)
    other = make(lang, full=False, name="other")
    foreign = mine.recall(WORDS[lang][0][0])[0].id
    for verb in (other.explain, other.pin, other.erase):
        with pytest.raises(UnknownMemory):
            verb(foreign)
    own = other.remember("hello", used=[foreign])
    assert not [e for e in mine.explain(foreign).events if e.kind == "recall"], own
    assert [info.name for info in make(lang, full=False, tenant="acme").banks()] == [NAMES[lang]]
    assert {info.name for info in mine.banks()} == {NAMES[lang], "other"}


def test_banks_share_connections_and_models(make: Make) -> None:
    mine = make("en")
    other = mine.other("second", create=True)
    other.remember("I adopted a green parrot.")
    assert keys(mine.recall("which animal did I adopt?"))[0] == "cat"
    assert [hit.text for hit in other.recall("which animal did I adopt?")] == [
        "I adopted a green parrot."
    ]


# -- time travel ---------------------------------------------------------------------------


def picture(found: Recollection) -> list[tuple[object, ...]]:
    return sorted(
        (h.id, h.kind, h.text, h.when, round(h.retention, 9), h.faded, h.replaces) for h in found
    )


@BOTH
def test_recall_at_a_time_sees_what_had_occurred(make: Make, lang: Lang) -> None:
    bank = make(lang)
    by_the_sixth = ["cat", "tooth"]
    by_the_twelfth = [*by_the_sixth, "fox", "float", "coach"]
    for day, expected in ((4, []), (6, by_the_sixth), (12, by_the_twelfth)):
        found = bank.recall(WORDS[lang][0][0], now=at(lang, 3, day), faded="always", k=99)
        assert set(keys(found)) == set(expected)
    upto = bank.recall(WORDS[lang][0][0], until=at(lang, 3, 6), faded="always", k=99)
    assert set(keys(upto)) == {"cat", "tooth"}


@BOTH
def test_the_past_stays_as_it_was(make: Make, lang: Lang) -> None:
    bank = make(lang)
    clock: Clock = bank.desk.clock  # type: ignore[assignment]
    question = WORDS[lang][0][0]
    ids = {hit.external_id: hit.id for hit in bank.recall(question, faded="always")}
    bank.remember("用了 and used", used=[ids["cat"]], external_id="used", at=at(lang, 3, 9))
    bank.fade(ids["tooth"], now=at(lang, 3, 10))
    then = at(lang, 3, 15)
    before = {policy: picture(bank.recall(question, now=then, faded=policy, k=99))
              for policy in ("always", "never", "on_cue")}  # fmt: skip
    first = [hit.id for hit in bank.recall(question, now=then)][:1]
    clock.forward(days=2)
    bank.remember("再用 again", used=[ids["cat"], ids["fox"], ids["tooth"]])
    clock.forward(days=1)
    bank.pin(ids["fox"])
    bank.revive(ids["tooth"])
    bank.fade(ids["coach"])
    bank.correct(ids["float"], "I can swim. 我会游泳了。")
    clock.forward(days=30)
    for again in (bank, make(lang, full=False)):  # warm, and loaded from the file
        after = {policy: picture(again.recall(question, now=then, faded=policy, k=99))
                 for policy in ("always", "never", "on_cue")}  # fmt: skip
        assert after == before
        assert [hit.id for hit in again.recall(question, now=then)][:1] == first
    present = bank.recall(question, faded="always", k=99)
    assert picture(present) != before["always"]


@BOTH
def test_neighbours_of_the_past_are_held_as_they_were(make: Make, lang: Lang) -> None:
    bank = make(lang)
    clock: Clock = bank.desk.clock  # type: ignore[assignment]
    question, then = {"en": "float in the pool", "zh": "泳池浮起来"}[lang], at(lang, 3, 12)

    def look() -> list[tuple[object, ...]]:
        return picture(bank.recall(question, k=1, now=then, faded="always", neighbours=1))

    before = look()
    assert len(before) == 2
    coach = bank.recall(question, faded="always", k=1, neighbours=1)[1]
    assert coach.external_id == "coach"
    clock.forward(days=1)
    bank.remember("用了 used", used=[coach.id])
    bank.fade(coach.id)
    assert look() == before


@BOTH
def test_explain_at_a_time_knows_nothing_of_later(make: Make, lang: Lang) -> None:
    bank = make(lang)
    clock: Clock = bank.desk.clock  # type: ignore[assignment]
    then = at(lang, 3, 15)
    (cat,) = [hit.id for hit in bank.recall(WORDS[lang][0][0], k=1)]
    before = bank.explain(cat, now=then)
    bank.remember("用了 used", used=[cat])
    clock.forward(days=1)
    bank.correct(cat, "A black cat. 是只黑猫。")
    after = bank.explain(cat, now=then)
    assert after.memory == before.memory
    assert after.events == before.events == ()
    assert after.replaced_by is None
    assert bank.explain(cat).replaced_by is not None and len(bank.explain(cat).events) == 1


# -- reading never writes ------------------------------------------------------------------


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("diary.db*")
        if not path.name.endswith("-shm")  # read marks of the readers
    }


@BOTH
def test_reading_never_writes(make: Make, lang: Lang, tmp_path: Path) -> None:
    bank = make(lang)
    bank.digest()
    memory = bank.recall(WORDS[lang][0][0])[0].id
    outside = apsw.Connection(str(tmp_path / "diary.db"))

    def state() -> tuple[object, ...]:
        rows = outside.execute("SELECT version, edition, next, extra FROM banks").fetchall()
        return bytes_of(tmp_path), outside.pragma("data_version"), rows

    before = state()
    now = now_of(lang) + timedelta(days=400)
    for question, _ in (*WORDS[lang], *DATES[lang]):
        for moment in (now, at(lang, 3, 8)):
            bank.recall(question, now=moment, faded="always", neighbours=2)
            bank.recall(question, now=moment)
            bank.context(question, now=moment)
    for moment in (now, at(lang, 3, 8)):
        bank.explain(memory, now=moment)
        bank.timeline(now=moment)
    for read in (bank.portrait, bank.statements, bank.summaries, bank.jobs, bank.info, bank.banks):
        read()
    assert state() == before
    outside.close()


def test_recalls_in_many_threads_agree(make: Make) -> None:
    bank = make("en")
    expected = [scores(bank.recall(question)) for question, _ in WORDS["en"]]
    wrong: list[object] = []

    def look() -> None:
        for _ in range(5):
            got = [scores(bank.recall(question)) for question, _ in WORDS["en"]]
            if got != expected:
                wrong.append(got)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
