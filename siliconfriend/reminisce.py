"""Spaced reminiscence: rarely, the companion may bring up a memory that matters of its own accord.

    hint = pick(candidates, now, seed=seed, habit=Habit(), moment=Moment(first_today=True))

A plan or promise comes due, a day comes round again, or something that matters is about to fade:
recalled now, when it is nearly gone, it grows stronger by most (the spacing effect,
`memorybank/forget.py`). Only at a calm moment, at most once in `Habit.days`, and then not always:
a chance keyed by the bank's seed and the day decides, the same however often it is asked. Never a
painful memory, nor one that nobody vouches for, that a tool brought, or that was replaced. Pure:
the caller brings the candidates, remembers when a hint was last given, puts the hint in the
prompt's data block, and hands its id on as used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from memorybank.cues import is_question
from memorybank.records import Channel, Memory
from memorybank.timewords import Span, spans
from siliconfriend.tact import painful

Reason = Literal["a promise", "an anniversary", "about to fade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How often and what: at most once in `days`, off with `on`.

    `chance` is that of a day on which everything else allows it, so that it is no clockwork.
    What fades or comes round must matter (`significance`, 0..1) and, to be about to fade, have a
    retention between `low` (theta and a little: it has not faded) and `high`.
    """

    on: bool = True
    days: int = 7
    chance: float = 0.5
    significance: float = 0.5
    low: float = 0.05
    high: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Whether it is a calm one: the first message of a day, no concern, nothing asked."""

    first_today: bool
    concern: bool = False
    question: bool = False
    last_hint: datetime | None = None

    @classmethod
    def of(
        cls, message: str, *, first_today: bool, concern: bool, last_hint: datetime | None
    ) -> Moment:
        """Judge the moment from the person's message."""
        return cls(
            first_today=first_today, concern=concern, question=is_question(message),
            last_hint=last_hint,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory that could be brought up, and by which way it came."""

    memory: Memory
    channel: Channel = "chat"
    said: str = ""
    """The person's own words, where the memory's text holds more; plans are looked for here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What may be brought up: for the data block of a prompt, never for its system part."""

    memory_id: str
    when: datetime
    text: str
    why: Reason
    years: int = field(default=0)
    """How many years ago it was, for an anniversary."""


_PLAN = re.compile(
    r"\b(?:i(?:'ll| will|'m going to| am going to|'m gonna| plan to| want to| promised?|"
    r" have to| need to|'ve got| have got| have an?)|we(?:'ll| will|'re going| are going|"
    r" plan)|my (?:\w+ )?(?:trip|exam|interview|flight|concert|wedding|appointment|birthday|"
    r"recital|race|show|moving day|first day) (?:is|starts)|remind me|planning (?:to|a|on)|"
    r"going to|booked|looking forward)\b|打算|准备|计划|要去|会去|答应|约好|约了|说好|预约|"
    r"报名|提醒我|别忘|订了|买了票|就要|将要|期待|我要|我会",
    re.IGNORECASE,
)

_WEEKDAY = re.compile(
    r"(?:on |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: \w+)?|(?:周|星期|"
    r"礼拜)[一二三四五六日天].{0,2}",
    re.IGNORECASE,
)


def pick(
    candidates: Iterable[Candidate],
    now: datetime,
    *,
    seed: bytes,
    moment: Moment,
    habit: Habit = Habit(),
) -> Hint | None:
    """Return the memory to bring up now, or None; mostly None.

    Args:
        candidates: memories as held at `now`, times in the bank's zone.
        now: the moment, in the bank's zone: its day decides.
        seed: the bank's, so that replays agree.
    """
    if not may(now, seed=seed, moment=moment, habit=habit):
        return None
    hints = [hint for one in candidates if (hint := _hint(one, now, habit))]
    return min(hints, key=lambda hint: _rank(hint, now, seed), default=None)


def may(now: datetime, *, seed: bytes, moment: Moment, habit: Habit = Habit()) -> bool:
    """Say whether anything may be brought up now; ask before searching for candidates."""
    calm = moment.first_today and not moment.concern and not moment.question
    if not (habit.on and calm):
        return False
    if moment.last_hint is not None:
        since = now.date() - moment.last_hint.astimezone(now.tzinfo).date()
        if since < timedelta(days=habit.days):
            return False
    return _chance(seed, now.date().isoformat()) < habit.chance


def _hint(one: Candidate, now: datetime, habit: Habit) -> Hint | None:
    memory = one.memory
    barred = (
        not memory.trusted or one.channel == "tool" or memory.replaced_by is not None
        or (memory.faded and memory.fades_at is None)  # put away by hand
        or memory.significance < habit.significance
        or memory.occurred_at.date() >= now.date() or not memory.text.strip()
    )  # fmt: skip
    if barred or painful(memory.text) or painful(one.said):
        return None
    why, years = _why(one, now, habit)
    if why is None:
        return None
    return Hint(
        memory_id=memory.id, when=memory.occurred_at, text=memory.text, why=why, years=years
    )


def _why(one: Candidate, now: datetime, habit: Habit) -> tuple[Reason | None, int]:
    memory = one.memory
    if not memory.faded and due(one.said or memory.text, memory.occurred_at, now):
        return "a promise", 0
    if years := anniversary(memory.occurred_at.astimezone(now.tzinfo).date(), now.date()):
        return "an anniversary", years
    fading = not memory.pinned and not memory.faded and habit.low < memory.retention <= habit.high
    return ("about to fade" if fading else None), 0


def anniversary(day: date, today: date) -> int:
    """Return how many years ago today a day was, 0 if it is no anniversary.

    The 29th of February comes round on the 28th in years that do not have it.
    """
    years = today.year - day.year
    if years < 1:
        return 0
    try:
        round_again = day.replace(year=today.year)
    except ValueError:
        round_again = date(today.year, 2, 28)
    return years if round_again == today else 0


def due(text: str, said_at: datetime, now: datetime) -> bool:
    """Say whether a plan or promise in a text is for today or tomorrow.

    What "on Friday" means is read from the day on which it was said. A date without its year is
    read as the last one that was (`memorybank/timewords/frame.py`), so it is read again from
    tomorrow: the same month and day, after it was said.
    """
    if not _PLAN.search(text):
        return False
    said, today = said_at.astimezone(now.tzinfo), now.date()
    near = (today, today + timedelta(days=1))
    then = {span.at: _meant(span, said.date()) for span in spans(text, said) if _one_day(span)}
    if any(day > said.date() and day in near for day in then.values()):
        return True
    again = (s for s in spans(text, now + timedelta(days=1)) if s.at in then and _one_day(s))
    return any(
        (day := span.start.date()) in near
        and day > said.date() > then[span.at]
        and (day.month, day.day) == (then[span.at].month, then[span.at].day)
        for span in again
    )


def _meant(span: Span, said: date) -> date:
    """Return the day of a span; a bare weekday in a plan is the coming one, not the last."""
    day = span.start.date()
    bare = _WEEKDAY.fullmatch(span.words.strip()) and said - timedelta(days=7) <= day <= said
    return day + timedelta(days=7) if bare else day


def _one_day(span: Span) -> bool:
    return span.grain in ("day", "part")


def _chance(seed: bytes, about: str) -> float:
    """Return a number in [0, 1), the same for the same seed and words."""
    digest = hashlib.blake2b(about.encode(), digest_size=8, key=seed[:64]).digest()
    return int.from_bytes(digest, "big") / 2**64


_FIRST: Sequence[Reason] = ("a promise", "an anniversary", "about to fade")


def _rank(hint: Hint, now: datetime, seed: bytes) -> tuple[int, float]:
    return _FIRST.index(hint.why), _chance(seed, f"{now.date().isoformat()}/{hint.memory_id}")
