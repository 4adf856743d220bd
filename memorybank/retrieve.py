"""Recall: which memories a message calls for, and why (paper, section 2.2).

Law of this file: scores come from the message and the index alone (`signals`); retention decides
who is let in and who wins among near ties, and never multiplies relevance. Nothing is written,
nothing is read but arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank.cues import Side
from memorybank.index import DAY, TURN, Index
from memorybank.nearness import Wanted, near
from memorybank.records import FadedPolicy
from memorybank.signals import Asked, Relevance, Signal, relevance

Floats = NDArray[np.float32]

CLEAR_MARGIN = 1.5
"""By how much a faded memory must lead all others to come back by its relevance alone."""
NEAR_TIE = 0.02
RELEVANT = 3.5
"""Score from which a memory may enter a prompt unasked: on the development sets the best answer
reaches it for 19 questions of 20 in a conversation, and some five to ten others do."""
FEW = 10
"""In a bank as small as this deviations say nothing; there `nearness` judges, absolutely."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in microseconds that the message names; a `rule` puts it first."""

    start: int
    end: int
    rule: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A message, taken apart. `now` in days, `until` in microseconds: later is not seen.

    `about` is what it is about, for banks of FEW; without it everything in them is relevant.
    `without` are positions that take no part.
    """

    terms: Mapping[int, float]
    direction: Floats | None
    now: float
    until: int
    k: int
    windows: tuple[Window, ...] = ()
    side: Side = "person"
    faded: FadedPolicy = "on_cue"
    about: Wanted | None = None
    without: frozenset[int] = frozenset()
    kinds: frozenset[int] = frozenset((TURN, DAY))


@dataclass(frozen=True, slots=True)
class Held:
    """How each memory is held at the moment asked about: S and last recall in days, (n,) each."""

    strength: NDArray[np.float64]
    last: NDArray[np.float64]
    fades: NDArray[np.float64]
    superseded: NDArray[np.int64]

    @classmethod
    def now(cls, index: Index) -> Held:
        """Return the states as they stand in the index."""
        return cls(
            strength=np.asarray(index["strength"], np.float64),
            last=np.asarray(index["last"], np.float64),
            fades=np.asarray(index["fades"], np.float64),
            superseded=np.asarray(index["superseded_by"], np.int64),
        )

    def retention(self, now: float) -> NDArray[np.float64]:
        """Return R of every memory at `now` (days); what never fades is held fully."""
        with np.errstate(invalid="ignore"):
            held = np.exp(-np.maximum(0.0, now - self.last) / self.strength)
        return np.where(np.isposinf(self.fades), 1.0, held)


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory found: where it stands in the index, its score, and why."""

    position: int
    score: float
    retention: float
    faded: bool
    signals: tuple[Signal, ...]
    in_window: bool = False
    heir_of: tuple[int, ...] = ()
    relevant: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, best first, and those that were withheld because they have faded."""

    hits: tuple[Hit, ...] = ()
    withheld: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All that is known about every memory, each array of shape (n,)."""

    index: Index
    relevance: Relevance
    score: Floats
    retention: NDArray[np.float64]
    faded: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    near: NDArray[np.bool_]
    absolute: bool
    personal: bool
    heirs: Mapping[int, tuple[int, ...]]

    def best(self, allowed: NDArray[np.bool_], k: int) -> list[int]:
        """Return the best k positions: named times first, then score; near ties by retention."""
        candidates = np.flatnonzero(allowed)
        key = np.where(self.inside, self.score + np.float32(1000.0), self.score)[candidates]
        steps = np.round(key / NEAR_TIE)
        if k < len(candidates):
            # All that share the step of the last place stay in: the stronger of them wins it.
            kept = np.flatnonzero(steps >= np.partition(steps, -k)[-k])
            candidates, key, steps = candidates[kept], key[kept], steps[kept]
        order = np.lexsort((candidates, -key, -self.retention[candidates], -steps))
        return [int(p) for p in candidates[order][:k]]

    def relevant(self, position: int) -> bool:
        """Say whether a memory is more than merely the least unlike the message."""
        return bool(self.near[position] or self.inside[position] or self.personal)

    def hit(self, position: int) -> Hit:
        """Describe one memory; an heir is explained by the version that matched best."""
        olds = self.heirs.get(position, ())
        spoke = max((position, *olds), key=lambda p: float(self.relevance.score[p]))
        score, inside = float(self.score[position]), bool(self.inside[position])
        signals = self.relevance.signals(self.index, spoke)
        if self.index["kind"][position] == DAY and score < float(self.relevance.score[position]):
            behind = score - float(self.relevance.score[position])
            signals = (*signals, Signal("gist", 1.0, behind))
        return Hit(
            position=position,
            score=score,
            retention=float(self.retention[position]),
            faded=bool(self.faded[position]),
            signals=signals,
            in_window=inside,
            heir_of=olds,
            relevant=self.relevant(position),
        )


def search(index: Index, query: Query, held: Held | None = None) -> Found:
    """Return the best `query.k` memories that may be seen, and what has faded among them."""
    held = held or Held.now(index)
    seen = _seen(index, query)
    if not seen.any():
        return Found()
    hints = [window for window in query.windows if not window.rule]
    asked = Asked(
        terms=query.terms,
        direction=query.direction,
        side=query.side,
        running=_inside(index, hints, rule=False) if hints else None,
    )
    relevant = relevance(index, asked, seen, index["occurred"] <= query.until)
    score = np.where(seen, relevant.score, np.float32(-np.inf))
    inside = _inside(index, query.windows, rule=True)
    heirs = _hand_on(index, score, inside, held, query.until)
    ranking = _Ranking(
        index=index,
        relevance=relevant,
        score=score,
        retention=held.retention(query.now),
        faded=held.fades <= query.now,
        inside=inside,
        near=(close := _near(index, query, score, heirs)),
        absolute=index.size <= FEW and query.about is not None,
        personal=_any_may_answer(index, query, close),
        heirs=heirs,
    )
    let_in = _let_in(ranking, query.faded)
    _step_behind(ranking, let_in)
    hits = ranking.best(let_in, query.k)
    floor = float(score[hits[-1]]) if len(hits) == query.k else -np.inf
    shut_out = ranking.best(np.isfinite(score) & ranking.faded & ~let_in, query.k)
    return Found(
        hits=tuple(ranking.hit(p) for p in hits),
        withheld=tuple(
            ranking.hit(p) for p in shut_out if score[p] >= floor and ranking.relevant(p)
        ),
    )


def _near(
    index: Index, query: Query, score: Floats, heirs: Mapping[int, tuple[int, ...]]
) -> NDArray[np.bool_]:
    """Say who is more than merely the least unlike: by score, in a bank of FEW by nearness."""
    if index.size > FEW:
        return np.asarray(score >= RELEVANT)
    if query.about is None:
        return np.ones(index.size, dtype=np.bool_)
    found = near(index, query.about, query.direction)
    for heir, olds in heirs.items():
        found[heir] |= found[list(olds)].any()
    return found & np.isfinite(score)


def _any_may_answer(index: Index, query: Query, close: NDArray[np.bool_]) -> bool:
    """Say whether all of a small bank is relevant: the person asks about themselves, and nothing
    is near; better a few lines too many then than an answer missed."""
    return bool(index.size <= FEW and query.about and query.about.personal and not close.any())


def _seen(index: Index, query: Query) -> NDArray[np.bool_]:
    seen = index["occurred"] <= query.until
    if len(query.kinds) < 2:
        seen &= np.isin(index["kind"], list(query.kinds))
    seen[list(query.without)] = False
    return np.asarray(seen)


def _inside(index: Index, windows: Sequence[Window], *, rule: bool) -> NDArray[np.bool_]:
    inside = np.zeros(index.size, dtype=np.bool_)
    for window in windows:
        if window.rule == rule:
            occurred = index["occurred"]
            inside |= (occurred >= window.start) & (occurred < window.end)
    return inside


def _hand_on(
    index: Index, score: Floats, inside: NDArray[np.bool_], held: Held, until: int
) -> dict[int, tuple[int, ...]]:
    """Take replaced memories out and give their score, and the time they were said, to the newest
    version that may be seen."""
    heirs: dict[int, tuple[int, ...]] = {}
    for old in np.flatnonzero(held.superseded).tolist():
        for new in index.positions([int(held.superseded[old])]):
            if index["occurred"][new] <= until:
                score[new] = max(score[new], score[old])
                score[old] = -np.inf
                inside[new] |= inside[old]
                heirs[new] = (*heirs.get(old, ()), old)
    return heirs


def _step_behind(ranking: _Ranking, let_in: NDArray[np.bool_]) -> None:
    """Put a day's event summary behind the best of its turns, as long as one of them takes part.

    It gathers all words of its day and so fits every question about it a little; the gist is
    for when the detail has gone.
    """
    index, score = ranking.index, ranking.score
    gists = np.flatnonzero(let_in & (index["kind"] == DAY))
    if not len(gists):
        return
    turns = np.flatnonzero(let_in & (index["kind"] == TURN))
    days, place = np.unique(index["day"][turns], return_inverse=True)
    best = np.full(len(days) + 1, np.inf, np.float32)
    best[:-1] = -np.inf
    np.maximum.at(best, place, score[turns])
    at = np.searchsorted(days, index["day"][gists])
    own = at < len(days)
    own[own] = days[at[own]] == index["day"][gists][own]
    score[gists] = np.minimum(score[gists], best[np.where(own, at, len(days))] - NEAR_TIE)


def _let_in(ranking: _Ranking, policy: FadedPolicy) -> NDArray[np.bool_]:
    """Say who takes part: who has not faded, and faded ones on a direct cue."""
    there = np.isfinite(ranking.score)
    if policy == "always":
        return there
    awake = there & ~ranking.faded
    if policy == "never":
        return awake
    if ranking.absolute:
        # No margin is clear among so few: what is near comes back where nothing awake is.
        cued = ranking.near & ~(ranking.near & awake).any()
    else:
        best = max(float(ranking.score[awake].max()), RELEVANT) if awake.any() else RELEVANT
        cued = ranking.score >= best + CLEAR_MARGIN
    return awake | (there & (ranking.inside | cued))
