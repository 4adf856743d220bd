"""Files that are no bank, or a damaged, newer, older one; backups, restoring, migrations."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import apsw
import pytest

from memorybank import MemoryBank
from memorybank.errors import (
    DamagedBank,
    MemoryBankError,
    NewerBank,
    NotABank,
    ReadOnlyBank,
    StoreError,
)
from memorybank.store import sqlite
from memorybank.store.care import examine
from memorybank.store.sqlite import APPLICATION_ID, SQLiteStore
from memorybank.store.statements import migrations
from memorybank.testing import HashEmbedder
from memorybank.verbs.restore import restore

TEXT = "I like tea and plums."


def small(path: Path, *, create: bool = True) -> MemoryBank:
    return MemoryBank.open(path, bank="emily", create=create, embedder=HashEmbedder(dim=16))


def made(path: Path, turns: int = 1, size: int = 1) -> list[str]:
    with small(path) as bank:
        return [bank.remember(f"{TEXT} {i} " + "tea " * size) for i in range(turns)]


def ids_in(path: Path) -> list[str]:
    with small(path, create=False) as bank:
        return [memory.id for day in bank.timeline() for memory in day.memories]


def pragma(path: Path, name: str, value: Any = None) -> Any:
    connection = apsw.Connection(str(path))
    try:
        return connection.pragma(name, value) if value is not None else connection.pragma(name)
    finally:
        connection.close()


# -- what is no bank -----------------------------------------------------------------------


def test_a_newer_file_is_refused_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    made(path)
    pragma(path, "user_version", 99)
    before = path.read_bytes()
    for attempt in (lambda: small(path), lambda: small(path, create=False), lambda: examine(path)):
        with pytest.raises(NewerBank, match="pip install -U"):
            attempt()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.glob("m.db*")] == ["m.db"]


STRANGERS = [b"Dear diary, " * 500, b"SQLite format 3\0" + b"x" * 4080, b"hi\n"]


@pytest.mark.parametrize("content", STRANGERS)
def test_something_else_is_refused_unharmed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises((NotABank, DamagedBank)) as caught:
        small(path)
    assert "choose another --file" in str(caught.value) or "restore" in str(caught.value)
    assert "Dear" not in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_foreign_database_is_refused_unharmed(tmp_path: Path, version: int) -> None:
    path = tmp_path / "other.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE contacts (name TEXT); INSERT INTO contacts VALUES ('Anna')")
    other.pragma("user_version", version)
    other.close()
    before = path.read_bytes()
    with pytest.raises(NotABank, match="another program"):
        small(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_bank(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    path.touch()
    made(path)
    assert pragma(path, "page_size") == 16384 and examine(path) == []


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "file").write_text("here")
    for name in ("folder.db", "file/m.db", "file/a/m.db"):
        with pytest.raises(ReadOnlyBank, match="--file"):
            small(tmp_path / name)
    assert (tmp_path / "file").read_text() == "here"
    assert not list((tmp_path / "folder.db").iterdir())


def test_a_missing_file_is_not_made_by_the_way(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    for look in (lambda: small(path, create=False), lambda: examine(path)):
        with pytest.raises(StoreError, match="remember"):
            look()
    assert not path.exists()


READ_ONLY = """
import os, sys
from pathlib import Path
from memorybank import MemoryBank
from memorybank.errors import MemoryBankError
def attempt(path):
    try:
        with MemoryBank.open(path, bank="emily", embedder=None) as bank:
            bank.remember("hello there")
            print("written")
    except MemoryBankError as error:
        print(type(error).__name__, "--file" in str(error))
folder = Path(sys.argv[1])
attempt(folder / "free" / "warm-up.db")
if os.getuid() == 0:
    os.setuid(65534)  # the superuser may write anywhere
attempt(folder / "closed" / "m.db")
attempt(folder / "closed" / "new" / "m.db")
attempt(folder / "locked.db")
attempt(folder / "secret" / "m.db")
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of Unix")
def test_folders_and_files_that_cannot_be_written() -> None:
    folder = Path(tempfile.mkdtemp(prefix="memorybank-test-"))
    try:
        for name in ("free", "closed", "secret"):
            (folder / name).mkdir()
        made(folder / "locked.db")
        (folder / "locked.db").chmod(0o444)
        (folder / "closed").chmod(0o555)
        (folder / "secret").chmod(0o000)
        folder.chmod(0o755)
        before = (folder / "locked.db").read_bytes()
        run = [sys.executable, "-c", READ_ONLY, str(folder)]
        done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["written"] + ["ReadOnlyBank True"] * 4
        assert (folder / "locked.db").read_bytes() == before
    finally:
        for name in ("closed", "secret"):
            (folder / name).chmod(0o755)
        shutil.rmtree(folder)


# -- damage --------------------------------------------------------------------------------


def damaged(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    page = 16384
    if how == "truncated":
        data = data[: len(data) // 2 // page * page]
    elif how == "cut in a page":
        data = data[: len(data) - page // 2]
    elif how == "a page of noise":
        for start in range(page, len(data), page):  # all but the schema
            data[start : start + page] = bytes(range(256)) * (page // 256)
    elif how == "flipped":
        for i in range(page, len(data), 97):
            data[i] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("how", ["truncated", "cut in a page", "a page of noise", "flipped"])
def test_a_damaged_file_is_told(tmp_path: Path, how: str) -> None:
    path = tmp_path / "m.db"
    made(path, turns=40, size=300)
    damaged(path, how)
    try:
        problems = examine(path)
    except StoreError as error:
        problems = [str(error)]
    assert problems and not any("plums" in problem for problem in problems)

    def use() -> None:
        with small(path, create=False) as bank:
            bank.recall("tea and plums")
            bank.timeline()
            bank.remember("one more")

    with pytest.raises(StoreError) as caught:
        use()
    assert "restore" in str(caught.value) and "plums" not in str(caught.value)


def test_a_sound_file_has_nothing_to_tell(tmp_path: Path) -> None:
    made(tmp_path / "m.db", turns=3)
    assert examine(tmp_path / "m.db") == []


def test_halves_that_miss_each_other_are_told(tmp_path: Path) -> None:
    made(tmp_path / "m.db", turns=3)
    connection = apsw.Connection(str(tmp_path / "m.db"))
    connection.execute("DELETE FROM turns WHERE number = 1; DELETE FROM terms WHERE number = 2")
    connection.close()
    problems = examine(tmp_path / "m.db")
    assert len(problems) == 2 and "number 1" in problems[0] + problems[1]


# -- backup --------------------------------------------------------------------------------


def backed_up(bank: MemoryBank, target: Path) -> None:
    store: SQLiteStore = bank.desk.store  # type: ignore[assignment]
    store.backup(target)


def test_backup_while_it_is_written(tmp_path: Path) -> None:
    path, errors = tmp_path / "m.db", []
    known = made(path, turns=30, size=8_000)  # some pages, so that the copy takes steps
    stop = threading.Event()

    def write() -> None:
        i = 0
        with small(path) as other:
            while not stop.is_set():
                i += 1
                (other if i % 2 else bank).remember(f"more {i} " + "tea " * 300)

    with small(path) as bank:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for i in range(6):
                backed_up(bank, tmp_path / f"b{i}.db")
        except MemoryBankError as error:
            errors.append(error)
        finally:
            stop.set()
            writer.join(60)
    assert errors == []
    sizes = []
    for i in range(6):
        assert examine(tmp_path / f"b{i}.db") == []
        ids = ids_in(tmp_path / f"b{i}.db")
        assert set(known) <= set(ids) <= set(ids_in(path))
        sizes.append(len(ids))
    assert sizes == sorted(sizes)
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_never_holds_half_a_transaction(tmp_path: Path) -> None:
    begun, done = threading.Event(), threading.Event()
    with small(tmp_path / "m.db") as bank:
        memory = bank.remember(TEXT)

        def half() -> None:
            with pytest.raises(ZeroDivisionError), bank.desk.store.write() as tx:
                tx.run("set_extra", bank=1, extra='{"half": "done"}')
                begun.set()
                done.wait(1)  # a backup that waits for writers must not wait for ever
                raise ZeroDivisionError

        writer = threading.Thread(target=half)
        writer.start()
        begun.wait(10)
        try:
            backed_up(bank, tmp_path / "b.db")
        finally:
            done.set()
            writer.join(10)
        with small(tmp_path / "b.db", create=False) as copy:
            assert copy.info().extra == {} and copy.recall("tea")[0].id == memory


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    with small(tmp_path / "m.db") as bank:
        bank.remember(TEXT)
        (tmp_path / "b.db").write_text("precious")
        for target in (tmp_path / "b.db", tmp_path / "m.db", tmp_path):
            with pytest.raises(StoreError, match="another name"):
                backed_up(bank, target)
        assert (tmp_path / "b.db").read_text() == "precious"
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError):
            backed_up(bank, tmp_path / "file" / "b.db")


def test_restore_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    (first,) = made(path)
    with small(path) as bank:
        backed_up(bank, tmp_path / "b.db")
        second = bank.remember("Said after the backup.")
    kept = restore(tmp_path / "b.db", path).kept
    assert ids_in(path) == [first] and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept is not None and ids_in(kept) == [first, second], "the old one is kept beside it"
    assert examine(path) == [] and not list(tmp_path.glob("*.restoring*"))
    made(path)
    assert len(ids_in(path)) == 2 and ids_in(tmp_path / "b.db") == [first]


def test_restore_where_nothing_is(tmp_path: Path) -> None:
    (first,) = made(tmp_path / "b.db")
    assert restore(tmp_path / "b.db", tmp_path / "deep" / "new" / "m.db").kept is None
    assert ids_in(tmp_path / "deep" / "new" / "m.db") == [first]


def test_restoring_twice_keeps_both_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from memorybank.store import care

    class Frozen(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Frozen:
            return cls(2026, 3, 2, 9, tzinfo=tz or UTC)

    monkeypatch.setattr(care, "datetime", Frozen, raising=False)
    path = tmp_path / "m.db"
    (first,) = made(path)
    (other,) = made(tmp_path / "b.db")
    kept = restore(tmp_path / "b.db", path).kept
    again = restore(tmp_path / "b.db", path).kept
    assert kept is not None and again is not None and kept != again
    assert ids_in(kept) == [first] and ids_in(again) == [other]


@pytest.mark.parametrize("how", ["text", "foreign", "newer", "damaged", "missing", "folder"])
def test_restore_of_junk_is_refused(tmp_path: Path, how: str) -> None:
    path, junk = tmp_path / "m.db", tmp_path / "junk.db"
    (memory,) = made(path)
    if how == "text":
        junk.write_text("Dear diary, " * 500)
    elif how == "foreign":
        other = apsw.Connection(str(junk))
        other.execute("CREATE TABLE contacts (name TEXT)")
        other.close()
    elif how == "folder":
        junk.mkdir()
    elif how != "missing":
        made(junk, turns=40, size=300)
        pragma(junk, "user_version", 99) if how == "newer" else damaged(junk, "a page of noise")
    with pytest.raises(StoreError):
        restore(junk, path)
    assert ids_in(path) == [memory]
    beside = {p.name for p in tmp_path.iterdir() if not p.name.startswith("junk.db")}
    assert beside == {"m.db", "home"}


@pytest.mark.parametrize("how", ["text", "newer", "truncated", "a page of noise"])
def test_a_backup_can_take_the_place_of_what_is_broken(tmp_path: Path, how: str) -> None:
    path = tmp_path / "m.db"
    (memory,) = made(tmp_path / "b.db")
    made(path, turns=40, size=300)
    if how == "text":
        path.write_text("overwritten by accident " * 900)
    elif how == "newer":
        pragma(path, "user_version", 99)
    else:
        damaged(path, how)
    broken = path.read_bytes()
    kept = restore(tmp_path / "b.db", path).kept
    assert ids_in(path) == [memory]
    assert kept is not None and kept.read_bytes() == broken


# -- migrations ----------------------------------------------------------------------------


def test_a_file_that_was_begun_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    begun = apsw.Connection(str(path))  # killed between its first pragma and its first schema
    begun.pragma("page_size", 16384)
    begun.pragma("application_id", APPLICATION_ID)
    begun.close()
    assert pragma(path, "user_version") == 0 and path.stat().st_size > 0
    (memory,) = made(path)
    assert ids_in(path) == [memory] and examine(path) == []
    assert pragma(path, "user_version") == len(migrations())
    assert not list(tmp_path.glob("*.bak")), "there was nothing to back up"


def test_replaying_the_migrations_gives_the_schema(tmp_path: Path) -> None:
    made(tmp_path / "m.db")
    replayed = apsw.Connection(":memory:")
    for script in migrations():
        replayed.execute(script)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"
    there = apsw.Connection(str(tmp_path / "m.db"))
    assert there.execute(schema).fetchall() == replayed.execute(schema).fetchall()
    there.close()


NEXT = "CREATE TABLE later (bank INTEGER) STRICT; INSERT INTO later SELECT bank FROM banks;"


def test_an_older_file_is_backed_up_and_brought_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, have = tmp_path / "m.db", len(migrations())
    ids = made(path, turns=3)
    scripts = [*migrations(), NEXT]
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "migrations", lambda: scripts)
        assert ids_in(path) == ids
        assert pragma(path, "user_version") == have + 1
        (backup,) = tmp_path.glob("m.db*.bak")
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        small(path).close()
        assert list(tmp_path.glob("m.db*.bak")) == [backup], "once"
    assert pragma(backup, "user_version") == have and ids_in(backup) == ids
    with pytest.raises(NewerBank):
        small(path)


def test_a_migration_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, have = tmp_path / "m.db", len(migrations())
    ids = made(path, turns=3)
    scripts = [*migrations(), NEXT, "CREATE TABLE banks (again INTEGER)"]
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "migrations", lambda: scripts)
        with pytest.raises((MemoryBankError, apsw.Error)):
            small(path)
    assert pragma(path, "user_version") == have
    assert ids_in(path) == ids and examine(path) == []


def test_many_processes_migrate_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.db"
    ids = made(path, turns=3)
    scripts = [*migrations(), NEXT]
    errors: list[BaseException] = []

    def open_it() -> None:
        try:
            SQLiteStore.open(path).close()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "migrations", lambda: scripts)
        threads = [threading.Thread(target=open_it) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert errors == [] and ids_in(path) == ids
    connection = apsw.Connection(str(path))
    assert connection.execute("SELECT count(*) FROM later").fetchall() == [(1,)]
    connection.close()
