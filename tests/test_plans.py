"""A plan is one until its day has gone; then it leaves the portrait, in either language."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from memorybank import MemoryBank
from memorybank.plans import passed

both = pytest.mark.parametrize("lang", ["en", "zh"])
SAID = date(2026, 4, 29)  # a Wednesday
COMING = [
    # said, the last day on which it is a plan, the first on which it is none
    ("I'm going to visit Tom on May 21st.", "我打算5月21号去看小航。", (5, 21), (5, 22)),
    ("I'm going to quit next week.", "我下周要辞职。", (5, 10), (5, 11)),
    ("I'm going to see Ann on Friday.", "我周五要去见小安。", (5, 1), (5, 2)),
    ("I'm going to swim tomorrow.", "我明天要去游泳。", (4, 30), (5, 1)),
    ("I want to run ten kilometres in June.", "我六月份要跑完十公里。", (6, 30), (7, 1)),
    ("On May 1st and May 9th I'm going to dance.", "5月1号和5月9号我要去跳舞。", (5, 9), (5, 10)),
]
NEVER = [
    ("I've decided to learn the cello.", "我决定学大提琴。"),
    ("Yesterday I decided to learn the cello.", "昨天我决定学大提琴。"),
    ("I want to move some day.", "我想以后搬走。"),
]


def noon(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(("english", "chinese", "still", "gone"), COMING)
def test_a_plan_has_passed_the_day_after(english, chinese, still, gone):
    for text in (english, chinese):
        assert not passed(text, SAID, noon(*still)), text
        assert passed(text, SAID, noon(*gone)), text


@pytest.mark.parametrize(("english", "chinese"), NEVER)
def test_what_names_no_day_to_come_does_not_pass(english, chinese):
    for text in (english, chinese):
        assert not passed(text, SAID, noon(12, 31)), text


@both
def test_the_portrait_holds_plans_that_are_still_to_come(lang, tmp_path):
    early, late, open_end = {
        "en": ("I'm going to visit Tom on May 21st.", "I'm going to swim to France on August 1st.",
               "I've decided to learn the cello."),
        "zh": ("我打算5月21号去看小航。", "我打算8月1号横渡海峡。", "我决定学大提琴。"),
    }[lang]  # fmt: skip
    bank = MemoryBank.open(tmp_path / "m.db", bank="x", lang=lang, embedder=None, zone="Etc/UTC")
    for text in (early, late, open_end):
        bank.remember(text, now=noon(4, 29))
    bank.digest(now=noon(5, 1))
    for now, texts in ((noon(5, 2), {early, late, open_end}), (noon(6, 1), {late, open_end})):
        assert {statement.text for statement in bank.portrait(now=now).statements} == texts
