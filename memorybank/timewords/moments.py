"""Times as people type them on a command line: "2023-05-02T09:00", or only "2023-05".

Law of this file: a partial date means the end of its period, its last microsecond, because "as
of May" includes May. What is accepted is listed in one sentence of each language, which is also
the error.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

Precision = Literal["instant", "day", "month", "year"]

ACCEPTED = (
    "a time is written 2023, 2023-05, 2023-05-02 or 2023-05-02T09:00[:30][Z or +08:00], "
    "in the years 0001 to 9999"
)
ACCEPTED_ZH = (
    "时间写作 2023、2023-05、2023-05-02 或 2023-05-02T09:00[:30][Z 或 +08:00]，年份从 0001 到 9999"
)

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class NotATime(ValueError):
    """What was typed names no time; `zh` says what is accepted in Chinese."""

    zh = f"不是时间：{ACCEPTED_ZH}"

    def __init__(self) -> None:
        super().__init__(f"not a time: {ACCEPTED}")


def moment(text: str, zone: tzinfo) -> datetime:
    """Return the aware time that `text` names; without an offset of its own it is in `zone`.

    A year, month or day alone gives its last microsecond. Raises NotATime, a ValueError naming
    the accepted forms, for anything else.
    """
    match = _match(text)
    try:
        if not match["clock"]:
            # fold=1: where a clock is turned back at midnight, the later of the two
            return datetime.combine(_last_day(match), time.max.replace(fold=1), zone)
        day = date.fromisoformat(text.strip()[:10])
        return datetime.combine(day, _clock(match["clock"]), _offset(match["zone"]) or zone)
    except (ValueError, OverflowError) as error:
        raise NotATime from error


def precision(text: str) -> Precision:
    """Return how much of a time `text` names. Raises NotATime like `moment`."""
    moment(text, UTC)
    match = _match(text)
    if match["clock"]:
        return "instant"
    if match["day"]:
        return "day"
    return "month" if match["month"] else "year"


def _match(text: str) -> re.Match[str]:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise NotATime
    return match


def _last_day(match: re.Match[str]) -> date:
    year = int(match["year"])
    month = int(match["month"] or 12)
    first = date(year, month, 1)  # refuses year 0 and month 13 before they are looked up
    return first.replace(day=int(match["day"] or monthrange(year, month)[1]))


def _clock(text: str) -> time:
    """Read digits one field at a time: `fromisoformat` takes other fractions in other versions."""
    hour, minute, *rest = text.split(":")
    second, _, fraction = (rest[0] if rest else "0").partition(".")
    return time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0")))


def _offset(text: str | None) -> tzinfo | None:
    if text is None or text == "Z":
        return UTC if text else None
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59:
        raise ValueError("minutes of an offset end at 59")
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
