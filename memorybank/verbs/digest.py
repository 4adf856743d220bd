"""The digest: days into event summaries and insights, days into weeks, months, everything.

Works through the digest jobs that `remember` left, smallest pieces first; each piece is one
transaction, so that it can be stopped and taken up again anywhere. A piece whose sources have
not changed is not done again; a piece that changed asks for the one above it, and only for that.
A digest settles the significance of its day's memories. It never revives and never fades.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime

from memorybank import forget, lexical, significance
from memorybank.digesting import LEVELS, digest_key, parent
from memorybank.errors import ModelError
from memorybank.index import DAY
from memorybank.models import Vectors, passages
from memorybank.records import Part, plain
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    JobRow,
    MemoryRow,
    insert_derived,
    to_us,
    values,
)
from memorybank.summarise import Extract
from memorybank.verbs import log
from memorybank.verbs.desk import (
    Desk,
    Progress,
    birth_of,
    index_of,
    insert_vectors,
    insert_words,
    no_progress,
    state_values,
)
from memorybank.verbs.plan import Plan, plan_of, source_hash
from memorybank.verbs.shelf import Volume, entry_of, usable

LOG = logging.getLogger(__name__)
METHOD = "extractive"
SETTLED = 0.02
"""A significance that changes by less stays as it is."""


@dataclass(frozen=True, slots=True)
class Digested:
    """How many pieces of each level were made anew."""

    days: int = 0
    weeks: int = 0
    months: int = 0
    overall: int = 0


def digest(desk: Desk, now: datetime, *, progress: Progress = no_progress) -> Digested:
    """Do every digest that waits; returns what was done."""
    done = dict.fromkeys(LEVELS, 0)
    finished = 0
    while waiting := _waiting(desk):
        for left, job in zip(reversed(range(len(waiting))), waiting, strict=True):
            level, _, period = job.subject.partition(":")
            done[level] += _Piece(desk, level, period, now).make(job)
            finished += 1
            progress("digest", finished, finished + left)
    return Digested(done["day"], done["week"], done["month"], done["global"])


def _waiting(desk: Desk) -> list[JobRow]:
    """Return the waiting jobs of the smallest level that has any, oldest piece first."""
    with desk.read() as (tx, _, bank):
        rows = [JobRow(*row) for row in tx.rows("jobs_of_kind", bank=bank.bank, kind="digest")]
    for level in LEVELS:
        found = [job for job in rows if job.subject.startswith(f"{level}:")]
        if found:
            return found
    return []


class _Piece:
    """One piece of time being digested."""

    def __init__(self, desk: Desk, level: str, period: str, now: datetime) -> None:
        self.desk, self.level, self.period, self.now = desk, level, period, now

    def make(self, job: JobRow) -> bool:
        """Digest the piece and finish its job; returns whether anything was made anew."""
        with self.desk.read() as (tx, _, bank):
            plan = plan_of(tx, bank, self.level, self.period)
        # The embedder may be slow: nobody waits for it.
        vectors = self._vectors(bank, plan.summary) if self.level == "day" else None
        with self.desk.write() as (tx, volume, bank):
            if source_hash(tx, bank, self.level, self.period) != plan.hash:
                return False  # somebody spoke meanwhile, and the job is still there
            row = tx.row("derived_at", bank=bank.bank, level=self.level, period=self.period)
            old = DerivedRow(*row) if row else None
            changed = old is None or old.hash != plan.hash
            if changed:
                _Scribe(self, tx, volume, bank, plan, old).write(vectors)
            tx.run("job_done", bank=bank.bank, kind="digest", subject=job.subject, fence=job.fence)
            # A renewed or dropped summary cannot be followed by appending to an index.
            rewritten = changed and old is not None and self.level == "day"
            log.reserve(tx, volume, bank.bank, edition=rewritten)
            if not rewritten:
                log.caught_up(volume)
        return changed

    def _vectors(self, bank: BankRow, extract: Extract | None) -> Vectors | None:
        embedder = usable(self.desk.embedder, bank)
        if embedder is None or extract is None:
            return None
        try:
            return passages(embedder, [extract.text[: embedder.max_chars]])
        except ModelError as error:
            LOG.warning("the summary's vector is left to a job: %s", error)
            return None


class _Scribe:
    """Writes what a piece's plan says, inside one transaction; `old` is the summary it replaces."""

    def __init__(
        self,
        piece: _Piece,
        tx: Transaction,
        volume: Volume,
        bank: BankRow,
        plan: Plan,
        old: DerivedRow | None,
    ) -> None:
        self.piece, self.tx, self.volume, self.bank = piece, tx, volume, bank
        self.plan, self.old = plan, old
        self.weights = {row.number: row.significance for row in plan.rows}

    def write(self, vectors: Vectors | None) -> None:
        """Replace everything that this piece had by what its plan says."""
        tx, bank, plan, level = self.tx, self.bank.bank, self.plan, self.piece.level
        self._take_out()
        for draft in plan.drafts:
            insert_derived(
                tx, bank, self._row("statement", draft.text, draft.topic), [draft.source]
            )
        if plan.insight:
            insert_derived(tx, bank, self._row("insight", plan.insight.text), plan.insight.sources)
        if level == "day":
            self._settle()
        if plan.summary:
            row = self._row(level, plan.summary.text, old=self.old)
            insert_derived(tx, bank, row, plan.summary.sources)
            if level == "day":
                self._remember(row, vectors)
        elif level == "day" and self.old:
            tx.run("erase_memory", bank=bank, number=self.old.number)
        above = parent(level, self.piece.period)
        if above and (plan.summary or self.old):
            subject, now = digest_key(*above), to_us(self.piece.now)
            tx.run("enqueue", bank=bank, kind="digest", subject=subject, created_at=now)

    def _take_out(self) -> None:
        tx, bank, period = self.tx, self.bank.bank, self.piece.period
        gone = [self.old.number] if self.old else []
        if self.piece.level == "day":
            gone += [row[0] for row in tx.rows("statements_of_day", bank=bank, period=period)]
            gone += [
                row[0] for row in tx.rows("derived_at", bank=bank, level="insight", period=period)
            ]
        for number in gone:
            tx.run("erase_derived", bank=bank, number=number)

    def _row(
        self, level: str, text: str, topic: str = "", old: DerivedRow | None = None
    ) -> DerivedRow:
        """Return a new derived row; a renewed summary keeps its number and id, and so its log."""
        return DerivedRow(
            number=old.number if old else log.reserve(self.tx, self.volume, self.bank.bank),
            id=old.id if old else self.piece.desk.new_id(),
            level=level, period=self.piece.period, topic=topic, text=text, method=METHOD,
            lang=self.plan.lang, hash=self.plan.hash, made_at=to_us(self.piece.now),
        )  # fmt: skip

    def _settle(self) -> None:
        """Judge the day's turns again, now that the whole day is known, and log what changed."""
        for row, echoes in zip(self.plan.rows, self.plan.echoes, strict=True):
            judged = significance.settle([Part(**part) for part in json.loads(row.parts)], echoes)
            inherited = [p for p in json.loads(row.parts) if p["name"] == "corrects"]
            weight = max([judged.significance, *(p["value"] for p in inherited)])
            if abs(weight - row.significance) < SETTLED:
                continue
            parts = json.dumps([*plain(judged.parts), *inherited], ensure_ascii=False)
            self.tx.run("set_parts", bank=self.bank.bank, number=row.number, parts=parts)
            log.record(self.tx, self.volume, self.bank, row, "settle", self.piece.now, value=weight)
            self.weights[row.number] = weight

    def _remember(self, summary: DerivedRow, vectors: Vectors | None) -> None:
        """Make the event summary a memory, or renew the one that it was."""
        rows = self.plan.rows
        weight = max(self.weights.values())
        row = MemoryRow(
            number=summary.number, id=summary.id, kind=DAY,
            occurred_at=max(r.occurred_at for r in rows), day=rows[-1].day, thread=0, seq=0,
            lang=self.plan.lang, trusted=int(all(r.trusted for r in rows)),
            born_at=max(r.born_at for r in rows), born_with=weight,
            parts=json.dumps([plain(Part(name="its turns", value=weight, share=weight))]),
            significance=weight, strength=0.0, last_at=0, fades_at=None, pinned=0, supersedes=None,
        )  # fmt: skip
        state = forget.born(forget.preset(self.bank.preset), birth_of(self.bank, row))
        row = replace(row, **state_values(state, row.born_at))  # type: ignore[arg-type]
        words = lexical.term_array(summary.text)
        self.tx.run(
            "renew_memory" if self.old else "insert_memory", **values(row, bank=self.bank.bank)
        )
        insert_words(self.tx, self.bank.bank, row.number, words)
        embedder = self.piece.desk.embedder
        if vectors is not None and embedder:
            insert_vectors(self.tx, self.bank, row.number, embedder, vectors, summary.text)
        elif self.bank.embedder:
            subject, now = str(row.number), to_us(self.piece.now)
            self.tx.run(
                "enqueue", bank=self.bank.bank, kind="embed", subject=subject, created_at=now
            )
        if self.old:
            log.restate(self.tx, self.volume, self.bank, row)
        else:
            index_of(self.volume).append(entry_of(row), vectors, words)
