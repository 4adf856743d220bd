"""The index: what has grown entry by entry equals what is loaded at once, whatever happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import EMBEDDER, Mem, built, linked

from memorybank.cues import MARKS
from memorybank.index import COLUMNS, DAY, TURN, Index
from memorybank.lexical import query_terms, term_array, term_hash

DIM = 4
WORDS = ["cat", "tea", "rain", "猫", "下雨", "paris", "why?"]
unit_vectors = st.lists(
    st.lists(st.integers(-3, 3), min_size=DIM, max_size=DIM).filter(any), min_size=1, max_size=3
)
memories = st.builds(
    Mem,
    text=st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    ago=st.sampled_from([0.25, 0.5, 1.0, 1.0, 2.0, 3.0]),
    thread=st.integers(0, 2),
    seq=st.integers(0, 2),
    kind=st.sampled_from([TURN, TURN, TURN, DAY]),
    vectors=st.none() | unit_vectors,
    companion=st.booleans(),
)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("append"), memories, st.integers(0, 9)),
        st.tuples(st.just("correct"), memories, st.integers(0, 9)),
        st.tuples(st.just("patch"), st.floats(0.5, 90), st.integers(0, 9)),
        st.tuples(st.just("supersede"), st.none(), st.integers(0, 9)),
        st.tuples(st.just("rewrite"), memories, st.integers(0, 9)),
        st.tuples(st.just("look"), st.none(), st.integers(0, 9)),
    ),
    max_size=14,
)


class Model:
    """The memories as plain values, and the index that has followed them."""

    def __init__(self, start: list[Mem]) -> None:
        self.mems = start
        self.index = built(start, DIM)

    def append(self, mem: Mem, _: int) -> None:
        self.mems = linked([*self.mems, mem])
        entry = mem.entry(len(self.mems))
        self.index.append(entry, mem.directions(), mem.words())

    def correct(self, mem: Mem, at: int) -> None:
        free = [i for i, m in enumerate(self.mems, start=1) if not m.superseded_by]
        old = free[at % len(free)] if free else 0
        self.append(replace(mem, kind=TURN, supersedes=old), 0)

    def patch(self, strength: float, at: int) -> None:
        if self.mems:
            place = at % len(self.mems)
            changes = {
                "strength": strength,
                "fades": 7 * strength,
                "significance": 0.25,
                "pinned": 1,
            }
            self.mems[place] = replace(self.mems[place], **changes)
            self.index.patch(place + 1, **changes)

    def rewrite(self, mem: Mem, at: int) -> None:
        """A turn gets its reply: other words, and other vectors if they can be made."""
        if self.mems:
            place = at % len(self.mems)
            old = self.mems[place]
            vectors = old.vectors if mem.vectors is None else mem.vectors
            self.mems[place] = replace(old, text=mem.text, reply="tea?", vectors=vectors)
            directions = None if mem.vectors is None else self.mems[place].directions()
            self.index.rewrite(place + 1, directions, self.mems[place].words())

    def supersede(self, _: None, at: int) -> None:
        free = [i for i, mem in enumerate(self.mems[:-1]) if not mem.superseded_by]
        if free:
            place = free[at % len(free)]
            self.mems[place] = replace(self.mems[place], superseded_by=len(self.mems))
            self.index.patch(place + 1, superseded_by=len(self.mems))

    def look(self, _: None, at: int) -> None:
        """Asking must not change anything, but it fills what is kept for the next question."""
        self.index.previous()
        self.index.similarities(np.eye(DIM, dtype=np.float32)[at % DIM])


def assert_same(grown: Index, loaded: Index) -> None:
    assert grown.size == loaded.size
    for name in COLUMNS:
        np.testing.assert_array_equal(grown[name], loaded[name], err_msg=name)
        assert grown[name].dtype == loaded[name].dtype, name
    np.testing.assert_array_equal(grown.previous(), loaded.previous(), err_msg="previous")
    for mark in MARKS:
        np.testing.assert_array_equal(grown.marked(mark), loaded.marked(mark), err_msg=mark)
    np.testing.assert_array_equal(grown.centre(), loaded.centre(), err_msg="to the last digit")
    for word in WORDS:
        query = query_terms(word)
        np.testing.assert_allclose(
            grown.postings.bm25(query), loaded.postings.bm25(query), rtol=1e-5, err_msg=word
        )
    numbers = grown["number"].tolist()
    first, expected = grown.directions(numbers), loaded.directions(numbers)
    if numbers and (first is not None or expected is not None):
        np.testing.assert_array_equal(first, expected)
    for direction in np.eye(DIM, dtype=np.float32):
        np.testing.assert_allclose(
            grown.similarities(direction), loaded.similarities(direction), rtol=1e-5, atol=1e-6
        )


def assert_newest(index: Index, mems: list[Mem]) -> None:
    """The last turn of each conversation up to a moment, found the long way."""
    entries = [mem.entry(number) for number, mem in enumerate(linked(mems), start=1)]
    for thread in range(4):
        for until in sorted({entry.occurred for entry in entries} | {0}):
            live = [
                (entry.occurred, entry.seq, entry.number)
                for entry in entries
                if entry.thread == thread and entry.occurred <= until
                and entry.kind == TURN and not entry.superseded_by
            ]  # fmt: skip
            last = index.last_of_thread(thread, until)
            assert (last + 1 if last >= 0 else None) == (max(live)[2] if live else None)


@settings(max_examples=200)
@given(st.lists(memories, max_size=4), operations)
def test_a_grown_index_equals_a_loaded_one(start, steps):
    model = Model(start)
    for kind, value, at in steps:
        getattr(model, kind)(value, at)
    loaded = built(model.mems, DIM)
    assert_newest(model.index, model.mems)
    assert_same(model.index, loaded)


def test_the_centre_is_the_mean_of_all_vectors_or_of_some():
    mems = [Mem("tea", vectors=[[1, 0, 0, 0], [0, 1, 0, 0]]), Mem("", vectors=[[0, 0, 2, 0]])]
    index = built([*mems, Mem("rain", vectors=None)], DIM)
    assert index.centre().tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 0])
    assert index.centre(np.array([True, False, True])).tolist() == [0.5, 0.5, 0, 0]
    assert index.centre(np.zeros(3, bool)).tolist() == [0, 0, 0, 0]


def test_the_piece_that_answers_is_told():
    index = built([Mem("a", vectors=[[1, 0, 0, 0], [0, 1, 0, 0]]), Mem("b", vectors=None)], DIM)
    nearest = index.best_chunk(0, np.array([0.1, 1, 0, 0], np.float32))
    assert nearest is not None and nearest.tolist() == [0, 1, 0, 0]
    assert index.best_chunk(1, np.ones(DIM, np.float32)) is None


def test_growing_past_the_room_there_is():
    model = Model([])
    for i in range(200):
        model.append(Mem(f"cat w{i}", thread=i % 3, ago=300 - i, vectors=[[1, i % 7, 0, 2]]), 0)
        if i % 50 == 0:
            model.look(None, i)
    assert_same(model.index, built(model.mems, DIM))


def test_a_text_far_from_the_end_gets_other_words_and_vectors():
    mems = [Mem(f"cat w{i}", ago=300 - i, vectors=[[1, i % 7, 0, 2]]) for i in range(200)]
    model = Model(mems[:150])
    for mem in mems[150:]:
        model.append(mem, 0)
    for place in (0, 3, 149, 199):
        model.rewrite(Mem("rain 猫", vectors=[[0, 1, 0, 0], [0, 0, 1, 0]]), place)
        assert_same(model.index, built(model.mems, DIM))
    assert model.index.postings.frequencies(np.array([term_hash("rain")], np.uint32)).tolist() == [
        4
    ]


def test_the_turn_before_is_that_of_the_same_conversation():
    index = built(
        [
            Mem("first", thread=1, ago=5),
            Mem("elsewhere", thread=2, ago=4),
            Mem("second", thread=1, ago=3),
            Mem("told later, happened before", thread=1, ago=4),
            Mem("a day's summary", thread=1, ago=3, kind=DAY),
            Mem("third", thread=1, ago=2, seq=0),
            Mem("at the same time, but after", thread=1, ago=2, seq=1),
        ]
    )
    assert index.previous().tolist() == [-1, -1, 3, 0, -1, 2, 5]


def test_a_replaced_turn_is_nobody_s_turn_before():
    index = built([Mem("one", thread=1, ago=5), Mem("two", thread=1, ago=4), Mem("three", thread=1, ago=3)])  # noqa: E501  # fmt: skip
    assert index.previous().tolist() == [-1, 0, 1]
    index.append(Mem("two, corrected", thread=1, ago=2, supersedes=2).entry(4), None, term_array("two"))  # noqa: E501  # fmt: skip
    assert index.previous().tolist() == [-1, -1, 0, 2]


@pytest.mark.parametrize("seq", [0, 2])
def test_turns_of_one_moment_follow_their_places(seq):
    mems = [Mem("one", thread=1, seq=1), Mem("other", thread=1, seq=seq)]
    index = built(mems[:1])
    assert index.previous().tolist() == [-1]
    index.append(mems[1].entry(2), None, term_array("other"))
    assert index.previous().tolist() == ([1, -1] if seq == 0 else [-1, 0])


@pytest.mark.parametrize("more", [0, 1])
def test_a_day_s_summary_that_comes_later_has_no_turn_before_it(more):
    mems = [Mem("one", thread=1, ago=3), Mem("sum", kind=DAY, ago=3)]
    mems += [Mem("two", thread=1, ago=2)] * more
    index = built(mems[:1])
    index.previous()
    for number, mem in enumerate(mems[1:], start=2):
        index.append(mem.entry(number), mem.directions(), mem.words())
    assert index.previous().tolist() == [-1, -1, 0][: len(mems)]


def test_similarity_is_that_of_the_best_chunk():
    index = built(
        [
            Mem("a", vectors=[[1, 0, 0, 0], [0, 1, 0, 0]]),
            Mem("b", vectors=None),
            Mem("c", vectors=[[-1, 0, 0, 0]]),
        ],
        DIM,
    )
    got = index.similarities(np.array([1, 0, 0, 0], np.float32))
    assert got[0] == 1.0 and np.isnan(got[1]) and got[2] == -1.0


@pytest.mark.parametrize("grown", [True, False])
def test_as_many_chunks_as_memories_need_not_be_one_each(grown):
    rows = [[[1, 0, 0, 0], [0, 1, 0, 0]], None, [[0, 0, 1, 0]]]
    mems = [Mem("x", vectors=row) for row in rows]
    index = built([] if grown else mems, DIM)
    for number, mem in enumerate(mems if grown else [], start=1):
        index.append(mem.entry(number), mem.directions(), term_array("x"))
    assert index.chunks == index.size == 3
    for place, expected in enumerate([[1, 0], [1, 0], [0, 1], [0, 0]]):
        got = index.similarities(np.eye(DIM, dtype=np.float32)[place])
        assert np.isnan(got[1]) and [got[0], got[2]] == expected


def test_similarities_equal_brute_force():
    rng = np.random.default_rng(3)
    mems = [Mem("x", vectors=rng.normal(size=(rng.integers(1, 4), DIM))) for _ in range(80)]
    index, direction = built(mems, DIM), rng.normal(size=DIM).astype(np.float32)
    brute = [max(float(v @ direction) for v in mem.directions()) for mem in mems]
    np.testing.assert_allclose(index.similarities(direction), brute, rtol=1e-5)


def test_places_by_number():
    index = built([Mem("a"), Mem("b"), Mem("c")])
    assert [index.position(n) for n in (1, 2, 3)] == [0, 1, 2]
    assert index.positions([3, 99, 1]) == [2, 0]
    for absent in (0, 4, -1):
        with pytest.raises(KeyError):
            index.position(absent)


def test_directions_are_the_first_chunk_of_each_memory():
    two = [[1.0, 0, 0, 0], [0, 1.0, 0, 0]]
    mems = [Mem("a", vectors=two), Mem("b", vectors=None), Mem("c", vectors=[[0, 0, 1.0, 0]])]
    found = built(mems, 4).directions([3, 1, 2])
    np.testing.assert_array_equal(found[:2], [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert np.isnan(found[2]).all()
    assert built([Mem("a", vectors=None)], 4).directions([1]) is None


def test_an_empty_index():
    index = built([])
    assert (index.size, index.chunks) == (0, 0)
    assert index.previous().shape == index.similarities(np.ones(64, np.float32)).shape == (0,)
    assert index.directions([]) is None
    assert built([], dim=0).postings.size == 0


def test_its_size_in_memory_grows_with_it():
    small, large = built([Mem("cat")] * 3), built([Mem("cat")] * 300)
    assert 0 < small.nbytes < large.nbytes
    assert large.nbytes >= 300 * EMBEDDER.dim * 4
