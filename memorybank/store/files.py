"""Files of our own: private from their first moment, in place whole or not at all.

Law of this file: what is made here is readable by its owner alone whatever the umask says; a
file gets its real name only when it is complete and on the disk; what a killed process left
behind half done is told by its lock and removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from uuid import uuid4

import apsw

try:
    import fcntl
except ImportError:  # Windows, where the database's own locks have to do
    fcntl = None  # type: ignore[assignment]

from memorybank.errors import ReadOnlyBank, StoreError

BESIDE = ("", "-wal", "-shm", "-journal")
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
PARTIAL = "partial"
"""Ends the name of a file that is not complete yet."""


def exists(path: Path) -> bool:
    """Say whether there is such a file; raises ReadOnlyBank where that cannot be told."""
    try:
        return path.exists()
    except OSError as error:
        raise cannot_write(path, error) from error


def make_private(path: Path, *, fresh: bool = False) -> None:
    """Create the file readable by its owner alone, its folder too if it is new.

    `fresh` refuses a file that is there, and with it a link that somebody laid in its place.
    """
    flags = os.O_CREAT | os.O_RDWR | (os.O_EXCL if fresh else 0)
    try:
        make_folder(path.parent)
        known = path.exists()
        handle = os.open(path, flags, PRIVATE_FILE)
        try:
            if not known and hasattr(os, "fchmod"):
                os.fchmod(handle, PRIVATE_FILE)  # a umask may have taken from it
        finally:
            os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, with those above it; one that is there stays as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):  # somebody else was quicker
        folder.mkdir(mode=PRIVATE_FOLDER)
        folder.chmod(PRIVATE_FOLDER)


def cannot_write(path: Path, error: OSError) -> ReadOnlyBank:
    """Return the error of a place that cannot be written, with its cure."""
    return ReadOnlyBank(
        f"cannot write {path} ({error.strerror}): choose another --file, or set MEMORYBANK_HOME",
        f"无法写入 {path}（{error.strerror}）：请换一个 --file，或设置 MEMORYBANK_HOME",
    )


@contextmanager
def partial(final: Path, purpose: str) -> Iterator[Path]:
    """Give a private file beside `final` to be filled; whatever happens, it is gone afterwards.

    `place` gives it its real name. Leftovers of killed processes are removed first.
    """
    remove_leftovers(final.parent, escape(final.name), purpose)
    path = final.with_name(f".{final.name}.{purpose}-{uuid4().hex[:12]}.{PARTIAL}")
    unnamed = path.with_name(path.name + ".new")
    make_private(unnamed, fresh=True)
    with unnamed.open("rb") as held:
        if fcntl:
            fcntl.flock(held, fcntl.LOCK_EX)
        unnamed.replace(path)  # under a name that others look for only once it is held
        try:
            yield path
        finally:
            remove(path)


def place(path: Path, final: Path, *, over: bool = False) -> None:
    """Give a complete file its real name, durably and at once; `over` replaces what is there."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
    if over:
        path.replace(final)
    else:
        try:
            os.link(path, final)
        except FileExistsError:
            raise StoreError(
                f"{final} is already there: choose another name",
                f"{final} 已经存在：请换个名字",
            ) from None
        except OSError:  # a file system without links
            path.replace(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Remove a database file and what SQLite keeps beside it."""
    for end in BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


def leftovers(folder: Path, final: str = "*", purpose: str = "*") -> list[Path]:
    """Return unfinished files of a folder that nobody is working on any more."""
    found = folder.glob(f".{final}.{purpose}-{'[0-9a-f]' * 12}.{PARTIAL}")
    return [path for path in sorted(found) if not _in_use(path)]


def remove_leftovers(folder: Path, final: str = "*", purpose: str = "*") -> None:
    """Remove what killed processes left half done."""
    for path in leftovers(folder, final, purpose):
        remove(path)


def automatic_copies(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the copies of a bank file that were made by themselves: those from before a
    migration, and those that a restore or a repair set aside."""
    ends = (*BESIDE[1:], ".erased")
    migrated = sorted(path.parent.glob(f"{path.name}.schema*.bak"))
    aside = [p for p in sorted(path.parent.glob(f"{path.name}.before-*"))]
    return migrated, [p for p in aside if not p.name.endswith(ends)]


def _in_use(path: Path) -> bool:
    """Say whether some process holds this file."""
    with suppress(OSError), path.open("rb") as probe:
        try:
            if fcntl:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return False
    try:
        connection.pragma("locking_mode", "exclusive")  # else a write-ahead log hides the others
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except (apsw.BusyError, apsw.LockedError):
        return True
    except apsw.Error:
        return False
    finally:
        connection.close()
    return False
