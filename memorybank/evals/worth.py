"""What reinforcement is worth, with significance held fixed.

Half of a bank's questions are asked during its history, each once at a random moment after its
evidence: deliberate recall. The other half is kept aside. At the end every memory's retention is
computed anew from the one log by several rules, all with the strength at birth that the settled
significance gives, so that nothing but the rule and the recalls differ:

    none        as if nothing had ever been recalled
    restart     a recall sets the time since the last one to nothing; S stays
    plus one    S += 1 day, the paper's rule
    shipped     the rule of the default preset

each with the natural recalls of the chat alone, and with the deliberate ones beside them. Kept
evidence is told apart for the questions that were asked ("again") and for the others ("others").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from memorybank import forget
from memorybank.evals.kept import Floats, Ranked, asked_of, curves
from memorybank.evals.playing import (
    Ended,
    Interlude,
    Life,
    Recall,
    days,
    lived,
    lives_of,
    memories_of,
    played,
)
from memorybank.evals.sets import Question
from memorybank.evals.workers import work
from memorybank.formats import Volume
from memorybank.models import Embedder
from memorybank.verbs.desk import Progress, no_progress

Rule = Callable[[float, Sequence[Recall], float, float], float]
"""From the birth (days), the recalls in order, the significance and the end (days) to R."""
KEEP = (0.3, 0.5, 0.7)
_SHIPPED = forget.preset("gentle")
RULES: dict[str, Rule] = {
    "restart": lambda birth, recalls, weight, end: counted(birth, recalls, weight, end, 0.0),
    "plus one": lambda birth, recalls, weight, end: counted(birth, recalls, weight, end, 1.0),
    "shipped": lambda birth, recalls, weight, end: shipped(birth, recalls, weight, end),
}
LOGS: dict[str, Callable[[Life], tuple[Recall, ...]]] = {
    "natural": lambda life: life.natural,
    "asked": lambda life: tuple(sorted(life.natural + life.deliberate)),
}


def evaluate_worth(
    banks: Sequence[tuple[Volume, Sequence[Question]]],
    embedder: Embedder | None,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> dict[str, object]:
    """Return the evidence kept by rule and log, for questions asked again and for others."""
    items = [(volume, questions, embedder, seed) for seed, (volume, questions) in enumerate(banks)]
    found = work(worth_of, items, jobs, progress)
    return {
        name: {"n": count, **curves(halved, KEEP)}
        for name, halved in (("again", [a for a, _ in found]), ("others", [b for _, b in found]))
        if (count := sum(len(bank.evidence) for bank in halved))
    }


def worth_of(
    volume: Volume, questions: Sequence[Question], embedder: Embedder | None, seed: int
) -> tuple[Ranked, Ranked]:
    """Play one bank with half of its questions asked; return these, and those kept aside."""
    places = {turn.external_id or "": i for i, turn in enumerate(lived(volume))}
    asked, aside = halves([q for q in questions if q.evidence & places.keys()], seed=seed)
    with played(volume, embedder, interludes=moments(asked, places, seed=seed)) as ended:
        scores = arms(ended)
    return asked_of(scores, asked, places), asked_of(scores, aside, places)


def halves(questions: Sequence[Question], *, seed: int) -> tuple[list[Question], list[Question]]:
    """Return the questions that are asked during the history, and those kept aside."""
    shuffled = np.random.default_rng(seed).permutation(len(questions)).tolist()
    middle = (len(shuffled) + 1) // 2
    return [questions[i] for i in shuffled[:middle]], [questions[i] for i in shuffled[middle:]]


def moments(asked: Sequence[Question], places: Mapping[str, int], *, seed: int) -> list[Interlude]:
    """Draw for each question a moment after all of its evidence; none where there is no time."""
    rng = np.random.default_rng(seed)
    result = []
    for question in asked:
        first = max(places[m] for m in question.evidence if m in places) + 1
        if first < len(places):
            result.append(Interlude(int(rng.integers(first, len(places))), question.text))
    return result


def arms(ended: Ended) -> dict[str, Floats]:
    """Return every memory's retention at the end, by log and rule, shape (n,) each."""
    lives, held, end = lives_of(ended), memories_of(ended), days(ended.end)
    births = [forget.first_strength(_SHIPPED, memory.significance) for memory in held]
    scores = {
        "none": np.array(
            [forget.retention(end, life.birth, s) for life, s in zip(lives, births, strict=True)]
        )
    }
    for (log, recalls), (name, rule) in product(LOGS.items(), RULES.items()):
        scores[f"{name}, {log}"] = np.array(
            [
                rule(life.birth, recalls(life), memory.significance, end)
                for life, memory in zip(lives, held, strict=True)
            ]
        )
    return scores


def counted(
    birth: float, recalls: Sequence[Recall], significance: float, end: float, gain: float
) -> float:
    """Return R at `end` (days) where each recall counts in full: time starts anew, S += `gain`.

    At most `forget.DAILY_CAP` recalls within a day strengthen.
    """
    strength, last = forget.first_strength(_SHIPPED, significance), birth
    recent: tuple[float, ...] = ()
    for at, _ in recalls:
        recent = tuple(moment for moment in recent if at - moment < 1.0)
        if len(recent) < forget.DAILY_CAP:
            strength += gain
            recent = (*recent, at)
        last = max(last, at)
    return forget.retention(end, last, strength)


def shipped(birth: float, recalls: Sequence[Recall], significance: float, end: float) -> float:
    """Return R at `end` (days) by the default preset, from the shares of attention in the log."""
    events = [forget.Happening("recall", at, share) for at, share in recalls]
    born = forget.Birth(at=birth, significance=significance)
    state = forget.replay(_SHIPPED, born, events)
    return forget.retention(end, state.last, state.strength)
