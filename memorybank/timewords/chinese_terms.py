"""The Chinese words that several rules share, and what they say: years, thirds, 上 这 下.

Law of this file: fragments to embed and functions that read the groups they leave. Chinese has
no blanks between words, so most of it says which neighbours make another word of one.
"""

from __future__ import annotations

import re
from typing import cast

from memorybank.timewords.calendar import Third
from memorybank.timewords.frame import Frame, Which
from memorybank.timewords.numbers import ZH_DIGIT, ZH_SMALL, ZH_YEAR, zh_year

_YEARS = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}

_YOUNG = "(?![轻龄纪级度])"  # 以后年轻, 过去年级
YEAR = (
    rf"(?:(?<![\d零〇○{ZH_DIGIT}])(?P<year>{ZH_YEAR}) 年(?![前后级代])"
    rf"|(?<![\d.])(?P<short>\d\d) 年(?= {ZH_SMALL} 月| 年?[初底末]|的?[春夏秋冬][天季])"
    rf"|(?P<yrel>大前年|(?<![以之目])前年|(?<![过失])去年|今年|明年|(?<![以之最然])后年){_YOUNG})"
)
YEAR_OF = rf"(?:{YEAR}的? )"
"""A year before something else of it: 去年的, 2022年; append "?" where it may be absent."""

THIRD = r"(?P<third>初(?![中次恋步始级])|上旬|中旬|中(?![国午秋间文学考心央期])|下旬|底|末)"

NOT_UP = "(?<![早晚马赶碰加遇以之])"
"""Before 上 and 下: 早上, 马上, 赶上, 以下 end a word of their own."""
NOT_AFTER_WHICH = f"(?<![每个下这本])(?<!{NOT_UP}上)"
"""Before 周 alone: 上周, 每个周三 are other matters, 马上周末了 is not."""

WHICH = r"(?P<which>上一?个|这一?个|下一?个)"


def year_of(match: re.Match[str], frame: Frame) -> int | None:
    """Return the year that a YEAR fragment named, None if it named none.

    Two digits are the latest such year that is not beyond next year: in 2023, 24年 is 2024 and
    98年 is 1998.
    """
    if match["year"]:
        return zh_year(match["year"])
    if match["short"]:
        limit = frame.today.year + 1
        return limit - (limit - int(match["short"])) % 100
    return frame.today.year + _YEARS[match["yrel"]] if match["yrel"] else None


def offset_of(words: str) -> int:
    """Return -2 to 2 for 上上, 上, 这 or 本, 下, 下下."""
    if words.startswith(("上上", "下下")):
        return -2 if words[0] == "上" else 2
    return {"上": -1, "下": 1}.get(words[0], 0)


def which_of(match: re.Match[str]) -> Which | None:
    """Return the last, this, next of group `which`."""
    if not match["which"]:
        return None
    return cast(Which, {"上": "last", "这": "this", "下": "next"}[match["which"][0]])


def third_of(match: re.Match[str]) -> Third | None:
    """Return the third that a THIRD fragment named."""
    word = match["third"]
    if not word:
        return None
    return cast(Third, {"初": "early", "上": "early", "中": "mid"}.get(word[0], "late"))
