"""Chinese dates: 5月2号, 去年三月, 2022年, 今年夏天, 春节.

Law of this file: the same meanings as english_dates.py, through the same calendar.
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
from memorybank.timewords.chinese_terms import (
    NOT_UP,
    THIRD,
    WHICH,
    YEAR,
    YEAR_OF,
    offset_of,
    third_of,
    which_of,
    year_of,
)
from memorybank.timewords.festivals import Festival, festival
from memorybank.timewords.frame import Frame
from memorybank.timewords.numbers import ZH_DIGIT, ZH_NUMERAL, ZH_SMALL, zh_number
from memorybank.timewords.rules import chinese
from memorybank.timewords.span import Days

_DAY = (
    rf"(?P<day>{ZH_SMALL}) (?:(?:[号日] )?[-–—~至到] (?P<until>{ZH_SMALL}) [号日]|[号日])"
    r"(?:[(,\s]{0,2}(?:周|星期|礼拜)[一二三四五六日天]\)?)?"
)
# 月亮, 月饼; the band 五月天; and the lunar 五月初五, which is no day of May.
_NOT_A_MONTH = r"(?![亮球饼嫂牙]|天(?!气)| ?初[二三四五六七八九十]| ?初一(?![起直样定个共次]))"
_DATE = (
    rf"{YEAR_OF}?(?<!每年)(?<![{ZH_NUMERAL}.第])(?P<month>{ZH_SMALL}) 月份?{_NOT_A_MONTH}"
    rf"(?: {_DAY}| 的?{THIRD})?"
)
_RELATIVE_MONTH = (
    rf"{NOT_UP}(?P<which>上上个?|上一?个|上|这一?个|这|本|下下个?|下一?个|下)月份?"
    rf"(?![亮球饼嫂牙老色季薪])(?: {_DAY}| 的?{THIRD})?"
)
# "6月9日、12日和14日": a day in a list is one of the month that stands before it.
_AND = r"(?:[、，,和及与跟]|以及)"
_LISTED = rf"(?P<day>{ZH_SMALL}) [号日](?![线楼门桌选])"
_LIST_BEFORE = (
    rf"{YEAR_OF}?(?P<month>{ZH_SMALL}) 月 (?P<first>{ZH_SMALL}) [号日][^\d。！？；\n]{{0,4}}"
    rf"(?:{_AND} {ZH_SMALL} [号日][^\d。！？；\n]{{0,4}}){{0,6}}{_AND} \Z"
)
_LIST_REACH = 64
"""Characters looked back for the month of a list."""
_YEAR_EDGE = (
    rf"(?<![{ZH_NUMERAL}多些来近年今去前后明当新老全半每整])"
    rf"年(?P<third>初(?![{ZH_DIGIT}十中])|底|末)"
)
_YEAR_ALONE = rf"{YEAR}(?:年?{THIRD})?"
_SEASON = rf"(?:{YEAR_OF}|{WHICH} )(?P<season>[春夏秋冬])[天季]"

# Metro lines, buildings, house numbers.
_NOT_A_DAY = "(?![线楼门桌选机馆院厅车位球码人房店厂库铺井舱炉教公])"
_DAY_ALONE = (
    rf"(?<![{ZH_NUMERAL}.月第初小路街道弄巷院楼座栋幢区村-])(?<!月\s)"
    rf"(?P<day>{ZH_SMALL}) 号{_NOT_A_DAY}"
)

_NOT_A_COUNT = rf"(?<![{ZH_NUMERAL}第周期拜初])"  # 周五一起, 十五一
_FESTIVALS: tuple[tuple[str, Festival], ...] = (
    (r"平安夜|圣诞前?夜", "christmas-eve"),
    (r"圣诞节?(?![树老帽卡])", "christmas"),
    (r"元旦节?", "new-year"),
    (r"跨年(?:夜|那天)", "new-year-eve"),
    (r"情人节", "valentine"),
    (r"万圣节|万圣夜", "halloween"),
    (r"感恩节", "thanksgiving"),
    (
        rf"{_NOT_A_COUNT}五一(?:劳动节|节|假期)?(?![{ZH_NUMERAL}路起直样定个共次早])|劳动节",
        "labour-day",
    ),
    (rf"{_NOT_A_COUNT}六一(?:儿童节|节)?(?![{ZH_NUMERAL}路起直样定个共次早])|儿童节", "children"),
    (r"(?<![李王张刘陈杨赵黄吴])国庆[节日]?", "national-day"),  # 国庆 is a given name as well
    (
        r"春节(?:期间|假期|长假|前后|那几天)|过年(?:期间|那几天|那段|的时候|时(?!候))",
        "spring-festival-season",
    ),
    (r"春节", "spring-festival"),
    (r"除夕夜?|大?年三十|大年夜", "lunar-new-year-eve"),
    (r"端午节?", "dragon-boat"),
    (r"中秋节?|八月十五(?![号日天个])", "mid-autumn"),
)
_FESTIVAL = rf"(?:{YEAR_OF}|{WHICH} )?(?P<name>{'|'.join(words for words, _ in _FESTIVALS)})"
_FESTIVAL_WORDS = tuple((re.compile(words, re.ASCII), name) for words, name in _FESTIVALS)

_SEASONS: dict[str, Season] = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}


def _days(match: re.Match[str]) -> tuple[int, int | None]:
    return zh_number(match["day"]), zh_number(match["until"]) if match["until"] else None


def _month_or_days(match: re.Match[str], year: int, month: int) -> Days:
    if match["day"]:
        return dates(year, month, *_days(match))
    return month_third(year, month, third_of(match))


def _date(match: re.Match[str], frame: Frame) -> Days | None:
    month = zh_number(match["month"])
    return frame.choose(lambda y: _month_or_days(match, y, month), year_of(match, frame))


_LIST = chinese(_LIST_BEFORE, lambda _, __: None)
"""Looked for behind a day, and never by itself; compiled when first needed, as every rule."""


def _listed(match: re.Match[str], frame: Frame) -> Days | None:
    start = match.start()
    before = _LIST.pattern.search(match.string[max(0, start - _LIST_REACH) : start])
    if before is None:
        return None
    month, first = zh_number(before["month"]), zh_number(before["first"])
    begun = frame.choose(partial(dates, month=month, first=first), year_of(before, frame))
    return dates(begun.start.year, month, zh_number(match["day"])) if begun else None


def _year_edge(match: re.Match[str], frame: Frame) -> Days | None:
    return frame.choose(partial(year_third, third=third_of(match)))


def _relative_month(match: re.Match[str], frame: Frame) -> Days:
    return _month_or_days(match, *months_after(frame.today, offset_of(match["which"])))


def _year(match: re.Match[str], frame: Frame) -> Days:
    return year_third(cast(int, year_of(match, frame)), third_of(match))


def _season(match: re.Match[str], frame: Frame) -> Days | None:
    name = _SEASONS[match["season"]]
    return frame.choose(partial(season, name=name), year_of(match, frame), which_of(match))


def _day_alone(match: re.Match[str], frame: Frame) -> Days:
    return latest_day_of_month(frame.today, zh_number(match["day"]))


def _festival(match: re.Match[str], frame: Frame) -> Days | None:
    at = match.span("name")
    name = next(name for words, name in _FESTIVAL_WORDS if words.fullmatch(match.string, *at))
    return frame.choose(partial(festival, name), year_of(match, frame), which_of(match))


CHINESE_DATES = (
    chinese(_DATE, _date),
    chinese(_LISTED, _listed),
    chinese(_RELATIVE_MONTH, _relative_month),
    chinese(_YEAR_EDGE, _year_edge),
    chinese(_YEAR_ALONE, _year),
    chinese(_SEASON, _season),
    chinese(_DAY_ALONE, _day_alone),
    chinese(_FESTIVAL, _festival),
)
