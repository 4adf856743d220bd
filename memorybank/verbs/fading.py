"""What is about to fade, and what happened on this day in earlier years: two small questions that
are answered from an index, without going through the whole bank. Reading never writes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from memorybank.records import Memory
from memorybank.store.tables import day_of, memories, numbers_json, to_us
from memorybank.verbs.desk import EARLIEST, Desk, zone_of
from memorybank.verbs.read import described


def fading(
    desk: Desk, now: datetime, *, within: timedelta, significance: float, k: int
) -> list[Memory]:
    """Return up to `k` memories that will have faded `within` a while from now, the next one first.

    Only such as matter at least so much, are not replaced and not pinned. Chosen by strengths as
    they are at present; for a `now` in the past, those that something happened to since are
    told as they were then, and left out if they were not about to fade.
    """
    with desk.read() as (tx, _, bank):
        rows = memories(
            tx.rows(
                "memories_fading",
                bank=bank.bank,
                now=to_us(now),
                until=to_us(now + within),
                significance=significance,
                count=k,
            )
        )
        told = described(tx, bank, rows, now)
    return [m for m in told if not m.faded and m.fades_at and m.fades_at <= now + within]


def on_this_day(desk: Desk, now: datetime, *, significance: float, k: int) -> list[Memory]:
    """Return up to `k` memories of this month and day in earlier years, what matters most first.

    The day is that of the bank's zone; the 29th of February comes round on the 28th in years
    that do not have it. Faded ones are among them, and say so: their day is named, which is a cue.
    """
    with desk.read() as (tx, _, bank):
        today = date.fromordinal(day_of(now, zone_of(bank)))
        rows = memories(
            tx.rows(
                "memories_of_days",
                bank=bank.bank,
                days=numbers_json(_same_days(today)),
                significance=significance,
                count=k,
            )
        )
        return described(tx, bank, rows, now)


def _same_days(today: date) -> list[int]:
    """Return the ordinals of the same day in every earlier year of the calendar kept here."""
    days = []
    for year in range(EARLIEST.year, today.year):
        leap = (date(year, 3, 1) - date(year, 2, 1)).days == 29
        if (today.month, today.day) != (2, 29) or leap:
            days.append(today.replace(year=year).toordinal())
        tomorrow = today + timedelta(days=1)
        if leap and (today.month, today.day) == (2, 28) and tomorrow.month == 3:
            days.append(date(year, 2, 29).toordinal())
    return days
