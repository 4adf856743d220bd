"""Promises 7 and 8: old files open, newer ones are left alone; backup and restore are online,
verified, and all or nothing."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from memorybank import MemoryBank
from memorybank.errors import MemoryBankError, NewerBank, StoreError
from memorybank.intake import take_in, volumes
from memorybank.settings import read_settings
from memorybank.store import care, files, sqlite
from memorybank.store.sqlite import SQLiteStore
from memorybank.store.statements import migrations
from memorybank.testing import HashEmbedder
from memorybank.verbs.mending import check
from memorybank.verbs.restore import restore

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = range(1, len(migrations()) + 1)
sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from make_golden import LATER, tells  # noqa: E402


def golden(schema: int, folder: Path) -> Path:
    path = folder / "m.db"
    files.make_private(path)
    path.write_bytes(gzip.decompress((GOLDEN / f"schema{schema}.db.gz").read_bytes()))
    return path


def opened(path: Path, name: str = "emily", **more: Any) -> MemoryBank:
    return MemoryBank.open(path, bank=name, embedder=HashEmbedder(dim=8), zone="UTC", **more)


def schema_of(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(connection.pragma("user_version"))
    finally:
        connection.close()


# -- old files -----------------------------------------------------------------------------------


def test_every_schema_has_its_golden_file() -> None:
    for schema in SCHEMAS:
        assert (GOLDEN / f"schema{schema}.db.gz").exists(), "run scripts/make_golden.py"


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", ["emily", "张曼婷"])
def test_a_file_of_any_schema_opens_and_tells_the_same(
    tmp_path: Path, schema: int, name: str
) -> None:
    path = golden(schema, tmp_path)
    before = path.read_bytes()
    told = json.loads((GOLDEN / f"schema{schema}.json").read_text("utf-8"))[name]
    with opened(path, name, create=False) as bank:
        assert tells(bank) == told
        copies = list(tmp_path.glob("m.db.*.bak"))
        if schema < len(migrations()):
            assert [copy.name for copy in copies] == [f"m.db.schema{schema}.bak"]
            assert schema_of(copies[0]) == schema and copies[0].read_bytes()[:18] == before[:18]
        else:
            assert copies == []
        assert schema_of(path) == len(migrations())
        memory = bank.remember("I planted a pear tree.", now=LATER)
        bank.digest(now=LATER)
        bank.embed_pending()
        assert memory in {hit.id for hit in bank.recall("pear tree", now=LATER)}
        assert volumes(bank, only=name)[0].turns and bank.jobs() == []
        bank.erase(memory, now=LATER)
        bank.digest(now=LATER)
        if schema < len(migrations()):
            assert not copies[0].exists(), "a copy made by itself does not outlive an erasure"
    # Words may be cut otherwise by now, and summaries made otherwise; the doctor makes them anew.
    assert {f.what for f in check(path).findings} <= {"wrong words", "stale"}
    assert check(path, repair=True).sound


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_doctor_and_restore_take_every_schema(tmp_path: Path, schema: int) -> None:
    (tmp_path / "old").mkdir()
    old = golden(schema, tmp_path / "old")
    before = old.read_bytes()
    assert {f.what for f in check(old).findings} <= {"wrong words", "stale"}
    assert old.read_bytes() == before and schema_of(old) == schema, "looking migrates nothing"
    assert restore(old, tmp_path / "m.db").kept is None
    assert old.read_bytes() == before and schema_of(tmp_path / "m.db") == len(migrations())
    with opened(tmp_path / "m.db", create=False) as bank:
        assert bank.timeline(now=LATER)
    assert not list(tmp_path.glob("*.bak"))


def test_a_file_from_the_future_is_refused_by_everything(tmp_path: Path) -> None:
    path, now = golden(SCHEMAS[-1], tmp_path), datetime(2026, 3, 2, tzinfo=UTC)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", SCHEMAS[-1] + 1)
    connection.close()
    before = path.read_bytes()
    source = tmp_path / "rows.jsonl"
    source.write_text('{"bank_id":"a","memory_id":"1","date":"2026-03-02","text":"Hello tea."}\n')
    settings = read_settings({"MEMORYBANK_HOME": str(tmp_path), "MEMORYBANK_EMBEDDER": "none"})
    acts: list[Callable[[], object]] = [
        lambda: opened(path), lambda: check(path), lambda: check(path, repair=True),
        lambda: take_in(source, path, settings=settings, zone="UTC", now=now),
        lambda: restore(path, tmp_path / "other.db"),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(NewerBank):
            act()
    assert path.read_bytes() == before
    left = {p.name for p in tmp_path.iterdir() if p.is_file()}
    assert left == {"m.db", "rows.jsonl"}


# -- restore -------------------------------------------------------------------------------------


def made(tmp_path: Path) -> tuple[Path, Path, str, str]:
    """A bank with a backup, and one turn from before it and one from after."""
    path, backup = tmp_path / "m.db", tmp_path / "b.db"
    with opened(path) as bank:
        first = bank.remember("I like tea.")
        store = bank.desk.store
        assert isinstance(store, SQLiteStore)
        store.backup(backup)
        second = bank.remember("I like plums.")
    return path, backup, first, second


def ids(bank: MemoryBank) -> list[str]:
    return [memory.id for day in bank.timeline() for memory in day.memories]


def test_who_has_it_open_sees_the_restored_file(tmp_path: Path) -> None:
    path, backup, first, second = made(tmp_path)
    with opened(path) as warm:
        assert {hit.id for hit in warm.recall("tea plums")} == {first, second}
        kept = restore(backup, path).kept
        assert [hit.id for hit in warm.recall("tea plums")] == [first], "no stale index"
        third = warm.remember("I like pears.")
        assert {hit.id for hit in warm.recall("tea pears")} == {first, third}
        with opened(path) as other:
            assert ids(other) == [first, third]
    assert kept is not None
    with opened(kept) as old:
        assert ids(old) == [first, second]
    assert check(path).findings == () == check(kept).findings


def test_restoring_beneath_a_writer_loses_no_acknowledged_turn(tmp_path: Path) -> None:
    path, backup, *_ = made(tmp_path)
    acknowledged: list[str] = []
    stop, errors = threading.Event(), []

    def write() -> None:
        try:
            with opened(path) as bank:
                while not stop.is_set():
                    acknowledged.append(bank.remember(f"More tea {len(acknowledged)}."))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    kept = []
    try:
        for _ in range(4):
            at = len(acknowledged)
            while len(acknowledged) < at + 5 and not errors:
                pass
            kept.append(restore(backup, path).kept)
    finally:
        stop.set()
        writer.join(60)
    assert errors == []
    found: set[str] = set()
    for file in [*kept, path]:
        assert file is not None and check(file).findings == ()
        with opened(file) as bank:
            found |= set(ids(bank))
    assert set(acknowledged) <= found, "what the restore put aside is in the file that is kept"


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


STEPS = [
    (care, "copy_database"), (care, "pages"), (care, "examine"), (care, "_kept"),
    (files, "place"), (care, "place"), (sqlite, "copy_database"), (files.os, "fsync"),
    (files.os, "link"),
]  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS, ids=lambda s: f"{s[0].__name__}.{s[1]}")
@pytest.mark.parametrize("fate", ["sound", "missing", "broken"])
def test_killed_anywhere_a_restore_leaves_the_old_file_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any, after: bool, fate: str
) -> None:
    path, backup, first, second = made(tmp_path)
    if fate == "missing":
        path.unlink()
    elif fate == "broken":
        path.write_bytes(path.read_bytes()[:30_000])
    broken = path.read_bytes() if fate == "broken" else b""
    module, name = step
    through = getattr(module, name)

    def killed(*arguments: Any, **named: Any) -> Any:
        if after:
            through(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with suppress(Killed):
            restore(backup, path)
    untouched = {
        "missing": lambda: not path.exists(),
        "broken": lambda: path.read_bytes() == broken,
    }
    if fate == "sound" or not untouched[fate]():
        assert check(path).findings == ()
        with opened(path, create=False) as bank:
            assert ids(bank) in ([first], [first, second])
    restore(backup, path)
    with opened(path, create=False) as bank:
        assert ids(bank) == [first]
    assert not list(tmp_path.glob(".*.partial"))


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, backup, first, second = made(tmp_path)
    through = sqlite.statements()["replace_all"]
    full = "INSERT INTO main.banks SELECT * FROM fresh.banks;"
    assert full in through
    monkeypatch.setitem(
        sqlite.statements(), "replace_all", through.replace(full, full + "PRAGMA max_page_count=1;"
        "CREATE TABLE main.more AS SELECT zeroblob(9999999) AS z;"),
    )  # fmt: skip
    with pytest.raises(StoreError):
        restore(backup, path)
    with opened(path) as bank:
        assert ids(bank) == [first, second]
    assert check(path).findings == ()


def test_the_log_of_a_file_that_is_lost_never_meets_the_restored_one(tmp_path: Path) -> None:
    path, backup, first, _ = made(tmp_path)
    bank = opened(path)
    for i in range(20):
        bank.remember(f"I like pears {i}. " * 200)
    log = path.with_name("m.db-wal").read_bytes()
    bank.close()
    path.unlink()
    path.with_name("m.db-wal").write_bytes(log)
    restore(backup, path)
    with opened(path) as bank:
        assert ids(bank) == [first]
    assert check(path).findings == ()


# -- backup --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [(sqlite, "copy_database"), (files.os, "fsync"),
                                  (files.os, "link")], ids=lambda s: s[1])  # fmt: skip
def test_killed_anywhere_a_backup_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any
) -> None:
    path, _, first, second = made(tmp_path)
    module, name = step

    def killed(*arguments: Any, **named: Any) -> Any:
        raise Killed

    with opened(path) as bank:
        store = bank.desk.store
        assert isinstance(store, SQLiteStore)
        with monkeypatch.context() as patch:
            patch.setattr(module, name, killed)
            with pytest.raises(Killed):
                store.backup(tmp_path / "new.db")
        assert not (tmp_path / "new.db").exists()
        store.backup(tmp_path / "new.db")
    with opened(tmp_path / "new.db", create=False) as copy:
        assert ids(copy) == [first, second]
    assert check(tmp_path / "new.db").findings == ()


def test_a_backup_that_is_not_sound_is_not_made(tmp_path: Path) -> None:
    path, *_ = made(tmp_path)
    with opened(path) as bank:
        for i in range(40):
            bank.remember(f"I like tea {i}. " * 200)
    data = bytearray(path.read_bytes())
    data[16384 * 6 : 16384 * 7] = b"\xff" * 16384
    path.write_bytes(bytes(data))
    with pytest.raises(MemoryBankError):
        SQLiteStore.open(path).backup(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists() and not list(tmp_path.glob(".*.partial"))
