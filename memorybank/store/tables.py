"""Rows of the store as typed records, and the small conversions that they share.

Times in rows are microseconds since 1970 UTC, days are proleptic ordinals in the bank's zone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from memorybank.records import Author, Channel, EventKind, Lang, Precision
from memorybank.store import Row, Transaction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
US_PER_DAY = 86_400_000_000
TURN, DAY = 0, 1


def to_us(moment: datetime) -> int:
    """Return microseconds since the epoch, exactly."""
    return (moment - EPOCH) // MICRO


def from_us(us: int, zone: tzinfo) -> datetime:
    """Return the moment in a zone, exactly."""
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone)


def to_days(us: int) -> float:
    """Return days since the epoch, as the curve counts."""
    return us / US_PER_DAY


def fades_us(days: float) -> int | None:
    """Return a fading moment as it is stored: None for never, the far past for put away."""
    if math.isinf(days):
        return None if days > 0 else -(2**62)
    return round(days * US_PER_DAY)


def fades_days(us: int | None) -> float:
    """Return a stored fading moment in days; infinite for never and for put away."""
    if us is None:
        return math.inf
    return -math.inf if us <= -(2**62) else us / US_PER_DAY


def day_of(moment: datetime, zone: tzinfo) -> int:
    """Return the ordinal of the local day."""
    return moment.astimezone(zone).date().toordinal()


def day_name(ordinal: int) -> str:
    """Return an ordinal as 2026-03-01."""
    return date.fromordinal(ordinal).isoformat()


@dataclass(frozen=True, slots=True)
class BankRow:
    """A bank as it stands in the store."""

    bank: int
    tenant: str
    name: str
    id: str
    lang: Lang
    zone: str
    seed: bytes
    preset: str
    embedder: str | None
    created_at: int
    version: int
    edition: int
    extra: str


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One row of `turns`: what happened."""

    number: int
    external_id: str | None
    text_hash: bytes
    conversation: str
    seq: int
    text: str | None
    reply: str | None
    speaker: str | None
    replier: str | None
    author: Author
    channel: Channel
    source: str | None
    precision: Precision
    recorded_at: int


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One row of `memories`: how it is remembered."""

    number: int
    id: str
    kind: int
    occurred_at: int
    day: int
    thread: int
    seq: int
    lang: Lang
    trusted: int
    born_at: int
    born_with: float
    parts: str
    significance: float
    strength: float
    last_at: int
    fades_at: int | None
    pinned: int
    supersedes: int | None
    superseded_by: int | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of `events`."""

    number: int
    kind: EventKind
    at: int
    turn: int | None
    effect: float | None
    retained: float | None


@dataclass(frozen=True, slots=True)
class DerivedRow:
    """One row of `derived`: a summary, an insight, a statement."""

    number: int
    id: str
    level: str
    period: str
    topic: str
    text: str
    method: str
    lang: Lang
    hash: bytes
    made_at: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of `jobs`."""

    kind: str
    subject: str
    created_at: int
    run_after: int
    attempts: int
    error: str | None
    fence: int


def numbers_json(numbers: Iterable[int]) -> str:
    """Return numbers as the JSON list that `json_each` reads."""
    return json.dumps([int(n) for n in numbers])


def bank_named(tx: Transaction, tenant: str, name: str) -> BankRow | None:
    """Return the bank of this name, or None."""
    row = tx.row("bank_named", tenant=tenant, name=name)
    return BankRow(*row) if row else None


def turns(rows: Iterable[Row]) -> list[TurnRow]:
    """Give rows of turns their type."""
    return [TurnRow(*row) for row in rows]


def memories(rows: Iterable[Row]) -> list[MemoryRow]:
    """Give rows of memories their type."""
    return [MemoryRow(*row) for row in rows]


def turns_by_number(tx: Transaction, bank: int, numbers: Iterable[int]) -> dict[int, TurnRow]:
    """Return turns by their numbers; what is not there is left out."""
    rows = tx.rows("turns_numbered", bank=bank, numbers=numbers_json(numbers))
    return {row.number: row for row in turns(rows)}


def memories_by_number(tx: Transaction, bank: int, numbers: Iterable[int]) -> dict[int, MemoryRow]:
    """Return memories by their numbers; what is not there is left out."""
    rows = tx.rows("memories_numbered", bank=bank, numbers=numbers_json(numbers))
    return {row.number: row for row in memories(rows)}


def derived_by_number(tx: Transaction, bank: int, numbers: Iterable[int]) -> dict[int, DerivedRow]:
    """Return derived texts by their numbers; what is not there is left out."""
    rows = tx.rows("derived_numbered", bank=bank, numbers=numbers_json(numbers))
    return {row[0]: DerivedRow(*row) for row in rows}


def ids_by_number(tx: Transaction, bank: int, numbers: Iterable[int]) -> dict[int, str]:
    """Return the public ids of memories and derived texts."""
    wanted = list(numbers)
    ids = {n: row.id for n, row in derived_by_number(tx, bank, wanted).items()}
    return ids | {n: row.id for n, row in memories_by_number(tx, bank, wanted).items()}


def events_of(tx: Transaction, bank: int, memory: int) -> list[EventRow]:
    """Return the log of one memory in order of time."""
    return [EventRow(*row) for row in tx.rows("events_of", bank=bank, memory=memory)]


def sources_of(tx: Transaction, bank: int, derived: int) -> list[int]:
    """Return the numbers that something derived was made from."""
    return [row[0] for row in tx.rows("sources_of", bank=bank, derived=derived)]


def insert_derived(tx: Transaction, bank: int, row: DerivedRow, sources: Iterable[int]) -> None:
    """Write something derived together with its sources."""
    tx.run("insert_derived", bank=bank, **asdict(row))
    tx.run_many(
        "insert_source", ({"bank": bank, "derived": row.number, "source": s} for s in sources)
    )


def values(row: Any, **more: Any) -> Mapping[str, Any]:
    """Return a row's fields as statement values."""
    return {name: getattr(row, name) for name in row.__slots__} | more
