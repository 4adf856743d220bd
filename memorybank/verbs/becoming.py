"""How the portrait came to be, day by day: what was new, what gave way, what was corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from memorybank import portray
from memorybank.records import Departed, PortraitDay, Statement
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    MemoryRow,
    TurnRow,
    day_of,
    memories,
    memories_by_number,
    turns_by_number,
)
from memorybank.summarise import Said
from memorybank.verbs.desk import Desk, zone_of
from memorybank.verbs.outdated import outdated, replaced
from memorybank.verbs.read import derived_of, source_ids, statement_of


def portrait_history(
    desk: Desk, now: datetime, *, last: date | None, count: int | None
) -> list[PortraitDay]:
    """Return the days that changed the portrait, as known at `now`, oldest first.

    Of those up to `last` no more than the newest `count`. What a corrected turn had said counts
    no more, before the next digest too; it is read again from the turn, which is still there.
    """
    with desk.read() as (tx, _, bank):
        today = date.fromordinal(day_of(now, zone_of(bank)))
        old = outdated(tx, bank, replaced(tx, bank, now)).numbers
        rows = [row for row in derived_of(tx, bank, "statement") if row.number not in old]
        numbers = {row.id: row.number for row in rows}
        heirs: dict[str, str] = {}
        withdrawn = list(_withdrawn(tx, bank, set(numbers.values()), heirs))
        history = portray.history(map(statement_of, rows), withdrawn)
        days = [day for day in history if day.day <= min(last or today, today)]
        shown = days if count is None else days[max(0, len(days) - count) :]
        return [_with_sources(tx, bank, day, numbers, heirs) for day in shown]


def _withdrawn(
    tx: Transaction, bank: BankRow, standing: set[int], heirs: dict[str, str]
) -> Iterator[tuple[Statement, date]]:
    """Yield what corrected turns had said of the user, each with the day of the correction.

    Fills `heirs`: from the id of a turn to the id of the one that corrects it. What the correction
    says as well was not corrected: it goes on. Left out is what stands on other turns too.
    """
    rows = memories(tx.rows("memories_corrected", bank=bank.bank))
    newer = memories_by_number(tx, bank.bank, [row.superseded_by or 0 for row in rows])
    turns = turns_by_number(tx, bank.bank, [*(row.number for row in rows), *newer])
    for row in rows:
        heir = newer.get(row.superseded_by or 0)
        derived = {r[0] for r in tx.rows("derived_from", bank=bank.bank, source=row.number)}
        if heir is None or derived & standing:
            continue
        heirs[row.id] = heir.id
        kept = {draft.text for draft in _drafts(heir, turns[heir.number])}
        for draft in _drafts(row, turns[row.number]):
            until = date.max if draft.text in kept else date.fromordinal(heir.day)
            yield _as_said(row, draft, date.fromordinal(row.day)), until


def _drafts(row: MemoryRow, turn: TurnRow) -> list[portray.Draft]:
    said = Said(
        row.number,
        turn.text or "",
        "",
        0.0,
        by_user=turn.author == "user",
        trusted=bool(row.trusted),
    )
    return portray.drafts([said])


def _as_said(row: MemoryRow, draft: portray.Draft, when: date) -> Statement:
    """Return a statement that stands no more: it has no id, only the turn that said it."""
    return Statement(
        id="", topic=draft.topic, text=draft.text, when=when, method="extractive",
        lang=row.lang, sources=(row.id,),
    )  # fmt: skip


def _with_sources(
    tx: Transaction,
    bank: BankRow,
    day: PortraitDay,
    numbers: dict[str, int],
    heirs: dict[str, str],
) -> PortraitDay:
    """Return a day whose statements know their turns; what was corrected, by what."""

    def full(statement: Statement) -> Statement:
        if not statement.id:
            return statement
        return replace(statement, sources=source_ids(tx, bank, numbers[statement.id]))

    new = tuple(full(statement) for statement in day.new)

    def departed(one: Departed) -> Departed:
        by = full(one.by) if one.by else None
        if one.why == "corrected":
            heir = heirs[one.statement.sources[0]]
            by = next((statement for statement in new if heir in statement.sources), None)
        return replace(one, statement=full(one.statement), by=by)

    back = tuple(full(statement) for statement in day.back)
    return replace(day, new=new, back=back, left=tuple(departed(one) for one in day.left))
