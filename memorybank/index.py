"""A bank's index in memory: who is there, when, how strong, in which direction, in which words.

Law of this file: arrays only, one entry a memory in the order of its number; it knows neither
text nor store nor clock. It is loaded once, appended to, patched where a state changes, rewritten
where a turn gets its reply; what cannot be followed that way (an erasure, another embedder)
makes a new index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memorybank.cues import MARKS
from memorybank.lexical import Postings, TermArray, mark_hash

TURN, DAY = 0, 1
Column = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knows of one memory. Times in microseconds, `last` and `fades` in days."""

    number: int
    kind: int
    occurred: int
    day: int
    thread: int
    seq: int
    trusted: int
    significance: float
    strength: float
    last: float
    fades: float
    pinned: int
    supersedes: int
    superseded_by: int


_TYPES: dict[str, type] = {
    "kind": np.uint8, "trusted": np.bool_, "pinned": np.bool_, "day": np.int32,
    "significance": np.float32, "strength": np.float64, "last": np.float64, "fades": np.float64,
}  # fmt: skip
COLUMNS = tuple(f.name for f in fields(Entry))


class Index:
    """The arrays of one bank.

    `columns` of shape (n,) by the names of `Entry`; `vectors` (chunks, dim) float32 and `owners`
    (chunks,) say which memory a chunk belongs to; `postings` holds the words.
    """

    def __init__(
        self,
        columns: dict[str, Column],
        vectors: NDArray[np.float32],
        owners: NDArray[np.int64],
        postings: Postings,
    ) -> None:
        self.size = len(columns["number"])
        self.chunks = len(owners)
        self.postings = postings
        self._columns = columns
        self._vectors = vectors
        self._owners = owners
        self._sum = vectors[: self.chunks].sum(axis=0, dtype=np.float64)
        self._marks = {mark: np.zeros(self.size, dtype=np.bool_) for mark in MARKS}
        for mark, held in self._marks.items():
            held[postings.holding(mark_hash(mark))] = True
        self._previous: NDArray[np.int64] | None = None
        self._newest: dict[int, int] = {}  # the last turn of each conversation
        self._one_chunk_each = self.chunks == self.size and bool(
            (owners == np.arange(self.size)).all()
        )

    @classmethod
    def build(
        cls,
        entries: Sequence[Sequence[object]],
        chunks: Sequence[tuple[int, bytes]],
        words: Sequence[tuple[int, bytes, bytes]],
        dim: int,
    ) -> Index:
        """Build from rows in order of number: entries as tuples in the order of `Entry`,
        float16 vectors, term hashes and counts; vectors and words may miss for some."""
        columns = dict(zip(COLUMNS, zip(*entries, strict=True), strict=True)) if entries else {}
        arrays: dict[str, Column] = {
            name: np.fromiter(columns.get(name, ()), _TYPES.get(name, np.int64), len(entries))
            for name in COLUMNS
        }
        numbers = arrays["number"]
        of, blobs = zip(*chunks, strict=True) if chunks and dim else ((), ())
        flat = np.frombuffer(b"".join(blobs), np.float16).reshape(-1, max(dim, 1))
        # With room for the next ones, so that the first to come need not move them all.
        vectors = np.zeros((len(flat) + len(flat) // 8 + 64 if dim else 0, dim), np.float32)
        vectors[: len(flat)] = flat
        owned = np.searchsorted(numbers, np.array(of, np.int64))
        owners = np.repeat(owned, _lengths(blobs) // max(2 * dim, 1))
        index = cls(arrays, vectors, owners, _postings(numbers, words))
        index.previous()
        return index

    def __getitem__(self, name: str) -> Column:
        """Return a column as it stands now, shape (size,)."""
        return self._columns[name][: self.size]

    def marked(self, mark: str) -> NDArray[np.bool_]:
        """Return which memories bear one of `cues.MARKS`, shape (size,)."""
        return self._marks[mark][: self.size]

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take, for the cache that bounds them."""
        columns = sum(array.nbytes for array in self._columns.values())
        marks = sum(array.nbytes for array in self._marks.values())
        vectors = self._vectors.nbytes + self._owners.nbytes
        return columns + marks + vectors + self.postings.nbytes

    def append(self, entry: Entry, vectors: NDArray[np.float32] | None, words: TermArray) -> None:
        """Add a memory whose number is higher than all before; vectors are (chunks, dim)."""
        position = self.size
        if position == len(self._columns["number"]):
            self._columns = {name: _room(a, position) for name, a in self._columns.items()}
        for name, array in self._columns.items():
            array[position] = getattr(entry, name)
        self.size += 1
        self.postings.append(words)
        borne = words.marks()
        for mark, held in self._marks.items():
            self._marks[mark] = held = _room(held, position)
            held[position] = mark_hash(mark) in borne
        if vectors is not None and len(vectors):
            self._attach(position, vectors)
        else:
            self._one_chunk_each = False
        if entry.supersedes:
            self._mark_superseded(entry.supersedes, entry.number)
        self._extend_previous(position)

    def patch(self, number: int, **changes: float) -> None:
        """Change columns of one memory."""
        position = self.position(number)
        for name, value in changes.items():
            if name == "superseded_by" and self._columns[name][position] != value:
                self._previous = None
            self._columns[name][position] = value

    def rewrite(
        self, number: int, vectors: NDArray[np.float32] | None, words: TermArray | None = None
    ) -> None:
        """Give a memory other vectors (chunks, dim) and other words; None leaves what it has."""
        position = self.position(number)
        if words is not None:
            self.postings.replace(position, words)
            for mark, held in self._marks.items():
                held[position] = np.uint32(mark_hash(mark)) in words.hashes
        if vectors is not None:
            self._exchange(position, vectors)

    def position(self, number: int) -> int:
        """Return where a memory stands; raises KeyError if it does not."""
        at = int(np.searchsorted(self["number"], number))
        if at == self.size or self["number"][at] != number:
            raise KeyError(number)
        return at

    def positions(self, numbers: Iterable[int]) -> list[int]:
        """Return where memories stand; those that do not are left out."""
        found = []
        for number in numbers:
            try:
                found.append(self.position(number))
            except KeyError:
                continue
        return found

    def last_of_thread(self, thread: int, until: int) -> int:
        """Return where a conversation's last turn up to a moment stands; -1 if it has none."""
        occurred = self["occurred"]
        if self._previous is not None:
            newest = self._newest.get(thread, -1)
            if newest < 0 or occurred[newest] <= until:
                return newest
        live = (self["kind"] == TURN) & (self["superseded_by"] == 0)
        found = np.flatnonzero((self["thread"] == thread) & live & (occurred <= until))
        if not len(found):
            return -1
        return int(found[np.lexsort((found, self["seq"][found], occurred[found]))[-1]])

    def similarities(self, direction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product of each memory's best chunk, shape (size,); NaN without a vector."""
        if not self.chunks:
            return np.full(self.size, np.nan, dtype=np.float32)
        products = dots(self._vectors[: self.chunks], direction)
        if self._one_chunk_each:
            return products
        best = np.full(self.size, -np.inf, dtype=np.float32)
        np.maximum.at(best, self._owners[: self.chunks], products)
        best[np.isneginf(best)] = np.nan
        return best

    def directions(self, numbers: Sequence[int]) -> NDArray[np.float32] | None:
        """Return the first chunk of each memory, shape (len(numbers), dim), NaN for one without.

        None where there are no vectors at all.
        """
        if not self.chunks:
            return None
        positions = np.searchsorted(self["number"], np.array(numbers, np.int64))
        owners = self._owners[: self.chunks]
        first = np.minimum(np.searchsorted(owners, positions), self.chunks - 1)
        found: NDArray[np.float32] = self._vectors[first]
        found[owners[first] != positions] = np.nan
        return found

    def best_chunk(
        self, position: int, direction: NDArray[np.float32]
    ) -> NDArray[np.float32] | None:
        """Return that vector of a memory which is nearest to a direction; None without one."""
        if self._one_chunk_each:
            own = self._vectors[position : position + 1]
        else:
            own = self._vectors[: self.chunks][self._owners[: self.chunks] == position]
        if not len(own):
            return None
        nearest = int(dots(own, direction).argmax()) if len(own) > 1 else 0
        return np.asarray(own[nearest])

    def centre(self, among: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Return the mean of all vectors, or of those of some memories (size,), shape (dim,).

        Sums of halves are exact in doubles: the order in which they came does not matter.
        """
        total, count = self._sum, self.chunks
        if among is not None:
            chosen = among[self._owners[: self.chunks]]
            total = self._vectors[: self.chunks][chosen].sum(axis=0, dtype=np.float64)
            count = int(chosen.sum())
        return np.asarray(total / max(count, 1), np.float32)

    def previous(self) -> NDArray[np.int64]:
        """Return where the turn before each stands in its conversation, -1 for none, (size,)."""
        if self._previous is None:
            self._previous = self._find_previous()
        return self._previous[: self.size]

    def _find_previous(self) -> NDArray[np.int64]:
        order = np.lexsort((self["number"], self["seq"], self["occurred"], self["thread"]))
        live = (self["kind"][order] == TURN) & (self["superseded_by"][order] == 0)
        order = order[live]
        threads = self["thread"][order]
        previous = np.full(len(self._columns["number"]), -1, dtype=np.int64)
        if len(order) > 1:
            same = threads[1:] == threads[:-1]
            previous[order[1:][same]] = order[:-1][same]
        self._newest = dict(zip(threads.tolist(), order.tolist(), strict=True))
        return previous

    def _extend_previous(self, position: int) -> None:
        """Follow an append without sorting anew, if the turn came last in its conversation."""
        if self._previous is None:
            return
        self._previous = _room(self._previous, position)
        self._previous[position] = -1
        if self._columns["kind"][position] != TURN or self._columns["superseded_by"][position]:
            return
        thread = int(self._columns["thread"][position])
        before = self._newest.get(thread, -1)
        late = before >= 0 and self._time_of(position) < self._time_of(before)
        if late or self._columns["supersedes"][position]:
            self._previous = None
            return
        self._previous[position] = before
        self._newest[thread] = position

    def _time_of(self, position: int) -> tuple[int, int]:
        return int(self._columns["occurred"][position]), int(self._columns["seq"][position])

    def _attach(self, position: int, vectors: NDArray[np.float32]) -> None:
        for vector in vectors:
            if not self._vectors.shape[1]:
                self._vectors = np.zeros((0, len(vector)), np.float32)
            self._vectors = _room(self._vectors, self.chunks)
            self._owners = _room(self._owners, self.chunks)
            self._vectors[self.chunks] = vector
            self._owners[self.chunks] = position
            self._sum = self._sum + vector if len(self._sum) else vector.astype(np.float64)
            self.chunks += 1
        self._one_chunk_each = (
            self._one_chunk_each and self.chunks == self.size and len(vectors) == 1
        )

    def _exchange(self, position: int, vectors: NDArray[np.float32]) -> None:
        """Put vectors in the place of those that a memory has; owners stay in order."""
        if not self._vectors.shape[1]:
            self._vectors = np.zeros((0, vectors.shape[1]), np.float32)
            self._sum = np.zeros(vectors.shape[1], np.float64)
        start, end = np.searchsorted(self._owners[: self.chunks], (position, position + 1))
        size = self.chunks - int(end - start) + len(vectors)
        self._sum = self._sum - self._vectors[start:end].sum(axis=0, dtype=np.float64)
        self._sum += vectors.sum(axis=0, dtype=np.float64)
        self._vectors, self._owners = _room(self._vectors, size), _room(self._owners, size)
        for array, fresh in ((self._vectors, vectors), (self._owners, position)):
            array[start + len(vectors) : size] = array[end : self.chunks].copy()
            array[start : start + len(vectors)] = fresh
        self.chunks = size
        owners = self._owners[:size]
        self._one_chunk_each = size == self.size and bool((owners == np.arange(size)).all())

    def _mark_superseded(self, old: int, new: int) -> None:
        for position in self.positions([old]):
            self._columns["superseded_by"][position] = new
            self._previous = None


def dots(vectors: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the product of each row with `direction`, shape (n,), on the calling thread.

    Measured: as fast as the matrix library's product on two threads, twice as fast as on one,
    and without the milliseconds that waking its threads takes beside other work.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", vectors, direction)
    return products


def _room(array: Column, needed: int) -> Column:
    """Return the array with room for entry `needed`; readers of the old one keep what they had."""
    if needed < len(array):
        return array
    grown = np.zeros((max(64, needed + needed // 2), *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


def _postings(numbers: Column, words: Sequence[tuple[int, bytes, bytes]]) -> Postings:
    """Join term arrays into postings; a memory without words gets an empty array."""
    of, hashes, counts = zip(*words, strict=True) if words else ((), (), ())
    sizes = np.zeros(len(numbers), dtype=np.int64)
    sizes[np.searchsorted(numbers, np.array(of, np.int64))] = _lengths(counts)
    joined = np.frombuffer(b"".join(hashes), np.uint32), np.frombuffer(b"".join(counts), np.uint8)
    return Postings(*joined, sizes)


def _lengths(blobs: Sequence[bytes]) -> NDArray[np.int64]:
    return np.fromiter(map(len, blobs), np.int64, len(blobs))
