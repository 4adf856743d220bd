"""Care of a bank file: examine it, and put a backup in its place."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import apsw

from memorybank.errors import DamagedBank, StoreError
from memorybank.records import Lang
from memorybank.store.sqlite import SQLiteStore, copy_database, translated

_CHINESE = {
    "a turn without its memory": "一轮对话缺少它的记忆",
    "a memory without its text": "一条记忆缺少它的原文",
    "a memory without its words": "一条记忆缺少它的字词",
    "a summary without its sources": "一份小结缺少它的来源",
}
_FOUND = ("bank {0}: {1} (number {2})", "记忆库 {0}：{1}（序号 {2}）")
_FOREIGN = ("{0} without its {1}", "{0} 缺少对应的 {1}")


def examine(path: Path, lang: Lang = "en") -> list[str]:
    """Return what is wrong with a file, in words; an empty list for a sound one.

    What SQLite itself finds stays in its own English.

    Raises StoreError where it cannot even be opened.
    """
    store = SQLiteStore.open(path, create=False)
    try:
        zh = lang == "zh"
        problems = _pages(path, zh)
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


def _pages(path: Path, zh: bool) -> list[str]:
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            rows = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            foreign = connection.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            connection.close()
    return [row for row in rows if row != "ok"] + [
        _FOREIGN[zh].format(row[0], row[2]) for row in foreign
    ]


def restore(backup: Path, target: Path) -> Path | None:
    """Put a backup in the place of the bank file, atomically; returns where the old one went.

    Processes that have the old file open go on with it: close them first.
    """
    if not backup.is_file():
        raise StoreError(f"there is no backup at {backup}", f"{backup} 处没有备份")
    fresh = target.with_name(target.name + ".restoring")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(fresh, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    try:
        with translated(backup):
            source = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                copy_database(source, fresh)
            finally:
                source.close()
        if problems := examine(fresh):
            raise DamagedBank(
                f"the backup {backup} is not sound ({problems[0]}): use another one",
                f"备份 {backup} 不完好（{problems[0]}）：请换一份",
            )
        kept = _set_aside(target)
        fresh.replace(target)
        return kept
    finally:
        for leftover in (fresh, *(fresh.with_name(fresh.name + end) for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)


def _set_aside(target: Path) -> Path | None:
    """Fold the log into the old file and rename it; a log of its own must not meet the new one."""
    if not target.exists():
        return None
    with suppress(StoreError):  # whatever is wrong with it, it is only put aside
        SQLiteStore.open(target, create=False).close()
    stamp = f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (target.with_name(stamp + (f"-{n}" if n else "")) for n in count())
    kept = next(name for name in names if not name.exists())
    target.replace(kept)
    for end in ("-wal", "-shm"):
        beside = target.with_name(target.name + end)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + end))
    return kept
