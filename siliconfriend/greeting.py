"""How the companion says hello: a first meeting, or a welcome back that knows the person. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from memorybank.compose import neutral
from memorybank.cues import is_question, is_small_talk
from memorybank.records import Lang, Portrait, Summary, Turn
from siliconfriend.tact import painful
from siliconfriend.words import word

_NAME = re.compile(
    r"\b(?:my name(?:'s| is)|call me|i(?:'m| am) called)\s+(?P<en>[A-Z][\w'-]{0,20})"
    r"|(?:我叫|叫我|我的名字[是叫])(?P<zh>[\u4e00-\u9fffA-Za-z·]{1,10}?)(?=[，。,.!！?？、\s]|吧|就好|就行|$)",
    re.IGNORECASE,
)
LONGEST = 140


def greeting(
    today: date,
    recent: Sequence[Turn],
    days: Sequence[Summary],
    portrait: Portrait,
    lang: Lang,
) -> str:
    """Return what to say when somebody comes.

    Args:
        today: the day in the bank's zone.
        recent: the last turns, oldest first; none at a first meeting. They stand in where
            their day has not been digested yet.
        days: event summaries, oldest first. What is painful is not picked up.
    """
    if not recent:
        return word("first meeting", lang)
    last = recent[-1]
    said = [turn.text for turn in recent if turn.text and turn.author == "user"]
    name = name_in(statement.text for statement in portrait.statements) or name_in(said)
    called = f"，{name}" if lang == "zh" and name else f", {name}" if name else ""
    ago = (today - last.occurred_at.date()).days
    if ago <= 0:
        return word("same day", lang, called)
    when = word("yesterday", lang) if ago == 1 else word("days ago", lang, ago)
    day = last.occurred_at.date()
    lines = [line for s in days if s.period == day.isoformat() for line in s.text.splitlines()]
    told = _fit(lines or [t.text for t in recent if t.text and t.occurred_at.date() == day])
    known = word("last time", lang, when, told) if told else word("last time plain", lang, when)
    space = "" if lang == "zh" else " "
    return f"{word('welcome back', lang, called)}{space}{known}"


def name_in(texts: Iterable[str]) -> str:
    """Return what the person asked to be called, as they said it last; "" if they did not."""
    for text in reversed(list(texts)):
        match = _NAME.search(text)
        if match:
            return match["en"] or match["zh"]
    return ""


def _fit(lines: Iterable[str]) -> str:
    """Return the first line that may be brought up, or ""."""
    for line in map(neutral, lines):
        flat = " ".join(line.split())
        if len(flat) > 3 and not (is_question(flat) or is_small_talk(flat) or painful(flat)):
            return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
    return ""
