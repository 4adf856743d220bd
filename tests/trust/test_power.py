"""Promise 1: an acknowledged turn survives a power cut, a disk that fails and one that is full.

The proof that the test means something: with `synchronous=NORMAL` the same cuts lose turns.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from vfs import Record

from memorybank import MemoryBank
from memorybank.testing import HashEmbedder
from memorybank.verbs.mending import check

CUTS = 240
HERE = Path(__file__).parent


def recorded(mode: str, folder: Path) -> Record:
    out = folder / f"{mode}.record"
    run = [sys.executable, str(HERE / "power.py"), mode, str(out)]
    subprocess.run(run, check=True, timeout=300, cwd=HERE)
    return Record.load(out)


def after(record: Record, end: int, seed: int, folder: Path) -> tuple[set[str], set[str]]:
    """Cut the power before op `end`; return what had been acknowledged, and what is there."""
    files, acknowledged = record.after_cut(end, random.Random(seed))
    path = folder / f"cut{seed}" / "m.db"
    path.parent.mkdir(mode=0o700)
    for name, content in files.items():
        if not name.endswith("-shm"):
            (path.parent / name).touch(mode=0o600)
            (path.parent / name).write_bytes(bytes(content))
    if not path.exists():
        return acknowledged, set()
    with MemoryBank.open(path, bank="emily", embedder=HashEmbedder(dim=8)) as bank:
        there = {m.id for day in bank.timeline() for m in day.memories}
        assert bank.remember("Life goes on.")
        bank.digest()
    assert check(path).findings == (), f"cut {seed}, before op {end}"
    return acknowledged, there


def cuts(record: Record) -> list[int]:
    """Moments all over the record, but after the file was first made."""
    first = next(i for i, op in enumerate(record.ops) if op.kind == "ack")
    dice = random.Random(7)
    return [dice.randrange(first, len(record.ops) + 1) for _ in range(CUTS)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return recorded("FULL", tmp_path_factory.mktemp("full"))


@pytest.mark.parametrize("part", range(4))
def test_no_cut_loses_an_acknowledged_turn(full: Record, tmp_path: Path, part: int) -> None:
    promised = 0
    for seed, end in list(enumerate(cuts(full)))[part::4]:
        acknowledged, there = after(full, end, seed, tmp_path)
        assert acknowledged <= there, f"cut {seed}, before op {end}"
        promised += len(acknowledged)
    assert promised > CUTS * 5


def test_with_less_than_full_synchronisation_the_same_cuts_lose_turns(tmp_path: Path) -> None:
    record = recorded("NORMAL", tmp_path)
    lost = 0
    for seed, end in list(enumerate(cuts(record)))[:40]:
        acknowledged, there = after(record, end, seed, tmp_path)
        lost += not acknowledged <= there
    assert lost > 20, "if this loses nothing, the cuts above prove nothing"


def test_making_the_file_can_be_cut_too(full: Record, tmp_path: Path) -> None:
    first = next(i for i, op in enumerate(full.ops) if op.kind == "ack")
    for seed, end in enumerate(range(1, first)):
        after(full, end, seed, tmp_path)
