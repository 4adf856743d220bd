"""One SQLite file: durable, several threads and processes, backed up, migrated.

Law of this file: every write is one BEGIN IMMEDIATE transaction with synchronous=FULL; every
read is one snapshot. One writer at a time in a process, readers from a pool. No SQL stands
here but pragmas and transaction control.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from memorybank.errors import (
    BankBusy,
    DamagedBank,
    DiskFull,
    NewerBank,
    NotABank,
    ReadOnlyBank,
    StoreError,
)
from memorybank.store import Row, scrub
from memorybank.store.files import automatic_copies, exists, make_private, partial, place
from memorybank.store.statements import migrations, statements
from memorybank.store.tombstones import all_stones, write_list

APPLICATION_ID = 0x4D424E4B  # "MBNK": tells our files from any other SQLite file
BUSY_MS = 30_000
"""Rewriting a file of 2 GB after an erasure takes a dozen seconds; others wait so long."""
READERS = 8


class SQLiteTransaction:
    """Statements on one connection, between a BEGIN and its COMMIT."""

    def __init__(self, connection: apsw.Connection, *, joined: bool = False) -> None:
        self._connection = connection
        self.joined = joined

    def rows(self, statement: str, **values: Any) -> list[Row]:
        """Return all rows of the named statement."""
        return self._connection.execute(statements()[statement], values).fetchall()

    def row(self, statement: str, **values: Any) -> Row | None:
        """Return the first row of the named statement, or None."""
        return self._connection.execute(statements()[statement], values).fetchone()

    def run(self, statement: str, **values: Any) -> None:
        """Run the named statement for its effect."""
        self._connection.execute(statements()[statement], values)

    def run_many(self, statement: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Run the named statement once for each mapping."""
        self._connection.executemany(statements()[statement], values)

    @property
    def schema(self) -> int:
        """The schema of the file."""
        return int(self._connection.pragma("user_version"))


class SQLiteStore:
    """A bank file; open it with `SQLiteStore.open`."""

    def __init__(self, path: Path, writer: apsw.Connection, *, alone: bool = False) -> None:
        self.path = path
        self._alone = alone
        self._writer = writer
        self._write_lock = threading.RLock()
        self._pool: list[apsw.Connection] = []
        self._pool_lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, create: bool = True, alone: bool = False) -> SQLiteStore:
        """Open the file, making or migrating it as needed, after a copy of it was made.

        `alone` is for a file that is itself a copy: nothing is kept or swept beside it.

        Raises:
            NotABank, DamagedBank, NewerBank, ReadOnlyBank, DiskFull, BankBusy: each says its cure.
        """
        if not exists(path):
            if not create:
                raise StoreError(
                    f"there is no bank file at {path}: `remember` or `import` makes one",
                    f"{path} 处没有记忆库文件：`remember` 或 `import` 会新建",
                )
            make_private(path)
        with translated(path):
            writer = connect(path)
            try:
                _prepare_patiently(writer, path, alone=alone)
            except BaseException:
                writer.close()
                raise
        return cls(path, writer, alone=alone)

    @contextmanager
    def write(self) -> Iterator[SQLiteTransaction]:
        """Open a writing transaction; it commits at the end of the block or leaves no trace.

        Opened inside another one of the same thread it joins that: all of it, or nothing.
        """
        with self._write_lock, translated(self.path):
            self._check_open()
            if self._writer.in_transaction:
                yield SQLiteTransaction(self._writer, joined=True)
                return
            with transaction(self._writer, "BEGIN IMMEDIATE"):
                yield SQLiteTransaction(self._writer)

    @contextmanager
    def read(self) -> Iterator[SQLiteTransaction]:
        """Open a snapshot on a connection of the pool."""
        with translated(self.path):
            connection = self._borrow()
            try:
                with transaction(connection, "BEGIN"):
                    yield SQLiteTransaction(connection)
            finally:
                self._give_back(connection)

    def scrub(self) -> bool:
        """Take what was erased out of the file, its log and its automatic copies.

        Returns False where that must wait: somebody still reads, or the disk is full.
        """
        with self._write_lock, translated(self.path):
            self._check_open()
            clean = scrub.rewrite(self._writer, self.path, BUSY_MS)
        if self._alone:
            return clean
        scrub.drop_copies(self.path)
        with self.write() as tx:  # one process at a time
            write_list(self.path, all_stones(tx))
        return clean

    def copies(self) -> list[Path]:
        """Return what a restore or a repair set aside."""
        return [] if self._alone else automatic_copies(self.path)[1]

    def reindex(self) -> None:
        """Make every index anew from its table."""
        with self._write_lock, translated(self.path):
            self._check_open()
            self._writer.execute("REINDEX")

    def tidy(self) -> None:
        """Fold the write-ahead log into the file."""
        with self._write_lock, translated(self.path):
            self._check_open()
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def backup(self, target: Path) -> None:
        """Copy the whole file, online and verified; the target appears at once or not at all."""
        if target.exists():
            raise StoreError(
                f"{target} is already there: choose another name",
                f"{target} 已经存在：请换个名字",
            )
        with partial(target, "backup") as fresh:
            with translated(target):
                source = connect(self.path)  # of its own: writers go on meanwhile
                try:
                    copy_database(source, fresh)
                finally:
                    source.close()
            place(fresh, target)

    def close(self) -> None:
        """Close every connection; safe to call twice."""
        with self._write_lock, self._pool_lock:
            self._closed = True
            for connection in [*self._pool, self._writer]:
                connection.close()
            self._pool.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(
                f"{self.path} was closed: open the bank again",
                f"{self.path} 已经关闭：请重新打开记忆库",
            )

    def _borrow(self) -> apsw.Connection:
        with self._pool_lock:
            self._check_open()
            if self._pool:
                return self._pool.pop()
        return connect(self.path)

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._pool_lock:
            if not self._closed and len(self._pool) < READERS:
                self._pool.append(connection)
                return
        connection.close()


@contextmanager
def transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    """Commit at the end of the block; roll back on any exception."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk or an I/O error may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def copy_database(source: apsw.Connection, target: Path) -> None:
    """Copy everything in one step, which is one snapshot, then check the copy."""
    copy = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        with copy.backup("main", source, "main") as work:
            work.step(-1)
        copy.pragma("journal_mode", "delete")  # a copy is one file, with no log beside it
        if copy.pragma("integrity_check") != "ok":
            raise DamagedBank(
                f"the copy at {target} does not pass its check: run `memorybank doctor`",
                f"{target} 处的副本没有通过检查：请运行 `memorybank doctor`",
            )
    finally:
        copy.close()


def connect(path: Path) -> apsw.Connection:
    """Open a connection with the settings that every one of ours has."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("foreign_keys", True)
    connection.pragma("secure_delete", True)
    connection.pragma("synchronous", "full")
    connection.pragma("temp_store", "memory")  # no text of anybody in temporary files
    return connection


def _prepare_patiently(connection: apsw.Connection, path: Path, *, alone: bool) -> None:
    """Prepare the file; SQLite does not wait by itself while others turn it into a WAL file."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            return _prepare(connection, path, alone=alone)
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _prepare(connection: apsw.Connection, path: Path, *, alone: bool) -> None:
    """Bring a new or older file to the newest schema; refuse what is not ours, untouched."""
    scripts = migrations()
    with transaction(connection, "BEGIN"):  # others may be making the file this very moment
        have = schema_in(connection, path, len(scripts))
    if have == len(scripts):
        return
    if connection.pragma("journal_mode") != "wal":
        connection.pragma("page_size", 16384)
        connection.pragma("journal_mode", "wal")
    with transaction(connection, "BEGIN IMMEDIATE"):
        have = schema_in(connection, path, len(scripts))
        if not alone and 0 < have < len(scripts):
            _keep_old(path, have)
        connection.pragma("application_id", APPLICATION_ID)
        for number, script in enumerate(scripts[have:], have + 1):
            connection.execute(script)
            connection.pragma("user_version", number)


def schema_in(connection: apsw.Connection, path: Path, newest: int) -> int:
    """Return the schema of a file that is ours, 0 for an empty one."""
    have: int = connection.pragma("user_version")
    empty = connection.pragma("schema_version") == 0
    if not empty and connection.pragma("application_id") != APPLICATION_ID:
        raise NotABank(
            f"{path} is a database of another program: choose another --file",
            f"{path} 是别的程序的数据库：请换一个 --file",
        )
    if have > newest:
        raise NewerBank(
            f"{path} was written by a later version (schema {have}, this one knows {newest}): "
            "pip install -U siliconfriend. The file was not touched",
            f"{path} 由更新的版本写成（格式 {have}，这个版本只认到 {newest}）："
            "pip install -U siliconfriend。文件没有动过",
        )
    return have


def _keep_old(path: Path, schema: int) -> None:
    """Copy a file before it is migrated; the next erasure takes the copy away."""
    backup = path.with_name(f"{path.name}.schema{schema}.bak")
    with partial(backup, "migration") as fresh:
        source = connect(path)
        try:
            copy_database(source, fresh)
        finally:
            source.close()
        place(fresh, backup, over=True)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, each with its cure."""
    try:
        yield
    except apsw.BusyError as error:
        raise BankBusy(
            f"{path} is held by another process: try again in a moment",
            f"{path} 正被另一个进程占用：请稍后再试",
        ) from error
    except apsw.FullError as error:
        raise DiskFull(
            f"no space left for {path}: nothing was lost; free some and repeat",
            f"{path} 所在的磁盘满了：什么也没丢；请腾出空间再试",
        ) from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise ReadOnlyBank(
            f"cannot open {path} for writing: check its owner and folder, or choose another --file",
            f"无法打开 {path} 来写入：请检查它的所有者和文件夹，或换一个 --file",
        ) from error
    except apsw.NotADBError as error:
        raise NotABank(
            f"{path} is not a memory bank: choose another --file",
            f"{path} 不是记忆库：请换一个 --file",
        ) from error
    except apsw.CorruptError as error:
        raise DamagedBank(
            f"{path} is damaged: run `memorybank doctor`, or `memorybank restore` a backup",
            f"{path} 已损坏：请运行 `memorybank doctor`，或用 `memorybank restore` 恢复备份",
        ) from error
    except apsw.IOError as error:
        raise StoreError(
            f"the disk failed under {path} ({error}): what was stored is kept",
            f"{path} 所在的磁盘出错了（{error}）：已存下的都还在",
        ) from error
