"""What an erasure would take along, told beforehand. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from memorybank.records import Record
from memorybank.store import Transaction
from memorybank.store.tables import BankRow, MemoryRow, derived_by_number, memories_by_number
from memorybank.verbs.desk import Desk, bank_again
from memorybank.verbs.erase import chosen, refuse_summary


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAlong(Record):
    """Something derived that would go: its level (day, week, month, global, insight, statement)
    and its period."""

    id: str
    level: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldErase(Record):
    """What would be gone; nothing has been erased.

    The three counts are those of the receipt that erasing now would give. `ids` are the turns,
    `along` what is derived from them, made anew from what remains; `stand_again` are turns that
    count again, since what had replaced them would go.
    """

    turns: int
    summaries: int
    statements: int
    ids: tuple[str, ...]
    along: tuple[TakenAlong, ...]
    stand_again: tuple[str, ...]


def would_erase(
    desk: Desk,
    *,
    ids: Sequence[str] = (),
    day: date | None = None,
    source: str | None = None,
    versions: bool = False,
) -> WouldErase:
    """Say what `erase` of the same would take along; raises what that would raise."""
    with desk.store.read() as tx:
        bank = bank_again(tx, desk)
        rows = memories_by_number(tx, bank.bank, chosen(tx, bank, ids, day, source, versions))
        for row in rows.values():
            refuse_summary(row)
        along = _standing_on(tx, bank, rows)
        again = _standing_again(tx, bank, rows)
    statements = sum(taken.level == "statement" for taken in along)
    return WouldErase(
        turns=len(rows), summaries=len(along) - statements, statements=statements,
        ids=tuple(row.id for row in rows.values()), along=tuple(along), stand_again=tuple(again),
    )  # fmt: skip


def _standing_on(tx: Transaction, bank: BankRow, sources: Iterable[int]) -> list[TakenAlong]:
    """Return all that is derived from these, and what is derived from that, lowest first."""
    seen: dict[int, None] = {}
    waiting = list(sources)
    while waiting:
        above = [
            number
            for source in waiting
            for (number,) in tx.rows("derived_from", bank=bank.bank, source=source)
        ]
        waiting = [number for number in dict.fromkeys(above) if number not in seen]
        seen |= dict.fromkeys(waiting)
    rows = derived_by_number(tx, bank.bank, seen)
    return [
        TakenAlong(id=rows[number].id, level=rows[number].level, period=rows[number].period)
        for number in seen
        if number in rows
    ]


def _standing_again(tx: Transaction, bank: BankRow, gone: Mapping[int, MemoryRow]) -> list[str]:
    """Return the ids of what had been replaced, where all that replaced it would be gone."""

    def next_left(row: MemoryRow, step: Callable[[MemoryRow], int | None]) -> MemoryRow | None:
        while number := step(row):
            found = memories_by_number(tx, bank.bank, [number]).get(number)
            if found is None or number not in gone:
                return found
            row = found
        return None

    ids: dict[str, None] = {}
    for row in gone.values():
        old = next_left(row, lambda version: version.supersedes)
        if old and next_left(row, lambda version: version.superseded_by) is None:
            ids[old.id] = None
    return list(ids)
