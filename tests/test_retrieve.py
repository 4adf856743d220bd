"""Recall's ranking: relevance first, the day named as a rule, fading as a door and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import EMBEDDER, NOW, Mem, asked, built

from memorybank.index import DAY, TURN
from memorybank.retrieve import CLEAR_MARGIN, NEAR_TIE, RELEVANT, Found, Held, search
from memorybank.signals import TYPICAL

EN = [
    "I adopted a cat called Miso.",
    "My sister Anna works at a bakery in Lyon.",
    "The rain never stopped during our walk.",
    "I am allergic to peanuts.",
    "Learning the cello is harder than I thought.",
    "My boss moved the deadline to Friday.",
    "We watched a film about the sea.",
    "I ran ten kilometres before breakfast.",
    "The neighbours painted their door green.",
    "My phone fell into the soup.",
    "I planted basil on the balcony.",
    "Chess club starts again in autumn.",
]
ZH = [
    "我养了一只橘猫，名字叫米粒。",
    "姐姐在里昂的面包店上班。",
    "散步的时候雨一直没停。",
    "我对花生过敏。",
    "学大提琴比想象中难。",
    "老板把截止日期改到星期五。",
    "我们看了一部关于大海的电影。",
    "早饭前我跑了十公里。",
    "邻居把门漆成了绿色。",
    "手机掉进汤里了。",
    "我在阳台种了罗勒。",
    "棋社秋天重新开始。",
]
DIARIES = {"en": EN, "zh": ZH}
QUESTIONS = {
    "en": [("what is my cat called?", 0), ("where does Anna work?", 1), ("peanuts?", 3)],
    "zh": [("我的猫叫什么名字？", 0), ("姐姐在哪里上班？", 1), ("花生", 3)],
}
both = pytest.mark.parametrize("lang", ["en", "zh"])


def diary(lang: str, **changes: dict[int, object]) -> list[Mem]:
    """Twelve memories, one a day, the newest yesterday; `name={place: value}` changes some."""
    mems = [Mem(text, ago=len(EN) - i) for i, text in enumerate(DIARIES[lang])]
    for name, by_place in changes.items():
        for place, value in by_place.items():
            mems[place] = replace(mems[place], **{name: value})
    return mems


def places(found: Found) -> list[int]:
    return [hit.position for hit in found.hits]


# -- relevance ----------------------------------------------------------------------------------


@both
def test_what_is_asked_for_comes_first(lang):
    index = built(diary(lang))
    for question, place in QUESTIONS[lang]:
        for meaning in (True, False):
            found = search(index, asked(question, meaning=meaning))
            assert found.hits[0].position == place, (question, meaning)
        assert place in places(search(index, asked(question, words=False, k=4)))


@pytest.mark.parametrize("k", [1, 7, 60, 200])
def test_a_dense_ranking_equals_brute_force(k):
    rng = np.random.default_rng(11)
    vectors = rng.normal(size=(60, EMBEDDER.dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = built([Mem("", ago=1, vectors=vector[None]) for vector in vectors])
    query = asked("my cat", words=False, k=k)
    kept = vectors.astype(np.float16).astype(np.float64)
    likeness = kept @ query.direction - TYPICAL * (kept @ kept.mean(axis=0))
    assert places(search(index, query)) == np.argsort(-likeness).tolist()[:k]


def test_a_long_memory_counts_by_its_best_piece():
    query = asked("cat", words=False)
    away, near = -query.direction, query.direction
    mems = diary("en", vectors={i: [away] for i in range(12)})
    mems[5] = replace(mems[5], vectors=[away, near, away])
    assert places(search(built(mems), query))[0] == 5


@both
def test_the_turn_before_lends_what_it_was_about(lang):
    """An answer without a word of the question comes up if the question stood before it."""
    bare = {"en": "Lisbon, and it was wonderful.", "zh": "里斯本，太棒了。"}[lang]
    ask = {"en": "Where did you go on holiday?", "zh": "你假期去哪里玩了？"}[lang]
    for pair in ((0, 1), (12, 13)):
        both_turns = [Mem(ask, thread=7, ago=0.6), Mem(bare, thread=7, ago=0.5)]
        mems = [*both_turns, *diary(lang)] if pair[0] == 0 else [*diary(lang), *both_turns]
        query = asked(ask, meaning=False, k=20)
        found = search(built(mems), query)
        assert tuple(places(found)[:2]) == pair
        mems[pair[1]] = replace(mems[pair[1]], thread=8)
        alone = {h.position: h.score for h in search(built(mems), query).hits}
        assert alone[pair[1]] < found.hits[1].score - 1


def test_memories_without_vectors_take_part_by_their_words():
    index = built(diary("en", vectors={0: None, 4: None}))
    found = search(index, asked("what is my cat called?", k=12))
    assert 0 in places(found)[:2]
    assert len(found.hits) == 12 and all(np.isfinite(h.score) for h in found.hits)
    assert not any(np.isnan(s.value) or np.isnan(s.share) for h in found.hits for s in h.signals)


def test_none_with_a_vector_is_no_different_from_no_embedder():
    index = built(diary("en", vectors=dict.fromkeys(range(12))))
    with_direction = search(index, asked("cat", k=12))
    without = search(index, asked("cat", meaning=False, k=12))
    assert places(with_direction) == places(without)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_index_a_small_one_and_a_large_k(lang):
    assert search(built([]), asked("cat")) == Found()
    assert places(search(built(diary(lang)[:1]), asked("cat", k=5))) == [0]
    found = search(built(diary(lang)), asked("cat 猫", k=1000))
    assert sorted(places(found)) == list(range(12))


def test_k_cuts_a_ranking_and_does_not_change_it():
    index = built(diary("en"))
    whole = places(search(index, asked("my cat and the rain", k=12)))
    for k in range(1, 12):
        assert places(search(index, asked("my cat and the rain", k=k))) == whole[:k]


def test_a_question_that_matches_nothing_returns_without_noise():
    found = search(built(diary("en")), asked("zzz", meaning=False, k=12))
    assert len(found.hits) == 12 and {h.score for h in found.hits} == {0.0}
    assert not any(h.relevant for h in found.hits)


@both
def test_relevant_tells_an_answer_from_the_least_unlike(lang):
    question, place = QUESTIONS[lang][0]
    found = search(built(diary(lang)), asked(question, k=12))
    assert next(h.position for h in found.hits if h.relevant) == place
    assert not found.hits[-1].relevant
    few = search(built(diary(lang)[:6]), asked(question, k=12))
    assert all(h.relevant for h in few.hits)


# -- what may be seen ---------------------------------------------------------------------------


@both
def test_the_future_is_not_seen(lang):
    index = built(diary(lang))
    question, place = QUESTIONS[lang][2]
    occurred = NOW - (12 - place)
    assert place in places(search(index, asked(question, until=occurred, k=12)))
    found = search(index, asked(question, until=occurred - 0.01, k=12))
    assert sorted(places(found)) == list(range(place))
    assert search(index, asked(question, until=NOW - 99)) == Found()


@both
def test_the_future_changes_no_score_of_the_past(lang):
    question, place = QUESTIONS[lang][0]
    query = asked(question, words=False, until=NOW - 1, k=20)
    later = [Mem(DIARIES[lang][place], ago=0.5 - i / 10, thread=1) for i in range(4)]
    past, all_time = search(built(diary(lang)), query), search(built(diary(lang) + later), query)
    assert places(all_time) == places(past)
    for now, then in zip(all_time.hits, past.hits, strict=True):
        assert now.score == pytest.approx(then.score, rel=1e-4)


def test_the_future_lends_the_past_no_word_statistics():
    """A word that becomes common later is still rare when the past is asked."""
    query = asked("cat Lyon rain", meaning=False, until=NOW - 1, k=3)
    later = [Mem(f"cat cat cat number {i}", ago=0.5) for i in range(30)]
    past, all_time = search(built(diary("en")), query), search(built(diary("en") + later), query)
    assert places(all_time) == places(past)


def test_kinds():
    mems = [*diary("en"), Mem("The cat Miso came, a day of cats.", kind=DAY, ago=12)]
    for kinds, allowed in (({TURN}, set(range(12))), ({DAY}, {12}), ({TURN, DAY}, set(range(13)))):
        found = search(built(mems), asked("cat", k=20, kinds=frozenset(kinds)))
        assert set(places(found)) == allowed


# -- the day named ------------------------------------------------------------------------------


@both
def test_a_days_summary_stands_behind_its_turns_until_they_have_faded(lang):
    question, place = QUESTIONS[lang][0]
    told = diary(lang)
    summary = Mem(told[place].text, kind=DAY, ago=told[place].ago)
    mems = [*told, summary]
    gist = len(told)
    hits = search(built(mems), asked(question)).hits
    order = [hit.position for hit in hits]
    assert order[0] == place and order.index(gist) > 0
    behind = next(hit for hit in hits if hit.position == gist)
    assert {s.name: s.share for s in behind.signals}["gist"] < 0
    assert sum(s.share for s in behind.signals) == pytest.approx(behind.score, abs=1e-4)
    faded = [replace(m, fades=NOW - 1) if m.ago == told[place].ago else m for m in told]
    awake = search(built([*faded, summary]), asked(question, faded="never")).hits
    assert awake[0].position == gist, "the gist outlives the detail"
    assert "gist" not in {s.name for s in awake[0].signals}


@both
def test_the_day_named_is_a_rule(lang):
    """What happened then comes before whatever else there is, however well it fits."""
    question, place = QUESTIONS[lang][0]
    index = built(diary(lang))
    found = search(index, asked(question, windows=[(3.5, 1.5, True)], k=12))
    assert set(places(found)[:2]) == {9, 10} and places(found)[2] == place
    assert [h.in_window for h in found.hits] == [True] * 2 + [False] * 10
    assert all(h.relevant for h in found.hits[:2])


@both
def test_within_the_day_named_relevance_decides(lang):
    question, place = QUESTIONS[lang][2]
    found = search(built(diary(lang)), asked(question, windows=[(12.5, 6.5, True)], k=12))
    assert places(found)[0] == place and set(places(found)[:6]) == set(range(6))


def test_a_window_holds_its_start_and_not_its_end():
    found = search(built(diary("en")), asked("zzz", windows=[(3.0, 2.0, True)], k=12))
    assert [h.position for h in found.hits if h.in_window] == [9]


def test_a_span_still_running_is_a_hint_and_no_rule():
    question, place = QUESTIONS["en"][0]
    found = search(built(diary("en")), asked(question, windows=[(1.5, 0.0, False)], k=12))
    assert places(found)[0] == place and not any(h.in_window for h in found.hits)
    shares = {h.position: {s.name: s.share for s in h.signals} for h in found.hits}
    assert shares[11]["time"] > 0 == shares[place]["time"]
    bare = search(built(diary("en")), asked("zzz", meaning=False, windows=[(1.5, 0, False)]))
    assert places(bare)[0] == 11


# -- fading -------------------------------------------------------------------------------------

PAST = NOW - 0.5
"""A moment of fading that is over."""


@both
def test_never_keeps_faded_memories_out(lang):
    index = built(diary(lang, fades={0: PAST}))
    question, _ = QUESTIONS[lang][0]
    for windows in ([], [(12.5, 11.5, True)]):
        found = search(index, asked(question, faded="never", windows=windows, k=12))
        assert 0 not in places(found) and len(found.hits) == 11
        assert [h.position for h in found.withheld] == [0] and found.withheld[0].faded


@both
def test_always_lets_them_in_and_says_so(lang):
    index = built(diary(lang, fades={0: PAST, 5: NOW + 1}))
    question, _ = QUESTIONS[lang][0]
    found = search(index, asked(question, faded="always", k=12))
    assert places(found)[0] == 0 and found.withheld == ()
    assert {h.position for h in found.hits if h.faded} == {0}


@both
def test_a_faded_memory_comes_back_when_its_day_is_named(lang):
    index = built(diary(lang, fades={7: PAST}))
    question, _ = QUESTIONS[lang][0]
    assert 7 not in places(search(index, asked(question, k=12)))
    found = search(index, asked(question, windows=[(5.5, 4.5, True)], k=12))
    assert places(found)[0] == 7 and found.hits[0].faded
    hint = search(index, asked(question, windows=[(5.5, 4.5, False)], k=12))
    assert 7 not in places(hint)


@both
def test_a_faded_memory_comes_back_if_nothing_else_comes_near(lang):
    question, place = QUESTIONS[lang][0]
    found = search(built(diary(lang, fades={place: PAST})), asked(question))
    assert places(found)[0] == place and found.hits[0].faded


@both
def test_a_faded_memory_stays_away_if_another_says_as_much(lang):
    question, place = QUESTIONS[lang][0]
    mems = diary(lang, fades={place: PAST})
    mems[6] = replace(mems[6], text=mems[place].text)
    found = search(built(mems), asked(question, k=12))
    assert place not in places(found) and places(found)[0] == 6
    assert [h.position for h in found.withheld] == [place]


@both
def test_a_faded_memory_that_nobody_asked_for_is_not_even_listed(lang):
    question, _ = QUESTIONS[lang][0]
    found = search(built(diary(lang, fades={8: PAST})), asked(question, k=12))
    assert 8 not in places(found) and found.withheld == ()


@both
def test_what_is_withheld_is_told_in_a_small_bank_too(lang):
    question, _ = QUESTIONS[lang][0]
    mems = diary(lang, fades={0: PAST})[:4]
    found = search(built(mems), asked(question, meaning=False))
    assert 0 in places(found) + [h.position for h in found.withheld]


def test_a_memory_fades_at_its_moment():
    index = built(diary("en", fades={0: NOW}))
    for now, faded in ((NOW - 1e-6, False), (NOW, True)):
        found = search(index, asked("cat", faded="always", now=now, until=NOW))
        assert found.hits[0].faded is faded


vocabulary = ["cat", "tea", "rain", "paris", "chess", "soup", "猫", "下雨"]
texts = st.lists(st.sampled_from(vocabulary), max_size=4).map(" ".join)
fading = st.builds(
    Mem,
    text=texts,
    ago=st.sampled_from([1.0, 2.0, 3.0, 4.0]),
    thread=st.sampled_from([-1, -1, 1, 2]),
    fades=st.sampled_from([PAST, 1e9]),
    strength=st.sampled_from([1.0, 30.0]),
    vectors=st.sampled_from(["of the text", "of the text", None]),
)
banks = st.lists(fading, min_size=1, max_size=24)


@settings(max_examples=80)
@given(banks, texts, st.sampled_from([(), ((2.5, 1.5, True),)]))
def test_who_is_let_in_by_cue(mems, question, windows):
    index = built(mems)
    query = asked(question, k=99, windows=windows)
    scores = {h.position: h for h in search(index, replace(query, faded="always")).hits}
    found = search(index, query)
    awake = [h.score for h in scores.values() if not h.faded]
    assert {h.position for h in scores.values() if not h.faded} <= set(places(found))
    for hit in found.hits:
        if hit.faded and not hit.in_window:
            assert all(hit.score >= other + CLEAR_MARGIN - 1e-4 for other in awake)
    for position, hit in scores.items():
        clearly = hit.score >= max([*awake, RELEVANT]) + CLEAR_MARGIN + 1e-4
        if hit.faded and (hit.in_window or clearly):
            assert position in places(found)
    withheld = {h.position for h in found.withheld}
    assert withheld.isdisjoint(places(found)) and all(scores[p].faded for p in withheld)
    never = search(index, replace(query, faded="never"))
    assert not any(h.faded for h in never.hits)


# -- retention ----------------------------------------------------------------------------------


@settings(max_examples=80)
@given(banks, texts, st.randoms(use_true_random=False))
def test_retention_never_touches_relevance(mems, question, random):
    """Whatever the strengths are, every score stays; only near ties may change places."""
    index, query = built(mems), asked(question, k=99, faded="always")
    before = search(index, query)
    held = replace(Held.now(index), strength=np.array([random.uniform(0.1, 99) for _ in mems]))
    after = search(index, query, held)
    assert {h.position: h.score for h in after.hits} == {h.position: h.score for h in before.hits}
    for higher, lower in zip(after.hits, after.hits[1:], strict=False):
        assert higher.score >= lower.score - NEAR_TIE - 1e-5
        if abs(higher.score - lower.score) < 1e-7:
            assert higher.retention >= lower.retention


@both
def test_a_strong_memory_of_something_else_never_beats_a_weak_one_that_answers(lang):
    question, place = QUESTIONS[lang][0]
    mems = diary(lang, strength={place: 0.05, **dict.fromkeys(range(1, 12), 5000.0)})
    found = search(built(mems), asked(question, k=12))
    assert places(found)[0] == place
    assert found.hits[0].retention < 1e-6 < 0.9 < found.hits[1].retention


@pytest.mark.parametrize("strong", [0, 7, 31, 39])
@pytest.mark.parametrize("k", [1, 5, 40])
def test_of_equals_the_strongest_wins(strong, k):
    mems = [Mem("I drank tea.", ago=9, strength=3.0) for _ in range(40)]
    mems[strong] = replace(mems[strong], strength=40.0)
    index = built([*mems, *diary("en")])
    assert places(search(index, asked("I drank tea", k=k)))[0] == strong


def test_retention_is_that_of_the_curve():
    index = built(diary("en", strength={0: 4.0}))
    hit = search(index, asked("what is my cat called?")).hits[0]
    assert hit.retention == pytest.approx(np.exp(-12 / 4.0))
    early = search(index, asked("what is my cat called?", now=NOW - 50, until=NOW)).hits[0]
    assert early.retention == 1.0


def test_a_pinned_memory_is_held_as_explain_says(bank, clock):
    memory = bank.remember("I adopted a cat called Miso.")
    bank.pin(memory)
    clock.forward(days=90)
    [hit] = bank.recall("what is my cat called?")
    assert hit.retention == bank.explain(memory).memory.retention == 1.0


# -- corrections --------------------------------------------------------------------------------


@both
def test_a_correction_inherits_the_score_of_what_it_replaces(lang):
    question, place = QUESTIONS[lang][0]
    before = search(built(diary(lang)), asked(question)).hits[0].score
    news = {"en": "No, it is Mochi now!", "zh": "不对，现在改成年糕了！"}[lang]
    mems = [*diary(lang), Mem(news, ago=0.5, supersedes=place + 1)]
    found = search(built(mems), asked(question, k=20))
    assert places(found)[0] == 12 and place not in places(found)
    assert found.hits[0].heir_of == (place,)
    assert found.hits[0].score == pytest.approx(before, rel=0.25)


def test_a_correction_of_a_correction_inherits_from_both():
    mems = [*diary("en"), Mem("It is Mochi.", ago=0.5, supersedes=1)]
    mems += [Mem("Rather Momo.", ago=0.4, supersedes=13)]
    found = search(built(mems), asked("what is my cat called?", k=20))
    assert places(found)[0] == 13
    assert set(places(found)).isdisjoint({0, 12})
    assert set(found.hits[0].heir_of) == {0, 12}


def test_before_the_correction_the_old_one_stands():
    mems = [*diary("en"), Mem("It is Mochi.", ago=0.5, supersedes=1)]
    found = search(built(mems), asked("what is my cat called?", until=NOW - 1, k=20))
    assert places(found)[0] == 0 and 12 not in places(found)
    assert found.hits[0].heir_of == ()


@both
def test_a_correction_answers_for_the_day_of_what_it_replaces(lang):
    """Who asks for that day is told the newest version of what was said then."""
    mems = [*diary(lang), Mem("Mochi 年糕", ago=0.5, supersedes=4)]
    found = search(built(mems), asked("zzz", windows=[(9.5, 8.5, True)], k=20))
    assert places(found)[0] == 12 and found.hits[0].in_window


# -- explained ----------------------------------------------------------------------------------


@settings(max_examples=80)
@given(banks, texts, st.booleans(), st.lists(st.integers(1, 24), max_size=3, unique=True))
def test_the_shares_of_the_signals_sum_to_the_score(mems, question, meaning, replaced):
    for old in replaced:
        if old <= len(mems):
            mems = [*mems, Mem("corrected tea", ago=0.5, supersedes=old)]
    windows = [(2.5, 1.5, False), (4.5, 3.5, True)]
    query = asked(question, k=99, meaning=meaning, faded="always", windows=windows)
    for hit in search(built(mems), query).hits:
        assert sum(s.share for s in hit.signals) == pytest.approx(hit.score, abs=1e-4)


@both
def test_the_signals_have_names(lang):
    question, place = QUESTIONS[lang][0]
    hit = search(built(diary(lang)), asked(question)).hits[0]
    assert hit.position == place
    by_name = {s.name: s.share for s in hit.signals}
    assert by_name["words"] > 0 and by_name["meaning"] > 0
    only = search(built(diary(lang)), asked(question, meaning=False)).hits[0]
    assert not any("meaning" in s.name for s in only.signals)
