"""Indexes and questions for tests, made from plain lists of memories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from memorybank import retrieve
from memorybank.cues import marks
from memorybank.index import COLUMNS, TURN, Entry, Index
from memorybank.lexical import TermArray, query_terms, term_array
from memorybank.testing import HashEmbedder

EMBEDDER = HashEmbedder()
DAY_US = 86_400_000_000
NOW = 20_000.0
"""In days since the epoch; what is made here happened in the days before."""


@dataclass(frozen=True)
class Mem:
    """One memory: its text, how many days before `NOW` it happened, and how it is held."""

    text: str
    ago: float = 1.0
    thread: int = -1
    seq: int = 0
    kind: int = TURN
    strength: float = 50.0
    fades: float = 1e9
    pinned: int = 0
    significance: float = 0.5
    supersedes: int = 0
    superseded_by: int = 0
    vectors: Any = "of the text"
    companion: bool = False
    reply: str = ""

    def entry(self, number: int) -> Entry:
        """The index entry; without a thread of its own a memory stands alone."""
        return Entry(
            number=number, kind=self.kind, occurred=round((NOW - self.ago) * DAY_US),
            day=int(NOW - self.ago), thread=self.thread if self.thread >= 0 else 1_000_000 + number,
            seq=self.seq, trusted=1, significance=self.significance, strength=self.strength,
            last=NOW - self.ago, fades=self.fades, pinned=self.pinned,
            supersedes=self.supersedes, superseded_by=self.superseded_by,
        )  # fmt: skip

    def words(self) -> TermArray:
        """The terms and marks as the store keeps them; the companion's turn is a mere reply."""
        sides = (None, self.text) if self.companion else (self.text, self.reply or None)
        return term_array(f"{self.text} {self.reply}", marks(*sides))

    def directions(self) -> np.ndarray | None:
        """The chunk vectors as the store keeps them, or None."""
        if isinstance(self.vectors, str):
            return stored(EMBEDDER.embed_passages([self.text]))
        return None if self.vectors is None else stored(self.vectors)


def stored(vectors: Any) -> np.ndarray:
    """Vectors after a stay in the store, which keeps halves."""
    return np.asarray(vectors, np.float16).astype(np.float32)


def linked(mems: Iterable[Mem]) -> list[Mem]:
    """Mark what is superseded by whom, as the store does; numbers start at 1."""
    done = list(mems)
    for number, mem in enumerate(done, start=1):
        if mem.supersedes:
            old = mem.supersedes - 1
            done[old] = replace(done[old], superseded_by=number)
    return done


def built(mems: Sequence[Mem], dim: int = EMBEDDER.dim) -> Index:
    """An index loaded at once."""
    entries, chunks, words = [], [], []
    for number, mem in enumerate(linked(mems), start=1):
        entry = mem.entry(number)
        entries.append(tuple(getattr(entry, name) for name in COLUMNS))
        vectors = mem.directions()
        if vectors is not None and len(vectors):
            chunks.append((number, vectors.astype(np.float16).tobytes()))
        array = mem.words()
        words.append((number, array.hashes.tobytes(), array.counts.tobytes()))
    return Index.build(entries, chunks, words, dim)


def asked(
    text: str,
    *,
    k: int = 10,
    words: bool = True,
    meaning: bool = True,
    now: float = NOW,
    until: float | None = None,
    windows: Sequence[tuple[float, float, bool]] = (),
    **more: Any,
) -> retrieve.Query:
    """A question; windows are (from, to, rule) in days before `NOW`."""
    return retrieve.Query(
        terms=query_terms(text) if words else {},
        direction=EMBEDDER.embed_query(text) if meaning else None,
        now=now,
        until=round((now if until is None else until) * DAY_US),
        k=k,
        windows=tuple(
            retrieve.Window(round((NOW - start) * DAY_US), round((NOW - end) * DAY_US), rule)
            for start, end, rule in windows
        ),
        **more,
    )
