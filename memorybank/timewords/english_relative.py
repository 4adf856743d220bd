"""English times that are counted from now: yesterday, last week, three days ago, on Wednesday.

Law of this file: nothing here looks at the bank's years. "Last" before a unit is the calendar
one before this; before a weekday it is the most recent such day before today.
"""

from __future__ import annotations

import re
from typing import cast

from memorybank.timewords.calendar import (
    COUPLE,
    FEW,
    RECENT_DAYS,
    Unit,
    ago,
    latest_weekday,
    latest_weekend,
    month_third,
    months_after,
    one_day,
    past,
    week,
    weekday_of_week,
    weekend,
    year_third,
)
from memorybank.timewords.english_terms import (
    OFFSETS,
    THIRD,
    WEEKDAY,
    WEEKDAY_FULL,
    third_of,
    weekday_number,
)
from memorybank.timewords.frame import Frame
from memorybank.timewords.numbers import EN_NUMBER, en_number
from memorybank.timewords.rules import english
from memorybank.timewords.span import Days, Part

_DAYS: dict[str, tuple[int, Part | None]] = {
    "the day before yesterday": (-2, None),
    "day before yesterday": (-2, None),
    "yesterday": (-1, None),
    "today": (0, None),
    "tomorrow": (1, None),
    "day after tomorrow": (2, None),
    "the day after tomorrow": (2, None),
    "the night before last": (-2, "night"),
    "last night": (-1, "night"),
    "last evening": (-1, "night"),
    "tonight": (0, "night"),
    "this morning": (0, "morning"),
    "this noon": (0, "noon"),
    "this afternoon": (0, "afternoon"),
    "this evening": (0, "night"),
}
_DAY = rf"\b(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})\b"
_OTHER_DAY = r"\bthe other day\b"

_COUNT = (
    r"(?:(?P<couple>couple(?: of)?)|(?P<few>few|several|some)"
    rf"|(?P<low>{EN_NUMBER})(?:(?:\s?[-–]\s?| (?:to|or) )(?P<high>{EN_NUMBER}))?)"
)
_UNIT = r"(?P<unit>day|week|fortnight|month|year)s?"
_AGO = (
    r"(?<![\w.,/-])(?<!hundred\s)(?<!and\s)"
    rf"(?:(?P<half>half a (?:year|month))|(?:(?:a )?{_COUNT}|(?P<one>a)) {_UNIT}) ago\b"
)
_PAST = (
    r"\b(?:(?:in|over|during|within|for) )?(?:the |these )?(?:last|past|these(?! last| past)) "
    rf"(?:(?P<half>half a (?:year|month)|half year)|{_COUNT} {_UNIT})\b(?! ago)"
)
_PAST_ONE = (
    r"\b(?:(?:in|over|during|within|for|throughout) the last|(?:the|this) past) "
    r"(?P<unit>day|week|month|year)\b(?! of\b)"
)
_RECENTLY = r"\b(?:recently|lately|these days|of late)\b"

_CALENDAR = rf"\b(?:{THIRD})?(?P<which>last|this|next) (?P<unit>week|weekend|month|year)\b(?! of\b)"
_BEFORE_LAST = (
    rf"\b(?:the )?(?P<unit>week|weekend|month|year|{WEEKDAY_FULL}) before last\b"
    rf"(?! (?:week|weekend|month|year|night|{WEEKDAY_FULL}))"
)
_WEEKEND = r"\b(?:the weekend\b(?! of\b| before\b)|(?P<past>this past weekend)\b)"

_PLURAL = r"(?! (?:mornings|afternoons|evenings|nights)\b)(?! of (?!last|this|next|the week))"
_IN_WEEK = r"(?: (?:of )?(?P<week>(?:last|this|next) week|the week before last)\b)"
_WEEKDAY_WHICH = (
    rf"\b(?:(?:on|since) )?(?P<which>last|this past|this|next) (?P<day>{WEEKDAY}){_PLURAL}"
)
_ON_WEEKDAY = rf"\b(?:on|since) (?P<day>{WEEKDAY}){_PLURAL}{_IN_WEEK}?"
_WEEKDAY_OF = rf"\b(?P<day>{WEEKDAY_FULL}){_IN_WEEK}"
_WEEKDAY_PART = (
    rf"(?<!every\s)(?<!each\s)\b(?P<day>{WEEKDAY_FULL})(?= (?:morning|afternoon|evening|night)\b)"
)


def _day(match: re.Match[str], frame: Frame) -> Days:
    offset, part = _DAYS[" ".join(match[0].lower().split())]
    day = one_day(frame.today, offset)
    return Days(day.start, day.stop, "part", part) if part else day


def _other_day(_: re.Match[str], frame: Frame) -> Days:
    return ago(frame.today, "day", *FEW)


def _range(match: re.Match[str]) -> tuple[int, int]:
    """Return the lowest and highest count meant. ValueError for "five to three"."""
    if match["couple"]:
        return COUPLE
    if match["few"]:
        return FEW
    low = en_number(match["low"] or "1")
    high = en_number(match["high"]) if match["high"] else low
    if high < low:
        raise ValueError("a range that runs backwards")
    return low, high


def _half(words: str) -> tuple[Unit, int]:
    return ("month", 6) if "year" in words.lower() else ("half-month", 1)


def _unit(match: re.Match[str]) -> tuple[Unit, int]:
    """Return the unit, and how many of it the word stands for."""
    word = match["unit"].lower()
    return ("week", 2) if word == "fortnight" else (cast(Unit, word), 1)


def _ago(match: re.Match[str], frame: Frame) -> Days:
    if match["half"]:
        unit, count = _half(match["half"])
        return ago(frame.today, unit, count, count)
    low, high = _range(match)
    unit, times = _unit(match)
    return ago(frame.today, unit, low * times, high * times)


def _past(match: re.Match[str], frame: Frame) -> Days:
    if match["half"]:
        return past(frame.today, *_half(match["half"]))
    _, high = _range(match)
    unit, times = _unit(match)
    return past(frame.today, unit, high * times)


def _past_one(match: re.Match[str], frame: Frame) -> Days:
    return past(frame.today, cast(Unit, match["unit"].lower()), 1)


def _recently(_: re.Match[str], frame: Frame) -> Days:
    return past(frame.today, "day", RECENT_DAYS)


def _calendar(match: re.Match[str], frame: Frame) -> Days:
    offset = OFFSETS[match["which"].lower()]
    unit = match["unit"].lower()
    if unit == "week":
        return week(frame.today, offset)
    if unit == "weekend":
        return weekend(frame.today, offset)
    if unit == "month":
        return month_third(*months_after(frame.today, offset), third_of(match))
    return year_third(frame.today.year + offset, third_of(match))


def _before_last(match: re.Match[str], frame: Frame) -> Days:
    unit, today = match["unit"].lower(), frame.today
    if unit == "week":
        return week(today, -2)
    if unit == "weekend":
        return weekend(today, -2)
    if unit == "month":
        return month_third(*months_after(today, -2), None)
    if unit == "year":
        return year_third(today.year - 2, None)
    return one_day(_last_weekday(frame, unit).start, -7)


def _weekend(match: re.Match[str], frame: Frame) -> Days:
    return weekend(frame.today, -1) if match["past"] else latest_weekend(frame.today)


def _last_weekday(frame: Frame, word: str) -> Days:
    return latest_weekday(one_day(frame.today, -1).start, weekday_number(word))


def _weekday_which(match: re.Match[str], frame: Frame) -> Days:
    which = " ".join(match["which"].lower().split())
    if which in ("last", "this past"):
        return _last_weekday(frame, match["day"])
    return weekday_of_week(frame.today, weekday_number(match["day"]), OFFSETS[which])


def _weekday(match: re.Match[str], frame: Frame) -> Days:
    weekday = weekday_number(match["day"])
    words = match.groupdict().get("week")
    if not words:
        return latest_weekday(frame.today, weekday)
    first = words.lower().split()[0]
    return weekday_of_week(frame.today, weekday, OFFSETS.get(first, -2))


ENGLISH_RELATIVE = (
    english(_DAY, _day),
    english(_OTHER_DAY, _other_day),
    english(_AGO, _ago),
    english(_PAST, _past),
    english(_PAST_ONE, _past_one),
    english(_RECENTLY, _recently),
    english(_CALENDAR, _calendar),
    english(_BEFORE_LAST, _before_last),
    english(_WEEKEND, _weekend),
    english(_WEEKDAY_WHICH, _weekday_which),
    english(_ON_WEEKDAY, _weekday),
    english(_WEEKDAY_OF, _weekday),
    english(_WEEKDAY_PART, _weekday),
)
