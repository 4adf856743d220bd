"""The doctor: what in a bank file does not agree with the rest of it.

Nothing is written here; `mending` repairs. The truth is what people said, when, and the log of
what happened to it; words, vectors, strengths, summaries and work that waits all follow from
that, and are compared with what it gives.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np

from memorybank import cues, forget, lexical
from memorybank.digesting import LEVELS, digest_key, parent
from memorybank.index import DAY, TURN
from memorybank.records import EventKind, Lang
from memorybank.rendering import to_embed, to_index
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    JobRow,
    MemoryRow,
    TurnRow,
    day_name,
    day_of,
    from_us,
    memories,
    turns,
)
from memorybank.store.tombstones import graveyard
from memorybank.verbs import condense
from memorybank.verbs.desk import state_values, text_hash, thread_of
from memorybank.verbs.erase import buried
from memorybank.verbs.findings import Finding
from memorybank.verbs.log import standing
from memorybank.verbs.plan import EDITION, plan_of, source_hash

TOMBSTONES = 2
"""The schema from which on a file knows what was erased."""
CLOSE = 1e-9
"""Relative difference of strengths that another machine's arithmetic may make."""
UNIT = 0.02
"""How far a stored direction's length may be from 1; halves of floats are coarse."""
ANCHORED = 1_000
"""Microseconds by which a computed moment of fading may differ."""


@dataclass
class Chart:
    """All of one bank, read once; what is large is read when it is needed."""

    tx: Transaction
    bank: BankRow
    rows: dict[int, MemoryRow] = field(init=False)
    said: dict[int, TurnRow] = field(init=False)
    derived: dict[int, DerivedRow] = field(init=False)
    jobs: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        bank = self.bank.bank
        self.rows = {row.number: row for row in memories(self.tx.rows("memories_all", bank=bank))}
        self.said = {row.number: row for row in turns(self.tx.rows("turns_all", bank=bank))}
        found = [DerivedRow(*row) for row in self.tx.rows("derived_all", bank=bank)]
        self.derived = {row.number: row for row in found}
        waiting = [JobRow(*row) for row in self.tx.rows("jobs_of", bank=bank)]
        self.jobs = {(job.kind, job.subject) for job in waiting}

    @cached_property
    def sources(self) -> list[tuple[int, int]]:
        """What was made from what: (derived, source)."""
        return [(a, b) for a, b in self.tx.rows("sources_all", bank=self.bank.bank)]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The bank's time zone."""
        return ZoneInfo(self.bank.zone)

    def find(self, what: str, where: object) -> Finding:
        """Return a finding in this bank."""
        return Finding(what=what, bank=self.bank.bank, where=str(where))

    def words(self, number: int) -> lexical.TermArray | None:
        """Return what the word index keeps of a memory; None where its text is not there."""
        if turn := self.said.get(number):
            marks = cues.marks(turn.text, turn.reply)
            return lexical.term_array(to_index(turn.text, turn.reply, turn.speaker), marks)
        derived = self.derived.get(number)
        return lexical.term_array(derived.text) if derived else None

    def meanings(self, number: int) -> set[str]:
        """Return what an embedder may have read of a memory; nothing where its text is missing.

        A turn that was answered later may have been read as of another language.
        """
        if turn := self.said.get(number):
            said = (turn.text, turn.reply, turn.speaker, turn.replier)
            return {to_embed(*said, lang) for lang in get_args(Lang)}
        derived = self.derived.get(number)
        return {derived.text} if derived else set()


def check_bank(tx: Transaction, bank: BankRow, schema: int) -> Iterator[Finding]:
    """Yield all that is wrong with one bank of a file of this schema."""
    wrong = list(_settings(bank))
    yield from wrong
    if wrong:
        return  # nothing can be worked out by a curve or a calendar that is not there
    chart = Chart(tx, bank)
    looks = [
        _counter, _halves, _places, _chains, _states, _words, _vectors, _log, _sources, _fresh,
        _jobs,
    ]  # fmt: skip
    for look in looks if schema < TOMBSTONES else [*looks, _erased]:
        yield from look(chart)


def _settings(bank: BankRow) -> Iterator[Finding]:
    try:
        ZoneInfo(bank.zone)
    except (ValueError, OSError, KeyError):
        yield Finding(what="settings", bank=bank.bank, where="zone")
    if bank.preset not in forget.PRESETS:
        yield Finding(what="settings", bank=bank.bank, where="preset")
    try:
        fine = isinstance(json.loads(bank.extra), dict)
    except ValueError:
        fine = False
    if not fine:
        yield Finding(what="settings", bank=bank.bank, where="extra")


def _counter(chart: Chart) -> Iterator[Finding]:
    row = chart.tx.row("next_number", bank=chart.bank.bank)
    events = chart.tx.rows("events_all", bank=chart.bank.bank)
    used = max([0, *chart.rows, *chart.said, *chart.derived, *(event[0] for event in events)])
    if row and row[0] <= used:
        yield chart.find("counter", row[0])


def _halves(chart: Chart) -> Iterator[Finding]:
    for number in chart.said.keys() - chart.rows.keys():
        yield chart.find("turn without memory", number)
    for number, row in chart.rows.items():
        if row.kind == TURN and number not in chart.said:
            yield chart.find("memory without text", number)
        if row.kind == DAY and number not in chart.derived:
            yield chart.find("summary without text", number)
    for number, derived in chart.derived.items():
        if derived.level == "day" and number not in chart.rows:
            yield chart.find("summary without memory", number)
    for number, turn in chart.said.items():
        if turn.text_hash != text_hash(turn.text, turn.reply):
            yield chart.find("altered text", number)


def _places(chart: Chart) -> Iterator[Finding]:
    for number, row in chart.rows.items():
        turn = chart.said.get(number)
        if turn is None:
            continue
        place = (day_of(from_us(row.occurred_at, chart.zone), chart.zone),
                 thread_of(turn.conversation), turn.seq)  # fmt: skip
        if (row.day, row.thread, row.seq) != place or not _are_parts(row.parts):
            yield chart.find("wrong place", number)


def _are_parts(text: str) -> bool:
    try:
        return all(part.keys() == {"name", "value", "share"} for part in json.loads(text))
    except (ValueError, AttributeError, TypeError):
        return False


def _chains(chart: Chart) -> Iterator[Finding]:
    heirs = {row.supersedes: number for number, row in chart.rows.items() if row.supersedes}
    for number, row in chart.rows.items():
        orphan = row.supersedes is not None and row.supersedes not in chart.rows
        if orphan or heirs.get(number) != row.superseded_by:
            yield chart.find("wrong chain", number)


def _states(chart: Chart) -> Iterator[Finding]:
    for number, row in chart.rows.items():
        found = standing(chart.tx, chart.bank, row)
        if not _agree(row, state_values(found.state, found.last_at)):
            yield chart.find("wrong state", number)


def _agree(row: MemoryRow, due: dict[str, object]) -> bool:
    numbers = [
        (float(getattr(row, name)), float(str(due[name]))) for name in ("significance", "strength")
    ]
    near = all(math.isclose(have, want, rel_tol=CLOSE) for have, want in numbers)
    have, want = row.fades_at, due["fades_at"]
    if have is None or want is None:
        fading = have is want
    else:
        fading = abs(have - int(str(want))) <= max(ANCHORED, abs(have) * CLOSE)
    return near and fading and (row.last_at, row.pinned) == (due["last_at"], due["pinned"])


def _words(chart: Chart) -> Iterator[Finding]:
    rows = chart.tx.rows("load_terms", bank=chart.bank.bank, above=-1)
    stored = {number: (hashes, counts) for number, hashes, counts in rows}
    for number in stored.keys() - chart.rows.keys():
        yield chart.find("words of nothing", number)
    for number in chart.rows:
        due = chart.words(number)
        if number not in stored:
            yield chart.find("no words", number)
        elif due and stored[number] != (due.hashes.tobytes(), due.counts.tobytes()):
            yield chart.find("wrong words", number)


def _vectors(chart: Chart) -> Iterator[Finding]:
    model = chart.bank.embedder
    dims: set[int] = set()
    have: set[int] = set()
    for number, of, dim, digest, blob in chart.tx.rows("vectors_all", bank=chart.bank.bank):
        if number not in chart.rows:
            yield chart.find("vector of nothing", number)
            continue
        dims |= {dim} if of == model else set()
        due = {text_hash(text) for text in chart.meanings(number)}
        fits = len(dims) <= 1 and (not due or digest in due)
        if not fits or not _is_direction(dim, blob):
            yield chart.find("wrong vector", number)
        if of == model:
            have.add(number)
    for number in chart.rows.keys() - have if model else ():
        if ("embed", str(number)) not in chart.jobs:
            yield chart.find("no vector", number)


def _is_direction(dim: int, blob: bytes) -> bool:
    if dim < 1 or not blob or len(blob) % (2 * dim):
        return False
    vectors = np.frombuffer(blob, np.float16).astype(np.float32).reshape(-1, dim)
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(vectors, axis=1)
        return bool(np.isfinite(lengths).all() and (np.abs(lengths - 1.0) <= UNIT).all())


def _log(chart: Chart) -> Iterator[Finding]:
    for number, memory, kind, turn in chart.tx.rows("events_all", bank=chart.bank.bank):
        if memory not in chart.rows or kind not in get_args(EventKind):
            yield chart.find("event of nothing", number)
        elif turn is not None and turn not in chart.said:
            yield chart.find("lost turn", turn)


def _sources(chart: Chart) -> Iterator[Finding]:
    have = {derived for derived, _ in chart.sources}
    for number in chart.derived.keys() - have:
        yield chart.find("no sources", number)
    for number in have - chart.derived.keys():
        yield chart.find("source of nothing", number)
    there = chart.said.keys() | chart.derived.keys()
    for number in {d for d, s in chart.sources if s not in there and d in chart.derived}:
        yield chart.find("lost source", number)


def _fresh(chart: Chart) -> Iterator[Finding]:
    """Yield pieces of time whose summary is not that of their sources, and nobody is asked."""
    pieces = {("day", day_name(row.day)) for row in chart.rows.values() if row.kind == TURN}
    made = {(row.level, row.period): row for row in chart.derived.values()}
    for level in LEVELS:
        pieces |= {piece for piece in made if piece[0] == level}
        for period in sorted(p for of, p in pieces if of == level):
            row = made.get((level, period))
            above = parent(level, period)
            if row and above:
                pieces.add(above)
            if ("digest", digest_key(level, period)) not in chart.jobs and _is_stale(
                chart, level, period, row
            ):
                yield chart.find("stale", digest_key(level, period))


def _is_stale(chart: Chart, level: str, period: str, row: DerivedRow | None) -> bool:
    if row is not None:
        # With or without a language model: either way names its sources.
        ways = (EDITION, condense.edition("en"), condense.edition("zh"))
        due = {source_hash(chart.tx, chart.bank, level, period, way) for way in ways}
        return row.hash not in due
    days = [r for r in chart.rows.values() if day_name(r.day) == period and r.kind == TURN]
    if level == "day" and any(r.number not in chart.said for r in days):
        return False
    plan = plan_of(chart.tx, chart.bank, level, period)
    return bool(plan.summary)  # nothing may be to be said of it


def _jobs(chart: Chart) -> Iterator[Finding]:
    for kind, subject in chart.jobs:
        lost = not subject.isdecimal() or int(subject) not in chart.rows
        if (kind == "embed" and lost) or (kind == "digest" and not _is_piece(subject)):
            yield chart.find("job of nothing", f"{kind} {subject}")


def _is_piece(subject: str) -> bool:
    level, _, period = subject.partition(":")
    try:
        return level in LEVELS and (level == "global" or parent(level, period) is not None)
    except (ValueError, TypeError):
        return False


def _erased(chart: Chart) -> Iterator[Finding]:
    graves = graveyard(chart.tx, chart.bank.tenant, chart.bank.name)
    for number in buried(chart.tx, chart.bank, graves) if graves else ():
        yield chart.find("erased", number)
