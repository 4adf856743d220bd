"""The English words that several rules share, and what they say: months, weekdays, years.

Law of this file: fragments to embed and functions that read the groups they leave. Capitals
decide where a word is also something else: may, march, august, sat, sun.
"""

from __future__ import annotations

import re
from typing import cast

from memorybank.timewords.calendar import Third
from memorybank.timewords.frame import Frame, Which
from memorybank.timewords.rules import group

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

MONTH_ANY = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
"""In any case: only where an ordinal or "of" leaves no doubt."""

MONTH = (
    r"(?:january|february|april|june|july|september|october|november|december"
    r"|(?-i:MAY|May|MARCH|March|AUGUST|August|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))\b"
)

WEEKDAY_FULL = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
WEEKDAY = rf"(?:{WEEKDAY_FULL}|(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?)"

YEAR = (
    r"(?:(?:,\s{0,2}| )(?:(?:of|in) )?(?:(?P<year>\d{4})(?!\d|[.,:/-]\d)"
    r"|(?P<yrel>last|this|next) year\b|(?P<ybefore>the year before last)\b))"
)
"""A year after a date: ", 2023", " of last year"; append "?" where it may be absent."""

THIRD = r"(?P<third>early|mid|late|(?:the )?(?:beginning|start|middle|end) of)[\s-]{1,2}"
THIRD_STARTS = "early|mid|late|the|beginning|start|middle|end"

PART_OF_DAY = r"(?:early morning|morning|noon|midday|lunchtime|afternoon|evening|night)"

OFFSETS = {"last": -1, "this": 0, "next": 1}


def month_number(word: str) -> int:
    """Return 1 to 12."""
    return _MONTHS.index(word[:3].lower()) + 1


def weekday_number(word: str) -> int:
    """Return 0 for Monday to 6 for Sunday."""
    return _WEEKDAYS.index(word[:3].lower())


def year_of(match: re.Match[str], frame: Frame) -> int | None:
    """Return the year that a YEAR fragment named, None if it named none."""
    if match["year"]:
        return int(match["year"])
    if match["yrel"]:
        return frame.today.year + OFFSETS[match["yrel"].lower()]
    return frame.today.year - 2 if match["ybefore"] else None


def which_of(match: re.Match[str]) -> Which | None:
    """Return the last, this, next of group `which`."""
    word = group(match, "which")
    return cast(Which, word.lower()) if word else None


def third_of(match: re.Match[str]) -> Third | None:
    """Return the third that a THIRD fragment named."""
    words = (group(match, "third") or "").lower()
    for third, marks in (
        ("early", ("early", "beginning", "start")),
        ("mid", ("mid", "middle")),
        ("late", ("late", "end")),
    ):
        if any(mark in words.split() for mark in marks):
            return cast(Third, third)
    return None
