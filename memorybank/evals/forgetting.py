"""`memorybank eval forgetting`: of what was kept, how much is asked for later?

The history is played through a simulated clock (`playing`). At its end every policy ranks the
turns, and none has seen a question:

    ours          the retention that `explain` reports, in a bank with the shipped default
    significance  the settled significance alone, without time
    paper         the retention in a bank that was played with the paper's rule
    recency       the later, the better
    length        the longer the text, the better
    random        chance, the placebo
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memorybank.evals.gone import gone_stays_gone
from memorybank.evals.kept import Floats, Ranked, asked_of, curves
from memorybank.evals.playing import lived, memories_of, played
from memorybank.evals.retrieval import volumes
from memorybank.evals.sets import Question, RetrievalSet
from memorybank.evals.workers import work
from memorybank.evals.worth import evaluate_worth
from memorybank.formats import Volume
from memorybank.models import Embedder
from memorybank.verbs.desk import Progress, no_progress

KEEP = (0.3, 0.5, 0.7)
DEFAULT = "gentle"
POLICIES = ("ours", "significance", "paper", "recency", "length", "random")


def evaluate_forgetting(
    data: RetrievalSet,
    embedder: Embedder | None,
    keep: Sequence[float] = KEEP,
    *,
    gone: bool = False,
    recalls: bool = False,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return what each policy keeps of the evidence of a set's questions, at each share.

    `gone` also checks that what is gone stays gone, `recalls` what reinforcement is worth; `jobs`
    is how many processes share the work.
    """
    banks = list(volumes(data))
    items = [
        (volume, embedder, preset, gone and preset == DEFAULT)
        for volume, _ in banks
        for preset in (DEFAULT, "paper")
    ]
    lives = work(life_of, items, jobs, progress)
    ranked = [
        _ranked(volume, questions, ours, by_paper)
        for (volume, questions), ours, by_paper in zip(banks, lives[::2], lives[1::2], strict=True)
    ]
    result: dict[str, Any] = {
        "set": data.name,
        "n": sum(len(bank.evidence) for bank in ranked),
        "memories": sum(bank.size for bank in ranked),
        **curves(ranked, keep),
    }
    if gone:
        back = [life.gone for life in lives[::2]]
        result["gone"] = {name: sum(each[name] for each in back) for name in back[0]}
    if recalls:
        result["worth"] = evaluate_worth(banks, embedder, jobs=jobs, progress=progress)
    return result


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the turns of one bank are held at its end, (n,) each, and what came back."""

    retention: Floats
    significance: Floats
    gone: dict[str, int]


def life_of(volume: Volume, embedder: Embedder | None, preset: str, gone: bool) -> Outcome:
    """Play one bank by one preset; `gone` also tries what comes back afterwards."""
    with played(volume, embedder, preset=preset) as ended:
        held = memories_of(ended)
        return Outcome(
            retention=np.array([memory.retention for memory in held]),
            significance=np.array([memory.significance for memory in held]),
            gone=gone_stays_gone(ended) if gone else {},
        )


def _ranked(
    volume: Volume, questions: Sequence[Question], ours: Outcome, by_paper: Outcome
) -> Ranked:
    """Let every policy rank one bank's turns."""
    turns = lived(volume)
    lengths = [len(turn.text or "") + len(turn.reply or "") for turn in turns]
    scores = {
        "ours": ours.retention,
        "significance": ours.significance,
        "paper": by_paper.retention,
        "recency": np.arange(len(turns), dtype=np.float64),
        "length": np.array(lengths, dtype=np.float64),
        "random": np.zeros(len(turns)),
    }
    return asked_of(scores, questions, {turn.external_id or "": i for i, turn in enumerate(turns)})
