"""Care of a bank file, as far as SQL can see: are its pages sound, its halves complete; and one
file in the place of another.

What is to be read and compared, and what can be made anew, is the doctor's (`verbs/doctor.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import apsw

from memorybank.errors import NotABank, StoreError
from memorybank.records import Lang
from memorybank.store.files import BESIDE, partial, place, remove, sync_folder
from memorybank.store.sqlite import (
    APPLICATION_ID,
    SQLiteStore,
    SQLiteTransaction,
    connect,
    copy_database,
    schema_in,
    transaction,
    translated,
)
from memorybank.store.statements import migrations, statements

_CHINESE = {
    "a turn without its memory": "一轮对话缺少它的记忆",
    "a memory without its text": "一条记忆缺少它的原文",
    "a memory without its words": "一条记忆缺少它的字词",
    "a summary without its sources": "一份小结缺少它的来源",
}
_FOUND = ("bank {0}: {1} (number {2})", "记忆库 {0}：{1}（序号 {2}）")
_FOREIGN = ("{0} without its {1}", "{0} 缺少对应的 {1}")


def examine(path: Path, lang: Lang = "en") -> list[str]:
    """Return what SQL finds wrong with a file, in words; an empty list for a sound one.

    What SQLite itself finds stays in its own English. Raises StoreError where the file cannot
    even be opened.
    """
    store = SQLiteStore.open(path, create=False)
    try:
        zh = lang == "zh"
        problems = pages(path)
        with translated(path):
            connection = connect(path)
            try:
                foreign = connection.execute("PRAGMA foreign_key_check").fetchall()
            finally:
                connection.close()
        problems += [_FOREIGN[zh].format(row[0], row[2]) for row in foreign]
        with store.read() as tx:
            for bank, *_ in tx.rows("all_banks"):
                found = tx.rows("kept_orphans", bank=bank)
                problems += [
                    _FOUND[zh].format(bank, _CHINESE[what] if zh else what, number)
                    for what, number in found
                ]
        return problems
    finally:
        store.close()


def pages(path: Path) -> list[str]:
    """Return what SQLite finds wrong with the pages of a file."""
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            rows = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        finally:
            connection.close()
    return [row for row in rows if row != "ok"]


@contextmanager
def looking(path: Path) -> Iterator[SQLiteTransaction]:
    """Open a snapshot of a file as it is: nothing is made, migrated or written.

    Raises NotABank, NewerBank, DamagedBank.
    """
    with translated(path):
        if not path.is_file():
            raise StoreError(f"there is no bank file at {path}", f"{path} 处没有记忆库文件")
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            with transaction(connection, "BEGIN"):
                schema_in(connection, path, len(migrations()))
                yield SQLiteTransaction(connection)
        finally:
            connection.close()


def schema_of(path: Path) -> int:
    """Return the schema of a bank file; raises what `looking` raises."""
    with looking(path) as tx:
        return tx.schema


@contextmanager
def opened_copy(backup: Path, target: Path) -> Iterator[SQLiteStore]:
    """Open a private copy of a backup beside the file that it is to become, brought up to date.

    Raises StoreError where it is none of ours, or not sound.
    """
    if not backup.is_file():
        raise StoreError(f"there is no backup at {backup}", f"{backup} 处没有备份")
    with partial(target, "restore") as fresh:
        with translated(backup):
            source = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                if source.pragma("application_id") != APPLICATION_ID:
                    raise NotABank(
                        f"{backup} is not a backup of a memory bank: choose another one",
                        f"{backup} 不是记忆库的备份：请换一份",
                    )
                copy_database(source, fresh)
            finally:
                source.close()
        store = SQLiteStore.open(fresh, create=False, alone=True)
        try:
            yield store
        finally:
            store.close()


def replace(target: Path, fresh: Path) -> Path | None:
    """Put a complete file in the place of another; returns where the old one is kept.

    A sound bank is replaced in one transaction, so that whoever has it open sees the old or the
    new, and every one of its acknowledged turns is in the copy that is kept. What is missing or
    broken is replaced as a file.
    """
    if not target.exists():
        remove(target)  # a log without its file must not meet another one
        place(fresh, target)
        return None
    if not _is_sound(target):
        return _replace_file(target, fresh)
    writer = connect(target)
    try:
        with translated(target):
            writer.execute("ATTACH ? AS fresh", (str(fresh),))
            with transaction(writer, "BEGIN IMMEDIATE"):
                kept = _kept(target)
                writer.execute(statements()["replace_all"]).fetchall()  # to its very end
            writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return kept
    finally:
        writer.close()


def set_aside(path: Path) -> Path:
    """Copy a file as it stands to a name beside it that nobody has; returns the name."""
    return _kept(path)


def _kept(target: Path) -> Path:
    kept = _free_name(target)
    with partial(kept, "before") as copy:
        source = connect(target)  # of its own: the writer's transaction has changed nothing yet
        try:
            copy_database(source, copy)
        finally:
            source.close()
        place(copy, kept)
    return kept


def _is_sound(path: Path) -> bool:
    try:
        return schema_of(path) == len(migrations()) and not pages(path)
    except StoreError:
        return False


def _replace_file(target: Path, fresh: Path) -> Path:
    """Rename a broken file and its log, whose pages must not meet the new file's."""
    kept = _free_name(target)
    for end in BESIDE[1:]:
        beside = target.with_name(target.name + end)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + end))
    with suppress(OSError):
        os.link(target, kept)  # so that there is a file at every moment
    if not kept.exists():
        target.replace(kept)
    place(fresh, target, over=True)
    sync_folder(target.parent)
    return kept


def _free_name(target: Path) -> Path:
    stamp = f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (target.with_name(stamp + (f"-{n}" if n else "")) for n in count())
    return next(name for name in names if not name.exists())
