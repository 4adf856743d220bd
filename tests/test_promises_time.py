"""Promise 10: time can jump. Whatever a clock says, retention stays within 0 and 1, never rises
as time passes, and a memory is never lost."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank import MemoryBank, forget
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs.mending import check

PRESETS = sorted(forget.PRESETS)
ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "Asia/Shanghai",
         "Europe/London", "Asia/Kathmandu")  # fmt: skip
JUMPS = {
    "an hour back": [timedelta(0), timedelta(hours=-1)],
    "a year back": [timedelta(days=1), timedelta(days=-365), timedelta(hours=1)],
    "years apart": [timedelta(days=3650), timedelta(days=3650), timedelta(days=-7000)],
    "microseconds": [timedelta(microseconds=1)] * 3,
}
KINDS = ("recall", "pin", "unpin", "fade", "revive", "settle")


def bank_in(path: Path, zone: str, clock: Clock, preset: str = "gentle") -> MemoryBank:
    return MemoryBank.open(
        path, bank="emily", embedder=HashEmbedder(dim=16), clock=clock, zone=zone, preset=preset,
        seed=b"seed",
    )  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps(tmp_path: Path, preset: str, jump: str) -> None:
    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    with bank_in(tmp_path / "m.db", "UTC", clock, preset) as bank:
        ids = [bank.remember("I like tea and my grey cat Miso.")]
        for step in JUMPS[jump]:
            clock.time += step
            ids.append(bank.remember("And where is my cat?", used=[ids[0]]))
            bank.digest()
            for memory in ids:
                held = bank.explain(memory).memory
                assert 0.0 <= held.retention <= 1.0
                assert held.strength > 0 and not math.isnan(held.strength)
            assert bank.recall("my cat", faded="always", until=datetime(2099, 1, 1, tzinfo=UTC))
        clock.time = datetime(2060, 1, 1, tzinfo=UTC)
        found = {m.id for day in bank.timeline() for m in day.memories}
        assert found == set(ids), "nothing is lost"
    assert check(tmp_path / "m.db").findings == ()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "moment",
    [
        "2024-02-29T23:59:59.999999", "2024-02-28T12:00", "2026-03-08T02:30",  # a leap day; no hour
        "2026-11-01T01:30", "2026-10-25T01:30", "2025-12-31T23:59", "2026-01-01T00:00",
    ],
)  # fmt: skip
def test_days_and_hours_that_are_special(tmp_path: Path, zone: str, moment: str) -> None:
    local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
    clock = Clock(local)
    with bank_in(tmp_path / "m.db", zone, clock) as bank:
        first = bank.remember("I adopted a grey cat called Miso.")
        clock.time = (local.astimezone(UTC) + timedelta(hours=1)).astimezone(ZoneInfo(zone))
        bank.remember("What is my cat called?", used=[first])
        days = bank.timeline(now=clock.time + timedelta(days=2))
        dates = {day.day for day in days}
        # An hour that does not exist is the one after it: what counts is the moment.
        actual = local.astimezone(UTC).astimezone(ZoneInfo(zone))
        assert actual.date() in dates and len(dates) <= 2
        bank.digest()
        assert {s.period for s in bank.summaries("day")} <= {d.isoformat() for d in dates}
        held = bank.explain(first).memory
        assert held.occurred_at.timestamp() == local.timestamp() and held.retention == 1.0
        for hours in (1, 24, 24 * 366):
            later = bank.explain(first, now=clock.time + timedelta(hours=hours)).memory
            assert 0.0 <= later.retention <= held.retention
            held = later
    assert check(tmp_path / "m.db").findings == ()


def test_an_hour_is_an_hour_when_the_clocks_change() -> None:
    """Retention counts what has passed, not what the wall says."""
    zone = ZoneInfo("America/New_York")
    before = datetime(2026, 10, 31, 12, tzinfo=zone)
    after = datetime(2026, 11, 1, 12, tzinfo=zone)  # 25 hours later
    passed = (after.astimezone(UTC) - before.astimezone(UTC)) / timedelta(days=1)
    assert passed == 25 / 24
    assert forget.retention(passed, 0.0, 1.0) == pytest.approx(math.exp(-25 / 24))


def test_a_day_in_kiritimati_is_not_the_day_in_pago_pago(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    days = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with bank_in(tmp_path / f"{zone[8:]}.db", zone, Clock(moment)) as bank:
            bank.remember("I like tea.")
            days[zone] = bank.timeline()[0].day.isoformat()
    assert days == {"Pacific/Kiritimati": "2026-03-03", "Pacific/Pago_Pago": "2026-03-01"}


# -- the curve -----------------------------------------------------------------------------------

moments = st.floats(-40_000, 3_000_000, allow_nan=False)
logs = st.lists(
    st.builds(forget.Happening, st.sampled_from(KINDS), moments, st.floats(0, 1)), max_size=12
)


@settings(max_examples=150)
@given(
    st.sampled_from(PRESETS), moments, st.floats(0, 1), st.booleans(), logs,
    st.lists(moments, min_size=2, max_size=6),
)  # fmt: skip
def test_any_log_in_any_order_of_time(
    name: str, at: float, weight: float, gist: bool, log: list[forget.Happening], asked: list[float]
) -> None:
    p = forget.preset(name)
    state = forget.replay(p, forget.Birth(at=at, significance=weight, gist=gist, seed=b"s"), log)
    assert state.strength > 0 and not math.isnan(state.fades_at)
    held = [forget.retention(moment, state.last, state.strength) for moment in sorted(asked)]
    assert all(0.0 <= r <= 1.0 for r in held)
    assert held == sorted(held, reverse=True), "more time never raises retention"
    faded = [forget.has_faded(state, moment) for moment in sorted(asked)]
    assert faded == sorted(faded), "what has faded stays faded until something happens"


@settings(max_examples=150)
@given(st.sampled_from(PRESETS), st.floats(0, 1), st.lists(st.floats(0, 400), max_size=8),
       st.floats(0, 400), st.floats(0, 4000))  # fmt: skip
def test_one_more_recall_never_lowers_retention(
    name: str, weight: float, recalls: list[float], more: float, later: float
) -> None:
    p, birth = forget.preset(name), forget.Birth(at=0.0, significance=weight, seed=b"s")
    before = [forget.Happening("recall", at) for at in sorted(recalls)]
    last = max([more, *recalls])
    fewer = forget.replay(p, birth, before)
    richer = forget.replay(p, birth, [*before, forget.Happening("recall", last)])
    now = last + later
    held = [forget.retention(now, s.last, s.strength) for s in (fewer, richer)]
    assert held[1] >= held[0]


@given(st.floats(0.01, 10_000), st.floats(0, 5_000), st.floats(1e-6, 0.99))
def test_fractions_of_a_day_count(strength: float, days: float, fraction: float) -> None:
    whole = forget.retention(days, 0.0, strength)
    assert forget.retention(days + fraction, 0.0, strength) <= whole
    if whole > 1e-9 and fraction / strength > 1e-9:
        assert forget.retention(days + fraction, 0.0, strength) < whole


def test_the_same_however_often_it_is_opened(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    with bank_in(tmp_path / "m.db", "UTC", clock, "paper-chance") as bank:
        ids = [bank.remember(f"I like tea number {i}.") for i in range(30)]
        clock.forward(days=1.5)
        kept = [bank.explain(i).memory.faded for i in ids]
    assert 0 < sum(kept) < 30
    for _ in range(5):
        with bank_in(tmp_path / "m.db", "UTC", clock, "paper-chance") as bank:
            assert [bank.explain(i).memory.faded for i in ids] == kept
