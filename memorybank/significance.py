"""How much a memory matters, 0 to 1 (the paper's "significance", which it leaves undefined).

Judged twice. At birth, from the text and the turn before it: cheap, since somebody waits. At the
day's digest, from how it stands in the bank so far: how much it says that the bank seldom hears,
and how little it resembles what was said around it. Never from what came after that day.

A logistic sum of few signals, each between 0 and 1, each shown by `explain`. Those that compare
are ranks among a bounded sample of the bank, so that neither language, length of turns nor
embedder moves them; a young bank leans on ordinary values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank import cues
from memorybank.records import Lang, Part

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

SAMPLE = 512
"""So many of the newest turns stand for the bank when a day is judged."""
NEIGHBOURS = 10
REFERENCES = 64
"""So many of the sample say how near neighbours ordinarily are."""
YOUNG = 8
"""So many ordinary turns are thought beside the sample, for as long as a bank is young."""

BIAS = -1.1
WEIGHTS: Mapping[str, float] = {
    "substance": 2.4,  # much that the bank seldom hears; at birth: more words than usual
    "rarity": 2.4,  # words that the bank seldom hears, on average
    "novelty": 2.4,  # it does not resemble its nearest neighbours
    "answer": 1.8,  # it answers a question
    "names": 1.2,
    "numbers": 0.6,
    "self": 0.35,  # the speaker speaks of themselves
    "taken up": 0.25,  # the same day came back to it
    "question": -0.35,  # it only asks
    "small talk": -3.6,
}
"""Fitted by `scripts/fit_significance.py`; see docs/LOG.md."""
RANKS = ("substance", "rarity", "novelty")
"""These stand at one half where nothing is known, and add or take from there."""
_SUBSTANCE = np.array([1, 2, 4, 6, 8, 12, 16, 24, 36, 60], dtype=np.float64)
"""Ordinary amounts of rare words, in English words; a Chinese text has so many more terms:"""
TERMS_A_WORD: Mapping[Lang, float] = {"en": 1.0, "zh": 5.0}
_LENGTHS = {lang: 2.0 * terms * _SUBSTANCE for lang, terms in TERMS_A_WORD.items()}
"""Ordinary lengths in terms."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A significance in 0..1 and the parts that it is the sum of."""

    significance: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A turn at its birth: its two sides, whether the turn before it `asked` at its end, its
    `length` in terms, and the lengths of a sample of the bank."""

    text: str
    reply: str
    asked: bool
    length: int
    lengths: NDArray[np.float32]
    lang: Lang


@dataclass(frozen=True, slots=True)
class Around:
    """The newest turns before a day, then those of the day, n together; the day begins at `first`.

    `terms` holds the distinct term hashes of each, `scales` (n,) how many terms a word makes in
    its language, `vectors` (n, dim) its direction, NaN where it has none; None without vectors.
    """

    first: int
    terms: Sequence[NDArray[np.uint32]]
    scales: Floats
    vectors: Vectors | None


def judge(scene: Scene) -> Judgement:
    """Judge a turn at its birth; an event summary takes the highest of its turns instead."""
    pool = np.concatenate([scene.lengths, _LENGTHS[scene.lang]])
    below, up_to = np.count_nonzero(pool < scene.length), np.count_nonzero(pool <= scene.length)
    surface = _surface(scene.text, scene.reply, scene.asked)
    return _judgement({"substance": (below + up_to) / (2.0 * len(pool)), **surface})


def settle(
    births: Sequence[Sequence[Part]], echoes: Sequence[int], around: Around
) -> list[Judgement]:
    """Judge a day's turns again at its end; returns a judgement for each, in their order.

    `births` are the parts of their first judgements, whose surface stands; `echoes` says how
    often the day came back to each.
    """
    ranks = {
        **dict(zip(("substance", "rarity"), _rarities(around), strict=True)),
        "novelty": _novelty(around),
    }
    judged = []
    for i, parts in enumerate(births):
        surface = {
            part.name: part.value
            for part in parts
            if part.name in WEIGHTS and part.name not in (*RANKS, "taken up")
        }
        compared = {name: float(values[i]) for name, values in ranks.items() if values is not None}
        judged.append(_judgement({**compared, **surface, "taken up": _saturating(echoes[i])}))
    return judged


def _judgement(signals: Mapping[str, float]) -> Judgement:
    parts = []
    for name, value in signals.items():
        share = WEIGHTS[name] * (value - (0.5 if name in RANKS else 0.0))
        if share:
            parts.append(Part(name=name, value=round(value, 3), share=round(share, 3)))
    total = BIAS + sum(part.share for part in parts)
    return Judgement(significance=1.0 / (1.0 + math.exp(-total)), parts=tuple(parts))


def _surface(text: str, reply: str, asked: bool) -> dict[str, float]:
    """Return what the wording alone tells."""
    said = text or reply
    whole = f"{text}\n{reply}"
    asks = cues.is_question(said)
    return {
        "names": _saturating(cues.proper(whole)),
        "numbers": _saturating(cues.quantities(whole)),
        "self": _saturating(cues.first_person(text)),
        "answer": float(asked and bool(text) and not asks),
        "question": float(asks),
        "small talk": float(cues.is_small_talk(said)),
    }


def _saturating(count: int) -> float:
    """Return 0 for none, .39 for one, .63 for two, near 1 for many."""
    return 1.0 - math.exp(-count / 2.0)


def _midrank(values: Floats, pool: Floats) -> Floats:
    """Return the share of the pool below each value, equals counting half."""
    ordered = np.sort(pool)
    low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (low + high) / (2.0 * len(ordered))


def _rarities(around: Around) -> tuple[Floats, Floats]:
    """Return for the day's turns how much they say that is rare, and how rare their words are.

    A term is worth 1 where no other turn around has it, 0 where all have it, evenly by the
    logarithm between. Both are ranks.
    """
    sizes = np.array([len(terms) for terms in around.terms])
    count = len(sizes)
    hashes = np.concatenate([*around.terms, np.zeros(0, np.uint32)])
    _, places, frequencies = np.unique(hashes, return_inverse=True, return_counts=True)
    others = frequencies[places.ravel()] - 1.0
    worth = 1.0 - np.log1p(others) / math.log(count + 1.5)
    sums = np.bincount(np.repeat(np.arange(count), sizes), worth, count)
    amounts, means = sums / around.scales, sums / np.maximum(sizes, 1)
    amounts_rank = _midrank(amounts[around.first :], np.concatenate([amounts, _SUBSTANCE]))
    return amounts_rank, _cautious(_midrank(means[around.first :], means), count)


def _cautious(ranks: Floats, count: int) -> Floats:
    """Return ranks among `count` as if YOUNG ordinary ones were among them."""
    return (ranks * count + 0.5 * YOUNG) / (count + YOUNG)


def _novelty(around: Around) -> Floats | None:
    """Return how far the day's turns are from their nearest neighbours, as ranks."""
    if around.vectors is None:
        return None
    count = len(around.terms)
    step = max(1, around.first // REFERENCES)
    chosen = np.concatenate([np.arange(0, around.first, step), np.arange(around.first, count)])
    nearness = _nearness(around.vectors, chosen)
    known = ~np.isnan(nearness)
    day = nearness[-(count - around.first) :]
    ranks = (
        _cautious(1.0 - _midrank(day, nearness[known]), int(known.sum())) if known.any() else day
    )
    return np.where(np.isnan(day), 0.5, ranks)


def _nearness(vectors: Vectors, chosen: NDArray[np.int64]) -> Floats:
    """Return the mean cosine of each chosen one to its nearest neighbours, NaN if it has none."""
    cosines = vectors[chosen] @ vectors.T
    cosines[np.arange(len(chosen)), chosen] = np.nan
    distances = np.where(np.isnan(cosines), np.inf, -cosines)
    if distances.shape[1] > NEIGHBOURS:
        distances = np.partition(distances, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    found = np.isfinite(distances)
    means = -np.where(found, distances, 0.0).sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    return np.where(found.any(axis=1), means, np.nan)
