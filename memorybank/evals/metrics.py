"""Retrieval metrics, and their uncertainty. Pure; shapes and definitions in each docstring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memorybank.evals.sets import Question

ANY, ALL = (1, 3, 5, 10), (5, 10)
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the ids that came back, best first, each at most once."""

    question: Question
    ranking: Sequence[str]


def measures(asked: Asked) -> dict[str, float]:
    """Return the measures of one question, each in 0..1.

    any@k: an evidence memory stands in the first k; all@k: every evidence group has a member
    there; mrr: 1 / rank of the first evidence memory over the whole ranking, 0 if it is not in it.
    """
    evidence, ranking = asked.question.evidence, list(asked.ranking)
    result = {f"any@{k}": float(bool(evidence & set(ranking[:k]))) for k in ANY}
    for k in ALL:
        top = set(ranking[:k])
        result[f"all@{k}"] = float(all(top & group for group in asked.question.groups))
    first = next((rank for rank, item in enumerate(ranking, 1) if item in evidence), 0)
    result["mrr"] = 1.0 / first if first else 0.0
    return result


def summary(asked: Sequence[Asked], *, seed: int = 0) -> dict[str, object]:
    """Return the means over questions, by category too, with 95 % intervals by bootstrap."""
    return table([one.question for one in asked], [measures(one) for one in asked], seed=seed)


def table(
    questions: Sequence[Question], rows: Sequence[Mapping[str, float]], *, seed: int = 0
) -> dict[str, object]:
    """Return the means of one row of measures for each question, as `summary` does."""
    names = list(rows[0])
    values = np.array([[row[name] for name in names] for row in rows])
    categories: dict[str, list[int]] = {}
    for i, question in enumerate(questions):
        categories.setdefault(question.category, []).append(i)
    return {
        "n": len(rows),
        **_means(names, values),
        "by_category": {
            name: {"n": len(picked), **_means(names, values[picked])}
            for name, picked in sorted(categories.items())
        },
        "ci95": _intervals(names, values, seed),
    }


def _means(names: Sequence[str], values: np.ndarray) -> Mapping[str, float]:
    return {
        name: round(float(mean), 4) for name, mean in zip(names, values.mean(axis=0), strict=True)
    }


def interval(table: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the 2.5 % and 97.5 % points of the mean over rows, shape (2, columns).

    Bootstrap: the rows (questions) are drawn with replacement RESAMPLES times. A draw is how often
    each row came up, so that all means are one product.
    """
    rng = np.random.default_rng(seed)
    count = len(table)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES)
    bounds: np.ndarray = np.percentile(drawn @ table / count, [2.5, 97.5], axis=0)
    return bounds


def _intervals(names: Sequence[str], values: np.ndarray, seed: int) -> dict[str, list[float]]:
    low, high = interval(values, seed)
    return {
        name: [round(float(a), 4), round(float(b), 4)]
        for name, a, b in zip(names, low, high, strict=True)
    }
