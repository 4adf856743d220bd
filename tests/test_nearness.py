"""A bank of a few memories: what a message is about is judged absolutely, not by rank."""

from __future__ import annotations

from dataclasses import replace

import pytest
from making import EMBEDDER, NOW, Mem, asked, built

from memorybank import MemoryBank, nearness
from memorybank.retrieve import FEW, search

LINES = {
    "en": ["I adopted a cat called Miso.", "My sister Ida is a vet.", "I bought a kayak."],
    "zh": ["我领养了一只灰猫，叫年糕。", "我妹妹小林是兽医。", "我买了一条皮划艇。"],
}
TALK = {
    "en": ["Nice weather", "Hello!", "What's the capital of France?", "I'm so tired today."],
    "zh": ["今天天气不错", "你好！", "法国的首都是哪里？", "我今天好累啊"],
}
QUESTIONS = {"en": "What is my cat called?", "zh": "我的猫叫什么名字？"}
OF_ALL = {"en": "What do you know about me?", "zh": "关于我，你都记得什么？"}
both = pytest.mark.parametrize("lang", ["en", "zh"])


def query(message, **changes):
    about = nearness.wanted([message], alike=None)
    return replace(asked(message, meaning=False, k=99), about=about, **changes)


def relevant(index, message, **changes):
    return [hit.position for hit in search(index, query(message, **changes)).hits if hit.relevant]


@both
def test_small_talk_is_about_nothing_that_a_small_bank_holds(lang):
    index = built([Mem(line) for line in LINES[lang]])
    for message in TALK[lang]:
        assert relevant(index, message) == [], message


@both
def test_a_word_that_tells_makes_a_memory_near(lang):
    index = built([Mem(line) for line in LINES[lang]])
    assert relevant(index, QUESTIONS[lang]) == [0]


@both
def test_who_asks_about_themselves_may_get_any_of_a_few(lang):
    index = built([Mem(line) for line in LINES[lang]])
    assert sorted(relevant(index, OF_ALL[lang])) == [0, 1, 2]


@both
def test_beyond_a_few_the_score_decides_as_ever(lang):
    index = built([Mem(line) for line in LINES[lang] * 4])
    assert index.size > FEW
    assert relevant(index, OF_ALL[lang]) == []


@both
def test_a_direction_is_near_by_what_the_embedder_states_and_all_is_where_it_states_nothing(lang):
    index = built([Mem(line) for line in LINES[lang]])
    message = TALK[lang][0]
    direction = EMBEDDER.embed_query(LINES[lang][1])
    for alike, found in ((0.99, [1]), (None, [0, 1, 2])):
        about = nearness.wanted([message], alike)
        hits = search(index, query(message, direction=direction)).hits
        assert sorted(h.position for h in hits if h.relevant) == [0, 1, 2]
        hits = search(index, replace(query(message, direction=direction), about=about)).hits
        assert sorted(h.position for h in hits if h.relevant) == found


@both
def test_the_only_answer_comes_back_though_it_has_faded(lang):
    faded = Mem(LINES[lang][0], ago=300.0, fades=NOW - 100)
    index = built([faded, Mem(LINES[lang][1], ago=300.0, fades=NOW - 100), Mem(LINES[lang][2])])
    hits = search(index, query(QUESTIONS[lang])).hits
    assert [hit.position for hit in hits if hit.faded] == [0]
    assert not any(hit.faded for hit in search(index, query(TALK[lang][0])).hits)
    awake = built([faded, Mem(LINES[lang][0])])
    assert not any(hit.faded for hit in search(awake, query(QUESTIONS[lang])).hits)


@both
def test_a_corrected_memory_is_near_by_its_old_words_too(lang):
    newer = {"en": "Sorry, I meant her name is Tofu.", "zh": "说错了，应该叫豆腐。"}
    old, other = LINES[lang][:2]
    index = built([Mem(old), Mem(newer[lang], supersedes=1), Mem(other)])
    assert relevant(index, QUESTIONS[lang]) == [1]


@both
def test_small_talk_strengthens_nothing_in_a_new_bank(lang, tmp_path):
    bank = MemoryBank.open(tmp_path / "m.db", bank="x", lang=lang, embedder=None)
    bank.remember(LINES[lang][0])
    assert len(bank.recall(TALK[lang][0])) == 1
    assert bank.context(TALK[lang][0], recent=0).recalled == ()
    assert len(bank.context(QUESTIONS[lang], recent=0).recalled) == 1
