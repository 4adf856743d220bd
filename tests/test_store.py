"""The file under a bank: its settings, its neighbours in threads and processes, and its end."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from memorybank import MemoryBank, Turn
from memorybank.errors import StoreError
from memorybank.store.care import examine
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import Clock, HashEmbedder

OPENED = """
import os, sys
from memorybank import MemoryBank
from memorybank.testing import HashEmbedder
path, name = sys.argv[1:3]
bank = MemoryBank.open(path, bank=name, embedder=HashEmbedder(dim=16))
"""


def process(code: str, *args: object) -> subprocess.Popen[str]:
    """Start a process that has the bank open and then runs `code`."""
    return subprocess.Popen(
        [sys.executable, "-c", OPENED + code, *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(one: subprocess.Popen[str], say: str = "") -> list[str]:
    """Wait for a process to end well; return the lines that it printed."""
    out, err = one.communicate(say, timeout=120)
    assert one.returncode == 0, err
    return out.split()


def small(path: Path, name: str = "emily") -> MemoryBank:
    return MemoryBank.open(path, bank=name, embedder=HashEmbedder(dim=16))


def ids_in(path: Path, name: str = "emily") -> set[str]:
    with small(path, name) as bank:
        return {memory.id for day in bank.timeline() for memory in day.memories}


# -- how it is kept ------------------------------------------------------------------------


def test_nobody_else_may_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "m.db"
    old = os.umask(0)
    try:
        with small(path) as bank:
            bank.remember("I like tea.")
            bank.desk.store.backup(tmp_path / "copies" / "b.db")  # type: ignore[attr-defined]
            made = [*tmp_path.glob("new/deep/*"), *tmp_path.glob("copies/*")]
            assert {p.name for p in made} >= {"m.db", "m.db-wal", "b.db"}
            for file in made:
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
            for folder in (path.parent, tmp_path / "copies"):
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    finally:
        os.umask(old)


def test_the_settings_of_the_file(tmp_path: Path) -> None:
    with small(tmp_path / "m.db") as bank:
        bank.remember("I like tea.")
        store: SQLiteStore = bank.desk.store  # type: ignore[assignment]
        with store.write() as write, store.read() as read:
            for tx in (write, read):
                pragma = tx._connection.pragma  # type: ignore[attr-defined]
                assert pragma("journal_mode") == "wal"
                assert pragma("synchronous") == 2  # FULL
                assert pragma("foreign_keys") == 1
                assert pragma("secure_delete") == 1
                assert pragma("page_size") == 16384
                assert pragma("mmap_size") == 0
                assert pragma("application_id") == int.from_bytes(b"MBNK", "big")


def test_the_sqlite_inside_has_no_wal_reset_bug() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_closed_is_closed(bank: MemoryBank) -> None:
    bank.remember("I like tea.")
    bank.close()
    bank.close()
    for verb in (lambda: bank.recall("tea"), lambda: bank.remember("More tea.")):
        with pytest.raises(StoreError, match="open the bank again"):
            verb()


# -- kill -9 -------------------------------------------------------------------------------

WRITES = """
used = ()
for i in range(100_000):
    text = f"turn {i} by {os.getpid()}: " + "tea " * (i % 400)
    memory = bank.remember(text, reply="noted", used=used, external_id=f"{os.getpid()}-{i}")
    print(memory, flush=True)
    used = [memory]
    if i % 7 == 6:
        bank.digest()
"""


def test_an_acknowledged_turn_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    acknowledged: set[str] = set()
    for round_ in range(5):
        writer = process(WRITES, path, "emily")
        assert writer.stdout is not None
        for _ in range(12 + 5 * round_):
            acknowledged.add(writer.stdout.readline().strip())
        writer.kill()  # right after an answer, in the midst of the next turn or digest
        rest, _ = writer.communicate(timeout=60)
        acknowledged |= {line for line in rest.splitlines(keepends=True) if line.endswith("\n")}
        acknowledged = {line.strip() for line in acknowledged}
        assert examine(path) == []
        assert acknowledged <= ids_in(path)
    assert len(acknowledged) >= 5 * 22
    with small(path) as bank:
        assert len(ids_in(path)) <= len(acknowledged) + 5, "at most one more a kill"
        bank.digest()
        assert bank.jobs() == [] and bank.recall("tea")[0].text
        assert bank.remember("I like tea.") in ids_in(path)
    assert examine(path) == []


# -- many at once --------------------------------------------------------------------------

MANY = """
sys.stdin.readline()
for i in range(25):
    print(bank.remember(f"turn {i} by {name} likes tea", external_id=f"{name}-{sys.argv[3]}-{i}"))
    if i % 5 == 0:
        assert bank.recall("tea", k=3)
"""


@pytest.mark.parametrize("shared", [True, False])
def test_four_processes_write_at_once(tmp_path: Path, shared: bool) -> None:
    path = tmp_path / "m.db"  # not there yet: the processes make it, all at once
    names = ["emily"] * 4 if shared else ["a", "b", "c", "d"]
    writers = [process(MANY, path, name, i) for i, name in enumerate(names)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    written = [finished(writer) for writer in writers]
    assert [len(ids) for ids in written] == [25] * 4
    for name in set(names):
        own = {i for ids, of in zip(written, names, strict=True) if of == name for i in ids}
        assert ids_in(path, name) == own
    assert examine(path) == []


def together(*work: Callable[[], object]) -> list[BaseException]:
    """Run all at once, each in a thread of its own; return what went wrong."""
    errors: list[BaseException] = []
    gate = threading.Barrier(len(work))

    def run(one: Callable[[], object]) -> None:
        try:
            gate.wait(60)
            one()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return errors


def test_eight_threads_on_one_bank(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    written: list[str] = []
    with small(path) as bank:

        def work(who: int) -> None:
            for i in range(25):
                memory = bank.remember(f"turn {i} by {who} about tea and thing{who}x{i}")
                written.append(memory)
                found = [hit.id for hit in bank.recall(f"thing{who}x{i}", k=300)]
                assert memory in found, "searchable as soon as it returns"
                assert len(found) == len(set(found)), "nothing twice"

        assert together(*(lambda who=who: work(who) for who in range(8))) == []
        found = [hit.id for hit in bank.recall("tea", k=999)]
        assert sorted(found) == sorted(written) and len(written) == 200
        with small(path) as fresh:
            questions = ("tea", "thing3x4", "turn 7 by 2")
            for question in questions:
                ranked = [(h.id, round(h.score, 5)) for h in fresh.recall(question)]
                assert [(h.id, round(h.score, 5)) for h in bank.recall(question)] == ranked
    assert examine(path) == []


def test_many_banks_objects_on_one_file(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    banks = [small(path) for _ in range(3)]
    try:
        for i, bank in enumerate(banks):
            bank.remember(f"turn {i} likes tea")
            assert len(bank.recall("tea")) == i + 1
        work = [lambda b=bank: [b.remember(f"more {i} tea") for i in range(10)] for bank in banks]
        assert together(*work) == []
        for bank in banks:
            assert len(bank.recall("tea", k=99)) == 33
    finally:
        for bank in banks:
            bank.close()


@pytest.mark.parametrize("attempt", range(5))
def test_a_new_file_made_by_many_at_once(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / "m.db"

    def make() -> None:
        small(path).close()

    assert together(*[make] * 6) == []
    assert [info.name for info in small(path).banks()] == ["emily"] and examine(path) == []


SECOND = """
for line in sys.stdin:
    print(bank.remember(line), flush=True)
"""


def test_a_warm_bank_sees_what_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with small(path) as bank:
        first = bank.remember("I like tea.")
        assert [hit.id for hit in bank.recall("plums")] == [first]
        second = process(SECOND, path, "emily")
        assert second.stdin is not None and second.stdout is not None
        for i in range(3):
            second.stdin.write(f"Plums number {i}.\n")
            second.stdin.flush()
            memory = second.stdout.readline().strip()
            assert memory in [hit.id for hit in bank.recall(f"plums number {i}")]
            assert bank.remember(f"And pears {i}.")
        finished(second)
        assert len(bank.recall("plums", k=99)) == 7


def test_readers_are_not_held_up_by_a_writer(tmp_path: Path) -> None:
    with small(tmp_path / "m.db") as bank, small(tmp_path / "m.db") as other:
        memory = bank.remember("I like tea.")
        with bank.desk.store.write() as tx:
            tx.run("set_extra", bank=1, extra='{"half": "done"}')
            assert [hit.id for hit in other.recall("tea")] == [memory]
            assert other.info().extra == {}, "nor do they see what is not committed"
        assert other.info().extra == {"half": "done"}


def test_a_failed_transaction_leaves_no_trace(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("I like tea.")
    turns = [Turn(text=f"Plums {i}", occurred_at=clock()) for i in range(3)]
    with pytest.raises(ZeroDivisionError), bank.desk.store.write():
        bank.remember_turns(turns)
        raise ZeroDivisionError
    assert bank.info().turns == 1
    assert [hit.id for hit in bank.recall("plums")] == [memory]
    bank.remember_turns(turns)
    assert len(bank.recall("plums")) == 4


# -- full disk -----------------------------------------------------------------------------

FULL = """
import resource
from memorybank.errors import StoreError
first = [bank.remember(f"turn {i} likes tea") for i in range(5)]
written = sum(f.stat().st_size for f in __import__("pathlib").Path(path).parent.glob("m.db*"))
resource.setrlimit(resource.RLIMIT_FSIZE, (written + 200_000, resource.RLIM_INFINITY))
kept = []
try:
    for i in range(1000):
        kept.append(bank.remember(f"turn {i} " + "likes tea and plums " * 2000))
    print("never full")
except StoreError as error:
    assert "plums" not in str(error), error
    print(type(error).__name__)
assert {hit.id for hit in bank.recall("tea", k=9999)} == {*first, *kept}, "reading goes on"
try:
    bank.remember("still no room " * 20000)
    print("unexpected")
except StoreError:
    print("again")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
last = bank.remember("there is room again " * 2000)
assert {hit.id for hit in bank.recall("tea", k=9999)} == {*first, *kept, last}
bank.digest()
print(*first, *kept, last)
"""


def test_a_full_disk_costs_nothing_that_was_there(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="limits of file size are a thing of Unix")
    kind, again, *ids = finished(process(FULL, tmp_path / "m.db", "emily"))
    assert kind in ("DiskFull", "StoreError") and again == "again"
    assert ids_in(tmp_path / "m.db") == set(ids) and len(ids) > 6
    assert examine(tmp_path / "m.db") == []
