"""Looking without touching: portrait, summaries, timeline, one memory explained, jobs, banks."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import cast

from memorybank import forget, portray
from memorybank.digesting import digest_key
from memorybank.index import DAY
from memorybank.records import (
    BankInfo,
    Event,
    Explanation,
    Job,
    Level,
    Memory,
    Part,
    Portrait,
    Statement,
    Summary,
    Turn,
)
from memorybank.records import Day as TimelineDay
from memorybank.rendering import rendered
from memorybank.store import Store, Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    EventRow,
    JobRow,
    MemoryRow,
    TurnRow,
    day_name,
    day_of,
    derived_by_number,
    events_of,
    from_us,
    ids_by_number,
    memories,
    memories_by_number,
    sources_of,
    to_days,
    to_us,
    turns_by_number,
)
from memorybank.verbs import log
from memorybank.verbs.desk import Desk, memory_named, zone_of
from memorybank.verbs.outdated import Outdated, outdated, replaced

CURVE_DAYS = 60.0


def portrait(desk: Desk, now: datetime) -> Portrait:
    """Return who the user is by their own words up to `now`: the newest of each topic.

    What stands on words that were corrected since is left out until a digest makes it anew, and
    a plan once its day has gone.
    """
    with desk.read() as (tx, _, bank):
        today = day_name(day_of(now, zone_of(bank)))
        old = outdated(tx, bank, replaced(tx, bank, now)).numbers
        rows = {
            row.id: row
            for row in derived_of(tx, bank, "statement")
            if row.period <= today and row.number not in old
        }
        # There may be thousands: only those that are shown are asked for their sources.
        local = now.astimezone(zone_of(bank))
        chosen = portray.select([statement_of(row) for row in rows.values()], now=local)
        shown = tuple(
            statement_of(rows[s.id], source_ids(tx, bank, rows[s.id].number)) for s in chosen
        )
    method = "extractive" if all(s.method == "extractive" for s in shown) else "model"
    return Portrait(statements=shown, lang=bank.lang, method=method)


def statements(desk: Desk) -> list[Statement]:
    """Return every statement ever drawn from what stands in the bank, oldest first."""
    with desk.read() as (tx, _, bank):
        rows = derived_of(tx, bank, "statement")
        return [statement_of(row, source_ids(tx, bank, row.number)) for row in rows]


def derived_of(tx: Transaction, bank: BankRow, level: str) -> list[DerivedRow]:
    """Return everything derived of one level, oldest first."""
    return [DerivedRow(*row) for row in tx.rows("derived_of_level", bank=bank.bank, level=level)]


def statement_of(row: DerivedRow, sources: tuple[str, ...] = ()) -> Statement:
    """Return the public record of a stored statement."""
    return Statement(
        id=row.id,
        topic=row.topic,
        text=row.text,
        when=date.fromisoformat(row.period),
        method=row.method,
        lang=row.lang,
        sources=sources,
    )


def source_ids(tx: Transaction, bank: BankRow, number: int) -> tuple[str, ...]:
    """Return the public ids of what something was derived from."""
    numbers = sources_of(tx, bank.bank, number)
    ids = ids_by_number(tx, bank.bank, numbers)
    return tuple(ids[n] for n in numbers if n in ids)


def summaries(desk: Desk, level: Level) -> list[Summary]:
    """Return the summaries of one level, oldest first; of one that quotes, what still holds."""
    with desk.read() as (tx, _, bank):
        stale = {row[1] for row in tx.rows("jobs_of_kind", bank=bank.bank, kind="digest")}
        old = outdated(tx, bank, replaced(tx, bank))
        return [_summary(tx, bank, row, stale, old) for row in derived_of(tx, bank, level)]


def _summary(
    tx: Transaction, bank: BankRow, row: DerivedRow, stale: set[str], old: Outdated
) -> Summary:
    return Summary(
        id=row.id,
        level=cast("Level", row.level),
        period=row.period,
        text=old.current(row.text) if row.method == "extractive" else row.text,
        method=row.method,
        lang=row.lang,
        sources=source_ids(tx, bank, row.number),
        made_at=from_us(row.made_at, zone_of(bank)),
        stale=digest_key(row.level, row.period) in stale,
    )


def timeline(
    desk: Desk, now: datetime, *, first: date | None, last: date | None, count: int | None = None
) -> list[TimelineDay]:
    """Return the days of a bank in order, each with its summaries and memories as held at `now`;
    of those between `first` and `last` no more than the newest `count`."""
    with desk.read() as (tx, _, bank):
        within = {
            "bank": bank.bank, "now": to_us(now), "low": first.toordinal() if first else 0,
            "high": last.toordinal() if last else date.max.toordinal(),
        }  # fmt: skip
        days = [
            row[0] for row in tx.rows("days_of", **within, count=-1 if count is None else count)
        ]
        if not days:
            return []
        by_day: dict[int, list[MemoryRow]] = {day: [] for day in reversed(days)}
        for row in memories(tx.rows("turns_between", **{**within, "low": min(days)})):
            by_day[row.day].append(row)
        stale = {row[1] for row in tx.rows("jobs_of_kind", bank=bank.bank, kind="digest")}
        old = outdated(tx, bank, replaced(tx, bank, now))
        return [_timeline_day(tx, bank, day, of, now, stale, old) for day, of in by_day.items()]


def _timeline_day(
    tx: Transaction,
    bank: BankRow,
    day: int,
    rows: list[MemoryRow],
    now: datetime,
    stale: set[str],
    old: Outdated,
) -> TimelineDay:
    found: dict[str, Summary] = {}
    for level in ("day", "insight"):
        row = tx.row("derived_at", bank=bank.bank, level=level, period=day_name(day))
        if row:
            found[level] = _summary(tx, bank, DerivedRow(*row), stale, old)
    return TimelineDay(
        day=date.fromordinal(day),
        summary=found.get("day"),
        insight=found.get("insight"),
        memories=tuple(described(tx, bank, rows, now)),
    )


def described(tx: Transaction, bank: BankRow, rows: list[MemoryRow], now: datetime) -> list[Memory]:
    """Return the public records of memories as they are held at `now`."""
    numbers = [row.number for row in rows]
    turns = turns_by_number(tx, bank.bank, numbers)
    derived = derived_by_number(tx, bank.bank, [row.number for row in rows if row.kind == DAY])
    heirs = memories_by_number(
        tx, bank.bank, [row.superseded_by for row in rows if row.superseded_by]
    )
    result = []
    for row in rows:
        turn = turns.get(row.number)
        text = (
            rendered(turn.text, turn.reply, turn.speaker, turn.replier, row.lang)
            if turn
            else derived[row.number].text
        )
        heir = heirs.get(row.superseded_by or 0)
        known = heir is not None and heir.occurred_at <= to_us(now)
        result.append(_memory(tx, bank, row, turn, text, heir.id if heir and known else None, now))
    return result


def _memory(
    tx: Transaction,
    bank: BankRow,
    row: MemoryRow,
    turn: TurnRow | None,
    text: str,
    heir: str | None,
    now: datetime,
) -> Memory:
    zone, moment = zone_of(bank), to_days(to_us(now))
    standing = log.standing(tx, bank, row, moment)
    state = standing.state
    held = forget.retention(moment, state.last, state.strength)
    return Memory(
        id=row.id,
        kind="day" if row.kind == DAY else "turn",
        occurred_at=from_us(row.occurred_at, zone),
        text=text,
        significance=state.significance,
        strength=state.strength,
        retention=1.0 if state.pinned else held,
        last_recalled_at=from_us(standing.recalled_at, zone) if standing.recalled_at else None,
        fades_at=_moment(state.fades_at, bank),
        faded=forget.has_faded(state, moment),
        pinned=state.pinned,
        trusted=bool(row.trusted),
        external_id=turn.external_id if turn else None,
        replaced_by=heir,
    )


def _moment(days: float, bank: BankRow) -> datetime | None:
    """Return a fading moment as a time, None for never and for beyond the calendar."""
    if not 0 <= days < 2_900_000 - 719_163:
        return None
    return from_us(round(days * 86_400_000_000), zone_of(bank))


def turn_record(bank: BankRow, memory: MemoryRow, turn: TurnRow) -> Turn:
    """Return the public record of a stored turn."""
    zone = zone_of(bank)
    return Turn(
        id=memory.id,
        text=turn.text,
        reply=turn.reply,
        occurred_at=from_us(memory.occurred_at, zone),
        recorded_at=from_us(turn.recorded_at, zone),
        precision=turn.precision,
        conversation=turn.conversation,
        seq=turn.seq,
        speaker=turn.speaker,
        replier=turn.replier,
        author=turn.author,
        channel=turn.channel,
        source=turn.source,
        trusted=bool(memory.trusted),
        lang=memory.lang,
        external_id=turn.external_id,
    )


def recent(desk: Desk, now: datetime, count: int) -> list[Turn]:
    """Return the last turns of a bank up to `now`, oldest first."""
    with desk.read() as (tx, _, bank):
        rows = tx.rows("last_turns", bank=bank.bank, until=to_us(now), count=count)
        numbers = [row[0] for row in rows]
        found = turns_by_number(tx, bank.bank, numbers)
        held = memories_by_number(tx, bank.bank, numbers)
        return [turn_record(bank, held[n], found[n]) for n in reversed(numbers)]


def explain(desk: Desk, memory_id: str, now: datetime) -> Explanation:
    """Return all that is known about one memory: its curve, its log, its kin."""
    with desk.read() as (tx, _, bank):
        row = memory_named(tx, bank.bank, memory_id)
        moment = to_days(to_us(now))
        state = log.standing(tx, bank, row, moment).state
        memory = described(tx, bank, [row], now)[0]
        turn = turns_by_number(tx, bank.bank, [row.number]).get(row.number)
        kin = [r[0] for r in tx.rows("derived_from", bank=bank.bank, source=row.number)]
        ids = ids_by_number(tx, bank.bank, [*kin, row.supersedes or 0])
        return Explanation(
            memory=memory,
            parts=tuple(Part(**part) for part in json.loads(row.parts)),
            preset=bank.preset,
            events=tuple(
                _event(tx, bank, event)
                for event in events_of(tx, bank.bank, row.number)
                if event.at <= to_us(now)
            ),
            sources=source_ids(tx, bank, row.number) if row.kind == DAY else (),
            derived=tuple(ids[n] for n in kin if n in ids),
            replaces=(ids[row.supersedes],) if row.supersedes in ids else (),
            replaced_by=memory.replaced_by,
            turn=turn_record(bank, row, turn) if turn else None,
            curve=forget.curve(state, moment, CURVE_DAYS),
        )


def _event(tx: Transaction, bank: BankRow, event: EventRow) -> Event:
    turn = ids_by_number(tx, bank.bank, [event.turn]).get(event.turn) if event.turn else None
    return Event(
        kind=event.kind,
        at=from_us(event.at, zone_of(bank)),
        turn_id=turn,
        effect=event.effect,
        retention=event.retained,
    )


def jobs(desk: Desk) -> list[Job]:
    """Return the work that waits for this bank."""
    with desk.read() as (tx, _, bank):
        zone = zone_of(bank)
        rows = [JobRow(*row) for row in tx.rows("jobs_of", bank=bank.bank)]
    return [
        Job(
            kind=row.kind, subject=row.subject, created_at=from_us(row.created_at, zone),
            attempts=row.attempts, error=_told(row.error, 0), error_zh=_told(row.error, 1),
            run_after=from_us(row.run_after, zone) if row.run_after else None,
        )
        for row in rows
    ]  # fmt: skip


def _told(error: str | None, place: int) -> str | None:
    """Return the noted error of a job in one of its languages; older files know but one."""
    if not error or not error.startswith("["):
        return error
    texts: list[str] = json.loads(error)
    return texts[place]


def banks(store: Store, tenant: str) -> list[BankInfo]:
    """Return the banks of a tenant by name."""
    with store.read() as tx:
        return [bank_info(tx, BankRow(*row)) for row in tx.rows("banks_of", tenant=tenant)]


def bank_info(tx: Transaction, bank: BankRow) -> BankInfo:
    """Return one bank as it is listed."""
    zone = zone_of(bank)
    turns, first, last = tx.rows("bank_extent", bank=bank.bank)[0]
    return BankInfo(
        id=bank.id,
        name=bank.name,
        tenant=bank.tenant,
        lang=bank.lang,
        zone=bank.zone,
        preset=bank.preset,
        embedder=bank.embedder,
        created_at=from_us(bank.created_at, zone),
        turns=turns,
        first=from_us(first, zone) if turns else None,
        last=from_us(last, zone) if turns else None,
        extra=json.loads(bank.extra),
    )
