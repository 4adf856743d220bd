"""What the words mean: a span of time, and the run of whole days behind it.

Law of this file: it knows neither a language nor `now`. A run of days is half open, so that
neighbouring runs meet without a gap; hours come in only when a part of one day is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

Grain = Literal["part", "day", "week", "month", "season", "year", "vague"]
"""The unit the words name. Weekends, festivals of several days, runs of dates and thirds of a
month count as "week", thirds of a year as "season"; "vague" is whatever has no crisp edge
("recently", "a few days ago", "the last three weeks")."""

Part = Literal["early", "morning", "noon", "afternoon", "night"]

HOURS: dict[Part, tuple[int, int]] = {
    "early": (0, 6),
    "morning": (5, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "night": (18, 29),
}
"""First hour and the hour after the last, counted from midnight: a night ends at five the next
day. The parts overlap because people's do."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time named in a text.

    `start` is inclusive, `end` exclusive, both aware and in the zone of `now`; `words` is what
    was said, text[at[0]:at[1]]; `grain` is the unit that the words name.
    """

    start: datetime
    end: datetime
    words: str
    at: tuple[int, int]
    grain: Grain


@dataclass(frozen=True, slots=True)
class Days:
    """A run of calendar days from `start` up to, not including, `stop`; or a part of one."""

    start: date
    stop: date
    grain: Grain
    part: Part | None = None

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return start (inclusive) and end (exclusive) as local times in `zone`."""
        if self.part is None:
            return _midnight(self.start, zone), _midnight(self.stop, zone)
        first, last = HOURS[self.part]
        return _hour(self.start, first, zone), _hour(self.start, last, zone)


def _midnight(on: date, zone: tzinfo) -> datetime:
    return datetime.combine(on, time.min, zone)


def _hour(on: date, hour: int, zone: tzinfo) -> datetime:
    """Name an hour on the clock, not a number of hours elapsed: a DST day still has its noon."""
    return datetime.combine(on + timedelta(days=hour // 24), time(hour % 24), zone)
