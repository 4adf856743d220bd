"""From a text to its spans: every rule of both grammars is tried, the longest words win.

Law of this file: it knows no language. Work is bounded by the first LIMIT characters, and every
pattern looks only a bounded distance from where it starts, so time is linear in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from memorybank.timewords.chinese_dates import CHINESE_DATES
from memorybank.timewords.chinese_relative import CHINESE_RELATIVE
from memorybank.timewords.english_dates import ENGLISH_DATES
from memorybank.timewords.english_relative import ENGLISH_RELATIVE
from memorybank.timewords.frame import Frame
from memorybank.timewords.numeric import NUMERIC
from memorybank.timewords.parts import with_part
from memorybank.timewords.reach import with_reach
from memorybank.timewords.rules import Rule
from memorybank.timewords.span import Grain, Span

LIMIT = 20_000
"""Characters of a text that are looked at."""

_ENGLISH = (*ENGLISH_DATES, *ENGLISH_RELATIVE)
_CHINESE = (*CHINESE_DATES, *CHINESE_RELATIVE)
_HAS_LETTERS = re.compile(r"[a-zA-Z]")
_HAS_HAN = re.compile(r"[\u4e00-\u9fff〇]")
_HAS_DIGITS = re.compile(r"\d\d\d\d")

# One character for one character, so that places in the folded text hold in the original.
_FOLD = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0xA0: 0x20, 0x2019: 0x27}


@dataclass(frozen=True, slots=True)
class _Candidate:
    at: tuple[int, int]
    time: tuple[datetime, datetime, Grain] | None


def spans(
    text: str, now: datetime, *, first: datetime | None = None, last: datetime | None = None
) -> tuple[Span, ...]:
    """Return the times that a text names in words or digits, in the order in which they stand.

    `now` is aware and its zone is the bank's; `first` and `last` are the times of the bank's
    first and last memory, to which a date without a year is referred. Of overlapping readings
    the longest wins. Raises ValueError for a naive time, and never because of the text.
    """
    frame = Frame.at(now, first, last)
    text = text[:LIMIT]
    folded = text.translate(_FOLD)
    found = [
        _candidate(rule, match, frame)
        for rule in _rules(folded)
        for match in rule.pattern.finditer(folded)
    ]
    return tuple(
        Span(*c.time[:2], text[slice(*c.at)], c.at, c.time[2]) for c in _longest(found) if c.time
    )


def _rules(folded: str) -> tuple[Rule, ...]:
    """Leave out the grammars of which the text has no letter."""
    return (
        *(_ENGLISH if _HAS_LETTERS.search(folded) else ()),
        *(_CHINESE if _HAS_HAN.search(folded) else ()),
        *(NUMERIC if _HAS_DIGITS.search(folded) else ()),
    )


def _candidate(rule: Rule, match: re.Match[str], frame: Frame) -> _Candidate:
    at = match.span()
    try:
        days = rule.read(match, frame)
        if days is None:
            return _Candidate(at, None)
        at, days = with_part(match.string, at, days)
        at, days = with_reach(match.string, at, days, frame.today)
        return _Candidate(at, (*days.bounds(frame.zone), days.grain))
    except (ValueError, OverflowError):  # February 30th, year 0, the day before January 1st, 1
        return _Candidate(at, None)


def _longest(found: list[_Candidate]) -> list[_Candidate]:
    """Keep the longest of those that overlap; of equals the one that begins first."""
    found.sort(key=lambda c: (c.at[0] - c.at[1], c.at[0], c.time is None))
    taken = bytearray(LIMIT)
    kept: list[_Candidate] = []
    for candidate in found:
        start, end = candidate.at
        if 1 not in taken[start:end]:
            taken[start:end] = b"\1" * (end - start)
            kept.append(candidate)
    kept.sort(key=lambda c: c.at)
    return kept
