"""Festivals: a name and a year to days.

Law of this file: one table of meanings for both languages; the grammars map their words to the
keys of it. Spring Festival is the public holiday, New Year's Eve and seven days; its season goes
on to the Lantern Festival, the 15th of the month. National Day lasts seven days, all others one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from memorybank.timewords.calendar import dates, run
from memorybank.timewords.lunar import Lunar, lunar_date
from memorybank.timewords.span import Days

Festival = Literal[
    "christmas", "christmas-eve", "new-year", "new-year-eve", "valentine", "halloween",
    "thanksgiving", "labour-day", "us-labor-day", "children", "national-day",
    "spring-festival", "spring-festival-season", "lunar-new-year-eve", "dragon-boat", "mid-autumn",
]  # fmt: skip

_FIXED: dict[Festival, tuple[int, int]] = {
    "new-year": (1, 1),
    "valentine": (2, 14),
    "labour-day": (5, 1),
    "children": (6, 1),
    "halloween": (10, 31),
    "christmas-eve": (12, 24),
    "christmas": (12, 25),
    "new-year-eve": (12, 31),
}


def festival(name: Festival, year: int) -> Days | None:
    """Return the days of a festival in a year; None for a lunar one outside 2000 to 2050."""
    if name in _FIXED:
        return dates(year, *_FIXED[name])
    return _MOVING[name](year)


def _nth(year: int, month: int, weekday: int, nth: int) -> Days:
    """Return the nth such weekday of a month (Monday is 0)."""
    first = 1 + (weekday - date(year, month, 1).weekday()) % 7
    return dates(year, month, first + 7 * (nth - 1))


def _lunar(name: Lunar, year: int, days: int = 1, offset: int = 0) -> Days | None:
    on = lunar_date(name, year)
    if on is None:
        return None
    return run(on + timedelta(days=offset), days, "day" if days == 1 else "week")


_MOVING: dict[Festival, Callable[[int], Days | None]] = {
    "thanksgiving": lambda year: _nth(year, 11, 3, 4),
    "us-labor-day": lambda year: _nth(year, 9, 0, 1),
    "national-day": lambda year: dates(year, 10, 1, 7),
    "spring-festival": lambda year: _lunar("spring-festival", year, days=8, offset=-1),
    "spring-festival-season": lambda year: _lunar("spring-festival", year, days=16, offset=-1),
    "lunar-new-year-eve": lambda year: _lunar("spring-festival", year, offset=-1),
    "dragon-boat": lambda year: _lunar("dragon-boat", year),
    "mid-autumn": lambda year: _lunar("mid-autumn", year),
}
