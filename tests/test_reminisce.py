"""Spaced reminiscence: rare, the same on every replay, never painful, and never out of place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_tact import HARMLESS, PAINFUL

from memorybank.records import Memory
from siliconfriend.reminisce import Candidate, Habit, Hint, Moment, anniversary, due, may, pick

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
CALM = Moment(first_today=True)
ALWAYS = Habit(chance=1.0)


def memory(text: str = "I adopted a grey cat called Miso.", **more: Any) -> Memory:
    given: dict[str, Any] = {
        "id": "m1", "kind": "turn", "occurred_at": NOW - timedelta(days=90), "text": text,
        "significance": 0.7, "strength": 30.0, "retention": 0.15, "last_recalled_at": None,
        "fades_at": NOW + timedelta(days=12), "faded": False, "pinned": False,
    }  # fmt: skip
    return Memory(**{**given, **more})


def picked(
    *memories: Memory, now: datetime = NOW, moment: Moment = CALM, habit: Habit = ALWAYS,
    seed: bytes = b"seed", channel: Any = "chat",
) -> Hint | None:  # fmt: skip
    found = [Candidate(memory=one, channel=channel) for one in memories]
    return pick(found, now, seed=seed, moment=moment, habit=habit)


# -- what is brought up ----------------------------------------------------------------------------


def test_what_matters_and_is_about_to_fade():
    hint = picked(memory())
    assert hint is not None
    assert (hint.memory_id, hint.why, hint.years) == ("m1", "about to fade", 0)
    assert hint.text.startswith("I adopted") and hint.when == NOW - timedelta(days=90)


@pytest.mark.parametrize(
    "change",
    [
        {"retention": 0.6}, {"retention": 0.05}, {"faded": True}, {"significance": 0.2},
        {"trusted": False}, {"replaced_by": "m2"}, {"pinned": True}, {"text": "  "},
        {"occurred_at": NOW - timedelta(hours=2)},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not(change):
    assert picked(memory(**change)) is None


def test_never_from_a_tool():
    assert picked(memory(), channel="tool") is None


@pytest.mark.parametrize("text", PAINFUL)
def test_never_a_painful_one_for_whatever_reason(text):
    years_ago = NOW.replace(year=2024)
    assert picked(memory(text), memory(text, occurred_at=years_ago)) is None
    told = Candidate(memory=memory("A summary of a day."), said=text)
    assert pick([told], NOW, seed=b"s", moment=CALM, habit=ALWAYS) is None


def test_an_anniversary_in_the_banks_zone():
    shanghai = ZoneInfo("Asia/Shanghai")
    late = datetime(2025, 6, 9, 17, 0, tzinfo=UTC)  # already the 10th in Shanghai
    assert picked(memory(occurred_at=late, retention=0.9)) is None
    hint = picked(memory(occurred_at=late, retention=0.9), now=NOW.astimezone(shanghai))
    assert hint is not None and (hint.why, hint.years) == ("an anniversary", 1)


def test_an_anniversary_is_a_cue_for_what_has_faded_but_not_for_what_was_put_away():
    old = memory(occurred_at=NOW.replace(year=2025), faded=True, retention=0.0)
    assert picked(old) is not None
    assert picked(replace(old, fades_at=None)) is None


@pytest.mark.parametrize(
    ("day", "today", "years"),
    [
        (date(2024, 2, 29), date(2028, 2, 29), 4),
        (date(2024, 2, 29), date(2025, 2, 28), 1),
        (date(2024, 2, 29), date(2025, 3, 1), 0),
        (date(2024, 2, 29), date(2028, 2, 28), 0),
        (date(2024, 2, 28), date(2025, 2, 28), 1),
        (date(2025, 6, 10), date(2025, 6, 10), 0),
        (date(2026, 6, 10), date(2025, 6, 10), 0),
    ],
)
def test_anniversaries_by_hand(day, today, years):
    assert anniversary(day, today) == years


SAID = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("I have an interview on Friday.", (3, 6), True),
        ("I have an interview on Friday.", (3, 5), True),
        ("I have an interview on Friday.", (3, 9), False),
        ("My exam is on March 12th, wish me luck!", (3, 11), True),
        ("My exam is on March 12th, wish me luck!", (3, 20), False),
        ("I'm going to call my aunt tomorrow.", (3, 3), True),
        ("I called my aunt yesterday and booked a flight.", (3, 3), False),
        ("The shop opens on March 12th.", (3, 12), False),
        ("我下周五要去面试。", (3, 13), True),
        ("周五我要去面试。", (3, 6), True),
        ("3月12号我要去考试。", (3, 12), True),
        ("3月12号我要去考试。", (3, 25), False),
        ("我答应明天陪妈妈去公园。", (3, 3), True),
        ("昨天我订了机票。", (3, 3), False),
    ],
)
def test_a_plan_is_due_on_its_day_and_the_day_before(text, today, expected):
    assert due(text, SAID, datetime(2026, *today, 8, 0, tzinfo=UTC)) == expected


def test_a_promise_goes_before_an_anniversary_before_what_fades():
    fading, round_again = memory(id="f"), memory(id="a", occurred_at=NOW.replace(year=2025))
    promise = memory("I have an interview on June 11th.", id="p", retention=0.9)
    whys = [picked(fading, round_again, promise), picked(fading, round_again), picked(fading)]
    assert [hint.why for hint in whys if hint] == ["a promise", "an anniversary", "about to fade"]


# -- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        Moment(first_today=False), Moment(first_today=True, concern=True),
        Moment(first_today=True, question=True),
        Moment(first_today=True, last_hint=NOW - timedelta(days=6)),
    ],
    ids=str,
)  # fmt: skip
def test_only_at_a_calm_moment_and_not_again_within_the_days(moment):
    assert picked(memory(), moment=moment) is None


def test_again_after_the_days():
    assert picked(memory(), moment=Moment(first_today=True, last_hint=NOW - timedelta(days=7)))


def test_it_can_be_turned_off():
    assert picked(memory(), habit=replace(ALWAYS, on=False)) is None


@pytest.mark.parametrize(
    ("message", "asks"), [("What is my cat called?", True), ("Good morning!", False),
                          ("我的猫叫什么？", True), ("早上好", False)],
)  # fmt: skip
def test_a_question_of_the_persons_goes_first(message, asks):
    moment = Moment.of(message, first_today=True, concern=False, last_hint=None)
    assert moment.question == asks
    assert (picked(memory(), moment=moment) is None) == asks


@given(st.binary(min_size=1, max_size=32))
def test_rare_however_good_the_candidates(seed):
    """A year of daily talk: at most once a week, and some weeks not at all."""
    last, given_on = None, []
    for day in range(365):
        now = NOW + timedelta(days=day)
        moment = Moment(first_today=True, last_hint=last)
        one = memory(occurred_at=now - timedelta(days=90))
        if picked(one, now=now, moment=moment, habit=Habit(), seed=seed):
            last = now
            given_on.append(day)
    assert all(b - a >= 7 for a, b in pairwise(given_on))
    assert 30 <= len(given_on) <= 52


@given(st.binary(max_size=80), st.integers(0, 2000), st.permutations(range(5)))
def test_the_same_seed_and_day_give_the_same_in_any_order(seed, days, order):
    now = NOW + timedelta(days=days)
    some = [memory(HARMLESS[i], id=f"m{i}", occurred_at=now - timedelta(days=50)) for i in range(5)]
    first = picked(*some, now=now, seed=seed, habit=Habit())
    later_that_day = picked(
        *(some[i] for i in order), now=now.replace(hour=22), seed=seed, habit=Habit()
    )
    assert first == later_that_day
    assert may(now, seed=seed, moment=CALM) == (first is not None)


def test_different_days_and_seeds_choose_differently():
    some = [memory(id=f"m{i}") for i in range(8)]
    seeds = {picked(*some, seed=bytes([n])).memory_id for n in range(40)}  # type: ignore[union-attr]
    assert len(seeds) > 3
