"""Since, before and after a time that another rule found: since March, 三月以来, 春节前.

Law of this file: it only moves the ends of a time and takes in the word that says so. "Since" is
a run up to today; "before" and "after" name a neighbourhood that has no crisp edge.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from memorybank.timewords.calendar import RECENT_DAYS
from memorybank.timewords.span import Days

Place = tuple[int, int]

_LEADING = re.compile(r"\b(?P<word>since|before|after)\s(?:the\s)?\Z", re.ASCII | re.IGNORECASE)
_WITHIN = re.compile(r"since\b", re.ASCII | re.IGNORECASE)
_LOOK_BACK = 12
"""Characters looked back; "before the " has 11."""
_FROM = re.compile(r"(?:自从?|从)\s?\Z")
_TRAILING = re.compile(
    r"\s?(?:(?P<since>以来|至今|到现在|到今天)|(?P<on>起(?![床来飞])|开始)"
    r"|(?P<before>之前|以前|前(?![天晚夜年后面往夕]))|(?P<after>之后|以后|后(?![天年来面悔续])))"
)


def with_reach(text: str, at: Place, days: Days, today: date) -> tuple[Place, Days]:
    """Return place and days, both changed if the words name what is since, before or after."""
    start, end = at
    leading = _LEADING.search(text, max(0, start - _LOOK_BACK), start)
    if leading:
        return (leading.start(), end), _MOVED[leading["word"].lower()](days, today)
    if _WITHIN.match(text, start):
        return at, _since(days, today)
    trailing = _TRAILING.match(text, end)
    if trailing is None:
        return at, days
    begun = _FROM.search(text, max(0, start - _LOOK_BACK), start)
    place = (begun.start() if begun else start, trailing.end())
    word = str(trailing.lastgroup)
    if begun and word in ("on", "after"):
        word = "since"  # 从三月起, 自三月以后
    return (place, _MOVED[word](days, today)) if word in _MOVED else (at, days)


def _since(days: Days, today: date) -> Days:
    if days.start > today:
        return days
    return Days(days.start, max(days.stop, today + timedelta(days=1)), "week")


def _before(days: Days, _: date) -> Days:
    return Days(days.start - _near(days), days.start, "vague")


def _after(days: Days, _: date) -> Days:
    return Days(days.stop, days.stop + _near(days), "vague")


def _near(days: Days) -> timedelta:
    """A fortnight, or as long as the time itself: near a year is further than near a day."""
    return max(timedelta(days=RECENT_DAYS), days.stop - days.start)


_MOVED: dict[str, Callable[[Days, date], Days]] = {
    "since": _since,
    "before": _before,
    "after": _after,
}
