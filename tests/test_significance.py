"""Significance: facts outweigh small talk in both languages; nothing is judged by its future."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import EMBEDDER, Mem, built

from memorybank import significance
from memorybank.index import Index
from memorybank.lexical import term_array
from memorybank.rendering import to_index
from memorybank.significance import BIAS, SAMPLE, WEIGHTS, Judgement, judge, scene, settle

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
    words = term_array(to_index(text or None, reply or None, None))
    vectors = EMBEDDER.embed_passages([text or reply])
    return judge(scene(index, words, vectors, text=text, reply=reply, before=before))


def weight(index: Index, text: str, reply: str = "", before: str = "") -> float:
    return weigh(index, text, reply, before).significance


def bank(lang: str, *more: str) -> Index:
    return built([Mem(text) for text in [*BANK[lang], *more]])


def parts(judged: Judgement) -> dict[str, float]:
    return {part.name: part.value for part in judged.parts}


# -- what matters more --------------------------------------------------------------------------


@both
@pytest.mark.parametrize("full", [True, False])
def test_facts_outweigh_questions_and_small_talk(lang, full):
    index = bank(lang) if full else built([])
    weights = {name: weight(index, text) for name, text in RANKED[lang].items()}
    for fact in FACTS:
        for filler in FILLERS:
            assert weights[fact] > 1.3 * weights[filler], (fact, filler)
    assert max(weights, key=weights.__getitem__) in FACTS[:2]
    assert weights["small talk"] < 0.15 and weights["a bare yes"] < 0.15


@pytest.mark.parametrize("kind", FACTS + FILLERS)
def test_both_languages_judge_alike(kind):
    en, zh = (weight(bank(lang), RANKED[lang][kind]) for lang in ("en", "zh"))
    assert abs(en - zh) < 0.3


@both
@pytest.mark.parametrize(
    ("more", "less"),
    [
        (
            ("I met Clara there.", "我认识的人叫克拉拉。"),
            ("I met someone there.", "我认识了一个人。"),
        ),
        (("it cost 450 euros", "花了450块"), ("it cost some euros", "花了一些块")),
        (("my back hurts", "我背疼"), ("the back hurts", "背疼")),
    ],
    ids=["a name", "a number", "oneself"],
)
def test_one_thing_more_weighs_more(lang, more, less):
    assert weight(bank(lang), more[lang == "zh"]) > weight(bank(lang), less[lang == "zh"])


@both
def test_what_the_bank_has_heard_before_weighs_less(lang):
    text = RANKED[lang]["a fact with names"]
    news, again = weigh(bank(lang), text), weigh(bank(lang, *[text] * 12), text)
    assert again.significance < news.significance
    assert parts(again)["rarity"] < parts(news)["rarity"]
    assert parts(again).get("novelty", 0.0) < parts(news)["novelty"]


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


@settings(max_examples=120)
@given(letters, letters, letters, st.lists(letters, max_size=6), st.booleans())
def test_weights_are_bounded_and_the_parts_add_up(text, reply, before, others, vectors):
    index = built([Mem(other) for other in others])
    words = term_array(f"{text}\n{reply}")
    directions = EMBEDDER.embed_passages([text]) if vectors else None
    judged = judge(scene(index, words, directions, text=text, reply=reply, before=before))
    assert 0.0 < judged.significance < 1.0
    total = BIAS + sum(part.share for part in judged.parts)
    assert judged.significance == pytest.approx(1 / (1 + math.exp(-total)), abs=2e-3)
    for part in judged.parts:
        assert 0.0 < part.value <= 1.0
        assert part.share == pytest.approx(WEIGHTS[part.name] * part.value, abs=3e-3)
    assert len({part.name for part in judged.parts}) == len(judged.parts)


def test_signs_are_as_they_should_be():
    assert {name for name, value in WEIGHTS.items() if value < 0} == {"small talk", "question"}
    assert significance.BIAS < 0


@both
def test_the_same_turn_is_judged_the_same(lang):
    text = RANKED[lang]["a plan"]
    assert weigh(bank(lang), text) == weigh(bank(lang), text)


def test_without_vectors_nothing_is_new_or_old():
    index = built([Mem(text, vectors=None) for text in BANK["en"]])
    text = RANKED["en"]["a plan"]
    judged = judge(scene(index, term_array(text), None, text=text, reply="", before=""))
    assert "novelty" not in parts(judged)


# -- the bank so far ----------------------------------------------------------------------------


@both
def test_a_judgement_made_is_not_changed_by_what_comes_later(lang):
    index, text = bank(lang), RANKED[lang]["a plan"]
    now = scene(index, term_array(text), EMBEDDER.embed_passages([text]), text=text, reply="", before="")  # noqa: E501  # fmt: skip
    before = judge(now)
    for number in range(len(BANK[lang]) + 1, len(BANK[lang]) + 60):
        mem = Mem(text)
        index.append(mem.entry(number), mem.directions(), term_array(text))
    assert judge(now) == before
    assert weigh(index, text).significance < before.significance


@both
def test_the_same_bank_judges_the_same_however_it_was_loaded(lang):
    """A long-lived process and one that opens the bank for each turn must not differ."""
    text = RANKED[lang]["a fact with names"]
    loaded = bank(lang, *[text] * 12)
    grown = built([])
    for number, said in enumerate([*BANK[lang], *[text] * 12], start=1):
        grown.append(Mem(said).entry(number), Mem(said).directions(), term_array(said))
    assert weigh(grown, text).significance == pytest.approx(weight(loaded, text), abs=1e-3)


def test_a_large_bank_is_judged_by_a_bounded_sample():
    texts = [Mem(f"walk number {i} in the park", vectors=[[1.0, 0, 0, 0]]) for i in range(3000)]
    index = built(texts, 4)
    words = term_array("Anna moved to Lyon")
    seen = scene(index, words, np.eye(4, dtype=np.float32), text="Anna", reply="", before="")
    assert len(seen.lengths) <= SAMPLE and len(seen.nearest) <= SAMPLE
    assert seen.size == 3000 and len(seen.frequencies) == len(words.hashes)


# -- the end of the day -------------------------------------------------------------------------


@both
def test_settling_adds_what_the_day_came_back_to(lang):
    judged = weigh(bank(lang), RANKED[lang]["a plan"])
    unchanged = settle(judged.parts, 0)
    assert unchanged.significance == pytest.approx(judged.significance, abs=2e-3)
    assert unchanged.parts == judged.parts
    weights = [settle(judged.parts, echoes).significance for echoes in (0, 1, 2, 5, 50)]
    assert weights == sorted(weights) and weights[1] > weights[0]
    assert weights[-1] < 1.0
    names = [part.name for part in settle(judged.parts, 3).parts]
    assert names == [*(part.name for part in judged.parts), "taken up"]


def test_settling_twice_is_settling_once():
    judged = weigh(bank("en"), RANKED["en"]["a plan"])
    once = settle(judged.parts, 2)
    assert settle(once.parts, 2) == once
    assert settle(once.parts, 0).significance == settle(judged.parts, 0).significance
