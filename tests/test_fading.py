"""What is about to fade, and what happened on this day years ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from conftest import START

from memorybank import MemoryBank, Turn

KEEP = "My sister Tess was born on March 21st 1991 and lives in Porto with Ash and Ivy, her dogs."


def test_the_next_to_fade_comes_first_and_reading_changes_nothing(bank, clock):
    small, large = bank.remember("Hello there!"), bank.remember(KEEP)
    far = timedelta(days=4000)
    both = [m.id for m in bank.fading(within=far)]
    assert both == [small, large]
    assert [m.id for m in bank.fading(within=far, k=1)] == [small]
    fades_at = bank.explain(small).memory.fades_at
    assert fades_at is not None
    assert bank.fading(within=fades_at - START - timedelta(seconds=1)) == []
    assert [m.id for m in bank.fading(within=fades_at - START)] == [small]
    assert bank.explain(small).events == ()


def test_what_has_faded_is_pinned_replaced_or_of_no_weight_is_left_out(bank, clock):
    gone = bank.remember("Hello there!")
    pinned = bank.remember("The spare key is under the blue pot.")
    old = bank.remember("My dentist is Dr. Lund, in Mill Street.")
    bank.pin(pinned)
    new = bank.correct(old, "My dentist is Dr. Berg, in Mill Street.")
    later = START + timedelta(days=9)
    ids = [m.id for m in bank.fading(within=timedelta(days=4000), now=later)]
    assert gone not in ids and pinned not in ids and old not in ids and new in ids
    least = bank.explain(new).memory.significance
    assert bank.fading(within=timedelta(days=4000), significance=least + 0.01, now=later) == []


def test_each_bank_sees_its_own(bank, bank_zh):
    bank.remember(KEEP)
    assert bank_zh.fading(within=timedelta(days=4000)) == []
    assert bank_zh.on_this_day(now=START + timedelta(days=365)) == []


def test_this_day_years_ago_by_the_banks_own_calendar(bank_zh):
    """Half past midnight on the 5th in Shanghai is still the 4th in London."""
    at = datetime(2025, 3, 4, 16, 30, tzinfo=UTC)
    bank_zh.remember_turns(
        [Turn(text="我第一次去了长城，走了整整一天，脚都酸了。", occurred_at=at, lang="zh")]
    )
    assert bank_zh.on_this_day(now=datetime(2026, 3, 4, 12, 0, tzinfo=UTC)) == []
    found = bank_zh.on_this_day(now=datetime(2026, 3, 4, 17, 0, tzinfo=UTC))
    assert [m.occurred_at.isoformat()[:10] for m in found] == ["2025-03-05"]
    assert bank_zh.on_this_day(now=at + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2025-02-28", True), ("2025-03-01", False), ("2028-02-29", True), ("2028-02-28", False)],
)
def test_the_29th_of_february(tmp_path, now, expected):
    with MemoryBank.open(
        tmp_path / "m.db", bank="b", embedder=None, zone="UTC", preset="off",
        clock=lambda: datetime(2028, 6, 1, tzinfo=UTC),
    ) as bank:  # fmt: skip
        leap = datetime(2024, 2, 29, 12, tzinfo=UTC)
        bank.remember_turns([Turn(text="We danced on the leap day.", occurred_at=leap)])
        found = bank.on_this_day(now=datetime.fromisoformat(f"{now}T12:00+00:00"))
        assert bool(found) == expected
