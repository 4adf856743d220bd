"""Audit: what each source has changed, what looks wrong, and how to take a source back.

A source is the file that turns were imported from, or the channel they came by where there is no
file; the user's own talk is one too. Reads only; `roll_back` alone changes anything, by erasing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from memorybank.digesting import digest_key
from memorybank.errors import BadInput
from memorybank.records import Record
from memorybank.rendering import clean
from memorybank.store import Transaction
from memorybank.store.tables import BankRow, JobRow, from_us, to_us
from memorybank.verbs.desk import Desk, zone_of
from memorybank.verbs.erase import Erased, erase
from memorybank.verbs.suspects import OWN, AuditTurn, Suspect, suspects

WAITS = timedelta(days=2)
"""What waits for a digest longer than this is stale; until then it is merely of today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence(Record):
    """What one source has changed.

    Counts: its turns; the turns of others that it replaced; summaries (insights too) and
    statements of the portrait that stand on it, directly or not; how often its memories entered
    a prompt, and how often its turns called up others.
    """

    source: str
    trusted: bool
    turns: int
    first: datetime
    last: datetime
    replaced: int
    summaries: int
    statements: int
    recalled: int
    recalls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Record):
    """A bank looked over: its sources, the largest first, and what should be looked at."""

    sources: tuple[Influence, ...]
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True)
class _Derived:
    number: int
    id: str
    level: str
    period: str


class _Books:
    """All that an audit reads of a bank, in one snapshot."""

    def __init__(self, tx: Transaction, bank: BankRow) -> None:
        self.turns = [AuditTurn(*row) for row in tx.rows("audit_turns", bank=bank.bank)]
        self.recalls: list[tuple[int, int | None, int]] = [
            (row[0], row[1], row[2]) for row in tx.rows("audit_recalls", bank=bank.bank)
        ]
        self.derived: dict[int, _Derived] = {}
        self.above: dict[int, list[int]] = defaultdict(list)
        for *row, source in tx.rows("audit_derived", bank=bank.bank):
            self.derived[row[0]] = _Derived(*row)
            self.above[source].append(row[0])
        rows = tx.rows("jobs_of_kind", bank=bank.bank, kind="digest")
        self.jobs = [JobRow(*row) for row in rows]

    def by_origin(self) -> Mapping[str, list[AuditTurn]]:
        """Return the turns of each source."""
        found: dict[str, list[AuditTurn]] = defaultdict(list)
        for turn in self.turns:
            found[turn.origin].append(turn)
        return found

    def standing_on(self, numbers: Iterable[int]) -> list[_Derived]:
        """Return everything that was derived from these, directly or not."""
        waiting, seen = list(numbers), set[int]()
        while waiting:
            for above in self.above.get(waiting.pop(), ()):
                if above not in seen:
                    seen.add(above)
                    waiting.append(above)
        return [self.derived[number] for number in sorted(seen)]


def audit(desk: Desk, now: datetime) -> Audit:
    """Return what each source has changed, and what looks wrong."""
    with desk.read() as (tx, _, bank):
        books = _Books(tx, bank)
    found = [_influence(books, bank, name, turns) for name, turns in books.by_origin().items()]
    found.sort(key=lambda one: (-one.turns, one.source))
    looked = suspects(books.turns, books.recalls, to_us(now))
    return Audit(sources=tuple(found), suspects=(*looked, *_stale(books, now)))


def taking(desk: Desk, source: str) -> Influence:
    """Return what a source has changed and taking it back would undo; BadInput if unknown."""
    with desk.read() as (tx, _, bank):
        books = _Books(tx, bank)
    return _influence(books, bank, clean(source), _of_source(books, source))


def roll_back(desk: Desk, source: str, now: datetime) -> Erased:
    """Erase all that came from a source, with everything derived from it, for good.

    What its turns had replaced stands again; what it strengthened stays strong.
    """
    with desk.read() as (tx, _, bank):
        turns = _of_source(_Books(tx, bank), source)
    return erase(desk, now, ids=[turn.id for turn in turns])


def _of_source(books: _Books, source: str) -> list[AuditTurn]:
    """Return the turns of a source that can be rolled back."""
    name = clean(source)
    turns = books.by_origin().get(name)
    if name == OWN:
        raise BadInput(
            "the person's own talk is not a source to roll back: erase turns, a day, or the bank",
            "本人说的话不能按来源回退：请删除某几轮、某一天或整个记忆库",
        )
    if not turns:
        raise BadInput(
            "nothing came from this source: `memorybank audit` lists the sources",
            "没有来自这个来源的记忆：`memorybank audit` 会列出全部来源",
        )
    return turns


def _influence(books: _Books, bank: BankRow, name: str, turns: Sequence[AuditTurn]) -> Influence:
    mine = {turn.number for turn in turns}
    derived = books.standing_on(mine)
    statements = sum(row.level == "statement" for row in derived)
    zone = zone_of(bank)
    return Influence(
        source=name,
        trusted=all(turn.trusted for turn in turns),
        turns=len(turns),
        first=from_us(turns[0].at, zone),
        last=from_us(turns[-1].at, zone),
        replaced=sum(turn.supersedes is not None and turn.supersedes not in mine for turn in turns),
        summaries=len(derived) - statements,
        statements=statements,
        recalled=sum(memory in mine for memory, _, _ in books.recalls),
        recalls=sum(by in mine for _, by, _ in books.recalls),
    )


def _stale(books: _Books, now: datetime) -> list[Suspect]:
    """Return what has waited long to be made anew, and what stands on replaced turns alone."""
    old = to_us(now - WAITS)
    waiting = {job.subject: job for job in books.jobs if job.created_at < old or job.attempts > 2}
    replaced = {turn.number for turn in books.turns if turn.superseded_by is not None}
    sources: dict[int, set[int]] = defaultdict(set)
    for source, above in books.above.items():
        for number in above:
            sources[number].add(source)
    found = []
    for number, row in books.derived.items():
        job = waiting.get(digest_key(row.level, row.period))
        if job or sources[number] <= replaced:
            count = job.attempts if job else 0
            place = f"{row.level} {row.period}"
            found.append(Suspect(kind="stale", ids=(row.id,), source=place, count=count))
    return found
