"""`memorybank eval retrieval`: the library's own recall, asked the questions of a set.

Memories are remembered in their order at their own time in a fresh bank; questions are asked
after the last memory, or at their own date, with everything visible and nothing withheld. The
same questions go to the baselines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memorybank.bank import MemoryBank
from memorybank.evals import baselines
from memorybank.evals.metrics import Asked, measures, summary, table
from memorybank.evals.original import original
from memorybank.evals.scratch import scratch_folder
from memorybank.evals.sets import Question, RetrievalSet
from memorybank.formats import Volume
from memorybank.models import Embedder
from memorybank.records import Kind
from memorybank.timewords import moment
from memorybank.verbs.desk import Progress, no_progress

EVERYTHING = datetime(9990, 1, 1, tzinfo=UTC)
OURS, DIGESTED = "ours", "ours + digests"
BASELINES = ("random", "grep", "bm25", "vectors", "original")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set is asked: with which embedder, on which kinds of memory, digested or not."""

    embedder: Embedder | None
    digested: bool = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What takes part in recall."""
        return ("turn", "day") if self.digested else ("turn",)


def evaluate(data: RetrievalSet, plan: Plan, *, progress: Progress = no_progress) -> dict[str, Any]:
    """Return the measures of one set by the contract of `docs/evaluation.md`."""
    asked = rankings(data, plan, progress=progress)
    return {
        "set": data.name,
        "system": DIGESTED if plan.digested else OURS,
        **summary(asked),
    }


def rankings(data: RetrievalSet, plan: Plan, *, progress: Progress = no_progress) -> list[Asked]:
    """Return what recall answers to every question of a set, in the set's order."""
    answered: dict[str, Asked] = {}
    for volume, questions in volumes(data):
        with scratch_folder() as folder:
            asked = _ask_bank(folder, volume, questions, data, plan, progress)
        answered |= {one.question.id: one for one in asked}
    return [answered[q.id] for q in data.questions if q.id in answered]


def volumes(data: RetrievalSet) -> Iterator[tuple[Volume, list[Question]]]:
    """Yield every bank of a set that is asked anything, with its questions in the set's order."""
    by_bank: dict[str, list[Question]] = defaultdict(list)
    for question in data.questions:
        by_bank[question.bank.strip()].append(question)
    for volume in data.volumes():
        if volume.turns and volume.name in by_bank:
            yield volume, by_bank[volume.name]


def compare(
    data: RetrievalSet, embedder: Embedder | None, *, progress: Progress = no_progress
) -> dict[str, dict[str, Any]]:
    """Return the measures of every baseline that can be had; two of them need an embedder."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    asked: list[Question] = []
    for volume, questions in volumes(data):
        bank = baselines.texts_of(volume, data.orders)
        answerers = {
            **{f"random {n}": baselines.chance(bank, n) for n in range(baselines.SEEDS)},
            "grep": baselines.grep(bank),
            "bm25": baselines.bm25(bank),
        }
        if embedder is not None:
            answerers["vectors"] = baselines.vectors(bank, embedder)
            answerers["original"] = original(bank, embedder)
        for done, question in enumerate(questions, 1):
            for name, answer in answerers.items():
                rows[name].append(measures(Asked(question, answer(question))))
            progress("compare", done, len(questions))
        asked += questions
    chance = [rows.pop(f"random {n}") for n in range(baselines.SEEDS)]
    rows["random"] = [_mean(of_seeds) for of_seeds in zip(*chance, strict=True)]
    return {
        name: {"system": name, **table(asked, rows[name])} for name in BASELINES if name in rows
    }


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _ask_bank(
    folder: Path,
    volume: Volume,
    questions: Sequence[Question],
    data: RetrievalSet,
    plan: Plan,
    progress: Progress,
) -> list[Asked]:
    last = max(turn.occurred_at for turn in volume.turns)
    with MemoryBank.open(
        folder / "bank.db", bank=volume.name, lang=volume.lang, zone="UTC",
        embedder=plan.embedder, seed=b"evaluation", clock=lambda: last,
    ) as bank:  # fmt: skip
        turns = [replace(turn, channel="chat") for turn in volume.turns]
        bank.remember_turns(turns, now=last, progress=progress)
        if plan.digested:
            bank.digest(now=last, progress=progress)
        result = []
        for done, question in enumerate(questions, 1):
            result.append(ask(bank, question, last, len(turns), data, plan))
            progress("ask", done, len(questions))
        return result


def ask(
    bank: MemoryBank, question: Question, last: datetime, size: int, data: RetrievalSet, plan: Plan
) -> Asked:
    """Ask one question of a bank and return the caller's ids that came back, best first."""
    now = moment(question.date, UTC) if question.date else last
    found = bank.recall(
        question.text, k=2 * size, now=now, until=EVERYTHING, faded="always", kinds=plan.kinds
    )
    external = {hit.id: hit.external_id for hit in found if hit.kind == "turn"}
    ranking: dict[str, None] = {}
    for hit in found:
        ids = [hit.external_id] if hit.kind == "turn" else [external.get(s) for s in hit.sources]
        for memory_id in ids:
            if memory_id is None:
                continue
            if question.max_order is None or data.orders.get(memory_id, -1) < question.max_order:
                ranking[memory_id] = None
    return Asked(question, list(ranking))
