"""What the machine itself takes: the floors that `memorybank bench` measures against.

Law of this file: none of the library's code runs while a floor is timed. Rows and blobs are
those that the library wrote, statements are as short as they can be, pragmas are the same.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import run

import apsw
import numpy as np
from numpy.typing import NDArray

_TABLES = {  # what one turn adds: how to read its row back, and how to write it
    "turns": (
        "SELECT * FROM turns WHERE bank = ? AND number = ?",
        f"INSERT INTO turns VALUES ({','.join('?' * 15)})",
    ),
    "memories": (
        "SELECT * FROM memories WHERE bank = ? AND number = ?",
        f"INSERT INTO memories VALUES ({','.join('?' * 20)})",
    ),
    "terms": (
        "SELECT * FROM terms WHERE bank = ? AND number = ?",
        f"INSERT INTO terms VALUES ({','.join('?' * 4)})",
    ),
    "vectors": (
        "SELECT * FROM vectors WHERE bank = ? AND number = ?",
        f"INSERT INTO vectors VALUES ({','.join('?' * 6)})",
    ),
}
_JOB = "SELECT * FROM jobs WHERE bank = ? AND kind = 'digest' AND subject = ?"
_PUT_JOB = f"INSERT OR REPLACE INTO jobs VALUES ({','.join('?' * 9)})"
_NEWEST = "SELECT next - 1, version FROM banks WHERE bank = ?"
_COUNT = "UPDATE banks SET next = ?, version = ? WHERE bank = ?"
_BLOBS = (
    "SELECT number, vector FROM vectors WHERE bank = ? ORDER BY number",
    "SELECT number, hashes, counts FROM terms WHERE bank = ? ORDER BY number",
    "SELECT number, kind, occurred_at, day, thread, seq, trusted, significance, strength, last_at, "
    "fades_at, pinned, supersedes, superseded_by FROM memories WHERE bank = ? ORDER BY number",
)


def connect(path: Path) -> apsw.Connection:
    """Open a file as the store does."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("foreign_keys", True)
    connection.pragma("secure_delete", True)
    connection.pragma("synchronous", "full")
    return connection


class Copyist:
    """Writes the rows of a turn that the library remembered to a twin of its file."""

    def __init__(self, ours: Path, twin: Path) -> None:
        self._ours = connect(ours)
        self._twin = connect(twin)

    def copy(self, bank: int, day: str) -> float:
        """Insert the rows of the newest turn in one transaction; returns the seconds it took."""
        ((number, version),) = self._ours.execute(_NEWEST, (bank,))
        rows = [
            (put, row)
            for get, put in _TABLES.values()
            for row in self._ours.execute(get, (bank, number))
        ]
        rows += [(_PUT_JOB, row) for row in self._ours.execute(_JOB, (bank, f"day:{day}"))]
        rows.append((_COUNT, (number + 1, version, bank)))
        execute = self._twin.execute
        start = time.perf_counter()
        execute("BEGIN IMMEDIATE")
        for put, row in rows:
            execute(put, row)
        execute("COMMIT")
        return time.perf_counter() - start

    def close(self) -> None:
        """Close both files."""
        self._ours.close()
        self._twin.close()


def read_blobs(path: Path, bank: int) -> float:
    """Open a file and read all that an index is made of; returns the seconds that it took."""
    start = time.perf_counter()
    connection = connect(path)
    for select in _BLOBS:
        connection.execute(select, (bank,)).fetchall()
    took = time.perf_counter() - start
    connection.close()
    return took


class Matrix:
    """Float32 directions in random order: a matrix-vector product and its best k."""

    def __init__(self, size: int, dim: int) -> None:
        self._matrix = np.random.default_rng(3).standard_normal((size, dim), dtype=np.float32)

    def search(self, direction: NDArray[np.float32], k: int) -> float:
        """Find the best k; returns the seconds that it took."""
        start = time.perf_counter()
        scores = self._matrix @ direction
        best = np.argpartition(-scores, k)[:k]
        best[np.argsort(-scores[best])]
        return time.perf_counter() - start


def process(arguments: Sequence[str], compiled: Path) -> tuple[float, str]:
    """Run Python with these arguments; returns the seconds that it took, and its output.

    Byte code is kept in the folder `compiled` whatever the environment says, as an installer
    keeps it: without it, every start would compile every file again.
    """
    start = time.perf_counter()
    done = run(  # noqa: S603
        [sys.executable, *arguments], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)},
    )  # fmt: skip
    return time.perf_counter() - start, done.stdout
