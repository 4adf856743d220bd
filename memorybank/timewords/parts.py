"""Parts of a day, added to any day that another rule found: 昨天下午, May 2nd in the evening.

Law of this file: it only widens the words and narrows the time; a day found alone stays a day.
"""

from __future__ import annotations

import re

from memorybank.timewords.english_terms import PART_OF_DAY
from memorybank.timewords.span import Days, Part

_PARTS: dict[Part, tuple[str, ...]] = {
    "early": ("early morning", "凌晨"),
    "morning": ("morning", "清晨", "早晨", "早上", "大早上", "一早", "一大早", "清早", "上午"),
    "noon": ("noon", "midday", "lunchtime", "中午", "正午"),
    "afternoon": ("afternoon", "下午", "午后"),
    "night": (
        "evening", "night", "傍晚", "晚上", "晚间", "夜里", "夜晚", "夜间", "半夜", "深夜",
    ),
}  # fmt: skip
_PART_OF = {word: part for part, words in _PARTS.items() for word in words}
_ZH = "|".join(sorted((w for w in _PART_OF if not w.isascii()), key=len, reverse=True))

_AFTER = re.compile(
    rf"(?:,?\s{{1,2}}(?:(?:in|during)\s(?:the\s)?|at\s|around\s)?(?P<en>{PART_OF_DAY})\b"
    rf"|\s?的?\s?(?P<zh>{_ZH}))",
    re.ASCII | re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\b(?:the\s)?(?P<en>{PART_OF_DAY})\sof\s(?:the\s)?\Z", re.ASCII | re.IGNORECASE
)
_BEFORE_REACH = 32
"""Characters looked back; "the early morning of the " has 25."""


def with_part(text: str, at: tuple[int, int], days: Days) -> tuple[tuple[int, int], Days]:
    """Return place and days, both changed if a part of the day is named beside a day."""
    if days.grain != "day":
        return at, days
    start, end = at
    after = _AFTER.match(text, end)
    if after:
        return (start, after.end()), _part(days, after["en"] or after["zh"])
    offset = max(0, start - _BEFORE_REACH)
    before = _BEFORE.search(text[offset:start])
    if before:
        return (offset + before.start(), end), _part(days, before["en"])
    return at, days


def part_named(word: str) -> Part:
    """Return the part of the day that a word names; the shortest Chinese words included."""
    short: dict[str, Part] = {"晚": "night", "夜": "night", "早": "morning", "晨": "morning"}
    return short.get(word) or _PART_OF[" ".join(word.lower().split())]


def _part(days: Days, word: str) -> Days:
    return Days(days.start, days.stop, "part", part_named(word))
