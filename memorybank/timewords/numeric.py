"""Dates in digits alone, which no language owns: 2023-05-02, 2023/5/2, 5/2/2023.

Law of this file: a year of four digits is required, so that 5/10, 5.2 and version 2.5.1 are no
dates. Slashes before a year are read month first, as in the US, unless the first cannot be one.
"""

from __future__ import annotations

import re

from memorybank.timewords.calendar import dates
from memorybank.timewords.frame import Frame
from memorybank.timewords.rules import english
from memorybank.timewords.span import Days

_YEAR_FIRST = (
    r"(?<![\w./-])(?P<year>\d{4})(?P<sep>[-/])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?!\d|[-/]\w)"
)
_YEAR_LAST = r"(?<![\w./-])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})(?![\w/])"


def _year_first(match: re.Match[str], _: Frame) -> Days:
    return dates(int(match["year"]), int(match["month"]), int(match["day"]))


def _year_last(match: re.Match[str], _: Frame) -> Days:
    month, day = int(match["month"]), int(match["day"])
    if month > 12:
        month, day = day, month
    return dates(int(match["year"]), month, day)


NUMERIC = (english(_YEAR_FIRST, _year_first), english(_YEAR_LAST, _year_last))
