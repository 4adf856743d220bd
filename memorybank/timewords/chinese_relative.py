"""Chinese times that are counted from now: 昨天, 上周, 三天前, 周三.

Law of this file: nothing here looks at the bank's years. 上周三 is the Wednesday of last calendar
week; 周三 alone the most recent one, today included.
"""

from __future__ import annotations

import re

from memorybank.timewords.calendar import (
    COUPLE,
    FEW,
    RECENT_DAYS,
    Unit,
    ago,
    latest_weekday,
    latest_weekend,
    one_day,
    past,
    week,
    weekday_of_week,
    weekend,
)
from memorybank.timewords.chinese_terms import NOT_AFTER_WHICH, NOT_UP, offset_of
from memorybank.timewords.frame import Frame
from memorybank.timewords.numbers import ZH_DIGIT, ZH_NUMBER, ZH_NUMERAL, zh_number
from memorybank.timewords.parts import part_named
from memorybank.timewords.rules import chinese
from memorybank.timewords.span import Days

_DAYS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3}

# 目前天气, 以前天天, 聪明天真, 最后天: the first character belongs to the word before.
_BEFORE = "(?<![目以之当眼提先此])前"
_NOW = "(?<![如至当现])今"
_BRIGHT = "(?<![聪光文黎透鲜英])明"
_AFTER = "(?<![最以之先然])后"
_DAY = (
    rf"(?P<day>大前(?=[天日])|{_BEFORE}(?=[天日])(?!天气(?![温死坏炸得])|天天(?!气))|昨(?=[天日儿])"
    rf"|(?<![如至当现])今(?=[天日儿])|{_BRIGHT}(?=[天日儿])(?!天气(?![温压象死坏得]))|大后(?=天)"
    rf"|{_AFTER}(?=天)(?!天[性形气]))[天日儿]"
)
_SHORT_DAY = (
    rf"(?P<day>昨|{_NOW}|{_BRIGHT}|{_BEFORE}(?=晚))"
    r"(?P<part>晚上|晚间|晚|夜里|夜|早上|早晨|早|晨)"
)

_PAIR = rf"(?P<pair>[{ZH_DIGIT}][二两三四五六七八九])"  # 两三天: two or three days
_UNIT = r"(?P<unit>天|日|周|个?星期|个?礼拜|个月|年)"
_COUNT = (
    rf"(?:(?P<few>好?几|若干|数)|{_PAIR}(?={_UNIT.replace('?P<unit>', '?:')})"
    rf"|(?P<low>{ZH_NUMBER})(?: [到至~–-] (?P<high>{ZH_NUMBER}))?) {_UNIT}"
)
_HALF = r"(?P<half>半年|半个月)"
_AGO = rf"(?<![{ZH_NUMERAL}.第前])(?:{_HALF}|{_COUNT})[之以]?前(?!后)"
_FEW_AGO = (
    r"(?<![之以目提])前(?:(?P<few>[几些])(?P<unit>天|日子?|周|个?星期|个月|年)|(?P<two>两)[天日])"
)
_PAST = (
    rf"(?:最近|过去|(?<![最附靠将接临])近|这(?!一|1[^\d]))的? (?:{_HALF}|{_COUNT})"
    r"(?:以来|之内|以内|里|内|来)?"
)
# 离我最近的地铁站 is the nearest one; 最近一次 the last time.
_RECENTLY = (
    r"(?<!离)(?<!离.)(?<!离..)(?<!离...)最近(?!的?一[次回家]|的(?:地铁|车站|医院|超市|餐厅|路))"
    r"|(?<![附将靠最接临])近(?:来|期|日(?![本料]))"
)

# 上周一直, 上周三次, 上周三天, 上周日本, 上周天气: the weekday would cut a word in two.
_WEEKDAY = (
    r"(?P<day>一(?![共直样定个些般次]|起(?![床来飞身])|下(?!午))|[二三四五六](?![次回遍个倍]|天(?![气天台]))"
    r"|日(?![本语元常报志])|天(?![气天使空]))"
)
_WEEK = (
    rf"{NOT_UP}(?P<which>上上一?个?|上一?个?|这一?个?|本|下下一?个?|下一?个?)"
    rf"(?:周(?![围边身遭折转期刊年长密全游])|星期|礼拜)(?:(?P<end>末)|{_WEEKDAY})?"
)
_WEEKDAY_ALONE = (
    rf"(?<!(?<![周期拜])[{ZH_NUMERAL}])(?<![隔逢]){NOT_AFTER_WHICH}(?:周|星期|礼拜){_WEEKDAY}"
)
_WEEKEND = rf"(?<![{ZH_NUMERAL}]){NOT_AFTER_WHICH}周末"


def _day(match: re.Match[str], frame: Frame) -> Days:
    return one_day(frame.today, _DAYS[match["day"]])


def _short_day(match: re.Match[str], frame: Frame) -> Days:
    day = one_day(frame.today, _DAYS[match["day"]])
    return Days(day.start, day.stop, "part", part_named(match["part"]))


def _unit(word: str) -> Unit:
    if word[0] in "天日":
        return "day"
    if word == "年":
        return "year"
    return "month" if word == "个月" else "week"


def _half(word: str) -> tuple[Unit, int]:
    return ("month", 6) if word == "半年" else ("half-month", 1)


def _range(match: re.Match[str]) -> tuple[int, int]:
    """Return the lowest and highest count meant. ValueError for 五到三天."""
    if match["few"]:
        return FEW
    low, high = tuple(match["pair"] or ()) or (match["low"], match["high"] or match["low"])
    if zh_number(high) < zh_number(low):
        raise ValueError("a range that runs backwards")
    return zh_number(low), zh_number(high)


def _ago(match: re.Match[str], frame: Frame) -> Days:
    if match["half"]:
        unit, count = _half(match["half"])
        return ago(frame.today, unit, count, count)
    return ago(frame.today, _unit(match["unit"]), *_range(match))


def _few_ago(match: re.Match[str], frame: Frame) -> Days:
    if match["two"]:
        return ago(frame.today, "day", *COUPLE)
    return ago(frame.today, _unit(match["unit"]), *FEW)


def _past(match: re.Match[str], frame: Frame) -> Days:
    if match["half"]:
        return past(frame.today, *_half(match["half"]))
    return past(frame.today, _unit(match["unit"]), _range(match)[1])


def _recently(_: re.Match[str], frame: Frame) -> Days:
    return past(frame.today, "day", RECENT_DAYS)


def _weekday_number(character: str) -> int:
    return 6 if character == "天" else "一二三四五六日".index(character)


def _week(match: re.Match[str], frame: Frame) -> Days:
    offset = offset_of(match["which"])
    if match["end"]:
        return weekend(frame.today, offset)
    if match["day"]:
        return weekday_of_week(frame.today, _weekday_number(match["day"]), offset)
    return week(frame.today, offset)


def _weekday(match: re.Match[str], frame: Frame) -> Days:
    return latest_weekday(frame.today, _weekday_number(match["day"]))


def _weekend(_: re.Match[str], frame: Frame) -> Days:
    return latest_weekend(frame.today)


CHINESE_RELATIVE = (
    chinese(_DAY, _day),
    chinese(_SHORT_DAY, _short_day),
    chinese(_AGO, _ago),
    chinese(_FEW_AGO, _few_ago),
    chinese(_PAST, _past),
    chinese(_RECENTLY, _recently),
    chinese(_WEEK, _week),
    chinese(_WEEKDAY_ALONE, _weekday),
    chinese(_WEEKEND, _weekend),
)
