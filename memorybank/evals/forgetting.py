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
from typing import Any

import numpy as np

from memorybank.evals.kept import Ranked, curves
from memorybank.evals.playing import Ended, memories_of, played
from memorybank.evals.retrieval import volumes
from memorybank.evals.sets import Question, RetrievalSet
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
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return what each policy keeps of the evidence of a set's questions, at each share."""
    banks = [ranked(volume, questions, embedder, progress) for volume, questions in volumes(data)]
    return {
        "set": data.name,
        "n": sum(len(bank.evidence) for bank in banks),
        "memories": sum(bank.size for bank in banks),
        **curves(banks, keep),
    }


def ranked(
    volume: Volume, questions: Sequence[Question], embedder: Embedder | None, progress: Progress
) -> Ranked:
    """Play one bank twice, by the default and by the paper's rule, and let every policy rank."""
    with played(volume, embedder, progress=progress) as ended:
        held = memories_of(ended)
        places = {turn.external_id: i for i, turn in enumerate(ended.turns)}
        lengths = [len(turn.text or "") + len(turn.reply or "") for turn in ended.turns]
    with played(volume, embedder, preset="paper", progress=progress) as ended:
        by_paper = retentions(ended)
    scores = {
        "ours": np.array([memory.retention for memory in held]),
        "significance": np.array([memory.significance for memory in held]),
        "paper": by_paper,
        "recency": np.arange(len(held), dtype=np.float64),
        "length": np.array(lengths, dtype=np.float64),
        "random": np.zeros(len(held)),
    }
    known = [[g & places.keys() for g in question.groups] for question in questions]
    at = [[np.array(sorted(places[m] for m in g)) for g in groups if g] for groups in known]
    evidence = [
        np.array(sorted(places[m] for m in question.evidence if m in places))
        for question in questions
    ]
    some = [i for i, found in enumerate(evidence) if len(found)]
    return Ranked(scores, [evidence[i] for i in some], [at[i] for i in some])


def retentions(ended: Ended) -> np.ndarray:
    """Return how well each turn is held at the end, shape (n,)."""
    return np.array([memory.retention for memory in memories_of(ended)])
