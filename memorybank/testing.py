"""Stand-ins for our tests and our users': an embedder that tells texts apart, a clock, ids.

The embedder hashes words and their letter groups into directions, so that texts which share
words point alike and others do not; a test that passes with it has really ranked something.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memorybank.lexical import terms


class HashEmbedder:
    """Deterministic directions from hashed terms; no model, no download."""

    def __init__(self, dim: int = 64, name: str = "testing:hash") -> None:
        self.name = name
        self.dim = dim
        self.max_chars = 400
        self.texts_embedded = 0

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the direction of a question, shape (dim,)."""
        return self._direction(text)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the directions of texts, shape (len(texts), dim)."""
        self.texts_embedded += len(texts)
        return np.array([self._direction(text) for text in texts], np.float32).reshape(-1, self.dim)

    def _direction(self, text: str) -> NDArray[np.float32]:
        direction = np.full(self.dim, 1e-3, dtype=np.float32)
        for term in terms(text):
            for piece in {term, term[:4], term[-3:]}:
                rng = np.random.default_rng(crc32(piece.encode()))
                direction += rng.standard_normal(self.dim).astype(np.float32)
        return direction / np.float32(np.linalg.norm(direction))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def forward(self, **amount: float) -> datetime:
        """Move on by `timedelta(**amount)` and return the new time."""
        self.time += timedelta(**amount)
        return self.time


class Ids:
    """Ids that count, so that replays agree to the byte."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        """Return the next id."""
        self.count += 1
        return f"00000000-0000-7000-8000-{self.count:012d}"
