"""An embedder that remembers what it embedded, so that a second evaluation is quick.

Vectors are kept by (model, kind, hash of the text), never the text itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import numpy as np

from memorybank.models import Embedder, Vectors, alike, load_embedder
from memorybank.records import Lang


class CachedEmbedder:
    """Wraps an embedder; same name, same vectors."""

    def __init__(self, embedder: Embedder, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._inner, self._path = embedder, path
        self.name, self.dim, self.max_chars = embedder.name, embedder.dim, embedder.max_chars
        self._db = apsw.Connection(str(path))
        self._db.pragma("journal_mode", "wal")
        self._db.set_busy_timeout(10_000)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
        )

    def __reduce__(self) -> tuple[object, tuple[str, Path]]:
        """Travel to another process by name: models and connections stay where they are."""
        return _opened_again, (self.name, self._path)

    def alike(self, asked: Lang, told: Lang) -> float | None:
        """Return what the embedder within states; see `memorybank.models.alike`."""
        return alike(self._inner, asked, told)

    def embed_query(self, text: str) -> Vectors:
        """Return the direction of a question, shape (dim,)."""
        found = self._get("query", [text], self._questions)
        return np.asarray(found[0], np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the directions of texts, shape (len(texts), dim)."""
        return self._get("passage", texts, self._inner.embed_passages)

    def _questions(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._inner.embed_query(text) for text in texts], np.float32)

    def _get(
        self, kind: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]
    ) -> Vectors:
        keys = [self._key(kind, text) for text in texts]
        found: dict[int, Vectors] = {}
        missing = []
        for i, key in enumerate(keys):
            row = self._db.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
            if row:
                found[i] = np.frombuffer(row[0], np.float32)
            else:
                missing.append(i)
        if missing:
            made = np.asarray(embed([texts[i] for i in missing]), np.float32)
            found |= zip(missing, made, strict=True)
            rows = [(keys[i], vector.tobytes()) for i, vector in zip(missing, made, strict=True)]
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        self.dim = self.dim or self._inner.dim
        return np.array([found[i] for i in range(len(texts))], np.float32).reshape(
            len(texts), self.dim
        )

    def _key(self, kind: str, text: str) -> bytes:
        joined = f"{self.name}\x1f{kind}\x1f{text}".encode("utf-8", "replace")
        return hashlib.blake2b(joined, digest_size=16).digest()


def _opened_again(name: str, path: Path) -> CachedEmbedder | None:
    model = load_embedder(name)
    return CachedEmbedder(model, path) if model else None
