"""Erase: gone, with everything derived from it. Not to be confused with fading.

One transaction takes out the turns, their vectors and words, and every summary, insight and
statement that quotes them, up to the global summary, and sets a tombstone for each; the days
that were touched are digested again from what remains. Then the file is rewritten, its log
emptied and its automatic copies are erased alike, so that no file of the folder holds the text.
What is killed in between is finished by whoever opens the bank next.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from memorybank.digesting import digest_key, parent
from memorybank.errors import BadInput, StoreError
from memorybank.index import DAY
from memorybank.rendering import clean
from memorybank.store import Store, Transaction, tombstones
from memorybank.store.files import remove
from memorybank.store.sqlite import SQLiteStore
from memorybank.store.tables import (
    TURN,
    BankRow,
    DerivedRow,
    MemoryRow,
    TurnRow,
    day_name,
    derived_by_number,
    memories,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs import log
from memorybank.verbs.desk import Desk, number_of

SCRUB = "scrub"
"""The chore that an erasure leaves to be done after its commit."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took along; a receipt without content.

    `cleared` says that every file of the folder is rid of it; False where somebody was still
    reading, or the disk was full: then the next one to open the bank sees to it.
    """

    turns: int
    summaries: int
    statements: int
    cleared: bool = True


def erase(
    desk: Desk,
    now: datetime,
    *,
    ids: Sequence[str] = (),
    day: date | None = None,
    source: str | None = None,
    versions: bool = False,
) -> Erased:
    """Erase turns by id, by the day on which they happened, or by the file they came from.

    `versions` takes along what they replaced and what replaced them; else what was replaced by
    an erased correction stands again.
    """
    with desk.write() as (tx, volume, bank):
        numbers = chosen(tx, bank, ids, day, source, versions)
        eraser = Eraser(tx, bank, now)
        eraser.erase_all(numbers)
        log.reserve(tx, volume, bank.bank, edition=True)
    # Inside a larger transaction nothing is committed yet: whoever opens the bank next sees to it.
    return replace(eraser.receipt(), cleared=not tx.joined and finish(desk.store))


def erase_bank(desk: Desk, now: datetime) -> Erased:
    """Erase a whole bank."""
    with desk.write() as (tx, _, bank):
        receipt = _erase_bank(tx, bank, now)
    desk.shelf.drop(desk.key)
    return replace(receipt, cleared=not tx.joined and finish(desk.store))


def _erase_bank(tx: Transaction, bank: BankRow, now: datetime) -> Erased:
    rows = memories(tx.rows("memories_all", bank=bank.bank))
    said = turns_by_number(tx, bank.bank, [row.number for row in rows])
    levels = [level for _, _, level, *_ in tx.rows("derived_all", bank=bank.bank)]
    statements = levels.count("statement")
    signs = [sign for row in rows if row.number in said for sign in _signs(row, said[row.number])]
    signs.append(tombstones.sign_of_bank(bank.id))
    tombstones.bury(tx, bank.tenant, bank.name, signs, to_us(now))
    tx.run("erase_bank", bank=bank.bank)
    tx.run("ask_chore", name=SCRUB)
    return Erased(len(said), len(levels) - statements, statements)


def _signs(row: MemoryRow, turn: TurnRow | None) -> list[tombstones.Sign]:
    """Return all by which a turn would be known again."""
    signs = [tombstones.sign_of_id(row.id)]
    if turn:
        signs.append(tombstones.sign_of_wording(turn.text_hash, row.day))
        # What is exported without an id of its caller's carries ours in its place.
        signs.append(tombstones.sign_of_name(turn.external_id or row.id))
    return signs


# -- after the commit ------------------------------------------------------------------------------


def finish(store: Store) -> bool:
    """Do what an erasure left to be done in the files; says whether all of them are clean now.

    The erasure itself is committed by then: a full disk or a busy file only puts this off.
    """
    with store.read() as tx:
        waiting = tx.row("chore", name=SCRUB)
    if waiting is None:
        return True
    try:
        clean = store.scrub()
        _erase_in_copies(store)
        if clean:
            with store.write() as tx:
                tx.run("chore_done", name=SCRUB, fence=waiting[0])
    except (StoreError, OSError):
        return False
    return clean


def _erase_in_copies(store: Store) -> None:
    copies = store.copies()
    if not copies:
        return
    with store.read() as tx:
        stones = tombstones.all_stones(tx)
    for copy in copies:
        _erase_in_copy(copy, stones)


def _erase_in_copy(path: Path, stones: Sequence[tombstones.Stone]) -> None:
    """Erase the same in a state that was set aside; what cannot be opened is removed whole."""
    try:
        copy = SQLiteStore.open(path, create=False, alone=True)
        try:
            erase_buried(copy, stones)
            clean = finish(copy)
        finally:
            copy.close()
    except StoreError:
        clean = False
    if not clean:
        remove(path)


def erase_buried(store: Store, stones: Iterable[tombstones.Stone]) -> int:
    """Take these tombstones over and erase what lies under them; returns how many turns."""
    now = datetime.now(UTC)
    count = 0
    with store.write() as tx:
        tombstones.add(tx, stones)
        for key, *_rest in tx.rows("all_banks"):
            row = tx.row("bank_again", bank=key)
            if row is not None:
                count += _erase_buried(tx, BankRow(*row), now)
        if count:
            tx.run("ask_chore", name=SCRUB)
    return count


def _erase_buried(tx: Transaction, bank: BankRow, now: datetime) -> int:
    graves = tombstones.graveyard(tx, bank.tenant, bank.name)
    if not graves:
        return 0
    if tombstones.sign_of_bank(bank.id) in graves:
        return _erase_bank(tx, bank, now).turns
    eraser = Eraser(tx, bank, now)
    eraser.erase_all(buried(tx, bank, graves))
    if eraser.turns:
        tx.row("reserve", bank=bank.bank, count=1, edition=1)
    return eraser.turns


def buried(tx: Transaction, bank: BankRow, graves: tombstones.Graveyard) -> list[int]:
    """Return the numbers of turns that were erased and are here nevertheless."""
    rows = memories(tx.rows("memories_all", bank=bank.bank))
    return [
        row.number for row in rows if row.kind == TURN and tombstones.sign_of_id(row.id) in graves
    ]


# -- in the transaction ----------------------------------------------------------------------------


def chosen(
    tx: Transaction,
    bank: BankRow,
    ids: Sequence[str],
    day: date | None,
    source: str | None,
    versions: bool,
) -> list[int]:
    """Return the numbers of what an erasure names; raises BadInput where it names nothing."""
    if not ids and day is None and source is None:
        raise BadInput(
            "say what to erase: ids, a day, or a source",
            "请说明要删除什么：编号、某一天，或某个来源",
        )
    numbers = [number_of(tx, bank.bank, memory_id) for memory_id in ids]
    if day is not None:
        of_day = memories(tx.rows("memories_of_day", bank=bank.bank, day=day.toordinal()))
        numbers += [row.number for row in of_day if row.kind != DAY]
    if source is not None:
        rows = tx.rows("turns_of_source", bank=bank.bank, source=clean(source))
        numbers += [row[0] for row in rows]
    numbers = list(dict.fromkeys(numbers))
    return _with_versions(tx, bank, numbers) if versions else numbers


def _with_versions(tx: Transaction, bank: BankRow, numbers: Sequence[int]) -> list[int]:
    """Return these and every version before and after them."""
    found: dict[int, None] = {}
    waiting = list(numbers)
    while waiting:
        new = [number for number in waiting if number not in found]
        found |= dict.fromkeys(new)
        rows = memories_by_number(tx, bank.bank, new).values()
        waiting = [n for row in rows for n in (row.supersedes, row.superseded_by) if n]
    return list(found)


def refuse_summary(row: MemoryRow) -> None:
    """Raise BadInput for what cannot be erased by itself."""
    if row.kind == DAY:
        raise BadInput(
            "an event summary is made from its turns: erase those, or the day; "
            "to have it out of the way, fade it",
            "小结由它的对话而来：请删除那些对话，或删除那一天；只是不想看到它，就让它淡忘",
        )


class Eraser:
    """Takes memories out inside one transaction, and counts."""

    def __init__(self, tx: Transaction, bank: BankRow, now: datetime) -> None:
        self.tx, self.bank, self.now = tx, bank, now
        self.turns = self.summaries = self.statements = 0
        self.external: list[str] = []
        self.signs: list[tombstones.Sign] = []

    def erase_all(self, numbers: Sequence[int]) -> None:
        """Erase memories, what was derived from them and what files said of them; bury them."""
        for number in numbers:
            # Read anew: what was erased before it may have changed its place in a chain.
            for row in memories_by_number(self.tx, self.bank.bank, [number]).values():
                self._erase(row)
        if self.turns:
            self._redact_extra()
            bank = self.bank
            tombstones.bury(self.tx, bank.tenant, bank.name, self.signs, to_us(self.now))
            self.tx.run("ask_chore", name=SCRUB)

    def _erase(self, row: MemoryRow) -> None:
        """Erase one memory and what was derived from it."""
        refuse_summary(row)
        tx, bank, number = self.tx, self.bank.bank, row.number
        for (derived,) in tx.rows("derived_from", bank=bank, source=number):
            self.erase_derived(derived)
        turn = turns_by_number(tx, bank, [number]).get(number)
        if turn and turn.external_id:
            self.external.append(turn.external_id)
        self.signs += _signs(row, turn)
        self.close_the_chain(row)
        tx.run("erase_recalls_by", bank=bank, number=number)
        tx.run("forget_job", bank=bank, kind="embed", subject=str(number))
        tx.run("erase_turn", bank=bank, number=number)
        tx.run("erase_memory", bank=bank, number=number)
        self.enqueue("day", day_name(row.day))
        self.turns += 1

    def close_the_chain(self, row: MemoryRow) -> None:
        """Join what this memory replaced to what replaced it; without one, the old stands again."""
        tx, bank = self.tx, self.bank.bank
        tx.run("pass_on", bank=bank, number=row.number, heir=row.superseded_by)
        tx.run("take_over", bank=bank, number=row.number, old=row.supersedes)
        if row.supersedes:
            for old in memories_by_number(tx, bank, [row.supersedes]).values():
                self.enqueue("day", day_name(old.day))

    def erase_derived(self, number: int) -> None:
        """Erase something derived and, upwards, all that quotes it."""
        tx, bank = self.tx, self.bank.bank
        row: DerivedRow | None = derived_by_number(tx, bank, [number]).get(number)
        if row is None:
            return
        for (above,) in tx.rows("derived_from", bank=bank, source=number):
            self.erase_derived(above)
        tx.run("erase_derived", bank=bank, number=number)
        tx.run("erase_memory", bank=bank, number=number)
        if row.level == "statement":
            self.statements += 1
        else:
            self.summaries += 1
        self.enqueue(row.level, row.period)

    def enqueue(self, level: str, period: str) -> None:
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

    def _redact_extra(self) -> None:
        """Take out of what an imported file said beside its turns all that speaks of these."""
        from memorybank.formats import without  # files are read and written by few processes

        extra = without(json.loads(self.bank.extra), self.external)
        text = json.dumps(extra, ensure_ascii=False)
        if text != self.bank.extra:
            self.tx.run("set_extra", bank=self.bank.bank, extra=text)

    def receipt(self) -> Erased:
        """Return what was taken out."""
        return Erased(self.turns, self.summaries, self.statements)
