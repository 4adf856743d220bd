"""Erase: gone, with everything derived from it. Not to be confused with fading.

One transaction takes out the turns, their vectors and words, and every summary, insight and
statement that quotes them, up to the global summary; the days that were touched are digested
again from what remains. Then the write-ahead log is emptied, so that no file holds the text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from memorybank.digesting import digest_key, parent
from memorybank.errors import BadInput
from memorybank.index import DAY
from memorybank.rendering import clean
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    MemoryRow,
    day_name,
    derived_by_number,
    memories,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs import log
from memorybank.verbs.desk import Desk, number_of


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took along; a receipt without content."""

    turns: int
    summaries: int
    statements: int


def erase(
    desk: Desk,
    now: datetime,
    *,
    ids: Sequence[str] = (),
    day: date | None = None,
    source: str | None = None,
) -> Erased:
    """Erase turns by id, by the day on which they happened, or by the file they came from."""
    if not ids and day is None and source is None:
        raise BadInput(
            "say what to erase: ids, a day, or a source",
            "请说明要删除什么：编号、某一天，或某个来源",
        )
    with desk.write() as (tx, volume, bank):
        numbers = _named(tx, bank, ids, day, source)
        eraser = _Eraser(tx, bank, now)
        for row in memories_by_number(tx, bank.bank, numbers).values():
            eraser.erase(row)
        eraser.redact_extra()
        log.reserve(tx, volume, bank.bank, edition=True)
    desk.store.tidy()
    return eraser.receipt()


def erase_bank(desk: Desk) -> None:
    """Erase a whole bank."""
    with desk.write() as (tx, _, bank):
        tx.run("erase_bank", bank=bank.bank)
    desk.shelf.drop(desk.key)
    desk.store.tidy()


def _named(
    tx: Transaction, bank: BankRow, ids: Sequence[str], day: date | None, source: str | None
) -> list[int]:
    numbers = [number_of(tx, bank.bank, memory_id) for memory_id in ids]
    if day is not None:
        of_day = memories(tx.rows("memories_of_day", bank=bank.bank, day=day.toordinal()))
        numbers += [row.number for row in of_day if row.kind != DAY]
    if source is not None:
        rows = tx.rows("turns_of_source", bank=bank.bank, source=clean(source))
        numbers += [row[0] for row in rows]
    return list(dict.fromkeys(numbers))


class _Eraser:
    """Takes memories out inside one transaction, and counts."""

    def __init__(self, tx: Transaction, bank: BankRow, now: datetime) -> None:
        self.tx, self.bank, self.now = tx, bank, now
        self.turns = self.summaries = self.statements = 0
        self.external: list[str] = []

    def erase(self, row: MemoryRow) -> None:
        """Erase one memory and what was derived from it."""
        if row.kind == DAY:
            raise BadInput(
                "an event summary is made from its turns: erase those, or the day; "
                "to have it out of the way, fade it",
                "小结由它的对话而来：请删除那些对话，或删除那一天；只是不想看到它，就让它淡忘",
            )
        tx, bank, number = self.tx, self.bank.bank, row.number
        for (derived,) in tx.rows("derived_from", bank=bank, source=number):
            self._erase_derived(derived)
        turn = turns_by_number(tx, bank, [number]).get(number)
        if turn and turn.external_id:
            self.external.append(turn.external_id)
        self._close_the_chain(row)
        tx.run("erase_recalls_by", bank=bank, number=number)
        tx.run("forget_job", bank=bank, kind="embed", subject=str(number))
        tx.run("erase_turn", bank=bank, number=number)
        tx.run("erase_memory", bank=bank, number=number)
        self._enqueue("day", day_name(row.day))
        self.turns += 1

    def _close_the_chain(self, row: MemoryRow) -> None:
        """Join what this memory replaced to what replaced it; without one, the old stands again."""
        tx, bank = self.tx, self.bank.bank
        tx.run("pass_on", bank=bank, number=row.number, heir=row.superseded_by)
        tx.run("take_over", bank=bank, number=row.number, old=row.supersedes)
        if row.supersedes:
            for old in memories_by_number(tx, bank, [row.supersedes]).values():
                self._enqueue("day", day_name(old.day))

    def _erase_derived(self, number: int) -> None:
        """Erase something derived and, upwards, all that quotes it."""
        tx, bank = self.tx, self.bank.bank
        row: DerivedRow | None = derived_by_number(tx, bank, [number]).get(number)
        if row is None:
            return
        for (above,) in tx.rows("derived_from", bank=bank, source=number):
            self._erase_derived(above)
        tx.run("erase_derived", bank=bank, number=number)
        tx.run("erase_memory", bank=bank, number=number)
        if row.level == "statement":
            self.statements += 1
        else:
            self.summaries += 1
        self._enqueue("day" if row.level in ("insight", "statement") else row.level, row.period)

    def _enqueue(self, level: str, period: str) -> None:
        """Ask for the digest of a piece and of everything that contains it."""
        piece: tuple[str, str] | None = (level, period)
        while piece:
            subject = digest_key(*piece)
            self.tx.run(
                "enqueue",
                bank=self.bank.bank,
                kind="digest",
                subject=subject,
                created_at=to_us(self.now),
            )
            piece = parent(*piece)

    def redact_extra(self) -> None:
        """Take out of what an imported file said beside its turns all that speaks of these."""
        from memorybank.formats import without  # files are read and written by few processes

        extra = without(json.loads(self.bank.extra), self.external)
        text = json.dumps(extra, ensure_ascii=False)
        if text != self.bank.extra:
            self.tx.run("set_extra", bank=self.bank.bank, extra=text)

    def receipt(self) -> Erased:
        """Return what was taken out."""
        return Erased(self.turns, self.summaries, self.statements)
