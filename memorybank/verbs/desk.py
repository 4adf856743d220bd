"""What every verb works with: the store, the bank, the index shelf, the embedder, the ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from memorybank import forget
from memorybank.digesting import wait_after
from memorybank.errors import BadTime, ModelError, UnknownBank, UnknownMemory
from memorybank.ids import NewId
from memorybank.index import Index
from memorybank.lexical import TermArray
from memorybank.models import Embedder, Vectors
from memorybank.records import Lang
from memorybank.rendering import clean
from memorybank.store import Store, Transaction
from memorybank.store.tables import (
    BankRow,
    EventRow,
    JobRow,
    MemoryRow,
    fades_us,
    memories_by_number,
    to_days,
    to_us,
)
from memorybank.verbs.shelf import Shelf, Volume, usable

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""Clocks and zones differ; what is said to have happened later than this lies in the future."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


class Habits(NamedTuple):
    """What turns are made ready by: the bank's language, zone, and the model of its vectors."""

    lang: Lang
    zone: str
    embedder: str | None


@dataclass(slots=True)
class Desk:
    """One bank, opened."""

    store: Store
    shelf: Shelf
    embedder: Embedder | None
    tenant: str
    name: str
    key: int
    bank_id: str
    clock: Callable[[], datetime]
    new_id: NewId
    admit: Callable[[Transaction, BankRow], None] | None = None
    """Asked at the end of a transaction that has added turns; what it raises takes them back."""
    habits: Habits | None = field(default=None, init=False)
    """As last seen by a write; storing looks again, so that an older sight costs nothing."""

    @contextmanager
    def read(self) -> Iterator[tuple[Transaction, Volume, BankRow]]:
        """Open a snapshot with the index in step with it."""
        with (
            self.store.read() as tx,
            self.shelf.open(tx, self.key, self.bank_id, self.name, self.embedder) as pair,
        ):
            yield tx, *pair

    @contextmanager
    def write(self) -> Iterator[tuple[Transaction, Volume, BankRow]]:
        """Open a writing transaction with the index in step.

        The index runs ahead of what is committed: nobody else sees it before the commit, and it
        is forgotten if there is none, or none yet because this joined a larger transaction.
        """
        with ExitStack() as until_committed:
            volume: Volume | None = None
            committed = False
            try:
                with self.store.write() as tx:
                    opened = self.shelf.open(tx, self.key, self.bank_id, self.name, self.embedder)
                    volume, bank = until_committed.enter_context(opened)
                    self.habits = Habits(bank.lang, bank.zone, bank.embedder)
                    yield tx, volume, bank
                committed = not tx.joined
            finally:
                if volume is not None and not committed:
                    volume.forget()

    def bank(self) -> BankRow:
        """Return the bank as it stands now, without its index."""
        with self.store.read() as tx:
            return bank_again(tx, self)

    def moment(self, when: datetime | None) -> datetime:
        """Return `when`, or now; refuses what has no zone or lies outside the calendar."""
        return checked(when) if when is not None else self.clock()


def bank_again(tx: Transaction, desk: Desk) -> BankRow:
    """Return the desk's bank as it stands now, without its index."""
    row = tx.row("bank_again", bank=desk.key)
    # The number of an erased bank may be another's by now.
    if row is None or (bank := BankRow(*row)).id != desk.bank_id:
        raise UnknownBank(desk.name)
    return bank


def checked(when: datetime, now: datetime | None = None) -> datetime:
    """Return the time if it can be kept, else raise BadTime with the cure."""
    if not isinstance(when, datetime):
        raise BadTime(
            f"a time is a datetime with a zone, not {type(when).__name__}",
            f"时间应是带时区的 datetime，而不是 {type(when).__name__}",
        )
    if when.tzinfo is None:
        raise BadTime(
            f"{when.isoformat()} has no time zone: use datetime(..., tzinfo=ZoneInfo(...)); "
            "the command line reads times in the bank's zone",
            f"{when.isoformat()} 没有时区：请用 datetime(..., tzinfo=ZoneInfo(...))；"
            "命令行按记忆库的时区读时间",
        )
    if when >= LATEST:
        raise BadTime(
            f"the year {when.year} is beyond the calendar kept here: check the year",
            f"{when.year} 年超出了这里的日历：请检查年份",
        )
    if when < EARLIEST:
        raise BadTime(
            f"{when.date().isoformat()} lies before 1900: check the year",
            f"{when.date().isoformat()} 早于 1900 年：请检查年份",
        )
    if now is not None and when > now + AHEAD:
        raise BadTime(
            f"{when.date().isoformat()} lies in the future, it is {now.date().isoformat()}: "
            "memories are of what has happened; to simulate another time, pass now=",
            f"{when.date().isoformat()} 在将来，现在是 {now.date().isoformat()}："
            "记忆只关乎已发生的事；要模拟别的时间，请给 now=",
        )
    return when


def index_of(volume: Volume) -> Index:
    """Return the volume's index, which following the store has made."""
    if volume.index is None:
        raise RuntimeError("a volume is opened through the shelf, which loads it")
    return volume.index


def zone_of(bank: BankRow | Habits) -> tzinfo:
    """Return the bank's time zone."""
    return ZoneInfo(bank.zone)


def text_hash(*texts: str | None) -> bytes:
    """Return what tells one wording from another, 16 bytes."""
    joined = "\x1f".join(text or "" for text in texts)
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=16).digest()


def thread_of(conversation: str) -> int:
    """Return a conversation's name as a number that fits the store and the index."""
    digest = hashlib.blake2b(conversation.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def insert_words(tx: Transaction, bank: int, number: int, words: TermArray) -> None:
    """Write a memory's term array."""
    tx.run(
        "insert_terms", bank=bank, number=number,
        hashes=words.hashes.tobytes(), counts=words.counts.tobytes(),
    )  # fmt: skip


def insert_vectors(
    tx: Transaction, bank: BankRow, number: int, embedder: Embedder, vectors: Vectors, of: str
) -> None:
    """Write a memory's chunk vectors, shape (chunks, dim), with the model they come from."""
    if not usable(embedder, bank):
        return
    tx.run(
        "insert_vector", bank=bank.bank, number=number, model=embedder.name, dim=embedder.dim,
        text_hash=text_hash(of), vector=vectors.astype(np.float16).tobytes(),
    )  # fmt: skip


def note_failure(
    tx: Transaction, bank: BankRow, job: JobRow, error: ModelError, now: datetime
) -> None:
    """Note with a job why it failed, in both languages, and let it wait before the next try."""
    told = json.dumps([error.say("en"), error.say("zh")], ensure_ascii=False)
    tx.run(
        "job_failed", bank=bank.bank, kind=job.kind, subject=job.subject, error=told,
        run_after=to_us(now + wait_after(job.attempts + 1)),
    )  # fmt: skip


def number_of(tx: Transaction, bank: int, memory_id: str) -> int:
    """Return the number of a memory by its id, or by a tail of it that no other has."""
    memory_id = clean(memory_id)
    row = tx.row("memory_of_id", bank=bank, id=memory_id)
    if row is None and len(memory_id) >= 4:
        rows = tx.rows("memories_ending", bank=bank, tail=memory_id)
        if len(rows) > 1:
            raise UnknownMemory(
                memory_id,
                ": more than one id ends so, give more of it",
                "：不止一个编号这样结尾，请多给几位",
            )
        row = rows[0] if rows else None
    if row is None:
        raise UnknownMemory(memory_id)
    return int(row[0])


def memory_named(tx: Transaction, bank: int, memory_id: str) -> MemoryRow:
    """Return a memory by its id or tail."""
    number = number_of(tx, bank, memory_id)
    return memories_by_number(tx, bank, [number])[number]


def birth_of(bank: BankRow, row: MemoryRow) -> forget.Birth:
    """Return what a memory started with, from its row."""
    return forget.Birth(
        at=to_days(row.born_at),
        significance=row.born_with,
        gist=bool(row.kind),
        seed=bank.seed,
        content=f"{row.seq}/{row.id}".encode(),
    )


def happening(event: EventRow) -> forget.Happening:
    """Return a logged event as the curve takes it."""
    return forget.Happening(event.kind, to_days(event.at), event.effect or 0.0)


def state_values(state: forget.State, last_at: int) -> dict[str, object]:
    """Return a state as the columns of `memories`; `last_at` keeps the exact microsecond."""
    return {
        "significance": state.significance,
        "strength": state.strength,
        "last_at": last_at,
        "fades_at": fades_us(state.fades_at),
        "pinned": int(state.pinned),
    }
