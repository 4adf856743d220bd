"""Promise 1: a disk that fails, call after call, and one that is full, cost nothing that was
acknowledged; what failed says so, reading goes on, and afterwards everything works again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faults import opened

from memorybank.errors import DiskFull, StoreError
from memorybank.store.sqlite import SQLiteStore
from memorybank.verbs.mending import check
from memorybank.verbs.restore import restore

HERE = Path(__file__).parent
AT_LEAST = {("sync", "EIO"): 8, ("write", "EIO"): 60, ("write", "FULL"): 60}
"""So many calls a life makes; each is failed once, with all that follow it."""


@pytest.mark.parametrize(("kind", "error"), AT_LEAST)
def test_every_call_of_a_disk_may_fail(tmp_path: Path, kind: str, error: str) -> None:
    run = [sys.executable, str(HERE / "faults.py"), kind, error, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=500, cwd=HERE, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["failed"] >= AT_LEAST[kind, error], found
    for path in tmp_path.glob("*/m.db"):
        assert check(path).findings == (), path


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 3 MB, where this may be made."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system may not be mounted here; see the failing disk above")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    path, kept = small_disk / "m.db", []
    with opened(path) as bank:
        with pytest.raises(StoreError):
            kept.extend(bank.remember(f"{i} likes tea. " * 400) for i in range(10_000))
        assert len(kept) > 5
        for verb in (
            lambda: bank.remember("One more. " * 9000),
            lambda: bank.desk.store.backup(small_disk / "b.db"),  # type: ignore[attr-defined]
        ):
            with pytest.raises(StoreError) as caught:
                verb()
            assert isinstance(caught.value, DiskFull) or "disk" in str(caught.value)
        assert not [p.name for p in small_disk.iterdir() if "partial" in p.name]
        assert {hit.id for hit in bank.recall("tea", k=9999, faded="always")} == set(kept)
        try:
            bank.erase(kept[0])
            kept.pop(0)
        except DiskFull:
            pass  # said, and then nothing was erased
        assert {hit.id for hit in bank.recall("tea", k=9999, faded="always")} == set(kept)
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    for file in small_disk.iterdir():
        shutil.copy2(file, roomy / file.name)
    with opened(roomy / "m.db") as bank:
        assert {m.id for day in bank.timeline() for m in day.memories} == set(kept)
        bank.remember("There is room again.")
        bank.digest()
    assert check(roomy / "m.db").findings == ()


def test_restoring_on_a_full_disk_keeps_the_old_file(small_disk: Path, tmp_path: Path) -> None:
    path, backup = small_disk / "m.db", tmp_path / "b.db"
    with opened(tmp_path / "big.db") as big:
        for i in range(120):
            big.remember(f"{i} likes plums. " * 900)
        store = big.desk.store
        assert isinstance(store, SQLiteStore)
        store.backup(backup)
    with opened(path) as bank:
        mine = bank.remember("I like tea.")
    with pytest.raises((StoreError, OSError)):
        restore(backup, path)
    with opened(path) as bank:
        assert [m.id for day in bank.timeline() for m in day.memories] == [mine]
    assert check(path).findings == () and os.listdir(small_disk)
