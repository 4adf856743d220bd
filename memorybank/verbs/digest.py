"""The digest: days into event summaries and insights, days into weeks, months, everything.

Works through the digest jobs that `remember` left, smallest pieces first; each piece is one
transaction, so that it can be stopped and taken up again anywhere. A piece whose sources have
not changed is not done again; a piece that changed asks for the one above it, and only for that.
A digest settles the significance of its day's memories. It never revives and never fades.

A language model is asked outside of any transaction. Where it fails, the piece waits as a job
with the reason, longer each time; where its door is shut, the rest of this digest does without.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from memorybank import forget, lexical
from memorybank.digesting import LEVELS, digest_key, parent
from memorybank.errors import ModelError
from memorybank.index import DAY
from memorybank.models import LLM, Vectors, passages
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
from memorybank.verbs import condense, log, settling
from memorybank.verbs.desk import (
    Desk,
    Progress,
    bank_again,
    birth_of,
    index_of,
    insert_vectors,
    insert_words,
    no_progress,
    note_failure,
    state_values,
)
from memorybank.verbs.plan import EXTRACTIVE, Plan, plan_of, source_hash
from memorybank.verbs.shelf import Volume, entry_of, usable

LOG = logging.getLogger(__name__)
TRIES = 3
"""So often a piece is begun anew in one digest because somebody spoke meanwhile."""
_INSIGHTS = ("insight", "statement")


@dataclass(frozen=True, slots=True)
class Digested:
    """How many pieces of each level were made anew; how many a model failed at, and how."""

    days: int = 0
    weeks: int = 0
    months: int = 0
    overall: int = 0
    failed: int = 0
    error: ModelError | None = field(default=None, repr=False)


def digest(
    desk: Desk,
    now: datetime,
    *,
    llm: LLM | None = None,
    due_only: bool = False,
    before: date | None = None,
    progress: Progress = no_progress,
) -> Digested:
    """Do every digest that waits; returns what was done. `due_only` leaves alone what failed a
    short while ago, as a worker in the background should; `before` leaves days from it on."""
    round_ = _Round(desk, now, llm)
    finished = 0
    due = to_us(now) if due_only else None
    first_left = f"day:{before.isoformat()}" if before else None
    while waiting := round_.open(_waiting(desk, due, first_left)):
        for left, job in zip(reversed(range(len(waiting))), waiting, strict=True):
            round_.take(job)
            finished += 1
            progress("digest", finished, finished + left)
    return round_.outcome()


def again(desk: Desk, now: datetime) -> int:
    """Ask for the digest of every day once more, as after a model was connected; how many."""
    with desk.write() as (tx, volume, bank):
        rows = tx.rows("derived_of_level", bank=bank.bank, level="day")
        subjects = [digest_key("day", DerivedRow(*row).period) for row in rows]
        for subject in subjects:
            created = to_us(now)
            tx.run("enqueue", bank=bank.bank, kind="digest", subject=subject, created_at=created)
        log.reserve(tx, volume, bank.bank)
        log.caught_up(volume)
    return len(subjects)


def _waiting(desk: Desk, due: int | None, first_left: str | None) -> list[JobRow]:
    """Return the jobs that may be done now, by name."""
    with desk.store.read() as tx:
        bank = bank_again(tx, desk)
        rows = [JobRow(*row) for row in tx.rows("jobs_of_kind", bank=bank.bank, kind="digest")]
    if due is not None:
        rows = [job for job in rows if job.run_after <= due]
    if first_left is not None:
        rows = [job for job in rows if not first_left <= job.subject < "day;"]
    return rows


class _Round:
    """One digest: takes job after job, and counts."""

    def __init__(self, desk: Desk, now: datetime, llm: LLM | None) -> None:
        self.desk, self.now, self.llm = desk, now, llm
        self.done = dict.fromkeys(LEVELS, 0)
        self.tried: dict[str, int] = {}
        self.outrun: Counter[str] = Counter()
        self.failed = 0
        self.error: ModelError | None = None
        self.shut = False

    def open(self, jobs: Sequence[JobRow]) -> list[JobRow]:
        """Return the jobs of the smallest level that has any, oldest piece first.

        Without those that were tried in vain and have not been asked for again since, and those
        at which somebody speaks faster than they can be digested: they wait for the next time.
        """
        left = [
            job for job in jobs
            if self.tried.get(job.subject) != job.fence and self.outrun[job.subject] < TRIES
        ]  # fmt: skip
        for level in LEVELS:
            found = [job for job in left if job.subject.startswith(f"{level}:")]
            if found:
                return found
        return []

    def take(self, job: JobRow) -> None:
        """Digest one piece; what the model failed at stays a job, with the reason."""
        level, _, period = job.subject.partition(":")
        piece = _Piece(self.desk, level, period, self.now, self.llm, shut=self.shut)
        self.done[level] += piece.make(job)
        self.outrun[job.subject] += piece.outrun
        if not piece.waits:
            return
        self.tried[job.subject] = job.fence
        if piece.error is None:
            return
        self.failed += 1
        self.error = self.error or piece.error
        self.shut = self.shut or condense.is_outage(piece.error)

    def outcome(self) -> Digested:
        """Return what was done."""
        done = self.done
        return Digested(
            done["day"], done["week"], done["month"], done["global"], self.failed, self.error
        )


class _Piece:
    """One piece of time being digested. `shut` says that the model has just not answered.

    Afterwards `error` says how the model failed, `waits` that the piece is left for later,
    `outrun` that it changed while it was being digested.
    """

    def __init__(
        self, desk: Desk, level: str, period: str, now: datetime, llm: LLM | None, *, shut: bool
    ) -> None:
        self.desk, self.level, self.period, self.now = desk, level, period, now
        self.llm, self.shut = llm, shut
        self.error: ModelError | None = None
        self.waits = self.outrun = False

    def make(self, job: JobRow) -> bool:
        """Digest the piece and finish its job; returns whether anything was made anew."""
        with self.desk.store.read() as tx:  # planning may take long: nobody waits for the index
            bank = bank_again(tx, self.desk)
            plan = plan_of(tx, bank, self.level, self.period)
            old = self._standing(tx, bank, self.level)
            insight = self._standing(tx, bank, "insight") if self.level == "day" else None
            sources = plan.hash
            by_model = source_hash(tx, bank, self.level, self.period, condense.edition(plan.lang))
        if self.llm:
            changed = old is None or old.hash != by_model or bool(job.error)
            if changed:
                plan = self._by_model(self.llm, replace(plan, hash=by_model), old, insight)
                changed = not plan.keeps >= {"summary", "insight"}
        else:
            # What a model wrote of these very sources is better than what is quoted here.
            changed = old is None or old.hash not in (plan.hash, by_model)
        if plan.method == EXTRACTIVE:
            plan = replace(plan, hash=sources)  # to be made anew once the model answers
        # The embedder may be slow: nobody waits for it.
        vectors = self._vectors(bank, plan) if self.level == "day" and changed else None
        with self.desk.write() as (tx, volume, bank):
            if source_hash(tx, bank, self.level, self.period) != sources:
                self.outrun = True  # somebody spoke meanwhile, and the job is still there
                return False
            old = self._standing(tx, bank, self.level)
            if changed:
                _Scribe(self, tx, volume, bank, plan, old).write(vectors)
            self._finish(tx, bank, job)
            # A renewed or dropped summary cannot be followed by appending to an index.
            rewritten = changed and old is not None and self.level == "day"
            log.reserve(tx, volume, bank.bank, edition=rewritten)
            if not rewritten:
                log.caught_up(volume)
        return changed

    def _standing(self, tx: Transaction, bank: BankRow, level: str) -> DerivedRow | None:
        row = tx.row("derived_at", bank=bank.bank, level=level, period=self.period)
        return DerivedRow(*row) if row else None

    def _by_model(
        self, llm: LLM, plan: Plan, old: DerivedRow | None, insight: DerivedRow | None
    ) -> Plan:
        """Return the plan as far as the model came with it; notes how it failed."""
        standing = {"summary": old, "insight": insight if self.level == "day" else old}
        good = {what for what, row in standing.items() if row and row.method != EXTRACTIVE}
        if self.shut:
            self.waits = plan.summary is not None
            return replace(plan, keeps=frozenset(good))
        attempt = condense.condensed(llm, self.level, plan, good)
        self.error = attempt.error
        self.waits = attempt.error is not None
        if self.level != "day" and "summary" in attempt.plan.keeps:
            return replace(attempt.plan, keeps=frozenset({"summary", "insight"}))
        return attempt.plan

    def _finish(self, tx: Transaction, bank: BankRow, job: JobRow) -> None:
        """Take the job off the list, or note why it stays there and until when."""
        named = {"bank": bank.bank, "kind": job.kind, "subject": job.subject}
        if self.error:
            note_failure(tx, bank, job, self.error, self.now)
        elif not self.waits:
            tx.run("job_done", **named, fence=job.fence)

    def _vectors(self, bank: BankRow, plan: Plan) -> Vectors | None:
        embedder = usable(self.desk.embedder, bank)
        if embedder is None or plan.summary is None or "summary" in plan.keeps:
            return None
        try:
            return passages(embedder, [plan.summary.text[: embedder.max_chars]])
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
        self.weights: dict[int, float] = {}

    def write(self, vectors: Vectors | None) -> None:
        """Replace what this piece had by what its plan says, but for what the plan keeps."""
        if self.piece.level == "day":
            self.weights = settling.settle(
                self.tx, self.volume, self.bank, self.plan.rows, self.plan.echoes, self.piece.now
            )
            if "insight" not in self.plan.keeps:
                self._write_insight()
        if "summary" not in self.plan.keeps:
            self._write_summary(vectors)

    def _write_insight(self) -> None:
        tx, bank, plan, period = self.tx, self.bank.bank, self.plan, self.piece.period
        gone = [row[0] for row in tx.rows("statements_of_day", bank=bank, period=period)]
        gone += [row[0] for row in tx.rows("derived_at", bank=bank, level="insight", period=period)]
        for number in gone:
            tx.run("erase_derived", bank=bank, number=number)
        for draft in plan.drafts:
            insert_derived(tx, bank, self._row("statement", draft.text, draft.topic), draft.sources)
        if plan.insight:
            insert_derived(tx, bank, self._row("insight", plan.insight.text), plan.insight.sources)

    def _write_summary(self, vectors: Vectors | None) -> None:
        tx, bank, plan, level = self.tx, self.bank.bank, self.plan, self.piece.level
        if self.old:
            tx.run("erase_derived", bank=bank, number=self.old.number)
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

    def _row(
        self, level: str, text: str, topic: str = "", old: DerivedRow | None = None
    ) -> DerivedRow:
        """Return a new derived row; a renewed summary keeps its number and id, and so its log."""
        return DerivedRow(
            number=old.number if old else log.reserve(self.tx, self.volume, self.bank.bank),
            id=old.id if old else self.piece.desk.new_id(),
            level=level, period=self.piece.period, topic=topic, text=text,
            method=self.plan.insight_method if level in _INSIGHTS else self.plan.method,
            lang=self.plan.lang, hash=self.plan.hash, made_at=to_us(self.piece.now),
        )  # fmt: skip

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
