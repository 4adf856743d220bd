"""A process that lives on a recording disk and leaves its record: python power.py FULL|NORMAL OUT.

Run by `test_power.py`, since a default disk cannot be put back once files are open on it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from vfs import Record, RecordingVFS

from memorybank import MemoryBank
from memorybank.store import sqlite
from memorybank.testing import HashEmbedder

TURNS = 60


def main(mode: str, out: str) -> None:
    """Remember, recall, digest, correct and erase; note what was acknowledged, and when."""
    record = Record()
    disk = RecordingVFS("recording", record)
    through = sqlite.connect
    if mode == "NORMAL":

        def weak(path: Path):
            connection = through(path)
            connection.pragma("synchronous", "normal")
            return connection

        sqlite.connect = weak
    with tempfile.TemporaryDirectory() as folder:
        bank = MemoryBank.open(
            Path(folder) / "m.db", bank="emily", embedder=HashEmbedder(dim=8), zone="UTC"
        )
        used: list[str] = []
        for i in range(TURNS):
            memory = bank.remember(f"turn {i} " + "tea " * (i * 7 % 300), used=used)
            record.ack(memory)
            used = [memory]
            if i % 9 == 8:
                bank.digest()
            if i % 13 == 12:
                record.ack(bank.correct(memory, f"Turn {i}, corrected."))
        bank.close()
    record.save(Path(out))
    assert disk.record is record


if __name__ == "__main__":
    main(*sys.argv[1:])
