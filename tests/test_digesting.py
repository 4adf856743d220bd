"""How days nest in weeks, months and everything; the turns of the years worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.digesting import LEVELS, children, digest_key, parent

# From the calendar on the wall: a week belongs to the year, and to the month, of its Thursday.
WEEKS = [
    ("2020-12-31", "2020-W53", "2020-12"),  # Thursday
    ("2021-01-01", "2020-W53", "2020-12"),  # Friday
    ("2021-01-03", "2020-W53", "2020-12"),  # Sunday
    ("2021-01-04", "2021-W01", "2021-01"),  # Monday
    ("2024-12-29", "2024-W52", "2024-12"),  # Sunday
    ("2024-12-30", "2025-W01", "2025-01"),  # Monday; its Thursday is January 2nd
    ("2025-01-05", "2025-W01", "2025-01"),
    ("2026-01-01", "2026-W01", "2026-01"),  # Thursday
    ("2025-12-29", "2026-W01", "2026-01"),
    ("2026-12-31", "2026-W53", "2026-12"),  # Thursday
    ("2027-01-03", "2026-W53", "2026-12"),
    ("2026-03-01", "2026-W09", "2026-02"),  # Sunday; its Thursday is February 26th
    ("2026-03-02", "2026-W10", "2026-03"),
    ("2024-02-29", "2024-W09", "2024-02"),  # a leap Thursday
    ("2024-03-03", "2024-W09", "2024-02"),
    ("1900-01-01", "1900-W01", "1900-01"),
    ("2000-02-29", "2000-W09", "2000-03"),  # Tuesday; its Thursday is March 2nd
]


@pytest.mark.parametrize(("day", "week", "month"), WEEKS)
def test_weeks_and_months_by_hand(day, week, month):
    assert parent("day", day) == ("week", week)
    assert parent("week", week) == ("month", month)
    assert parent("month", month) == ("global", "all")
    assert parent("global", "all") is None


def test_children_by_hand():
    assert children("week", "2020-W53") == ("day", "2020-12-28", "2021-01-03")
    assert children("week", "2026-W09") == ("day", "2026-02-23", "2026-03-01")
    assert children("month", "2026-03") == ("week", "2026-W10", "2026-W13")
    assert children("month", "2020-12") == ("week", "2020-W49", "2020-W53")
    assert children("month", "2021-01") == ("week", "2021-W01", "2021-W04")
    assert children("month", "2025-01") == ("week", "2025-W01", "2025-W05")
    level, first, last = children("global", "all")
    assert level == "month" and first < "1900-01" and last > "2999-12"


@given(st.dates(date(1900, 1, 1), date(2300, 12, 31)))
def test_parents_and_children_are_inverse(day):
    """Every piece lies among its parent's children, and its neighbours outside are not."""
    level, name = "day", day.isoformat()
    while above := parent(level, name):
        below, first, last = children(*above)
        assert below == level and first <= name <= last
        assert parent(below, first) == parent(below, last) == above
        level, name = above


@given(st.dates(date(1900, 1, 8), date(2300, 12, 20)))
def test_no_day_falls_between_two_weeks_nor_a_week_between_two_months(day):
    _, week = parent("day", day.isoformat())
    _, first, last = children("week", week)
    assert date.fromisoformat(last) - date.fromisoformat(first) == timedelta(days=6)
    after = date.fromisoformat(last) + timedelta(days=1)
    assert parent("day", after.isoformat()) != ("week", week)
    _, month = parent("week", week)
    _, _, last_week = children("month", month)
    _, _, last_day = children("week", last_week)
    next_week = parent("day", (date.fromisoformat(last_day) + timedelta(days=1)).isoformat())
    assert parent(*next_week) != ("month", month)
    assert children("month", parent(*next_week)[1])[1] == next_week[1]


@given(st.lists(st.dates(date(1900, 1, 1), date(2300, 12, 31)), min_size=2, max_size=5))
def test_names_sort_as_time_does(days):
    days.sort()
    for level in ("day", "week", "month"):
        names = [day.isoformat() for day in days]
        for below in LEVELS[: LEVELS.index(level)]:
            names = [parent(below, name)[1] for name in names]
        assert names == sorted(names)


def test_the_levels_and_the_names_of_jobs():
    assert LEVELS == ("day", "week", "month", "global")
    assert digest_key("day", "2026-03-01") == "day:2026-03-01"
    assert digest_key("insight", "2026-03-01") == digest_key("statement", "2026-03-01")
    assert digest_key("insight", "2026-03-01") == "day:2026-03-01"
    assert digest_key("global", "all") == "global:all"
