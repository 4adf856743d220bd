"""Disks that fail: one that forgets what was not synced, one that breaks at a chosen call.

kill -9 alone does not test durability, since the system's cache survives it. A recording disk
notes every write, sync, truncation and removal; a power cut is any prefix of that record in which
each write since the last sync of its file may or may not have arrived.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
BASE = apsw.vfs_names()[0]
"""The disk that is really there."""


@dataclass
class Op:
    """One thing that was asked of the disk; `at` in bytes."""

    kind: str  # write, sync, truncate, delete, ack
    file: str = ""
    at: int = 0
    data: bytes = b""


@dataclass
class Record:
    """All that was asked of a disk, in order."""

    ops: list[Op] = field(default_factory=list)

    def ack(self, what: str) -> None:
        """Note that somebody was told that something is safe."""
        self.ops.append(Op("ack", what))

    def save(self, path: Path) -> None:
        """Write the record to a file: a line for each op, then its bytes."""
        with path.open("wb") as out:
            for op in self.ops:
                out.write(f"{op.kind}\t{op.file}\t{op.at}\t{len(op.data)}\n".encode() + op.data)

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read back what `save` wrote."""
        record = cls()
        with path.open("rb") as out:
            while line := out.readline():
                kind, file, at, length = line.decode().rstrip("\n").split("\t")
                record.ops.append(Op(kind, file, int(at), out.read(int(length))))
        return record

    def after_cut(self, end: int, dice: random.Random) -> tuple[dict[str, bytearray], set[str]]:
        """Return what files hold after a power cut before op `end`, and what had been promised.

        What was synced is there; of the rest each write has arrived with an even chance, the last
        one perhaps only in part.
        """
        files: dict[str, bytearray] = {}
        pending: dict[str, list[Op]] = {}
        acknowledged: set[str] = set()
        for op in self.ops[:end]:
            if op.kind == "ack":
                acknowledged.add(op.file)
            elif op.kind == "delete":
                files.pop(op.file, None)
                pending.pop(op.file, None)
            elif op.kind == "sync":
                for waiting in pending.pop(op.file, []):
                    _apply(files, waiting)
            else:
                pending.setdefault(op.file, []).append(op)
        for of_file in pending.values():
            for op in of_file:
                if dice.random() < 0.5:
                    torn = op.kind == "write" and dice.random() < 0.1 and len(op.data) > SECTOR
                    cut = dice.randrange(0, len(op.data), SECTOR) if torn else len(op.data)
                    _apply(files, Op(op.kind, op.file, op.at, op.data[:cut]))
        return files, acknowledged


def _apply(files: dict[str, bytearray], op: Op) -> None:
    content = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del content[op.at :]
        return
    if len(content) < op.at:
        content.extend(bytes(op.at - len(content)))
    content[op.at : op.at + len(op.data)] = op.data


class RecordingVFS(apsw.VFS):
    """A disk that does all that is asked, and writes it down. Takes the place of the default."""

    def __init__(self, name: str, record: Record) -> None:
        self.record = record
        super().__init__(name, BASE, makedefault=True)

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:
        """Open a file."""
        return _RecordingFile(self.record, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Remove a file."""
        self.record.ops.append(Op("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, record: Record, name: Any, flags: Any) -> None:
        self.record = record
        self.short = Path(name.filename() if hasattr(name, "filename") else name or "temp").name
        super().__init__(BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.record.ops.append(Op("write", self.short, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self.record.ops.append(Op("truncate", self.short, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.record.ops.append(Op("sync", self.short))


class FailingVFS(apsw.VFS):
    """A disk on which the n-th call of a kind fails, and every later one until it is repaired."""

    def __init__(self, name: str) -> None:
        self.count = 0
        self.hit = 0
        self.fails_at: int | None = None
        self.kind = "sync"
        self.error: Callable[[], Exception] = apsw.IOError
        super().__init__(name, BASE, makedefault=True)

    def break_at(self, n: int | None, kind: str = "sync", error: Any = apsw.IOError) -> None:
        """Fail from the n-th call on; None repairs the disk."""
        if n is not None:
            self.count = self.hit = 0
        self.fails_at, self.kind, self.error = n, kind, error

    def step(self, kind: str) -> None:
        """Count a call; raises if the disk is broken by now."""
        if self.fails_at is None or kind != self.kind:
            return
        self.count += 1
        if self.count >= self.fails_at:
            self.hit += 1
            raise self.error()

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:
        """Open a file."""
        return _FailingFile(self, name, flags)


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingVFS, name: Any, flags: Any) -> None:
        self.disk = disk
        super().__init__(BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.step("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self.disk.step("sync")
        super().xSync(flags)
