"""Where the speaker stands: today, the zone, the years the bank covers; and choosing a year.

Law of this file: a date said without its year belongs to the most recent year, not after today,
in which it touches the bank; failing that, to the most recent one. Only this file chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

from memorybank.timewords.span import Days

Which = Literal["last", "this", "next"]
Yearly = Callable[[int], Days | None]
"""Something that comes once a year: year in, days out; None or ValueError if not that year."""

_REACH = 12
"""Years looked back. Eight can lie between two leap days (1896 to 1904); the rest is slack."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Local calendar dates of now and of the bank's first and last memory."""

    today: date
    zone: tzinfo
    first: date | None = None
    last: date | None = None

    @classmethod
    def at(cls, now: datetime, first: datetime | None, last: datetime | None) -> Frame:
        """Build from aware datetimes; the zone is that of `now`. ValueError for naive ones."""
        zone = _zone(now, "now")
        return cls(now.date(), zone, _local(first, "first", zone), _local(last, "last", zone))

    def choose(
        self, build: Yearly, year: int | None = None, which: Which | None = None
    ) -> Days | None:
        """Return the occurrence in `year`, or the last, this or next one, or the one meant."""
        if year is not None:
            return _built(build, year)
        if which is None:
            return self._meant(build)
        today = self.today
        if which == "last":
            found = _occurrences(build, today.year, -1)
            return next((days for days in found if days.stop <= today), None)
        if which == "next":
            found = _occurrences(build, today.year, 1)
            return next((days for days in found if days.start > today), None)
        begun = _built(build, today.year - 1)  # in January it is still the winter of last year
        return begun if begun and begun.stop > today else _built(build, today.year)

    def _meant(self, build: Yearly) -> Days | None:
        last = self.last or self.today
        first = self.first or date.min
        if self.first or self.last:
            for days in self._begun(build, last.year):
                if days.start <= last and days.stop > first:
                    return days
        return next(self._begun(build, self.today.year), None)

    def _begun(self, build: Yearly, year: int) -> Iterator[Days]:
        """Yield the occurrences that have begun by today, latest first."""
        return (d for d in _occurrences(build, year, -1) if d.start <= self.today)


def _occurrences(build: Yearly, year: int, step: int) -> Iterator[Days]:
    found = (_built(build, y) for y in range(year, year + step * _REACH, step))
    return (days for days in found if days)


def _built(build: Yearly, year: int) -> Days | None:
    """Treat February 29th of a common year, or year 0, as not happening."""
    try:
        return build(year)
    except (ValueError, OverflowError):
        return None


def _zone(when: datetime, name: str) -> tzinfo:
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError(
            f"{name} has no time zone: hand in an aware datetime, for example "
            'datetime.now(ZoneInfo("Asia/Shanghai"))'
        )
    return when.tzinfo


def _local(when: datetime | None, name: str, zone: tzinfo) -> date | None:
    if when is None:
        return None
    _zone(when, name)
    try:
        return when.astimezone(zone).date()
    except OverflowError:  # within hours of the calendar's ends; the zone cannot matter there
        return when.date()
