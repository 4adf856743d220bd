"""The calendar that both languages share: days, weeks, months, seasons, and counting back.

Law of this file: dates in, runs of days out; no language, no clock. Weeks start on Monday. A
date that does not exist raises ValueError, one outside the years 1 to 9999 OverflowError or
ValueError; the scanner takes both to mean "not a time".
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

from memorybank.timewords.span import Days, Grain

Unit = Literal["day", "week", "half-month", "month", "year"]
Third = Literal["early", "mid", "late"]
Season = Literal["spring", "summer", "autumn", "winter"]

FEW = (2, 7)
"""What "a few" and 几 stand for, both ends included."""
COUPLE = (2, 3)
RECENT_DAYS = 14

_SEASON_STARTS: dict[Season, int] = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}


def run(start: date, days: int, grain: Grain) -> Days:
    """Return `days` days from `start`."""
    return Days(start, start + timedelta(days=days), grain)


def one_day(on: date, offset: int = 0) -> Days:
    """Return the day `offset` days after `on`."""
    return run(on + timedelta(days=offset), 1, "day")


def dates(year: int, month: int, first: int, last: int | None = None) -> Days:
    """Return one date, or the run from day `first` to day `last` of one month.

    ValueError for a date that does not exist and for a run that goes backwards.
    """
    start = date(year, month, first)
    if last is None:
        return one_day(start)
    if last < first:
        raise ValueError("a run of days that goes backwards")
    return run(start, (date(year, month, last) - start).days + 1, "week")


def whole_month(year: int, month: int) -> Days:
    """Return the calendar month."""
    return run(date(year, month, 1), monthrange(year, month)[1], "month")


def month_third(year: int, month: int, third: Third | None) -> Days:
    """Return days 1-11, 10-21 or 20-end of a month; all of it without a third.

    The days at a border belong to both, because people's do: the 20th is "late" to many.
    """
    whole = whole_month(year, month)
    if third == "early":
        return Days(whole.start, date(year, month, 12), "week")
    if third == "mid":
        return Days(date(year, month, 10), date(year, month, 22), "week")
    if third == "late":
        return Days(date(year, month, 20), whole.stop, "week")
    return whole


def year_third(year: int, third: Third | None) -> Days:
    """Return January-April, May-August or September-December; the whole year without a third."""
    if third is None:
        return Days(date(year, 1, 1), date(year + 1, 1, 1), "year")
    first = {"early": 1, "mid": 5, "late": 9}[third]
    stop = date(year + 1, 1, 1) if third == "late" else date(year, first + 4, 1)
    return Days(date(year, first, 1), stop, "season")


def season(year: int, name: Season) -> Days:
    """Return the season that begins in `year`; winter is December 1 to the end of February."""
    first = _SEASON_STARTS[name]
    stop = date(year + 1, 3, 1) if name == "winter" else date(year, first + 3, 1)
    return Days(date(year, first, 1), stop, "season")


def monday(on: date, weeks: int = 0) -> date:
    """Return the Monday of the week `weeks` weeks after that of `on`."""
    return on - timedelta(days=on.weekday()) + timedelta(weeks=weeks)


def week(on: date, weeks: int) -> Days:
    """Return the calendar week `weeks` weeks after that of `on`."""
    return run(monday(on, weeks), 7, "week")


def weekend(on: date, weeks: int) -> Days:
    """Return Saturday and Sunday of the calendar week `weeks` weeks after that of `on`."""
    return run(monday(on, weeks) + timedelta(days=5), 2, "week")


def latest_weekend(on: date) -> Days:
    """Return the weekend that `on` lies in, else the last one that is over."""
    return weekend(on, 0 if on.weekday() >= 5 else -1)


def weekday_of_week(on: date, weekday: int, weeks: int) -> Days:
    """Return a weekday (Monday is 0) of the calendar week `weeks` weeks after that of `on`."""
    return one_day(monday(on, weeks), weekday)


def latest_weekday(on: date, weekday: int) -> Days:
    """Return the most recent such weekday, `on` itself included."""
    return one_day(on, -((on.weekday() - weekday) % 7))


def latest_day_of_month(on: date, day: int) -> Days:
    """Return the most recent date with that day of the month, `on` itself included.

    ValueError if no month has such a day.
    """
    for back in range(12):
        year, month = months_after(on, -back)
        if day <= monthrange(year, month)[1] and (back or day <= on.day):
            return dates(year, month, day)
    raise ValueError(f"no month has a day {day}")


def months_after(on: date, months: int) -> tuple[int, int]:
    """Return year and month, `months` months after those of `on`."""
    count = on.year * 12 + on.month - 1 + months
    return count // 12, count % 12 + 1


def same_day_months_back(on: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day if it has no such day."""
    year, month = months_after(on, -months)
    return date(year, month, min(on.day, monthrange(year, month)[1]))


def ago(on: date, unit: Unit, low: int, high: int) -> Days:
    """Return `low` to `high` units ago: the further one's start to the nearer one's end.

    One day ago is that day; a week, or half a month, ago is the seven days centred on its day; a
    month ago is its date and 15 days either side; a year ago is that calendar year. What people
    count in larger units they remember less exactly.
    """
    far = _ago(on, unit, high)
    if low == high:
        return far
    return Days(far.start, _ago(on, unit, low).stop, "vague")


def _ago(on: date, unit: Unit, count: int) -> Days:
    if unit == "year":
        return year_third(on.year - count, None)
    then = _back(on, unit, count)
    if unit == "day":
        return one_day(then)
    if unit == "month":
        return run(then - timedelta(days=15), 31, "month")
    return run(then - timedelta(days=3), 7, "week")


def past(on: date, unit: Unit, count: int) -> Days:
    """Return the last `count` units up to and including `on`."""
    return Days(_back(on, unit, count), on + timedelta(days=1), "vague")


def _back(on: date, unit: Unit, count: int) -> date:
    if unit in ("month", "year"):
        return same_day_months_back(on, count if unit == "month" else 12 * count)
    return on - count * timedelta(days={"day": 1, "week": 7}.get(unit, 15))
