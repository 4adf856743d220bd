"""Rewriting a file after an erasure: what it does to the connection, and when it must wait."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from memorybank import MemoryBank
from memorybank.errors import StoreError
from memorybank.store import scrub
from memorybank.store.sqlite import SQLiteStore
from memorybank.verbs import erase

BUSY = 7_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "banks").mkdir()
    return tmp_path / "banks"


@pytest.fixture
def made(folder: Path) -> apsw.Connection:
    """A file with something deleted in it, in its write-ahead log too."""
    connection = apsw.Connection(str(folder / "a.db"))
    connection.pragma("journal_mode", "wal")
    connection.pragma("temp_store", "memory")
    connection.execute("CREATE TABLE t (x); INSERT INTO t VALUES ('xylocarp'); DELETE FROM t")
    return connection


def test_what_was_deleted_is_gone_from_file_and_log(made: apsw.Connection, folder: Path) -> None:
    assert any(b"xylocarp" in path.read_bytes() for path in folder.iterdir())
    assert scrub.rewrite(made, folder / "a.db", BUSY) is True
    assert not any(b"xylocarp" in path.read_bytes() for path in folder.iterdir())
    assert (folder / "a.db-wal").stat().st_size == 0
    assert made.pragma("busy_timeout") == BUSY


@pytest.mark.parametrize("big", [False, True])
def test_a_big_file_is_rewritten_by_way_of_the_disk(
    made: apsw.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch, big: bool
) -> None:
    path, during = folder / "a.db", []

    def traced(_cursor: object, sql: str, _bindings: object) -> bool:
        if sql == "VACUUM":
            during.append((made.pragma("temp_store"), made.pragma("busy_timeout")))
        return True

    made.set_busy_timeout(BUSY)
    made.exec_trace = traced
    monkeypatch.setattr(scrub, "IN_MEMORY", path.stat().st_size - big)
    assert scrub.rewrite(made, path, BUSY)
    file, memory = 1, 2
    assert during == [(file if big else memory, BUSY)]
    assert made.pragma("temp_store") == memory, "as it was"


def test_who_reads_is_not_waited_for_without_end(
    made: apsw.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "PATIENCE_MS", 11)
    reader = apsw.Connection(str(folder / "a.db"))
    reader.execute("BEGIN; SELECT * FROM t").fetchall()
    assert scrub.rewrite(made, folder / "a.db", BUSY) is False
    assert made.pragma("busy_timeout") == BUSY and made.pragma("temp_store") == 2
    reader.execute("COMMIT")
    assert scrub.rewrite(made, folder / "a.db", BUSY) is True


def test_within_a_transaction_it_waits(folder: Path) -> None:
    store = SQLiteStore.open(folder / "m.db")
    with store.write() as tx:
        tx.run("ask_chore", name=erase.SCRUB)
        assert store.scrub() is False
        assert tx.row("chore", name=erase.SCRUB), "it is still to be done"
    assert erase.finish(store) is True and erase.finish(store) is True
    with store.read() as tx:
        assert tx.row("chore", name=erase.SCRUB) is None
    store.close()


@pytest.mark.parametrize("error", [OSError(28, "full"), StoreError("full", "满了")])
def test_a_disk_that_fails_puts_it_off(
    bank: MemoryBank, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(_store: SQLiteStore) -> bool:
        raise error

    memory = bank.remember("I love my xylocarp.")
    with monkeypatch.context() as patch:
        patch.setattr(SQLiteStore, "scrub", failing)
        assert bank.erase(memory).cleared is False
    assert bank.erase_bank().cleared is True


def test_copies_from_before_a_migration_are_counted(folder: Path) -> None:
    path = folder / "m.db"
    for name in ("m.db", "m.db.schema1.bak", "m.db.schema2.bak", "other.db.schema1.bak",
                 ".m.db.backup-0123456789ab.partial"):  # fmt: skip
        (folder / name).write_bytes(b"x")
    assert scrub.drop_copies(path) == 2
    assert sorted(p.name for p in folder.iterdir()) == ["m.db", "other.db.schema1.bak"]
    assert scrub.drop_copies(path) == 0
