"""How the companion says hello: a first meeting, or a welcome back that knows the person. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from memorybank.compose import neutral
from memorybank.cues import is_question
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
    today: date, last: Turn | None, days: Sequence[Summary], portrait: Portrait, lang: Lang
) -> str:
    """Return what to say when somebody comes.

    Args:
        today: the day in the bank's zone; last: the last turn, None at a first meeting.
        days: event summaries, oldest first; what is painful is not picked up.
    """
    if last is None:
        return word("first meeting", lang)
    name = name_of(portrait)
    called = f"，{name}" if lang == "zh" and name else f", {name}" if name else ""
    ago = (today - last.occurred_at.date()).days
    if ago <= 0:
        return word("same day", lang, called)
    when = word("yesterday", lang) if ago == 1 else word("days ago", lang, ago)
    told = _event(last.occurred_at.date(), days)
    known = word("last time", lang, when, told) if told else word("last time plain", lang, when)
    return f"{word('welcome back', lang, called)} {known}"


def name_of(portrait: Portrait) -> str:
    """Return what the person asked to be called, as they said it last; "" if they did not."""
    for statement in reversed(portrait.statements):
        match = _NAME.search(statement.text)
        if match:
            return match["en"] or match["zh"]
    return ""


def _event(day: date, days: Sequence[Summary]) -> str:
    """Return a line of that day's event summary that may be brought up, or ""."""
    for summary in days:
        if summary.period != day.isoformat():
            continue
        for line in neutral(summary.text).splitlines():
            if len(line) > 3 and not is_question(line) and not painful(line):
                return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
    return ""
