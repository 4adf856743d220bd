"""The evaluation's arithmetic: intervals, kept evidence, agreement, baselines; against oracles."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank import Turn, forget
from memorybank.evals import baselines, original
from memorybank.evals.agreement import agreement, kappa, percent
from memorybank.evals.kept import Ranked, asked_of, curves, masks
from memorybank.evals.metrics import Asked, interval, measures
from memorybank.evals.sets import Question
from memorybank.evals.worth import RULES, halves, moments
from memorybank.formats import Volume
from memorybank.testing import HashEmbedder

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def question(
    text: str, *evidence: str, groups: tuple[frozenset[str], ...] = (), **more
) -> Question:
    fields = {"id": text, "bank": "b", "category": "all", "date": None, "split": None, "pair": None,
              "max_order": None} | more  # fmt: skip
    found = frozenset(evidence)
    return Question(text=text, evidence=found, groups=groups or tuple(
        frozenset([e]) for e in sorted(found)), **fields)  # fmt: skip


def volume(*said: tuple[str, str], lang="en") -> Volume:
    turns = tuple(
        Turn(text=text, occurred_at=datetime.fromisoformat(f"{day}T08:00+00:00"), seq=i,
             conversation=day, external_id=f"m{i}", lang=lang)
        for i, (day, text) in enumerate(said)
    )  # fmt: skip
    return Volume(name="b", lang=lang, turns=turns, extra={})


# -- intervals ------------------------------------------------------------------------------


def test_an_interval_is_that_of_the_textbook():
    """100 questions, half right: the normal approximation is .5 +- 1.96 * .05."""
    low, high = interval(np.repeat([0.0, 1.0], 50)[:, None])[:, 0]
    assert low == pytest.approx(0.402, abs=0.012) and high == pytest.approx(0.598, abs=0.012)


def test_an_interval_is_repeatable_and_knows_when_nothing_varies():
    values = np.random.default_rng(1).random((30, 3))
    assert (interval(values) == interval(values)).all()
    assert (interval(values, seed=1) != interval(values, seed=2)).any()
    assert (interval(np.full((9, 1), 0.25)) == 0.25).all()
    wide, narrow = (np.ptp(interval(np.tile([0.0, 1.0], n)[:, None])) for n in (5, 200))
    assert narrow < wide / 3


# -- kept evidence --------------------------------------------------------------------------


def test_kept_evidence_by_hand():
    scores = {"best first": np.array([4.0, 3.0, 2.0, 1.0]), "worst": np.array([1.0, 2.0, 3.0, 4.0])}
    places = {"a": 0, "b": 1, "c": 2, "d": 3}
    asked = [question("one", "a"), question("two", "a", "d"), question("gone", "elsewhere")]
    found = curves([asked_of(scores, asked, places)], [0.25, 0.5])
    assert found["keep"] == {
        "0.25": {"best first": 0.75, "worst": 0.25}, "0.5": {"best first": 0.75, "worst": 0.25},
    }  # fmt: skip
    assert found["answerable"]["0.5"] == {"best first": 0.5, "worst": 0.0}
    low, high = found["ci95"]["0.5"]["best first"]
    assert low <= 0.75 <= high


def test_one_member_of_a_group_is_enough_to_answer():
    scores = {"p": np.array([2.0, 1.0])}
    groups = (frozenset(["a", "b"]),)
    bank = asked_of(scores, [question("either", "a", "b", groups=groups)], {"a": 0, "b": 1})
    found = curves([bank], [0.5])
    assert found["answerable"]["0.5"]["p"] == 1.0 and found["keep"]["0.5"]["p"] == 0.5


def test_a_placebo_keeps_what_it_keeps():
    bank = Ranked(
        {"random": np.zeros(400)},
        [np.array([i, i + 7]) for i in range(300)],
        [[np.array([i])] for i in range(300)],
    )
    for share in (0.1, 0.5, 0.9):
        kept = masks(bank.scores["random"], [share])
        assert (kept.sum(axis=2) == round(share * 400)).all()
        assert kept.mean() == pytest.approx(share)
        assert curves([bank], [share])["keep"][f"{share:g}"]["random"] == pytest.approx(
            share, abs=0.03
        )


# -- agreement ------------------------------------------------------------------------------


def test_kappa_of_the_textbook():
    """Fifty proposals, two readers: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no."""
    a = [1.0] * 25 + [0.0] * 25
    b = [1.0] * 20 + [0.0] * 5 + [1.0] * 10 + [0.0] * 15
    assert percent(a, b) == pytest.approx(0.7)
    assert kappa(a, b) == pytest.approx(0.4)
    assert kappa(a, a) == pytest.approx(1.0) and kappa([1.0] * 4, [1.0] * 4) is None


def test_agreement_looks_at_what_both_have_marked():
    first, second, third = {"1": 1.0, "2": 0.0, "3": 0.5}, {"1": 1.0, "2": 0.5}, {"9": 1.0}
    assert agreement([first, second, third]) == {
        "pairs": 1, "items": 2, "percent": 0.5, "kappa": pytest.approx(1 / 3, abs=1e-4),
    }  # fmt: skip
    assert agreement([first])["percent"] is None


# -- reinforcement --------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0.05, 1)), max_size=8).map(sorted),
    st.floats(0, 1),
)
def test_the_shipped_rule_is_the_library_s_own(recalls, significance):
    preset = forget.preset("gentle")
    birth = forget.Birth(at=0.0, significance=significance)
    events = [forget.Happening("recall", at, share) for at, share in recalls]
    state = forget.replay(preset, birth, events)
    own = forget.retention(50.0, state.last, state.strength)
    assert RULES["shipped"](0.0, recalls, significance, 50.0) == pytest.approx(own)


def test_rules_differ_as_they_say():
    """Small talk, S = 7 days / ln 20 at birth, recalled alone on day 3, asked about on day 5."""
    strength = 7 / math.log(20)
    once = [(3.0, 1.0)]
    values = {name: rule(0.0, once, 0.0, 5.0) for name, rule in RULES.items()}
    assert values["restart"] == pytest.approx(math.exp(-2 / strength))
    assert values["plus one"] == pytest.approx(math.exp(-2 / (strength + 1)))
    grown = strength * (1 + 1.5 * (1 - math.exp(-3 / strength)))
    assert values["shipped"] == pytest.approx(math.exp(-2 / grown))
    assert RULES["restart"](0.0, [], 0.0, 5.0) == pytest.approx(math.exp(-5 / strength))
    shared = RULES["shipped"](0.0, [(3.0, 0.1)], 0.0, 5.0)
    assert RULES["restart"](0.0, [], 0.0, 5.0) < shared < values["shipped"]


def test_questions_are_asked_after_their_evidence_and_by_halves():
    places = {f"m{i}": i for i in range(20)}
    questions = [question(f"q{i}", f"m{i}") for i in range(20)]
    asked, aside = halves(questions, seed=3)
    assert len(asked) == len(aside) == 10
    assert {q.id for q in asked} | {q.id for q in aside} == {q.id for q in questions}
    by_text = {interlude.text: interlude.before for interlude in moments(asked, places, seed=3)}
    assert all(by_text[q.text] > places[next(iter(q.evidence))] for q in asked if q.text in by_text)
    assert len(by_text) >= 8, "only what was said last cannot be asked later"


# -- baselines ------------------------------------------------------------------------------

CORPUS = (
    "the cat sleeps on the grey book", "a grey cat and a black cat", "the dog barks at night",
    "books about cats and dogs", "rain at night", "我的灰猫睡在书上", "狗在夜里叫",
    "下雨的夜里看书",
)  # fmt: skip


@pytest.mark.parametrize("query", ["grey cat", "night rain rain", "灰猫看书", "zebra", "dogs 夜里"])
def test_bm25_agrees_with_another_library(query):
    documents = [baselines.tokens(text) for text in CORPUS]
    theirs = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    theirs.index(documents, show_progress=False)
    known = [t for t in baselines.tokens(query) if t in theirs.vocab_dict]
    expected = theirs.get_scores(known) if known else np.zeros(len(CORPUS))
    assert baselines.BM25(documents).scores(baselines.tokens(query)) == pytest.approx(
        expected, abs=1e-5
    )


def bank(*said: tuple[str, str], lang="en", orders=None) -> baselines.Texts:
    return baselines.texts_of(volume(*said, lang=lang), orders or {})


def test_grep_counts_words_and_then_takes_the_newest():
    shelf = bank(("2026-01-01", "A red kite."), ("2026-01-02", "Red wine."),
                 ("2026-01-03", "White wine."))  # fmt: skip
    answer = baselines.grep(shelf)
    assert answer(question("Which wine was red?")) == ["m1", "m2", "m0"]
    assert answer(question("zebra")) == []
    assert baselines.bm25(shelf)(question("kite")) == ["m0"]


def test_a_baseline_sees_no_more_than_a_question_may():
    orders = {"m0": 0, "m1": 1, "m2": 2}
    shelf = bank(*[("2026-01-01", "tea")] * 3, orders=orders)
    asked = question("tea", max_order=2)
    for answer in (
        baselines.grep(shelf), baselines.bm25(shelf), baselines.vectors(shelf, HashEmbedder()),
        original.original(shelf, HashEmbedder()), baselines.chance(shelf, 1),
    ):  # fmt: skip
        assert set(answer(asked)) == {"m0", "m1"}


def test_chance_is_what_combinatorics_says():
    """Any of 3 among the first 5 of 40: 1 - C(37, 5) / C(40, 5)."""
    shelf = bank(*[("2026-01-01", "tea")] * 40)
    asked = question("tea", "m3", "m19", "m33")
    rows = [
        measures(Asked(asked, baselines.chance(shelf, seed)(asked)))["any@5"] for seed in range(600)
    ]
    expected = 1 - math.comb(37, 5) / math.comb(40, 5)
    assert np.mean(rows) == pytest.approx(expected, abs=0.05)


def test_vectors_take_the_best_piece_of_a_long_text():
    long = "Nothing of note. " * 60 + "The violin was sold in Prague."
    shelf = bank(("2026-01-01", long), ("2026-01-01", "Nothing of note at all."))
    answer = baselines.vectors(shelf, HashEmbedder())
    assert answer(question("Where was the violin sold? In Prague?"))[0] == "m0"


# -- the original project's retrieval --------------------------------------------------------


def test_it_cuts_at_every_sentence_mark_and_loses_the_date():
    pieces = original.cut(bank(("2026-01-05", "It cost 3.50. Dr. Wu paid!")), 400)
    assert [piece.text for piece in pieces] == [
        "Conversation on 2026-01-05: It cost 3.", "50.", "Dr.", "Wu paid!",
    ]  # fmt: skip
    zh = original.cut(bank(("2026-01-05", "猫睡了。狗醒着。"), lang="zh"), 400)
    assert [piece.text for piece in zh] == ["时间2026-01-05的对话内容：猫睡了。", "狗醒着。"]


def piece(place: int, day: str = "2026-01-01", size: int = 20) -> original.Piece:
    return original.Piece(f"m{place}", day, f"{day}_{place}", "x" * size)


def test_it_hands_results_on_by_id_not_by_likeness():
    pieces = [piece(i, size=190) for i in range(12)]
    scores = np.zeros(12)
    scores[[2, 10, 5]] = (0.9, 0.8, 0.7)
    scores[[0, 7, 11]] = (0.6, 0.5, 0.4)
    ranking = original.found(pieces, scores)
    # 10 and 11 are neighbours and one result; as text "_10" stands before "_2"
    assert ranking == ["m0", "m10", "m11", "m2", "m5", "m7"]


def test_it_draws_in_neighbours_of_the_day_until_a_chunk_is_full():
    pieces = [piece(i, "2026-01-01" if i < 6 else "2026-01-02", size=60) for i in range(12)]
    scores = np.full(12, -np.inf)
    scores[:] = 0.0
    scores[4] = 1.0
    drawn = original._neighbours(pieces, scores, 4, 6)
    assert drawn == [5, 3], "three pieces of 60 fill a chunk of 200"
    assert original._neighbours(pieces, scores, 6, 6)[:2] == [7, 8], "5 is of another day"
    assert original._neighbours(pieces, scores, 0, 1) == [], "its search ends before it began"
