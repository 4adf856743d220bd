"""Tombstones: how the store knows again what was erased, without keeping any of it.

    mark = blake2b(kind, value; key=salt)     16 bytes each

An id, a caller's id, a wording together with its day, a whole bank: each is hashed with a salt
that was drawn for the file. Whoever has the file has the salt, and can test a guess; whoever has
only the marks cannot. A list of them stands beside the file too, for the day when the file is
lost and an older backup takes its place.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from memorybank.store import Transaction
from memorybank.store.files import partial, place

Kind = Literal["id", "name", "said", "bank"]
SALT_BYTES, MARK_BYTES = 16, 16
LIST_ENDS = ".erased"


class Stone(NamedTuple):
    """One row of `tombstones`."""

    salt: bytes
    realm: bytes
    mark: bytes
    at: int


class Sign(NamedTuple):
    """Something that can be erased: its kind, and what tells it from others."""

    kind: Kind
    value: bytes


def sign_of_id(memory_id: str) -> Sign:
    """Return the sign of a memory's own id."""
    return Sign("id", memory_id.encode())


def sign_of_name(external_id: str) -> Sign:
    """Return the sign of the id that a caller or a file gave to a turn."""
    return Sign("name", external_id.encode("utf-8", "replace"))


def sign_of_wording(text_hash: bytes, day: int) -> Sign:
    """Return the sign of what was said on a day; the same words on another day are another turn."""
    return Sign("said", text_hash + day.to_bytes(8, "big", signed=True))


def sign_of_bank(bank_id: str) -> Sign:
    """Return the sign of a whole bank."""
    return Sign("bank", bank_id.encode())


def _hashed(salt: bytes, kind: str, value: bytes) -> bytes:
    text = kind.encode() + b"\x00" + value
    return hashlib.blake2b(text, digest_size=MARK_BYTES, key=salt).digest()


def _realm(salt: bytes, tenant: str, name: str) -> bytes:
    pair = f"{len(tenant)}:{tenant}{name}".encode("utf-8", "replace")
    return _hashed(salt, "realm", pair)


@dataclass(frozen=True, slots=True)
class Graveyard:
    """What was erased from one bank, under every salt that its file has seen."""

    marks: dict[bytes, frozenset[bytes]]

    def __contains__(self, sign: Sign) -> bool:
        """Say whether this was erased."""
        return any(_hashed(salt, *sign) in marks for salt, marks in self.marks.items())

    def __bool__(self) -> bool:
        return any(self.marks.values())


def graveyard(tx: Transaction, tenant: str, name: str) -> Graveyard:
    """Return what was erased from the bank of this name, also from earlier ones of that name."""
    marks: dict[bytes, frozenset[bytes]] = {}
    salt = b""
    while (row := tx.row("next_salt", after=salt)) and row[0] is not None:
        salt = row[0]
        rows = tx.rows("marks_of", salt=salt, realm=_realm(salt, tenant, name))
        marks[salt] = frozenset(mark for (mark,) in rows)
    return Graveyard(marks)


def bury(tx: Transaction, tenant: str, name: str, signs: Iterable[Sign], at: int) -> None:
    """Set a stone for each sign; `at` in microseconds since the epoch."""
    row = tx.row("next_salt", after=b"")
    salt = row[0] if row and row[0] is not None else os.urandom(SALT_BYTES)
    realm = _realm(salt, tenant, name)
    add(tx, (Stone(salt, realm, _hashed(salt, *sign), at) for sign in signs))


def add(tx: Transaction, stones: Iterable[Stone]) -> None:
    """Set stones; those that stand already stay as they are."""
    tx.run_many("insert_tombstone", (stone._asdict() for stone in stones))


def all_stones(tx: Transaction) -> list[Stone]:
    """Return every stone of a file."""
    return [Stone(*row) for row in tx.rows("all_tombstones")]


# -- the list beside the file --------------------------------------------------------------------


def list_beside(path: Path) -> Path:
    """Return where the list of a bank file's stones stands."""
    return path.with_name(path.name + LIST_ENDS)


def write_list(path: Path, stones: Collection[Stone]) -> None:
    """Write the list beside a bank file, whole or not at all."""
    beside = list_beside(path)
    known = set(read_list(path))
    if known >= set(stones):
        return
    lines = sorted(
        f"{s.salt.hex()} {s.realm.hex()} {s.mark.hex()} {s.at}" for s in known | set(stones)
    )
    with partial(beside, "list") as fresh:
        fresh.write_text("\n".join(lines) + "\n", "ascii")
        place(fresh, beside, over=True)


def read_list(path: Path) -> list[Stone]:
    """Return the stones of the list beside a bank file; lines that are none are passed over."""
    stones = []
    with suppress(OSError, UnicodeDecodeError):
        for line in list_beside(path).read_text("ascii").splitlines():
            with suppress(ValueError):
                salt, realm, mark, at = line.split()
                stone = Stone(
                    bytes.fromhex(salt), bytes.fromhex(realm), bytes.fromhex(mark), int(at)
                )
                if len(stone.salt) == SALT_BYTES and len(stone.mark) == MARK_BYTES:
                    stones.append(stone)
    return stones
