"""Which pieces of time a digest condenses, and how they nest. Pure.

Days make weeks (ISO, Monday first), weeks make months (a week belongs to the month of its
Thursday), months make everything. A piece is named "2026-03-01", "2026-W09", "2026-03", "all".
"""

from __future__ import annotations

from datetime import date, timedelta

LEVELS = ("day", "week", "month", "global")
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


def wait_after(attempts: int) -> timedelta:
    """Return how long to leave a piece alone that has failed so many times: 1, 4, 16 minutes …"""
    wait = FIRST_WAIT * float(4 ** min(attempts - 1, 8))
    return min(wait, LONGEST_WAIT)


def digest_key(level: str, period: str) -> str:
    """Return the name under which a piece's digest waits; a day's covers its insight too."""
    return f"{'day' if level in ('insight', 'statement') else level}:{period}"


def parent(level: str, period: str) -> tuple[str, str] | None:
    """Return the level and name of the piece that contains this one, None for everything."""
    if level == "day":
        return "week", _week(date.fromisoformat(period))
    if level == "week":
        year, week = period.split("-W")
        return "month", date.fromisocalendar(int(year), int(week), 4).isoformat()[:7]
    return ("global", "all") if level == "month" else None


def children(level: str, period: str) -> tuple[str, str, str]:
    """Return the level below and the names between which, inclusive, its pieces lie."""
    if level == "week":
        year, week = period.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
        return "day", monday.isoformat(), (monday + timedelta(days=6)).isoformat()
    if level == "month":
        first = date.fromisoformat(f"{period}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        # The Thursdays decide: go from the first of the month to its last.
        first += timedelta(days=(3 - first.weekday()) % 7)
        last -= timedelta(days=(last.weekday() - 3) % 7)
        return "week", _week(first), _week(last)
    return "month", "0001-01", "9999-12"


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
