"""Promises 1 and 2: kill -9 at any moment, over writers, importers, digests, erasures, backups.

After each kill the file is examined by the doctor; all that was acknowledged is there, all that
was erased is not, no import is half there, and no copy is half a copy.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import workers
from erasing import holding

from memorybank.verbs.findings import Finding
from memorybank.verbs.mending import check

KILLS = {"write": 70, "digest": 50, "bring_in": 40, "erase": 40, "back_up": 40}
"""240 in all; and with each a neighbour that lives on in the same file, every fourth time."""
PARTS = 2
ON_ONE_FILE = 8


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", KILLS)
def test_killed_at_any_moment(tmp_path: Path, name: str, part: int) -> None:
    dice = random.Random(f"{name}{part}")
    work = getattr(workers, name)
    kills = KILLS[name] // PARTS
    told: list[workers.Saying] = []
    for kill in range(kills):
        if kill % ON_ONE_FILE == 0:
            shutil.rmtree(tmp_path / "home", ignore_errors=True)
            (tmp_path / "home").mkdir(mode=0o700)
            told = []
            path = tmp_path / "home" / "m.db"
        if kill % 4 == 3 and name not in ("back_up", "erase"):
            other = workers.opened(path)  # a neighbour who is there before, during and after
            mine = other.remember("I was here all the time.")
        else:
            other = None
        told += workers.run_and_kill(work, path, dice, after=dice.randint(1, 6))
        if other is not None:
            assert mine in {hit.id for hit in other.recall("here all the time", k=99)}
            other.remember("And still am.")
            other.close()
        examine(path, told)
    assert told


def wrong(path: Path) -> list[Finding]:
    """What the doctor finds, but for the unfinished files that are known as such."""
    return [f for f in check(path).findings if f.what != "half done"]


def examine(path: Path, told: list[workers.Saying]) -> None:
    """Hold what was said against what is there."""
    assert wrong(path) == [], "never half of anything"
    with workers.opened(path) as bank:
        held = [m for day in bank.timeline() for m in day.memories if m.kind == "turn"]
    turns = {m.id: m.external_id for m in held}
    said = {kind: {value for of, value in told if of == kind} for kind, _ in told}
    restored = "copy" in said
    assert restored or said.get("turn", set()) <= turns.keys(), "an acknowledged turn is there"
    assert not said.get("erased", set()) & turns.keys(), "what was erased is not"
    if not any(workers.CANARY in m.text for m in held):  # nothing was left to be erased
        assert holding(path.parent, workers.CANARY) == []
    rows = Counter((external or "").partition("/")[0] for external in turns.values())
    for name in said.get("begun", ()):
        whole = rows[name]
        assert whole in (0, workers.ROWS), "a file is taken whole or not at all"
        assert whole or name not in said.get("taken", ())
    for copy in said.get("copy", ()):
        assert wrong(Path(copy)) == []
        Path(copy).unlink()
    told[:] = [(kind, value) for kind, value in told if kind != "copy"]
    for copy in (path.parent / "copies").glob("*.db"):
        assert wrong(copy) == [], "a copy that has its name is whole"
        copy.unlink()


def test_what_a_killed_eraser_left_is_gone_when_the_bank_is_opened(tmp_path: Path) -> None:
    """Killed after its commit and before the files are clean: whoever opens it next cleans up."""
    dice, path, unfinished = random.Random(5), tmp_path / "m.db", 0
    for _ in range(12):
        told = workers.run_and_kill(workers.erase, path, dice, after=dice.randint(2, 7))
        unfinished += bool(holding(tmp_path, workers.CANARY))
        gone = {value for kind, value in told if kind in ("asked", "erased")}
        with workers.opened(path) as bank:
            left = [
                m.id for day in bank.timeline() for m in day.memories if workers.CANARY in m.text
            ]
            assert not {value for kind, value in told if kind == "erased"} & set(left)
            assert len(left) <= 1 and (not left or left[0] in gone or left[0] not in gone)
            if left:
                bank.erase(*left)
        assert holding(tmp_path, workers.CANARY) == []
