"""The signals of recall, one by one: each moves the score the way it says, in both languages."""

from __future__ import annotations

import numpy as np
import pytest
from making import NOW, Mem, asked, built

from memorybank import cues
from memorybank.index import Index
from memorybank.lexical import FADING, query_terms, said_terms, term_array
from memorybank.retrieve import Found, Query, search

both = pytest.mark.parametrize("lang", ["en", "zh"])
FILLER = {
    "en": ["The rain never stopped.", "My boss moved the deadline.", "I ran ten kilometres."],
    "zh": ["雨一直没有停。", "老板改了截止日期。", "我跑了十公里。"],
}


def others(lang: str) -> list[Mem]:
    """Memories of something else, each alone."""
    return [Mem(text, ago=9 - i) for i, text in enumerate(FILLER[lang])]


def shares(found: Found, position: int) -> dict[str, float]:
    """What each signal adds to the score of one memory."""
    hit = next(hit for hit in found.hits if hit.position == position)
    return {signal.name: signal.share for signal in hit.signals}


def found_by(mems: list[Mem], text: str, **more: object) -> Found:
    return search(built(mems), asked(text, k=99, **more))  # type: ignore[arg-type]


# -- the turn before ----------------------------------------------------------------------------

HOLIDAY = {
    "en": ("Where did you go on holiday?", "Lisbon, and it was wonderful.", "A holiday is fine."),
    "zh": ("你假期去哪里玩了？", "里斯本，太棒了。", "假期真好。"),
}


@both
def test_an_answer_is_lent_what_was_asked(lang):
    asks, answer, says = HOLIDAY[lang]
    lent = {}
    for first in (asks, says):
        mems = [Mem(first, thread=1, ago=0.6), Mem(answer, thread=1, ago=0.5), *others(lang)]
        told = shares(found_by(mems, asks, meaning=False), 1)
        lent[first] = told["words before"]
    assert lent[asks] > 0 == lent[says]


@both
def test_the_companion_answers_nobody_s_question_about_the_person(lang):
    asks, answer, _ = HOLIDAY[lang]
    mems = [Mem(asks, thread=1, ago=0.6), Mem(answer, thread=1, ago=0.5), *others(lang)]
    person = shares(found_by(mems, asks), 1)
    mems[1] = Mem(answer, thread=1, ago=0.5, companion=True)
    companion = shares(found_by(mems, asks), 1)
    assert companion["words before"] == 0 < person["words before"]
    assert companion["side"] < 0 and "side" not in person


@both
def test_nobody_stood_before_the_first(lang):
    asks, answer, _ = HOLIDAY[lang]
    told = shares(found_by([Mem(answer), Mem(asks), *others(lang)], asks), 0)
    assert told["words before"] == told["meaning before"] == 0


# -- nearby -------------------------------------------------------------------------------------


def test_what_stands_by_the_best_comes_before_its_equals():
    talk = [Mem(f"number {i}", thread=1, ago=8 - i, vectors=None) for i in range(9)]
    mems = [Mem("number 0", ago=20, vectors=None), *talk]
    mems[5] = Mem("the cat Miso", thread=1, ago=4, vectors=None)
    found = found_by(mems, "cat")
    by_place = {hit.position: hit.score for hit in found.hits}
    near, far = {2, 3, 4, 6, 7, 8}, {0, 1, 9}
    assert found.hits[0].position == 5
    assert min(by_place[p] for p in near) > max(by_place[p] for p in far)


def test_who_holds_both_sides_takes_less():
    mems = [Mem("the cat", thread=1, ago=3), Mem("soup", thread=1, ago=2), *others("en")]
    one = shares(found_by(mems, "cat", meaning=False), 1)["nearby"]
    mems[1] = Mem("soup", thread=1, ago=2, reply="Soup.")
    assert 0 < shares(found_by(mems, "cat", meaning=False), 1)["nearby"] < one


def test_the_best_owes_nothing_to_itself():
    mems = [Mem("the cat", thread=1, ago=3), Mem("soup", thread=1, ago=2), *others("en")]
    found = found_by(mems, "cat")
    assert found.hits[0].position == 0
    assert shares(found, 0)["nearby"] == 0 < shares(found, 1)["nearby"]


def test_another_conversation_is_not_nearby():
    mems = [Mem("the cat", thread=1, ago=3, vectors=None), Mem("tea", thread=2, vectors=None)]
    mems += [Mem("rain", thread=3, vectors=None), Mem("soup", thread=1, ago=2, vectors=None)]
    told = {hit.position: hit.score for hit in found_by(mems, "cat").hits}
    assert told[3] > told[1] == told[2]


def test_what_is_not_seen_lends_nothing():
    mems = [Mem("soup", thread=1, ago=3, vectors=None), Mem("tea", ago=5, vectors=None)]
    mems += [Mem("a cat at last", thread=1, ago=1, vectors=None), Mem("rain", ago=4, vectors=None)]
    past = found_by(mems, "cat soup?", until=NOW - 2)
    alone = found_by([mems[0], mems[1], mems[3]], "cat soup?", until=NOW - 2)
    assert [h.score for h in past.hits] == pytest.approx([h.score for h in alone.hits])


# -- like everything ----------------------------------------------------------------------------


def test_of_equally_alike_the_one_unlike_the_rest_comes_first():
    crowd = [[0.0, 1.0, 0.1 * i, 0.0] for i in range(8)]
    mems = [Mem("", vectors=np.array([v]) / np.linalg.norm(v)) for v in crowd]
    mems += [Mem("", vectors=[[0.6, 0.8, 0, 0]]), Mem("", vectors=[[0.6, 0, 0, 0.8]])]
    index = built(mems, 4)
    query = Query({}, np.array([1, 0, 0, 0], np.float32), NOW, round(NOW * 86_400_000_000), k=10)
    found = search(index, query)
    assert [hit.position for hit in found.hits[:2]] == [9, 8]
    values = {h.position: {s.name: s.value for s in h.signals} for h in found.hits}
    assert values[9]["meaning"] == pytest.approx(values[8]["meaning"], abs=1e-3)
    assert values[9]["typical"] < values[8]["typical"]
    told = shares(found, 8)
    assert told["typical"] < shares(found, 9)["typical"]


# -- who said it --------------------------------------------------------------------------------

SIDES = {
    "en": [
        ("What did you recommend for dinner?", "companion"),
        ("In the end, what was your advice about the interview?", "companion"),
        ("I asked you about gifts; what did you suggest?", "companion"),
        ("Which book did I recommend to you?", "person"),
        ("I told you a title once, which one?", "person"),
        ("Can you tell me what my cat is called?", "person"),
        ("Where does my sister live?", "person"),
        ("What was it we talked about in our last conversation?", "either"),
    ],
    "zh": [
        ("晚饭你推荐我吃什么来着？", "companion"),
        ("关于面试，你的建议是什么？", "companion"),
        ("我向你问过礼物的事，你给我推荐了什么？", "companion"),
        ("我给你推荐过哪本书？", "person"),
        ("我告诉过你一个书名，是哪本？", "person"),
        ("你能告诉我我的猫叫什么吗？", "person"),
        ("你还记得我姐姐住在哪里吗？", "person"),
        ("我们上次聊的那家店叫什么？", "either"),
    ],
}


@both
def test_whose_words_are_asked_for(lang):
    assert [cues.side_asked(text) for text, _ in SIDES[lang]] == [side for _, side in SIDES[lang]]


@both
def test_the_side_that_is_asked_for_comes_first(lang):
    text = {"en": "Lentil soup is good for dinner.", "zh": "晚饭喝扁豆汤很好。"}[lang]
    mems = [Mem(text, ago=0.6), Mem(text, ago=0.6, companion=True), *others(lang)]
    index = built(mems)
    for side, first in (("person", 0), ("companion", 1)):
        found = search(index, asked(text, side=side, k=9))
        assert found.hits[0].position == first
    told = [shares(search(index, asked(text, side="either", k=9)), p) for p in (0, 1)]
    assert told[0] == pytest.approx(told[1])


@pytest.mark.parametrize(
    ("text", "reply", "marks"),
    [
        ("I have a cat.", "Lovely! What is it called?", {"asks", "exchange"}),
        ("What should I eat?", "Toast.", {"exchange"}),
        ("我养了一只猫。", "真好，它叫什么？", {"asks", "exchange"}),
        ("我养了一只猫。", None, set()),
        ("Where were you?", None, {"asks"}),
        (None, "在家。", {"companion"}),
        (None, "你在哪里？", {"asks", "companion"}),
    ],
)
def test_marks_of_a_turn(text, reply, marks):
    assert set(cues.marks(text, reply)) == marks


def test_marks_change_no_word_score_and_no_length():
    plain = term_array("a cat and a cup of tea")
    assert term_array("a cat and a cup of tea", cues.MARKS).length == plain.length
    index = built([Mem("cat tea?"), Mem("cat tea"), Mem("rain")])
    scores = index.postings.bm25(query_terms("cat"))
    assert scores[0] == scores[1] > scores[2]
    assert index.marked("asks").tolist() == [True, False, False]


def test_a_bank_whose_terms_bear_no_marks_is_recalled_all_the_same():
    array = term_array("the cat asks why?")
    index = built([Mem("tea"), Mem("rain")])
    index.append(Mem("the cat asks why?", thread=4).entry(3), None, array)
    assert isinstance(index, Index) and not index.marked("asks").any()
    assert search(index, asked("cat")).hits[0].position == 2


# -- a piece of conversation --------------------------------------------------------------------


@both
def test_a_piece_of_conversation_asks_by_its_end(lang):
    colon = {"en": ": ", "zh": "："}[lang]
    lines = [f"Bart{colon}cat", f"Friend{colon}rain", f"Bart{colon}tea cat"]
    assert cues.said("\n".join(lines)) == lines
    weights = said_terms(lines)
    (cat,), (rain,), (tea,) = (query_terms(word) for word in ("cat", "rain", "tea"))
    assert weights[tea] == 1.0 and weights[rain] == pytest.approx(FADING)
    assert weights[cat] == pytest.approx(1 + FADING**2)


@pytest.mark.parametrize(
    "text",
    [
        "What is my cat called?",
        "two lines\nand no names",
        "One thing: my cat\nand tea",
        "https://example.org/a\nhttps://example.org/b",
        "10:30 dentist\n11:00 tea",
        "我的猫叫什么？",
    ],
)
def test_any_other_message_is_one_piece(text):
    assert cues.said(text) == [text]
    assert said_terms(cues.said(text)) == query_terms(text)
