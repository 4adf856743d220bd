"""The forgetting curve (paper, section 2.3): how well a memory is held, and when it fades.

    R = exp(-dt / S)      dt: days since the last recall, or since birth; S: strength in days

Law of this file: retention is a pure function of (now, last recall, strength). Nothing is
swept, counted or rewritten as time passes; the moment at which a memory fades is known as soon
as its strength is. State is a fold over a log of events, so that it can be had for any moment.
No clock, no store, no randomness: a chance is drawn from a hash of its arguments.

Presets: `paper` as published; `gentle` (default) lets what matters last and follows the spacing
effect; `off` never forgets.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memorybank.errors import BadSetting
from memorybank.records import EventKind

NEVER = math.inf
DAILY_CAP = 3
"""A memory grows stronger at most so often within 24 hours, however often it is recalled; each
recall that it has to itself sets the time since the last one to nothing."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A family of curves.

    `theta` is the retention below which a memory has faded; `cue` says whether a faded one may
    come back when asked for directly. Without recall a memory of significance s lasts
    `floor_days` * `range_factor`^s days, an event summary `gist_factor` times as long.
    """

    name: str
    theta: float
    cue: bool
    paper: bool = False
    chance: bool = False
    floor_days: float = 7.0
    range_factor: float = 260.0
    gist_factor: float = 2.0
    spacing: float = 1.5
    forgets: bool = True


PRESETS: dict[str, Preset] = {
    "gentle": Preset(name="gentle", theta=0.05, cue=True),
    "paper": Preset(name="paper", theta=0.05, cue=False, paper=True),
    "paper-chance": Preset(name="paper-chance", theta=0.05, cue=False, paper=True, chance=True),
    "off": Preset(name="off", theta=0.05, cue=True, forgets=False),
}


def preset(name: str) -> Preset:
    """Return the preset called `name`; raises BadSetting with the known names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise BadSetting(
            f"no preset {name!r}: choose one of {', '.join(PRESETS)}",
            f"没有 {name!r} 这条曲线：请从 {'、'.join(PRESETS)} 中选一个",
        ) from None


@dataclass(frozen=True, slots=True)
class Birth:
    """What a memory starts with. `at` in days since the epoch; `gist` for event summaries.

    `seed` and `content` key the chance of the `paper-chance` preset (32 bytes or less each).
    """

    at: float
    significance: float
    gist: bool = False
    seed: bytes = b""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a memory's log.

    `value` is the settled significance of a `settle`; for a `recall`, the share of attention
    that the memory had among those recalled with it. 0 means all of it.
    """

    kind: EventKind
    at: float
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """How a memory is held: strength S (days), last recall or birth, and when it fades (days).

    A recall that was shared with others moves `last` only part of the way, so that it may lie
    between two events. `recent` are the moments of the last strengthening recalls, for the daily
    cap; `recalls` counts all that strengthened.
    """

    strength: float
    last: float
    significance: float
    fades_at: float
    pinned: bool = False
    put_away: bool = False
    recalls: int = 0
    recent: tuple[float, ...] = ()


def retention(now: float, last: float, strength: float) -> float:
    """Return R in 0..1; a `now` before `last` counts as `last`, so a clock set back harms none."""
    if math.isinf(strength):
        return 1.0
    return math.exp(-max(0.0, now - last) / strength)


def lifetime(p: Preset, strength: float) -> float:
    """Return the days after which a memory of this strength has faded: S * ln(1/theta)."""
    return strength * math.log(1.0 / p.theta)


def first_strength(p: Preset, significance: float, *, gist: bool = False) -> float:
    """Return S at birth in days; for `gentle`, a lifetime of 7 * 260^s days, twice for a gist."""
    if not p.forgets:
        return NEVER
    if p.paper:
        return 1.0
    weight = min(1.0, max(0.0, significance))
    days: float = p.floor_days * p.range_factor**weight
    return days * (p.gist_factor if gist else 1.0) / math.log(1.0 / p.theta)


def attention(significances: Sequence[float]) -> list[float]:
    """Return how the attention of one turn is shared by the memories that it recalled, sum 1.

    What matters draws it: in proportion to significance.
    """
    weights = [max(0.01, significance) for significance in significances]
    return [weight / sum(weights) for weight in weights]


def strengthened(p: Preset, strength: float, retained: float, share: float = 1.0) -> float:
    """Return S after a recall at which `retained` was left, with this share of attention.

    Paper: S + 1. Gentle: S * (1 + 1.5 * share * (1 - R)), hardly anything while the memory is
    fresh and most when it was nearly gone (spacing effect).
    """
    if not p.forgets:
        return NEVER
    if p.paper:
        return strength + 1.0
    return strength * (1.0 + p.spacing * share * (1.0 - retained))


def _fades_at(p: Preset, birth: Birth, state: State) -> float:
    """Return the moment (days) at which the state has faded; infinite for what never does."""
    if state.pinned or not p.forgets:
        return NEVER
    if state.put_away:
        return -math.inf
    if p.chance:
        return state.last - state.strength * math.log(_chance(birth, state.recalls))
    return state.last + lifetime(p, state.strength)


def _chance(birth: Birth, recalls: int) -> float:
    """Return u in (0, 1], one draw for each (memory, recall), the same on every replay."""
    text = f"{birth.at!r}/{recalls}".encode() + birth.content
    digest = hashlib.blake2b(text, digest_size=8, key=birth.seed[:64]).digest()
    return (int.from_bytes(digest) + 1) / 2**64


def born(p: Preset, birth: Birth) -> State:
    """Return the state of a memory that was just made."""
    strength = first_strength(p, birth.significance, gist=birth.gist)
    state = State(strength=strength, last=birth.at, significance=birth.significance, fades_at=0.0)
    return replace(state, fades_at=_fades_at(p, birth, state))


def after(p: Preset, birth: Birth, state: State, event: Happening) -> State:
    """Return the state after one event; the heart of the fold."""
    if event.kind == "recall":
        state = _recalled(p, state, event.at, event.value)
    elif event.kind == "settle":
        state = _settled(p, birth, state, event)
    elif event.kind == "revive":
        # Put back by hand: it starts its present curve anew, no stronger than it was.
        state = replace(state, put_away=False, last=max(state.last, event.at))
    elif event.kind == "fade":
        state = replace(state, put_away=True, pinned=False)
    elif event.kind == "pin":
        state = replace(state, pinned=True, put_away=False)
    else:
        state = replace(state, pinned=False)
    return replace(state, fades_at=_fades_at(p, birth, state))


def _recalled(p: Preset, before: State, at: float, share: float) -> State:
    """Strengthen what was recalled, by its share of attention; 0 is all of it.

    Measured: a prompt holds whatever resembles the message, greetings above all. If each of its
    memories counted as recalled outright, what matters would fade before them. So they share one
    recall between them (`attention`), and such a glance counts once a day.
    """
    share = 1.0 if p.paper or not share else min(1.0, share)
    recent = tuple(moment for moment in before.recent if at - moment < 1.0)
    known = len(recent) >= (DAILY_CAP if share == 1.0 else 1) and not p.paper
    if known and share < 1.0:
        return replace(before, put_away=False)
    last = before.last + share * max(0.0, at - before.last)
    state = replace(before, put_away=False, last=max(last, before.last))
    if known:
        return state  # it was just recalled, and is held fully; but it is not stronger
    retained = retention(at, before.last, before.strength)
    return replace(
        state,
        strength=strengthened(p, before.strength, retained, share),
        recalls=before.recalls + 1,
        recent=(*recent, at)[-DAILY_CAP:],
    )


def _settled(p: Preset, birth: Birth, state: State, event: Happening) -> State:
    """Scale S as if the memory had been born with this significance; recalls keep their worth.

    What has faded by then stays as it is: a digest revives nothing.
    """
    if not p.forgets or p.paper:
        return replace(state, significance=event.value)
    if has_faded(state, event.at):
        return state
    before = first_strength(p, state.significance, gist=birth.gist)
    scale = first_strength(p, event.value, gist=birth.gist) / before
    return replace(state, strength=state.strength * scale, significance=event.value)


def replay(p: Preset, birth: Birth, events: Iterable[Happening], until: float = NEVER) -> State:
    """Return the state at `until` (days): the birth and every event up to then, in order."""
    state = born(p, birth)
    for event in events:
        if event.at <= until:
            state = after(p, birth, state, event)
    return state


def has_faded(state: State, now: float) -> bool:
    """Say whether the memory is left out of ordinary recall at `now` (days)."""
    return now >= state.fades_at


def curve(
    state: State, start: float, days: float, points: int = 40
) -> tuple[tuple[float, float], ...]:
    """Return (days since `start`, R) along the coming time, without further recalls."""
    step = days / (points - 1)
    return tuple(
        (i * step, 1.0 if state.pinned else retention(start + i * step, state.last, state.strength))
        for i in range(points)
    )
