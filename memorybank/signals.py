"""Relevance: every signal of a message's likeness to each memory, and what each adds.

Law of this file: arrays in, arrays out; a signal is worth nothing that the deviation over the
bank does not give it, so that weights mean the same in a bank of ten and of a million. The
score is the plain sum of the shares, and `Relevance.signals` tells them.

All weights were fitted by scripts/fit_recall.py on the development sets other than locomo, and
rounded; docs/LOG.md tells what each is worth, and what did not help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank.cues import ASKS, COMPANION, EXCHANGE, Side
from memorybank.index import Index

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

WORDS, MEANING = 1.2, 2.4
TYPICAL = 0.5
"""How much of a memory's likeness to the whole bank is taken off its meaning: what resembles
everything answers nothing in particular."""
ANSWERS = 0.5
"""What part of its words and meaning a turn that ends by asking lends to the person's next one,
for that is the answer. Lent by every turn, this helps nowhere and puts questions first."""
NEARBY, REACH = 0.5, 3
"""What part of its lead the best of a conversation lends to those within REACH turns of it:
answers stand in clusters."""
EXCHANGES = 0.75
"""What part of either a turn takes in which both sides speak: it holds more of its own."""
OTHER_SIDE, ASKED_SIDE = -2.4, 1.5
"""What a turn gets in which the companion alone speaks: where the person's words are asked for,
and where its own are ("what did you recommend?")."""
RUNNING = 0.5
"""What a span still running ("today") adds: it may be what is asked for, or only be mentioned."""

TINY = 1e-6
"""A deviation that tells nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared with memories: terms with their weights, the direction (dim,) if there is
    an embedder, whose words are asked for, and who lies in a span still running, (n,)."""

    terms: Mapping[int, float]
    direction: Floats | None
    side: Side = "person"
    running: Flags | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of one memory: its raw value and what it adds to the score."""

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class _Channel:
    """One signal's values and what they add to the score, both of shape (n,)."""

    values: Floats
    shares: Floats


@dataclass(frozen=True, slots=True)
class _Split:
    """How to tell the two halves of meaning apart: like the question, like the whole bank.

    `looked_for` is the question's direction less what is typical of the bank.
    """

    direction: Floats
    middle: Floats
    looked_for: Floats
    weight: float

    def signals(self, index: Index, position: int, share: float) -> tuple[Signal, ...]:
        """Return both, their shares adding up to `share`; none for a memory without a vector."""
        vector = index.best_chunk(position, self.looked_for)
        if vector is None:
            return ()
        typical = float(vector @ self.middle)
        off = -TYPICAL * self.weight * (typical - float(self.middle @ self.middle))
        return (
            Signal("meaning", float(vector @ self.direction), share - off),
            Signal("typical", typical, off),
        )


@dataclass(frozen=True, slots=True)
class Relevance:
    """The score of every memory, shape (n,), and where it comes from."""

    score: Floats
    channels: Mapping[str, _Channel]
    split: _Split | None = None

    def signals(self, index: Index, position: int) -> tuple[Signal, ...]:
        """Return the signals of one memory; their shares add up to its score."""
        told: list[Signal] = []
        for name, channel in self.channels.items():
            share = float(channel.shares[position])
            if name == "meaning" and self.split:
                told += self.split.signals(index, position, share)
            else:
                told.append(Signal(name, float(channel.values[position]), share))
        return tuple(told)


def relevance(index: Index, asked: Asked, seen: Flags, past: Flags) -> Relevance:
    """Score every memory for a message.

    Of the arrays (n,), `seen` says who may be found, `past` from whom the bank's statistics may
    come; what is not seen has a score of no meaning, and lends none.
    """
    previous = np.where(seen[index.previous()], index.previous(), -1)
    everything = bool(past.all())
    words = _standard(index.postings.bm25(asked.terms, None if everything else past), seen)
    own = np.float32(WORDS) * words
    likeness = {"words": (words, WORDS)}
    split = None
    if asked.direction is not None and index.chunks:
        middle = index.centre(None if everything else past)
        looked_for = asked.direction - np.float32(TYPICAL) * middle
        products = index.similarities(looked_for)
        known = seen & ~np.isnan(products)
        meaning = _standard(products, known)
        likeness["meaning"] = (meaning, MEANING)
        own = own + np.float32(MEANING) * meaning
        deviation = float(products[known].std()) if known.any() else 0.0
        weight = MEANING / deviation if deviation > TINY else 0.0
        split = _Split(asked.direction, middle, looked_for, weight)
    channels = {name: _Channel(z, np.float32(w) * z) for name, (z, w) in likeness.items()}
    takes = np.where(index.marked(EXCHANGE), np.float32(EXCHANGES), np.float32(1.0))
    answers = (previous >= 0) & index.marked(ASKS)[previous] & ~index.marked(COMPANION)
    for name, (values, weight) in likeness.items():
        before = np.where(answers, takes * values[previous], np.float32(0.0))
        channels[f"{name} before"] = _Channel(before, np.float32(ANSWERS * weight) * before)
    lead = np.zeros_like(own)
    np.subtract(_nearby(own, previous, seen), own, out=lead, where=seen)
    lead *= takes
    channels["nearby"] = _Channel(lead, np.float32(NEARBY) * lead)
    channels |= _circumstances(index, asked)
    return Relevance(sum_of(channels), channels, split)


def sum_of(channels: Mapping[str, _Channel]) -> Floats:
    """Return the sum of all shares, shape (n,)."""
    total = np.zeros_like(channels["words"].shares)
    for channel in channels.values():
        total += channel.shares
    return total


def _standard(values: Floats, among: Flags) -> Floats:
    """Return values in deviations from the mean over some; 0 where they are not numbers."""
    deviation = float(values[among].std()) if among.any() else 0.0
    if deviation <= TINY:
        return np.zeros_like(values)
    standard: Floats = (values - values[among].mean()) / np.float32(deviation)
    return np.nan_to_num(standard, nan=0.0)


def _nearby(own: Floats, previous: NDArray[np.int64], seen: Flags) -> Floats:
    """Return the best of each memory and its REACH neighbours on both sides that are seen."""
    following = np.full_like(previous, -1)
    has = np.flatnonzero(previous >= 0)
    following[previous[has]] = has
    # One entry more, which -1 leads to: nobody, and nothing beyond.
    ended = np.append(np.where(seen, own, np.float32(-np.inf)), np.float32(-np.inf))
    best = ended[:-1].copy()
    for step in (np.append(previous, -1), np.append(following, -1)):
        at = step[:-1]
        for _ in range(REACH):
            np.maximum(best, ended[at], out=best)
            at = step[at]
    return best


def _circumstances(index: Index, asked: Asked) -> dict[str, _Channel]:
    """Return who spoke, and when, where either tells anything."""
    channels: dict[str, _Channel] = {}
    alone = index.marked(COMPANION)
    if asked.side != "either" and alone.any():
        gain = ASKED_SIDE if asked.side == "companion" else OTHER_SIDE
        values = alone.astype(np.float32)
        channels["side"] = _Channel(values, np.float32(gain) * values)
    if asked.running is not None:
        values = asked.running.astype(np.float32)
        channels["time"] = _Channel(values, np.float32(RUNNING) * values)
    return channels
