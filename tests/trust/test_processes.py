"""Promise 3: several processes and threads on one file. Nobody is told that it is locked, no
update is lost, and everybody sees what another wrote."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from workers import PROCESSES, opened

from memorybank.store.sqlite import SQLiteStore
from memorybank.verbs.mending import check

WRITERS, EACH = 6, 30


def strengthen(path: Path, say: Connection, seed: int) -> None:
    """Write turns that all recall the same memory; import, digest and look meanwhile."""
    dice, seen = random.Random(seed), 0
    with opened(path) as bank:
        [shared] = [hit.id for hit in bank.recall("shared memory", k=1, faded="always")]
        for i in range(EACH):
            at = datetime(2026, 3, 1 + i % 28, i % 24, dice.randrange(60), tzinfo=UTC)
            memory = bank.remember(f"thing{seed}x{i} tea", used=[shared], at=at)
            found = bank.recall(f"thing{seed}x{i}", k=20, faded="always")
            assert memory in {hit.id for hit in found}
            turns = bank.info().turns
            assert turns > seen, "what was there once does not go away"
            seen = turns
            if i % 15 == seed:
                bank.digest()
                bank.erase(bank.remember(f"not to stay {seed}"))
            say.send(("turn", memory))


def all_of(work: Any, path: Path, count: int) -> list[list[str]]:
    """Run so many processes at once to their end; return what each said."""
    running = []
    for seed in range(count):
        hears, says = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=work, args=(path, says, seed))
        process.start()
        says.close()
        running.append((process, hears))
    told: list[list[str]] = [[] for _ in running]

    def listen(of: int) -> None:
        try:
            while True:
                told[of].append(running[of][1].recv()[1])
        except EOFError:
            return

    listeners = [threading.Thread(target=listen, args=(i,)) for i in range(count)]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join(900)
    for process, _ in running:
        process.join(300)
        assert process.exitcode == 0, "no process was told that the file is locked"
    return told


def test_six_processes_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with opened(path) as bank:
        shared = bank.remember("The shared memory of all.", at=datetime(2026, 2, 1, tzinfo=UTC))
        told = all_of(strengthen, path, WRITERS)
        assert [len(ids) for ids in told] == [EACH] * WRITERS
        everything = {memory for ids in told for memory in ids}
        assert len(everything) == WRITERS * EACH
        # This bank was open all the time, and sees it all.
        found = {hit.id for hit in bank.recall("tea", k=9999, faded="always", kinds=("turn",))}
        assert everything <= found
        recalls = [e for e in bank.explain(shared).events if e.kind == "recall"]
        assert {e.turn_id for e in recalls} == everything, "every recall is in the log, once"
        assert bank.info().turns == WRITERS * EACH + 1
        bank.digest()
    assert check(path).findings == ()


def test_threads_and_processes_at_once(tmp_path: Path) -> None:
    path, errors = tmp_path / "m.db", []
    with opened(path) as bank:
        bank.remember("The shared memory of all.", at=datetime(2026, 2, 1, tzinfo=UTC))
        stop = threading.Event()

        def busy(what: int) -> None:
            try:
                i = 0
                while not stop.is_set():
                    i += 1
                    if what == 0:
                        bank.remember(f"thread {i} tea")
                    elif what == 1:
                        bank.recall("tea", k=50)
                    elif what == 2:
                        bank.digest()
                    else:
                        store = bank.desk.store
                        assert isinstance(store, SQLiteStore)
                        target = tmp_path / f"b{i}.db"
                        store.backup(target)
                        target.unlink()
            except BaseException as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=busy, args=(what,)) for what in range(4)]
        for thread in threads:
            thread.start()
        try:
            told = all_of(strengthen, path, 3)
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)
        assert errors == []
        found = {hit.id for hit in bank.recall("tea", k=9999, faded="always")}
        assert {memory for ids in told for memory in ids} <= found
        bank.digest()
    assert check(path).findings == ()
