"""Who is simulated, and what they talk about on each day: drawn from a seed. Pure.

Each user is drawn by themselves, day by day: more users or more days never change those before.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from memorybank.records import Lang

FEWEST_TOPICS, MOST_TOPICS = 2, 3
"""A day; the paper asks for at least two."""
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Persona:
    """A user to be played."""

    name: str
    age: int
    job: str
    traits: tuple[str, ...]
    hobbies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: `starts` in the user's zone, `key` names it within the user's days."""

    key: str
    topic: str
    starts: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A persona and all their conversations, in order of time."""

    persona: Persona
    talks: tuple[Talk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a plan is drawn from."""

    users: int
    days: int
    lang: Lang
    seed: int
    start: date
    zone: tzinfo


def plan(draw: Draw, words: Words) -> list[User]:
    """Return the users; the same for the same draw, always."""
    taken: set[str] = set()
    users = []
    for number in range(draw.users):
        rng = random.Random(f"{draw.seed}/{draw.lang}/{number}")  # noqa: S311 - no secret
        persona = _persona(rng, draw.lang, words, taken)
        taken.add(persona.name)
        users.append(User(persona, tuple(_talks(rng, draw, persona, words))))
    return users


def _persona(rng: random.Random, lang: Lang, words: Words, taken: set[str]) -> Persona:
    while True:
        first, last = rng.choice(words["first"]), rng.choice(words["last"])
        name = f"{last}{first}" if lang == "zh" else f"{first} {last}"
        if name not in taken:
            break
    return Persona(
        name=name,
        age=rng.randint(18, 67),
        job=rng.choice(words["jobs"]),
        traits=tuple(rng.sample(words["traits"], 3)),
        hobbies=tuple(rng.sample(words["hobbies"], 2)),
    )


def _talks(rng: random.Random, draw: Draw, persona: Persona, words: Words) -> list[Talk]:
    """Return the conversations of all days; no topic comes back before all have been had."""
    talks: list[Talk] = []
    left: list[str] = []
    for day in range(draw.days):
        when = draw.start + timedelta(days=day)
        hours = sorted(rng.sample(range(8, 23), rng.randint(FEWEST_TOPICS, MOST_TOPICS)))
        for hour in hours:
            if not left:
                left = list(words["topics"])
                rng.shuffle(left)
            topic = left.pop().replace("{hobby}", rng.choice(persona.hobbies))
            starts = datetime.combine(when, time(hour, rng.randrange(60)), draw.zone)
            talks.append(Talk(f"{when.isoformat()}-{hour:02}", topic, starts))
    return talks
