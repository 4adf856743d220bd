"""How much a memory matters, 0 to 1 (the paper's "significance", which it leaves undefined).

Judged from the text, from the turn before it, and from a bounded sample of the bank so far;
never from what came later. A logistic sum of a few signals, each between 0 and 1, each shown by
`explain`. A first judgement is made at birth; the day's digest settles it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank import cues
from memorybank.index import Index, dots
from memorybank.lexical import TermArray
from memorybank.records import Part

Vectors = NDArray[np.float32]

SAMPLE = 512
"""So many of the newest memories stand for the bank when a new one is judged."""

BIAS = -5.0
WEIGHTS: Mapping[str, float] = {
    "substance": 2.9,  # more words than most of the bank
    "rarity": 1.9,  # words that the bank seldom holds
    "names": 1.4,
    "numbers": 1.0,
    "self": 1.1,  # the speaker speaks of themselves
    "answer": 0.6,  # it answers a question
    "novelty": 1.6,  # it does not resemble its nearest neighbours
    "small talk": -3.2,
    "question": -1.0,  # it only asks
    "taken up": 1.0,  # the same day came back to it; known only when the day is settled
}
_FEW_LENGTHS = np.array([4, 8, 12, 16, 24, 32, 48, 64, 96, 128], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scene:
    """A turn and what surrounds it.

    `frequencies` (n,) says in how many of the bank's `size` memories each of its terms stands,
    `lengths` holds the lengths in terms of a sample of the bank, `nearest` the cosines of its
    nearest neighbours in the sample (empty without vectors), `before` the reply before it.
    """

    text: str
    reply: str
    before: str
    length: int
    size: int
    frequencies: NDArray[np.int64]
    lengths: NDArray[np.float32]
    nearest: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A significance in 0..1 and the parts that it is the sum of."""

    significance: float
    parts: tuple[Part, ...]


def scene(
    index: Index, words: TermArray, vectors: Vectors | None, *, text: str, reply: str, before: str
) -> Scene:
    """Set the scene of a new turn against the bank so far; bounded, whatever the bank's size."""
    return Scene(
        text=text,
        reply=reply,
        before=before,
        length=words.length,
        size=index.size,
        frequencies=index.postings.frequencies(words.hashes),
        lengths=index.postings.recent_lengths(SAMPLE),
        nearest=_nearest(index.recent_vectors(SAMPLE), vectors),
    )


def _nearest(others: Vectors, vectors: Vectors | None, count: int = 10) -> Vectors:
    """Return the cosines of the nearest neighbours, at most `count`, of the first chunk."""
    if vectors is None or not len(others):
        return np.zeros(0, np.float32)
    cosines = dots(others, vectors[0])
    return np.partition(cosines, -count)[-count:] if len(cosines) > count else cosines


def judge(scene: Scene) -> Judgement:
    """Judge one turn; a gist (an event summary) takes the highest of its turns instead."""
    signals = _signals(scene)
    parts = tuple(
        Part(name=name, value=round(value, 3), share=round(WEIGHTS[name] * value, 3))
        for name, value in signals.items()
        if value
    )
    total = BIAS + sum(WEIGHTS[name] * value for name, value in signals.items())
    return Judgement(significance=1.0 / (1.0 + math.exp(-total)), parts=parts)


def settle(parts: Sequence[Part], echoes: int) -> Judgement:
    """Judge a turn again at the end of its day: `echoes` later turns of the day came back to it.

    What was judged at birth stands, so that nothing from the future gets in.
    """
    kept = [part for part in parts if part.name in WEIGHTS and part.name != "taken up"]
    value = _saturating(echoes)
    if value:
        share = round(WEIGHTS["taken up"] * value, 3)
        kept.append(Part(name="taken up", value=round(value, 3), share=share))
    total = BIAS + sum(part.share for part in kept)
    return Judgement(significance=1.0 / (1.0 + math.exp(-total)), parts=tuple(kept))


def _signals(scene: Scene) -> dict[str, float]:
    said = scene.text or scene.reply
    whole = f"{scene.text}\n{scene.reply}"
    asks = cues.is_question(said)
    return {
        "substance": _rank(scene.length, scene.lengths),
        "rarity": _rarity(scene.frequencies, scene.size),
        "names": _saturating(len(set(cues.names(whole)))),
        "numbers": _saturating(cues.numbers(whole)),
        "self": _saturating(cues.first_person(scene.text)),
        "answer": float(bool(scene.text) and not asks and cues.is_question(scene.before)),
        "novelty": _novelty(scene.nearest),
        "small talk": float(cues.is_small_talk(said)),
        "question": float(asks),
    }


def _saturating(count: int) -> float:
    """Return 0 for none, .39 for one, .63 for two, near 1 for many."""
    return 1.0 - math.exp(-count / 2.0)


def _rank(length: int, lengths: NDArray[np.float32]) -> float:
    """Return the share of the sample that is shorter; a new bank leans on ordinary lengths."""
    sample = np.concatenate([lengths, _FEW_LENGTHS])
    return int(np.count_nonzero(sample < length)) / len(sample)


def _rarity(frequencies: NDArray[np.int64], size: int) -> float:
    """Return the mean rarity of the terms: 1 where none was ever used, 0 where all are common."""
    if not len(frequencies):
        return 0.0
    return 1.0 - float(np.log1p(frequencies).mean()) / math.log(size + 2)


def _novelty(nearest: NDArray[np.float32]) -> float:
    """Return how far the nearest neighbours are: 1 for a cosine of .75 or less, 0 from .95 on.

    The span is that of multilingual-e5; without vectors nothing is added.
    """
    if not len(nearest):
        return 0.0
    return min(1.0, max(0.0, (0.95 - float(nearest.mean())) / 0.2))
