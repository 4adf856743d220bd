"""Mending what the doctor finds: what follows from something is made anew from it.

Law of this file: what people said is never changed and never invented. A copy of the file is set
aside before anything is taken out of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from memorybank import forget
from memorybank.errors import StoreError
from memorybank.ids import uuid7
from memorybank.lexical import detect
from memorybank.records import Record
from memorybank.store import Transaction, care, files
from memorybank.store.sqlite import SQLiteStore, translated
from memorybank.store.statements import migrations
from memorybank.store.tables import (
    TURN,
    BankRow,
    MemoryRow,
    TurnRow,
    day_name,
    day_of,
    from_us,
    memories_by_number,
    to_us,
    values,
)
from memorybank.verbs.desk import birth_of, insert_words, state_values, thread_of
from memorybank.verbs.doctor import Chart, check_bank
from memorybank.verbs.erase import Eraser, finish
from memorybank.verbs.findings import Finding
from memorybank.verbs.log import standing

ROUNDS = 5
"""What was mended may show what else is wrong; so often we look again."""
MIDDLING = 0.5
"""The significance of a memory whose own was lost."""


@dataclass(frozen=True, slots=True)
class Checkup(Record):
    """What was found, what of it was repaired, and where the file as it was is kept."""

    findings: tuple[Finding, ...]
    kept: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, or nothing any more."""
        return all(finding.repaired for finding in self.findings)


def check(path: Path, *, repair: bool = False) -> Checkup:
    """Examine a bank file of any schema, reading only; or repair what can be made anew.

    Raises NotABank, NewerBank, StoreError where there is no bank file to examine; a file that is
    damaged is told in findings.
    """
    found = _look(path)
    if not repair or not found:
        return Checkup(tuple(found))
    done: list[Finding] = [finding for finding in found if _mend_file(path, finding)]
    kept: Path | None = None
    if not any(f.what in ("pages", "unreadable") for f in _look(path)):
        mended, kept = _mend_banks(path)
        done += mended
    left = _look(path)
    repaired = [f for f in dict.fromkeys(done) if f not in left]
    marked = [Finding(what=f.what, bank=f.bank, where=f.where, repaired=True) for f in repaired]
    return Checkup((*marked, *left), str(kept) if kept else None)


# -- looking -------------------------------------------------------------------------------------


def _look(path: Path) -> list[Finding]:
    care.schema_of(path)  # whatever is no bank at all is an error, not a finding
    found = [*_files(path), *_pages(path)]
    try:
        with care.looking(path) as tx:
            found += list(_banks(tx, tx.schema))
    except StoreError:
        found.append(Finding(what="unreadable"))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        found.append(Finding(what="unreadable", where=type(error).__name__))
    return found


def _files(path: Path) -> Iterator[Finding]:
    for end in files.BESIDE:
        beside = path.with_name(path.name + end)
        with suppress(OSError):
            if os.name == "posix" and stat.S_IMODE(beside.stat().st_mode) & 0o077:
                yield Finding(what="open to others", where=beside.name)
    for leftover in files.leftovers(path.parent):
        yield Finding(what="half done", where=leftover.name)


def _pages(path: Path) -> list[Finding]:
    try:
        problems = care.pages(path)
    except StoreError:
        return [Finding(what="pages")]
    index = [p for p in problems if "index" in p.lower() and "tree" not in p.lower()]
    if index and len(index) == len(problems):
        return [Finding(what="indexes", where=str(len(index)))]
    return [Finding(what="pages", where=problem) for problem in problems[:20]]


def _banks(tx: Transaction, schema: int) -> Iterator[Finding]:
    for (stray,) in tx.rows("stray_banks"):
        yield Finding(what="stray bank", where=str(stray))
    for bank in _all_banks(tx):
        yield from check_bank(tx, bank, schema)


def _all_banks(tx: Transaction) -> list[BankRow]:
    rows = [tx.row("bank_again", bank=key) for key, *_ in tx.rows("all_banks")]
    return [BankRow(*row) for row in rows if row is not None]


# -- mending -------------------------------------------------------------------------------------


def _mend_file(path: Path, finding: Finding) -> bool:
    """Mend what concerns the file as such; says whether that was tried."""
    if finding.what == "open to others":
        path.with_name(finding.where).chmod(files.PRIVATE_FILE)
    elif finding.what == "half done":
        files.remove(path.with_name(finding.where))
    elif finding.what == "indexes":
        store = SQLiteStore.open(path, create=False)
        try:
            store.reindex()
        finally:
            store.close()
    else:
        return False
    return True


def _mend_banks(path: Path) -> tuple[list[Finding], Path | None]:
    """Mend all banks, round after round, in one transaction each; returns what was tried, and
    where the file as it was is kept."""
    done: list[Finding] = []
    kept: Path | None = None
    store = SQLiteStore.open(path, create=False)
    try:
        for _ in range(ROUNDS):
            with store.write() as tx, translated(path):
                found = [f for f in _banks(tx, len(migrations())) if f not in done]
                if not found:
                    break
                kept = kept or care.set_aside(path)  # nothing is changed in this round yet
                charts: dict[int, Chart] = {}
                for finding in found:
                    _Mender(tx, finding, charts).mend()
                done += found
        finish(store)
    finally:
        store.close()
    return done, kept


class _Mender:
    """Mends one finding inside a transaction."""

    def __init__(self, tx: Transaction, finding: Finding, charts: dict[int, Chart]) -> None:
        self.tx, self.finding, self.charts = tx, finding, charts
        self.key = finding.bank
        self.now = datetime.now(UTC)

    def mend(self) -> None:
        """Do what there is to do about it, and mark the bank as changed."""
        what = self.finding.what
        if what == "stray bank":
            self._recover_bank(int(self.finding.where))
            return
        row = self.tx.row("bank_again", bank=self.key)
        if row is None:
            return
        self.bank = BankRow(*row)
        if what == "settings":
            self._settings()
        elif what == "stale":
            level, _, period = self.finding.where.partition(":")
            Eraser(self.tx, self.bank, self.now).enqueue(level, period)
        elif what == "job of nothing":
            kind, _, subject = self.finding.where.partition(" ")
            self.tx.run("forget_job", bank=self.key, kind=kind, subject=subject)
        elif what != "altered text":
            self.number = int(self.finding.where)
            getattr(self, _MENDERS[what])()
        self.tx.row("reserve", bank=self.key, count=1, edition=1)

    @property
    def chart(self) -> Chart:
        """The bank as it stood when this round began."""
        if self.key not in self.charts:
            self.charts[self.key] = Chart(self.tx, self.bank)
        return self.charts[self.key]

    def _recover_bank(self, key: int) -> None:
        seed, now = os.urandom(16), to_us(self.now)
        self.tx.run("recover_bank", bank=key, id=uuid7(), seed=seed, created_at=now)

    def _settings(self) -> None:
        where = self.finding.where
        if where == "zone":
            self.tx.run("set_zone", bank=self.key, zone="UTC")
        elif where == "preset":
            self.tx.run("set_preset", bank=self.key, preset="gentle")
        else:
            self.tx.run("set_extra", bank=self.key, extra="{}")

    def _counter(self) -> None:
        chart = self.chart
        events = self.tx.rows("events_all", bank=self.key)
        numbers = [*chart.rows, *chart.said, *chart.derived, *(event[0] for event in events)]
        self.tx.run("set_next", bank=self.key, next=max([0, *numbers]) + 1)

    def _row(self) -> MemoryRow | None:
        return memories_by_number(self.tx, self.key, [self.number]).get(self.number)

    def _make_memory(self) -> None:
        """Give a turn a memory again; when it happened is lost, when it was recorded is not."""
        chart = self.chart
        turn = chart.said[self.number]
        row = self._memory_of(turn, chart)
        self.tx.run("insert_memory", **values(row, bank=self.key))
        if words := chart.words(row.number):
            insert_words(self.tx, self.key, self.number, words)
        self._ask_for_vector()
        Eraser(self.tx, self.bank, self.now).enqueue("day", day_name(row.day))

    def _memory_of(self, turn: TurnRow, chart: Chart) -> MemoryRow:
        row = MemoryRow(
            number=turn.number, id=uuid7(), kind=TURN, occurred_at=turn.recorded_at,
            day=day_of(from_us(turn.recorded_at, chart.zone), chart.zone),
            thread=thread_of(turn.conversation), seq=turn.seq,
            lang=detect(f"{turn.text or ''} {turn.reply or ''}", self.bank.lang),
            trusted=int(turn.channel == "chat"), born_at=turn.recorded_at, born_with=MIDDLING,
            parts="[]", significance=MIDDLING, strength=0.0, last_at=0, fades_at=None, pinned=0,
            supersedes=None,
        )  # fmt: skip
        state = forget.born(forget.preset(self.bank.preset), birth_of(self.bank, row))
        state_now = state_values(state, row.born_at)
        return MemoryRow(**{**values(row), **state_now})

    def _drop_memory(self) -> None:
        """Take out a memory that has lost its text, and what quotes it."""
        row = self._row()
        if row is None:
            return
        eraser = Eraser(self.tx, self.bank, self.now)
        for (derived,) in self.tx.rows("derived_from", bank=self.key, source=self.number):
            eraser.erase_derived(derived)
        eraser.close_the_chain(row)
        self.tx.run("forget_job", bank=self.key, kind="embed", subject=str(self.number))
        self.tx.run("erase_memory", bank=self.key, number=self.number)
        eraser.enqueue("day", day_name(row.day))

    def _drop_derived(self) -> None:
        Eraser(self.tx, self.bank, self.now).erase_derived(self.number)

    def _drop_sources(self) -> None:
        self.tx.run("drop_sources", bank=self.key, number=self.number)

    def _drop_words(self) -> None:
        self.tx.run("drop_terms", bank=self.key, number=self.number)

    def _drop_vector(self) -> None:
        self.tx.run("drop_vector", bank=self.key, number=self.number)

    def _drop_event(self) -> None:
        self.tx.run("drop_event", bank=self.key, number=self.number)

    def _make_words(self) -> None:
        if words := self.chart.words(self.number):
            insert_words(self.tx, self.key, self.number, words)

    def _remake_vector(self) -> None:
        self._drop_vector()
        self._ask_for_vector()

    def _ask_for_vector(self) -> None:
        if self.bank.embedder:
            subject, now = str(self.number), to_us(self.now)
            self.tx.run("enqueue", bank=self.key, kind="embed", subject=subject, created_at=now)

    def _restate(self) -> None:
        if (row := self._row()) is not None:
            found = standing(self.tx, self.bank, row)
            state = state_values(found.state, found.last_at)
            self.tx.run("update_state", bank=self.key, number=self.number, **state)

    def _replace(self) -> None:
        chart, row = self.chart, self._row()
        turn = chart.said.get(self.number)
        if row is None or turn is None:
            return
        day = day_of(from_us(row.occurred_at, chart.zone), chart.zone)
        place = {"day": day, "thread": thread_of(turn.conversation), "seq": turn.seq}
        self.tx.run("set_place", bank=self.key, number=self.number, parts="[]", **place)
        for touched in {day, row.day}:
            Eraser(self.tx, self.bank, self.now).enqueue("day", day_name(touched))

    def _rechain(self) -> None:
        """What a newer version says that it replaces counts."""
        rows = self.chart.rows
        heirs = {row.supersedes: number for number, row in rows.items() if row.supersedes}
        before = rows[self.number].supersedes
        self.tx.run(
            "set_chain", bank=self.key, number=self.number,
            supersedes=before if before in rows else None, superseded_by=heirs.get(self.number),
        )  # fmt: skip

    def _unname_turn(self) -> None:
        self.tx.run("erase_recalls_by", bank=self.key, number=self.number)

    def _erase(self) -> None:
        Eraser(self.tx, self.bank, self.now).erase_all([self.number])


_MENDERS = {
    "counter": "_counter", "turn without memory": "_make_memory",
    "memory without text": "_drop_memory", "summary without text": "_drop_memory",
    "summary without memory": "_drop_derived", "no sources": "_drop_derived",
    "lost source": "_drop_derived", "source of nothing": "_drop_sources",
    "words of nothing": "_drop_words", "vector of nothing": "_drop_vector",
    "event of nothing": "_drop_event", "no words": "_make_words", "wrong words": "_make_words",
    "no vector": "_ask_for_vector", "wrong vector": "_remake_vector", "wrong state": "_restate",
    "wrong place": "_replace", "wrong chain": "_rechain", "lost turn": "_unname_turn",
    "erased": "_erase",
}  # fmt: skip
