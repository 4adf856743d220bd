"""The log of what happens to memories: every change of a strength is an event in it.

State is a fold over the log (`forget.replay`), so the columns of `memories` and the index are
only its newest values. Written inside the transaction of the verb that causes the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memorybank import forget
from memorybank.errors import UnknownMemory
from memorybank.records import EventKind
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    MemoryRow,
    events_of,
    fades_days,
    memories_by_number,
    to_days,
    to_us,
)
from memorybank.verbs.desk import (
    Desk,
    birth_of,
    happening,
    index_of,
    memory_named,
    state_values,
)
from memorybank.verbs.shelf import Volume


def reserve(tx: Transaction, volume: Volume, bank: int, *, edition: bool = False) -> int:
    """Take the next number of a bank and mark the bank as changed.

    The volume keeps its own count in step as long as what is written also goes in its index;
    `edition` says that it cannot.
    """
    row = tx.row("reserve", bank=bank, count=1, edition=int(edition))
    if row is None:
        raise RuntimeError("the bank went away inside its own transaction")
    return int(row[0])


def caught_up(tx: Transaction, volume: Volume, bank: int) -> None:
    """Note that the index holds all that this transaction wrote."""
    row = tx.row("bank_version", bank=bank)
    highest = tx.row("highest_number", bank=bank)
    if row and highest:
        volume.version, volume.last_number = row[0], highest[0]


def reinforce(
    tx: Transaction,
    volume: Volume,
    bank: BankRow,
    memory_ids: Sequence[str],
    *,
    by: int,
    at: datetime,
) -> None:
    """Log that a turn recalled these memories, once each; untrusted ones do not grow stronger."""
    for memory_id in dict.fromkeys(memory_ids):
        try:
            row = memory_named(tx, bank.bank, memory_id)
        except UnknownMemory:
            continue  # erased between its recall and the reply: nothing to strengthen
        if row.trusted and row.number != by:
            record(tx, volume, bank, row, "recall", at, turn=by)


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
    preset, moment = forget.preset(bank.preset), to_us(at)
    retained = forget.retention(to_days(moment), to_days(row.last_at), row.strength)
    number = reserve(tx, volume, bank.bank)
    event = {"bank": bank.bank, "number": number, "memory": row.number, "kind": kind, "at": moment}
    tx.run("insert_event", **event, turn=turn, effect=value, retained=retained)
    state = replayed(tx, bank, row, preset)
    _write_state(tx, volume, bank.bank, row, state, moment)
    volume.newest_event = max(volume.newest_event, moment)
    return state


def replayed(
    tx: Transaction,
    bank: BankRow,
    row: MemoryRow,
    preset: forget.Preset,
    until: float = forget.NEVER,
) -> forget.State:
    """Return the state to which the log of a memory leads, up to `until` (days)."""
    events = [happening(event) for event in events_of(tx, bank.bank, row.number)]
    return forget.replay(preset, birth_of(bank, row), events, until)


def restate(tx: Transaction, volume: Volume, bank: BankRow, row: MemoryRow) -> None:
    """Bring a memory's columns to where its log leads under the bank's preset."""
    state = replayed(tx, bank, row, forget.preset(bank.preset))
    _write_state(tx, volume, bank.bank, row, state, row.last_at)


def _write_state(
    tx: Transaction, volume: Volume, bank: int, row: MemoryRow, state: forget.State, moment: int
) -> None:
    # Days are floats; the microsecond of the event itself is kept where the state took it over.
    last_at = moment if abs(state.last - to_days(moment)) < 1e-9 else row.last_at
    columns = state_values(state, last_at)
    tx.run("update_state", bank=bank, number=row.number, **columns)
    fades = columns["fades_at"]
    index_of(volume).patch(
        row.number,
        significance=state.significance,
        strength=state.strength,
        last=to_days(last_at),
        fades=fades_days(fades if isinstance(fades, int) else None),
        pinned=float(state.pinned),
    )


def happen(desk: Desk, memory_id: str, kind: EventKind, at: datetime) -> None:
    """Log one event of one memory in a transaction of its own: pin, unpin, fade, revive."""
    with desk.write() as (tx, volume, bank):
        row = memory_named(tx, bank.bank, memory_id)
        record(tx, volume, bank, row, kind, at)
        caught_up(tx, volume, bank.bank)


def change_preset(desk: Desk, name: str) -> None:
    """Hold every memory of the bank by another curve; the log stays, so it can be undone."""
    forget.preset(name)
    with desk.write() as (tx, volume, bank):
        tx.run("set_preset", bank=bank.bank, preset=name)
        row = tx.row("bank_again", bank=bank.bank)
        changed = BankRow(*row) if row else bank
        numbers = [r[0] for r in tx.rows("load_memories", bank=bank.bank, above=0)]
        for memory in memories_by_number(tx, bank.bank, numbers).values():
            restate(tx, volume, changed, memory)
        reserve(tx, volume, bank.bank)
        caught_up(tx, volume, bank.bank)
