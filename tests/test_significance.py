"""Significance: facts outweigh small talk in both languages; nothing is judged by its future."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import EMBEDDER, Mem, built

from memorybank import cues, significance
from memorybank.index import Index
from memorybank.lexical import detect, term_array
from memorybank.records import Part
from memorybank.rendering import to_index
from memorybank.significance import (
    BIAS,
    RANKS,
    SAMPLE,
    TERMS_A_WORD,
    WEIGHTS,
    Around,
    Judgement,
    Scene,
    judge,
    settle,
)

both = pytest.mark.parametrize("lang", ["en", "zh"])
BANK = {
    "en": [
        "Good morning!",
        "I had toast for breakfast again.",
        "Work was fine today, nothing special.",
        "We went for a walk in the park.",
        "I watched a series and went to bed.",
        "The bus was late this morning.",
        "I think I will cook pasta tonight.",
        "It was raining when I came home.",
    ],
    "zh": [
        "早上好！",
        "早饭又吃了面包。",
        "今天上班还行，没什么特别的。",
        "我们去公园散步了。",
        "看了一会儿电视剧就睡了。",
        "今天早上公交车晚点了。",
        "晚上打算煮点面条。",
        "回家的时候下雨了。",
    ],
}
RANKED = {
    "en": {
        "a fact with names": "My sister Anna moved to Lyon with her husband Marc in 2019.",
        "a plan": "I want to run the Paris Marathon on April 12th with 3 colleagues.",
        "a feeling": "I am so proud that my daughter passed her driving test.",
        "a question": "What do you think about it?",
        "small talk": "Good night!",
        "a bare yes": "ok, thanks",
    },
    "zh": {
        "a fact with names": "我姐姐2019年和姐夫陈伟一起搬去了成都，女儿名字叫小雨。",
        "a plan": "我打算4月12号和3个同事一起去跑“巴黎马拉松”。",
        "a feeling": "女儿考过了驾照，我真为她感到骄傲，激动得睡不着。",
        "a question": "你觉得怎么样？",
        "small talk": "晚安！",
        "a bare yes": "好的，谢谢",
    },
}
FACTS, FILLERS = (
    ("a fact with names", "a plan", "a feeling"),
    ("a question", "small talk", "a bare yes"),
)


def weigh(index: Index, text: str, reply: str = "", before: str = "") -> Judgement:
    """Judge a turn at its birth."""
    words = term_array(to_index(text or None, reply or None, None))
    lengths = index.postings.recent_lengths(SAMPLE)
    lang = detect(f"{text} {reply}")
    asked = cues.is_question(before)
    return judge(Scene(text, reply, asked, length=words.length, lengths=lengths, lang=lang))


def weight(index: Index, text: str, reply: str = "", before: str = "") -> float:
    return weigh(index, text, reply, before).significance


def bank(lang: str, *more: str) -> Index:
    return built([Mem(text) for text in [*BANK[lang], *more]])


def around(before: list[str], day: list[str], vectors: bool = True) -> Around:
    texts = [*before, *day]
    return Around(
        first=len(before),
        terms=[term_array(text).hashes for text in texts],
        scales=np.array([TERMS_A_WORD[detect(text)] for text in texts]),
        vectors=EMBEDDER.embed_passages(texts) if vectors and texts else None,
    )


def settled(before: list[str], day: list[str], echoes: int = 0, **more: bool) -> list[Judgement]:
    """Judge a day at its end, each turn after its birth in an empty bank."""
    births = [weigh(built([]), text).parts for text in day]
    return settle(births, [echoes] * len(day), around(before, day, **more))


def parts(judged: Judgement) -> dict[str, float]:
    return {part.name: part.value for part in judged.parts}


# -- what matters more --------------------------------------------------------------------------


@both
@pytest.mark.parametrize("full", [True, False])
def test_facts_outweigh_questions_and_small_talk_at_birth(lang, full):
    index = bank(lang) if full else built([])
    weights = {name: weight(index, text) for name, text in RANKED[lang].items()}
    for fact in FACTS:
        for filler in FILLERS:
            assert weights[fact] > 1.3 * weights[filler], (fact, filler)
    assert weights["small talk"] < 0.15 and weights["a bare yes"] < 0.15


@both
@pytest.mark.parametrize("vectors", [True, False])
def test_facts_outweigh_questions_and_small_talk_when_settled(lang, vectors):
    day = list(RANKED[lang].values())
    judged = settled(BANK[lang] * 3, day, vectors=vectors)
    weights = dict(zip(RANKED[lang], (one.significance for one in judged), strict=True))
    assert min(weights[name] for name in FACTS) > 1.2 * max(weights[name] for name in FILLERS)
    assert max(weights["small talk"], weights["a bare yes"]) < 0.1
    assert max(weights["a fact with names"], weights["a plan"]) > 0.7


@pytest.mark.parametrize("kind", FACTS + FILLERS)
def test_both_languages_judge_alike(kind):
    place = list(RANKED["en"]).index(kind)
    en, zh = (
        settled(BANK[lang], list(RANKED[lang].values()))[place].significance
        for lang in ("en", "zh")
    )
    assert abs(en - zh) < (0.3 if kind != "a question" else 0.6)  # seen in young banks only
    en, zh = (weight(bank(lang), RANKED[lang][kind]) for lang in ("en", "zh"))
    assert abs(en - zh) < 0.3


@both
@pytest.mark.parametrize(
    ("more", "less"),
    [
        (
            ("I met Clara there.", "我认识的人叫克拉拉。"),
            ("I met someone there.", "我认识了一个人来着。"),
        ),
        (
            ("we met at the Red Lion", "我们去了东湖公园"),
            ("we met at the old pub", "我们去了那边看看"),
        ),
        (
            ("it cost 450 euros", "花了450块"),
            ("it cost some euros", "花了一些块"),
        ),
        (
            ("I slept for three hours", "我睡了三个小时"),
            ("I slept for some hours", "我睡了好些小时"),
        ),
        (
            ("my back hurts", "我背疼"),
            ("the back hurts", "背疼"),
        ),
    ],
    ids=["a name", "a place", "a figure", "a number in words", "oneself"],
)  # fmt: skip
def test_one_thing_more_weighs_more(lang, more, less):
    assert weight(bank(lang), more[lang == "zh"]) > weight(bank(lang), less[lang == "zh"])


def test_names_and_numbers_are_seen_in_both_languages():
    seen = {
        "Dinner with Anna in Lyon.": (2, 0),
        "昨天王老师带我们去了西湖公园，路上碰到小李": (3, 0),
        "我在读《霍乱时期的爱情》，作者是加西亚·马尔克斯": (2, 0),
        "我和同事陈伟去了成都": (2, 0),
        "I ran twelve miles on Sunday, 3 more than in May 2024": (1, 4),
        "周六跑了十二公里，花了1小时，第三名": (0, 4),
        "没什么特别的": (0, 0),
    }
    for text, (names, numbers) in seen.items():
        assert cues.proper(text) >= names and cues.quantities(text) == numbers, text
    assert cues.proper("没什么特别的") == cues.proper("nothing special today") == 0


@both
def test_what_the_bank_has_heard_before_weighs_less(lang):
    text, filler = RANKED[lang]["a fact with names"], BANK[lang] * 3
    (news,), (again,) = settled(filler, [text]), settled([*filler, *[text] * 12], [text])
    assert again.significance < news.significance
    assert parts(again)["substance"] < parts(news)["substance"]
    assert parts(again)["rarity"] < parts(news)["rarity"]
    assert parts(again)["novelty"] < parts(news)["novelty"]


@both
def test_the_rest_of_the_day_counts_as_heard(lang):
    text, filler = RANKED[lang]["a plan"], BANK[lang] * 3
    once = settled(filler, [text, *BANK[lang]])[0]
    often = settled(filler, [text, *[text] * 8])[0]
    assert often.significance < once.significance


@both
def test_an_answer_weighs_more_than_the_same_unasked(lang):
    text = {"en": "A dentist, since last spring.", "zh": "牙医，去年春天开始的。"}[lang]
    ask = {"en": "What do you do for a living?", "zh": "你是做什么工作的？"}[lang]
    asked, unasked = weigh(bank(lang), text, before=ask), weigh(bank(lang), text, before=text)
    assert asked.significance > unasked.significance
    assert parts(asked)["answer"] == 1.0 and "answer" not in parts(unasked)


@both
def test_a_question_in_return_is_no_answer(lang):
    ask = {"en": "What do you do for a living?", "zh": "你是做什么工作的？"}[lang]
    counter = {"en": "Why do you ask?", "zh": "你为什么问这个？"}[lang]
    found = parts(weigh(bank(lang), counter, before=ask))
    assert "answer" not in found and found["question"] == 1.0


@both
def test_a_turn_without_a_user_side_is_judged_by_its_reply(lang):
    fact, chat = RANKED[lang]["a fact with names"], RANKED[lang]["small talk"]
    alone = weight(bank(lang), "", fact)
    assert alone > weight(bank(lang), "", chat)
    assert "self" not in parts(weigh(bank(lang), "", fact))
    assert parts(weigh(bank(lang), "", chat))["small talk"] == 1.0


# -- how it is told -----------------------------------------------------------------------------

letters = st.text(st.sampled_from("ab 我猫3?？.。!Miso《》I'm hello你好\n"), max_size=80)


def adds_up(judged: Judgement) -> None:
    assert 0.0 < judged.significance < 1.0
    total = BIAS + sum(part.share for part in judged.parts)
    assert judged.significance == pytest.approx(1 / (1 + math.exp(-total)), abs=2e-3)
    for part in judged.parts:
        neutral = 0.5 if part.name in RANKS else 0.0
        assert 0.0 <= part.value <= 1.0
        assert part.share == pytest.approx(WEIGHTS[part.name] * (part.value - neutral), abs=3e-3)
    assert len({part.name for part in judged.parts}) == len(judged.parts)


@settings(max_examples=80)
@given(letters, letters, letters, st.lists(letters, max_size=6))
def test_at_birth_weights_are_bounded_and_the_parts_add_up(text, reply, before, others):
    adds_up(weigh(built([Mem(other) for other in others]), text, reply, before))


@settings(max_examples=80)
@given(st.lists(letters, max_size=14), st.lists(letters, min_size=1, max_size=5), st.booleans())
def test_settled_weights_are_bounded_and_the_parts_add_up(before, day, vectors):
    for judged in settled(before, day, echoes=2, vectors=vectors):
        adds_up(judged)


def test_signs_are_as_they_should_be():
    assert {name for name, value in WEIGHTS.items() if value < 0} == {"small talk", "question"}
    assert significance.BIAS < 0


@both
def test_the_same_turn_is_judged_the_same(lang):
    text = RANKED[lang]["a plan"]
    assert weigh(bank(lang), text) == weigh(bank(lang), text)
    assert settled(BANK[lang], [text]) == settled(BANK[lang], [text])


@both
def test_a_memory_without_a_vector_is_neither_new_nor_old(lang):
    day = [RANKED[lang]["a plan"], RANKED[lang]["small talk"]]
    whole = around(BANK[lang], day)
    assert whole.vectors is not None
    whole.vectors[-2] = np.nan
    births = [weigh(built([]), text).parts for text in day]
    one, other = settle(births, [0, 0], whole)
    assert "novelty" not in parts(one) and parts(other)["novelty"] != 0.5
    assert "novelty" not in parts(settled(BANK[lang], day, vectors=False)[0])


# -- a young bank, a grown one ------------------------------------------------------------------


@both
def test_a_first_day_leans_on_ordinary_values(lang):
    fact, chat = RANKED[lang]["a fact with names"], RANKED[lang]["small talk"]
    alone, greeting = settled([], [fact])[0], settled([], [chat])[0]
    assert 0.4 < alone.significance < 0.95 and greeting.significance < 0.1


@both
def test_a_longer_bank_of_the_same_kind_judges_the_same(lang):
    """Ranks, not sums: neither its age nor its size moves what is ordinary in a bank."""
    text = BANK[lang][3]
    few, many = settled(BANK[lang] * 30, [text])[0], settled(BANK[lang] * 60, [text])[0]
    assert few.significance == pytest.approx(many.significance, abs=0.05)


@both
def test_the_same_bank_judges_the_same_however_it_was_loaded(lang):
    """A long-lived process and one that opens the bank for each turn must not differ."""
    text = RANKED[lang]["a fact with names"]
    loaded = bank(lang, *[text] * 12)
    grown = built([])
    for number, said in enumerate([*BANK[lang], *[text] * 12], start=1):
        grown.append(Mem(said).entry(number), Mem(said).directions(), term_array(said))
    assert weigh(grown, text).significance == pytest.approx(weight(loaded, text), abs=1e-3)


# -- the end of the day -------------------------------------------------------------------------


@both
def test_settling_adds_what_the_day_came_back_to(lang):
    day = [RANKED[lang]["a plan"]]
    weights = [settled(BANK[lang], day, echoes)[0].significance for echoes in (0, 1, 2, 5, 50)]
    assert weights == sorted(weights) and weights[1] > weights[0]
    assert weights[-1] < 1.0
    assert "taken up" in parts(settled(BANK[lang], day, 3)[0])
    assert "taken up" not in parts(settled(BANK[lang], day, 0)[0])


@both
def test_settling_twice_is_settling_once(lang):
    day, scene = [RANKED[lang]["a plan"]], around(BANK[lang], [RANKED[lang]["a plan"]])
    once = settle([weigh(bank(lang), day[0]).parts], [2], scene)
    assert settle([once[0].parts], [2], scene) == once


def test_parts_of_an_older_kind_are_left_behind():
    old = [Part(name="substance", value=0.1, share=9.0), Part(name="corrects", value=1, share=1)]
    (judged,) = settle([old], [0], around(BANK["en"], [RANKED["en"]["a plan"]]))
    adds_up(judged)
