"""A small linear classifier beside the lexicon: is a message about danger, though no sign says so?

It weighs the direction that the default embedder gives a message (one space for both languages)
together with the weak signs of `cues`. Four heads, each one number for a message: danger; abuse
rather than self-harm; another person's danger rather than the speaker's; the speaker's intent.
The weights are fitted by `scripts/fit_safety.py` on lines of our own and hold for one embedder
alone, the one they name; with any other, or none, the lexicon decides by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from memorybank.errors import ModelError
from memorybank.models import Embedder, question
from siliconfriend.cues import GROUPS, PAIRED, evidence
from siliconfriend.folding import folded

Numbers = NDArray[np.float64]
HEADS = ("danger", "abuse", "other", "intent")
MOST = 8
"""Directions that one message may cost; each takes 20 to 80 ms."""
WHOLE = 160
"""Characters up to which a message is weighed as a whole only."""
SHARES = (1.0, 0.3, 0.14)
"""How much direction, groups and pairs of groups count in the features."""
_TELLING = [i for i, name in enumerate(GROUPS) if name in PAIRED and name not in ("me", "he")]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted: for which embedder, the mean direction, and a row of numbers per head.

    A message whose danger is above `heard` is one to worry about; below `unheard` even a sign of
    the lexicon is taken for an idiom.
    """

    embedder: str
    mean: Numbers
    heads: Numbers
    heard: float
    unheard: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the classifier makes of a message: each head's number, for its most telling part."""

    danger: float
    abuse: float
    other: float
    intent: float


@cache
def read_weights() -> Weights:
    """Read the weights that come with the package."""
    raw = json.loads(files("siliconfriend").joinpath("data/safety.json").read_text("utf-8"))
    heads = np.array([raw["heads"][name] for name in HEADS])
    return Weights(raw["embedder"], np.array(raw["mean"]), heads, raw["heard"], raw["unheard"])


def features(direction: NDArray[np.float32] | Numbers, text: str, mean: Numbers) -> Numbers:
    """Return what the heads are applied to; the last number is always 1."""
    centred = np.asarray(direction, dtype=np.float64) - mean
    centred /= max(float(np.linalg.norm(centred)), 1e-9)
    signs = np.array(evidence(folded(text)))
    return np.concatenate([
        SHARES[0] * centred, SHARES[1] * signs[: len(GROUPS)], SHARES[2] * signs[len(GROUPS) :],
        [1.0],
    ])  # fmt: skip


def weigh(text: str, sentences: Iterable[str], embedder: Embedder | None) -> Weighed | None:
    """Weigh a message; None where there is no embedder that the weights were fitted with.

    Args:
        text: the message.
        sentences: its sentences, of which the most telling are weighed each by itself.
        embedder: asked at most MOST times; one that fails counts as none.
    """
    if embedder is None or embedder.name != read_weights().embedder:
        return None
    weights = read_weights()
    worst: Weighed | None = None
    try:
        for part in _parts(text, sentences):
            heads = weights.heads @ features(question(embedder, part), part, weights.mean)
            one = Weighed(*map(float, heads))
            worst = one if worst is None or one.danger > worst.danger else worst
            if worst.danger > weights.heard:
                break
    except ModelError:
        return None
    return worst


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
