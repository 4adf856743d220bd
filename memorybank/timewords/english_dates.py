"""English dates: months, days, years, seasons, festivals.

Law of this file: a word that is also a name or a verb (May, April, fall) is a time only beside
a day, a year, a preposition, or last, this, next.
"""

from __future__ import annotations

import re
from functools import partial
from typing import cast

from memorybank.timewords.calendar import (
    Season,
    dates,
    latest_day_of_month,
    month_third,
    months_after,
    season,
    year_third,
)
from memorybank.timewords.english_terms import (
    MONTH,
    MONTH_ANY,
    OFFSETS,
    PART_OF_DAY,
    THIRD,
    THIRD_STARTS,
    WEEKDAY,
    YEAR,
    month_number,
    third_of,
    which_of,
    year_of,
)
from memorybank.timewords.festivals import Festival, festival
from memorybank.timewords.frame import Frame
from memorybank.timewords.numbers import EN_ORDINAL_DIGITS, EN_ORDINAL_WORDS, en_number
from memorybank.timewords.rules import english, group
from memorybank.timewords.span import Days

_WHICH = r"(?:(?P<which>last|this|next) )"
# "The first week of May" is read as May: wide rather than wrong.
_PREP = r"(?:in|since|until|till|during|throughout|around|(?:weeks?|weekends?|days|half) of)"
_UNTIL = r"(?:\s?(?:-|–|to)\s?(?P<until>\d{1,2})(?:st|nd|rd|th)?\b(?![-.:/]\d))"
_NOT_A_DAY = r"(?!\d|[.:/]\d|,\d{3}(?!\d)|%)"

_MONTH_DAY = (
    rf"\b(?:{WEEKDAY},? )?{_WHICH}?(?:(?P<any>{MONTH_ANY})\.? (?:the )?(?P<nth>{EN_ORDINAL_DIGITS})"
    rf"|(?P<month>{MONTH})\.? (?:(?:the )?(?P<words>{EN_ORDINAL_WORDS})"
    rf"|(?P<num>\d{{1,2}}){_NOT_A_DAY})){_UNTIL}?{YEAR}?"
)
_DAY_MONTH = (
    rf"\b(?:{WEEKDAY},? (?:the )?)?(?:(?P<nth>{EN_ORDINAL_DIGITS}|{EN_ORDINAL_WORDS}) of "
    rf"(?P<any>{MONTH_ANY})|(?P<words>{EN_ORDINAL_DIGITS}) (?P<month>{MONTH})"
    rf"|(?<![.,:/$-])(?P<num>\d{{1,2}}){_UNTIL}? (?P<month2>{MONTH}))\.?{YEAR}?"
)
_MONTH_ALONE = (
    rf"\b(?={_PREP}\b|(?:{THIRD_STARTS}|last|this|next)\b)(?:{_PREP} )?(?:{THIRD})?{_WHICH}?"
    rf"(?P<month>{MONTH})(?!'s)(?! (?:the )?\d{{1,2}}(?!\d)){YEAR}?"
)
_MONTH_YEAR = rf"\b(?P<month>{MONTH})\.?{YEAR}"

_COUNTED = "people|words|steps|meters|metres|miles|km|kilometers|kilometres|dollars|yuan|times"
_YEAR_ALONE = (
    rf"\b(?=(?:in|since|during|throughout|until|till|year|{THIRD_STARTS})\b)"
    r"(?:(?:in|since|during|throughout|until|till) )?"
    rf"(?:{THIRD})?(?:(?:the )?year )?(?P<year>(?:1[89]|20|21)\d\d)"
    rf"(?!\d|[.,:/%-]\d|%|-[a-z]| (?:{_COUNTED})\b)"
)

_NOT_A_SEASON = (
    r"(?! (?:rolls?|onions?|water|mattress|cleaning|chicken)\b"
    r"| of (?!\d{4}|last|this|next|the year))"
)
_SEASON_WORD = rf"(?P<season>spring|summer|autumn|fall|winter)\b{_NOT_A_SEASON}"
_SEASON = (
    r"\b(?=(?:in|during|over|since|throughout|last|this|next)\b)"
    rf"(?:(?:in|during|over|since|throughout) (?:the )?)?{_WHICH}?{_SEASON_WORD}{YEAR}?"
)
_SEASON_YEAR = rf"\b{_SEASON_WORD}{YEAR}"

# The words that may follow "on the 2nd" if it is a date; after any other it counts something.
_FUNCTION = (
    "and|or|but|we|i|you|he|she|they|it|there|did|do|does|was|were|is|are|had|have|has|at|in|with"
    "|for|when|what|where|who|how|why|that|because|to|my|our|about|around|after|before|as|so|then"
    f"|went|{PART_OF_DAY}"
)
_ON_THE = rf"\bon the (?P<nth>{EN_ORDINAL_DIGITS})(?=\s{{0,3}}(?:[^\w\s]|\Z|(?:{_FUNCTION})\b))"
# "June 9, 12 and 14": a number in a list is a day of the month that stands before it.
_AND = r"(?:,|,? (?:and|or|&))"
_NUMBER = r"(?:the )?\d{1,2}(?:st|nd|rd|th)?"
_LISTED = (
    rf"(?<![\w.:/-])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_NOT_A_DAY}"
    rf"(?=\s{{0,3}}(?:[^\w\s]|\Z|(?:{_FUNCTION})\b))"
)
_LIST_BEFORE = (
    rf"\b(?P<month>{MONTH})\.? (?:the )?(?P<first>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?:{_AND} {_NUMBER}){{0,6}}{_AND} (?:the )?\Z"
)
_LIST_REACH = 64
"""Characters looked back for the month of a list."""
_YEAR_EDGE = rf"\b{THIRD}(?:in )?the year\b(?! (?:before|of|\d))"
_NTH_OF_MONTH = rf"\b(?P<nth>{EN_ORDINAL_DIGITS}) of {_WHICH}month\b"

_FESTIVALS: tuple[tuple[str, Festival], ...] = (
    (r"christmas eve|xmas eve", "christmas-eve"),
    (r"christmas day|christmas|xmas", "christmas"),
    (r"(?:chinese|lunar) new year'?s eve", "lunar-new-year-eve"),
    (
        r"(?:(?:chinese|lunar) new year|spring festival) (?:season|period|break|holidays?)",
        "spring-festival-season",
    ),
    (r"(?:chinese|lunar) new year|spring festival", "spring-festival"),
    (r"new year'?s eve", "new-year-eve"),
    (r"new year'?s day", "new-year"),
    (r"valentine'?s day", "valentine"),
    (r"halloween", "halloween"),
    (r"thanksgiving(?: day)?", "thanksgiving"),
    (r"(?-i:May Day)|international workers' day", "labour-day"),
    (r"(?-i:Labor Day)", "us-labor-day"),
    (r"children's day", "children"),
    (r"(?-i:National Day)(?! of\b)", "national-day"),
    (r"dragon boat (?:festival|day)", "dragon-boat"),
    (r"mid-?\s?autumn (?:festival|day)|moon festival", "mid-autumn"),
)
_FESTIVAL = (
    rf"\b(?:(?P<which>last|this|next) (?:(?P<of_year>year's) )?)?"
    rf"(?P<name>{'|'.join(words for words, _ in _FESTIVALS)})\b{YEAR}?"
)
_FESTIVAL_WORDS = tuple(
    (re.compile(words.replace(" ", r"\s{1,3}"), re.IGNORECASE), name) for words, name in _FESTIVALS
)


def _month_day(match: re.Match[str], frame: Frame) -> Days | None:
    month = month_number(match["any"] or match["month"] or group(match, "month2") or "")
    first = en_number(match["nth"] or match["words"] or match["num"])
    last = int(match["until"]) if match["until"] else None
    build = partial(dates, month=month, first=first, last=last)
    return frame.choose(build, year_of(match, frame), which_of(match))


def _month(match: re.Match[str], frame: Frame) -> Days | None:
    month = month_number(match["month"])
    build = partial(month_third, month=month, third=third_of(match))
    return frame.choose(build, year_of(match, frame), which_of(match))


def _year(match: re.Match[str], _: Frame) -> Days:
    return year_third(int(match["year"]), third_of(match))


def _season(match: re.Match[str], frame: Frame) -> Days | None:
    word = match["season"].lower()
    name = cast(Season, "autumn" if word == "fall" else word)
    return frame.choose(partial(season, name=name), year_of(match, frame), which_of(match))


def _on_the(match: re.Match[str], frame: Frame) -> Days:
    return latest_day_of_month(frame.today, en_number(match["nth"]))


_LIST = english(_LIST_BEFORE, lambda _, __: None)
"""Looked for behind a day, and never by itself; compiled when first needed, as every rule."""


def _listed(match: re.Match[str], frame: Frame) -> Days | None:
    start = match.start()
    before = _LIST.pattern.search(match.string[max(0, start - _LIST_REACH) : start])
    if before is None:
        return None
    month, first = month_number(before["month"]), int(before["first"])
    begun = frame.choose(partial(dates, month=month, first=first))
    return dates(begun.start.year, month, int(match["day"])) if begun else None


def _year_edge(match: re.Match[str], frame: Frame) -> Days | None:
    return frame.choose(partial(year_third, third=third_of(match)))


def _nth_of_month(match: re.Match[str], frame: Frame) -> Days:
    year, month = months_after(frame.today, OFFSETS[match["which"].lower()])
    return dates(year, month, en_number(match["nth"]))


def _festival(match: re.Match[str], frame: Frame) -> Days | None:
    name = next(name for words, name in _FESTIVAL_WORDS if words.fullmatch(match["name"]))
    year = year_of(match, frame)
    if match["of_year"]:
        year = frame.today.year + OFFSETS[match["which"].lower()]
    return frame.choose(partial(festival, name), year, which_of(match))


ENGLISH_DATES = (
    english(_MONTH_DAY, _month_day),
    english(_DAY_MONTH, _month_day),
    english(_MONTH_ALONE, _month),
    english(_MONTH_YEAR, _month),
    english(_YEAR_ALONE, _year),
    english(_SEASON, _season),
    english(_SEASON_YEAR, _season),
    english(_ON_THE, _on_the),
    english(_LISTED, _listed),
    english(_YEAR_EDGE, _year_edge),
    english(_NTH_OF_MONTH, _nth_of_month),
    english(_FESTIVAL, _festival),
)
