"""The log of what happens to memories: every change of a strength is an event in it.

State is a fold over the log (`forget.replay`), so the columns of `memories` and the index are
only its newest values. Written inside the transaction of the verb that causes the event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memorybank import forget
from memorybank.errors import UnknownMemory
from memorybank.records import Context, EventKind, Recollection
from memorybank.store import Transaction
from memorybank.store.tables import (
    US_PER_DAY,
    BankRow,
    MemoryRow,
    events_of,
    memories_by_number,
    to_days,
    to_us,
)
from memorybank.verbs.desk import (
    Desk,
    bank_again,
    birth_of,
    happening,
    index_of,
    memory_named,
    state_values,
)
from memorybank.verbs.shelf import Volume, Written


def reserve(tx: Transaction, volume: Volume, bank: int, *, edition: bool = False) -> int:
    """Take the next number of a bank and mark the bank as changed; `edition` says that an index
    cannot follow this change by appending."""
    row = tx.row("reserve", bank=bank, count=1, edition=int(edition))
    if row is None:
        raise RuntimeError("the bank went away inside its own transaction")
    number, version, now = row
    volume.written = Written(version, now, number)
    return int(number)


def caught_up(volume: Volume) -> None:
    """Note that the index holds all that this transaction wrote, up to its last `reserve`."""
    if volume.written is not None:
        volume.version, volume.edition, volume.last_number = volume.written
        volume.written = None


def reinforce(
    tx: Transaction,
    volume: Volume,
    bank: BankRow,
    memory_ids: Sequence[str],
    *,
    by: int,
    at: datetime,
) -> None:
    """Log that a turn recalled these memories, once each, by their shares of its attention.

    Untrusted ones and the turn itself do not grow stronger.
    """
    rows = []
    for memory_id in dict.fromkeys(memory_ids):
        try:
            rows.append(memory_named(tx, bank.bank, memory_id))
        except UnknownMemory:
            continue  # erased between its recall and the reply: nothing to strengthen
    shares = forget.attention([row.significance for row in rows])
    for row, share in zip(rows, shares, strict=True):
        if row.trusted and row.number != by:
            alone = len(rows) == 1
            record(tx, volume, bank, row, "recall", at, turn=by, value=None if alone else share)


def record(
    tx: Transaction,
    volume: Volume,
    bank: BankRow,
    row: MemoryRow,
    kind: EventKind,
    at: datetime,
    *,
    turn: int | None = None,
    value: float | None = None,
) -> forget.State:
    """Log one event and bring the memory's state, in store and index, to where the log leads."""
    moment = to_us(at)
    retained = forget.retention(to_days(moment), to_days(row.last_at), row.strength)
    number = reserve(tx, volume, bank.bank)
    event = {"bank": bank.bank, "number": number, "memory": row.number, "kind": kind, "at": moment}
    tx.run("insert_event", **event, turn=turn, effect=value, retained=retained)
    state = restate(tx, volume, bank, row)
    volume.newest_event = max(volume.newest_event, moment)
    return state


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a memory's log leads: its state, from which microsecond it is reckoned, and that of
    the last recall, None if there was none."""

    state: forget.State
    last_at: int
    recalled_at: int | None


def standing(
    tx: Transaction, bank: BankRow, row: MemoryRow, until: float = forget.NEVER
) -> Standing:
    """Return where the log of a memory leads, up to `until` (days)."""
    events = events_of(tx, bank.bank, row.number)
    birth = birth_of(bank, row)
    state = forget.replay(forget.preset(bank.preset), birth, map(happening, events), until)
    # The curve counts in days; the store keeps the microsecond that they came from, if they do.
    moments = {to_days(us): us for us in (row.born_at, *(event.at for event in events))}
    recalls = [e.at for e in events if e.kind == "recall" and to_days(e.at) <= until]
    return Standing(
        state,
        last_at=moments.get(state.last, round(state.last * US_PER_DAY)),
        recalled_at=max(recalls) if recalls and state.recalls else None,
    )


def restate(tx: Transaction, volume: Volume, bank: BankRow, row: MemoryRow) -> forget.State:
    """Bring a memory's columns, in store and index, to where its log leads; returns the state."""
    found = standing(tx, bank, row)
    state = found.state
    tx.run("update_state", bank=bank.bank, number=row.number, **state_values(state, found.last_at))
    index_of(volume).patch(
        row.number,
        significance=state.significance,
        strength=state.strength,
        last=state.last,
        fades=state.fades_at,
        pinned=float(state.pinned),
    )
    return state


def happen(desk: Desk, memory_id: str, kind: EventKind, at: datetime) -> None:
    """Log one event of one memory in a transaction of its own: pin, unpin, fade, revive."""
    with desk.write() as (tx, volume, bank):
        row = memory_named(tx, bank.bank, memory_id)
        record(tx, volume, bank, row, kind, at)
        caught_up(volume)


def used_ids(used: Context | Recollection | Iterable[str]) -> list[str]:
    """Return the ids of what entered a prompt, however it is told."""
    if isinstance(used, Context):
        return [hit.id for hit in used.recalled]
    if isinstance(used, Recollection):
        return [hit.id for hit in used]
    return list(used)


def strengthen(desk: Desk, turn_id: str, used: Sequence[str], at: datetime) -> None:
    """Log in a transaction of its own that a stored turn recalled these memories."""
    with desk.write() as (tx, volume, bank):
        turn = memory_named(tx, bank.bank, turn_id)
        reinforce(tx, volume, bank, used, by=turn.number, at=at)
        reserve(tx, volume, bank.bank)
        caught_up(volume)


def change_preset(desk: Desk, name: str) -> None:
    """Hold every memory of the bank by another curve; the log stays, so it can be undone."""
    forget.preset(name)
    with desk.write() as (tx, volume, bank):
        tx.run("set_preset", bank=bank.bank, preset=name)
        changed = bank_again(tx, desk)
        numbers = [row[0] for row in tx.rows("load_memories", bank=bank.bank, above=0)]
        for memory in memories_by_number(tx, bank.bank, numbers).values():
            restate(tx, volume, changed, memory)
        reserve(tx, volume, bank.bank, edition=True)


def set_extra(desk: Desk, key: str, value: Any) -> None:
    """Keep a fact of an application beside the bank, in place of the one of the same key."""
    with desk.write() as (tx, volume, bank):
        extra = {**json.loads(bank.extra), key: value}
        tx.run("set_extra", bank=bank.bank, extra=json.dumps(extra, ensure_ascii=False))
        reserve(tx, volume, bank.bank)
        caught_up(volume)
