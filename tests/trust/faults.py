"""A process that lives on a disk that fails at every call in turn; prints what became of it.

    python faults.py sync|write EIO|FULL FOLDER

Run by `test_faults.py`, since a default disk cannot be put back once files are open on it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import apsw
from vfs import FailingVFS

from memorybank import MemoryBank
from memorybank.errors import StoreError
from memorybank.testing import HashEmbedder

CANARY = "xylocarp"
ERRORS = {"EIO": apsw.IOError, "FULL": apsw.FullError}


def opened(path: Path) -> MemoryBank:
    """A bank with an embedder that needs no model."""
    return MemoryBank.open(path, bank="emily", embedder=HashEmbedder(dim=8), zone="UTC")


def one_life(bank: MemoryBank, kept: set[str], gone: set[str]) -> None:
    """Write in every way; note what was acknowledged."""
    first = bank.remember(f"My {CANARY} is an acknowledged one. " * 40)
    kept.add(first)
    kept.add(bank.remember("I like tea.", used=[first]))
    kept.add(bank.correct(first, "My tree is a plum tree."))
    bank.pin(first)
    bank.digest()
    erased = bank.remember("Never mind.")
    kept.add(erased)
    bank.erase(erased)
    kept.discard(erased)
    gone.add(erased)


def main(kind: str, error: str, folder: str) -> None:
    """Break the disk at the n-th call, n = 1, 2, ..., until a life goes through unharmed."""
    disk = FailingVFS("failing")
    tried = failed = 0
    for n in range(1, 10_000):
        path = Path(folder) / f"{n}" / "m.db"
        kept: set[str] = set()
        gone: set[str] = set()
        with opened(path) as bank:
            kept.add(bank.remember("Said before the disk failed."))
            disk.break_at(n, kind, ERRORS[error])
            through = False
            try:
                one_life(bank, kept, gone)
                through = True
            except StoreError as problem:
                failed += 1
                assert CANARY not in str(problem) + problem.zh
                told = bank.recall("Said before the disk failed.", k=99, faded="always")
                assert [hit for hit in told if "before the disk" in hit.text], "reading goes on"
            disk.break_at(None)
            kept.add(bank.remember("Said after the disk was mended."))
        with opened(path) as bank:
            there = {m.id for day in bank.timeline() for m in day.memories}
            assert kept - gone <= there, f"{kind} {error} at call {n} lost something"
            assert not gone & there
            bank.digest()
        tried += 1
        if through and not disk.hit:
            break  # a life makes fewer calls than that
    print(json.dumps({"tried": tried, "failed": failed}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
