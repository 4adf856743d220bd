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
from memorybank.evals.kept import Ranked, asked_of, curves
from memorybank.evals.playing import memories_of, played
from memorybank.evals.retrieval import volumes
from memorybank.evals.sets import Question, RetrievalSet
from memorybank.evals.worth import evaluate_worth
from memorybank.formats import Volume
from memorybank.models import Embedder
from memorybank.verbs.desk import Progress, no_progress

KEEP = (0.3, 0.5, 0.7)
POLICIES = ("ours", "significance", "paper", "recency", "length", "random")


def evaluate_forgetting(
    data: RetrievalSet,
    embedder: Embedder | None,
    keep: Sequence[float] = KEEP,
    *,
    gone: bool = False,
    recalls: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return what each policy keeps of the evidence of a set's questions, at each share.

    `gone` also checks that what is gone stays gone, `recalls` what reinforcement is worth.
    """
    found = [
        one_bank(volume, questions, embedder, gone=gone, progress=progress)
        for volume, questions in volumes(data)
    ]
    result: dict[str, Any] = {
        "set": data.name,
        "n": sum(len(bank.ranked.evidence) for bank in found),
        "memories": sum(bank.ranked.size for bank in found),
        **curves([bank.ranked for bank in found], keep),
    }
    if gone:
        result["gone"] = {name: sum(bank.gone[name] for bank in found) for name in found[0].gone}
    if recalls:
        result["worth"] = evaluate_worth(list(volumes(data)), embedder, progress=progress)
    return result


@dataclass(frozen=True, slots=True)
class Bank:
    """What came of one bank: how its turns are ranked, and what came back of what was gone."""

    ranked: Ranked
    gone: dict[str, int]


def one_bank(
    volume: Volume,
    questions: Sequence[Question],
    embedder: Embedder | None,
    *,
    gone: bool,
    progress: Progress,
) -> Bank:
    """Play one bank twice, by the default and by the paper's rule, and let every policy rank."""
    with played(volume, embedder, progress=progress) as ended:
        held = memories_of(ended)
        places = {turn.external_id or "": i for i, turn in enumerate(ended.turns)}
        lengths = [len(turn.text or "") + len(turn.reply or "") for turn in ended.turns]
        back = gone_stays_gone(ended) if gone else {}
    with played(volume, embedder, preset="paper", progress=progress) as ended:
        by_paper = [memory.retention for memory in memories_of(ended)]
    scores = {
        "ours": np.array([memory.retention for memory in held]),
        "significance": np.array([memory.significance for memory in held]),
        "paper": np.array(by_paper),
        "recency": np.arange(len(held), dtype=np.float64),
        "length": np.array(lengths, dtype=np.float64),
        "random": np.zeros(len(held)),
    }
    return Bank(asked_of(scores, questions, places), back)
