"""A small classifier: is a message about danger, whether or not a sign of the lexicon says so?

One number for danger, the sum of what can each be read by itself: the direction that the default
embedder gives a message (one space for both languages), in itself and in its squares along a few
axes; the weak signs of `cues`; what the lexicon found, took out or let be (`traces`); and single
words (`terms`). Three more numbers say what kind of danger: abuse rather than self-harm; another
person's rather than the speaker's; the speaker's intent. The weights are fitted by
`scripts/fit_safety.py` on lines of our own and hold for one embedder alone, the one they name;
with any other, or none, the lexicon decides by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from memorybank.errors import ModelError
from memorybank.models import Embedder, question
from siliconfriend.cues import GROUPS, PAIRED, evidence
from siliconfriend.folding import folded
from siliconfriend.terms import terms

Numbers = NDArray[np.float64]
Traces = Callable[[str], Sequence[float]]
HEADS = ("abuse", "other", "intent")
MOST = 8
"""Directions that one message may cost; each takes 20 to 80 ms."""
WHOLE = 160
"""Characters up to which a message is weighed as a whole only."""
SHARES = (1.0, 0.3, 0.14)
"""How much direction, groups and pairs of groups count in the features."""
_TELLING = [i for i, name in enumerate(GROUPS) if name in PAIRED and name not in ("me", "he")]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted: for which embedder, the mean direction, and what each part counts.

    `danger` has a number for each of `features`, `traces` for each of the lexicon's traces, `terms`
    for each word that counts. `axes`, shape (n, dim), and `bends`, shape (n,), are the squares: how
    far a direction goes along an axis, either way, squared and times the bend. A message whose
    danger is above `heard` is one to worry about. `heads` has a row per kind of danger.
    """

    embedder: str
    mean: Numbers
    danger: Numbers
    traces: Numbers
    axes: Numbers
    bends: Numbers
    terms: dict[str, float]
    heads: Numbers
    heard: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the classifier makes of a message: each number, for its most telling part."""

    danger: float
    abuse: float
    other: float
    intent: float


@cache
def read_weights() -> Weights:
    """Read the weights that come with the package."""
    raw = json.loads(files("siliconfriend").joinpath("data/safety.json").read_text("utf-8"))
    heads = np.array([raw["heads"][name] for name in HEADS])
    mean, danger, traces, axes, bends = (
        np.array(raw[name]) for name in ("mean", "danger", "traces", "axes", "bends")
    )
    return Weights(
        raw["embedder"], mean, danger, traces, axes, bends, raw["terms"], heads, raw["heard"]
    )


def centred(direction: NDArray[np.float32] | Numbers, mean: Numbers) -> Numbers:
    """Return a direction seen from the mean of all, of length 1."""
    away = np.asarray(direction, dtype=np.float64) - mean
    return away / max(float(np.linalg.norm(away)), 1e-9)


def features(away: Numbers, plain: str) -> Numbers:
    """Return what is weighed in a straight line; the last number is always 1.

    Args:
        away: the text's direction from `centred`.
        plain: the text, folded.
    """
    signs = np.array(evidence(plain))
    return np.concatenate([
        SHARES[0] * away, SHARES[1] * signs[: len(GROUPS)], SHARES[2] * signs[len(GROUPS) :],
        [1.0],
    ])  # fmt: skip


def by_terms(plain: str, known: dict[str, float]) -> float:
    """Return what the words of a folded text count together."""
    here = terms(plain)
    return sum(known.get(term, 0.0) for term in here) / sqrt(max(1, len(here)))


def weigh(
    text: str, sentences: Iterable[str], embedder: Embedder | None, traces: Traces
) -> Weighed | None:
    """Weigh a message; None where there is no embedder that the weights were fitted with.

    Args:
        text: the message.
        sentences: its sentences, of which the most telling are weighed each by itself.
        embedder: asked at most MOST times; one that fails counts as none.
        traces: says of a folded text what the lexicon made of it, as numbers.
    """
    if embedder is None or embedder.name != read_weights().embedder:
        return None
    weights = read_weights()
    worst: Weighed | None = None
    try:
        for part in _parts(text, sentences):
            one = _one(centred(question(embedder, part), weights.mean), folded(part), traces)
            worst = one if worst is None or one.danger > worst.danger else worst
            if worst.danger > weights.heard:
                break
    except ModelError:
        return None
    return worst


def _one(away: Numbers, plain: str, traces: Traces) -> Weighed:
    weights = read_weights()
    straight = features(away, plain)
    danger = (
        weights.danger @ straight
        + weights.bends @ (weights.axes @ away) ** 2
        + weights.traces @ np.array(traces(plain))
        + by_terms(plain, weights.terms)
    )
    return Weighed(float(danger), *map(float, weights.heads @ straight))


def _parts(text: str, sentences: Iterable[str]) -> Iterator[str]:
    """Yield the whole, and of a longer text the sentences with several weak signs."""
    yield text
    if len(text) <= WHOLE:
        return
    signs = [(_telling(one), place, one) for place, one in enumerate(sentences)]
    yield from (one for count, _, one in sorted(signs, key=_most_first)[: MOST - 1] if count > 1)


def _most_first(sign: tuple[int, int, str]) -> tuple[int, int]:
    return -sign[0], sign[1]


def _telling(sentence: str) -> int:
    signs: Sequence[float] = evidence(folded(sentence))
    return int(sum(signs[i] for i in _TELLING))
