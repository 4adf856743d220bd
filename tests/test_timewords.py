"""What the words mean: one table for both languages, computed by hand.

`NOW` is Wednesday, May 17th 2023, ten in the morning in Shanghai. Each row is the English, the
Chinese, start, end (exclusive), grain.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from memorybank.timewords import Span, spans

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2023, 5, 17, 10, tzinfo=ZONE)

Row = tuple[str, str, str, str, str]

DATES: list[Row] = [
    ("May 2nd", "5月2号", "2023-05-02", "2023-05-03", "day"),
    ("2nd of May", "5月2日", "2023-05-02", "2023-05-03", "day"),
    ("2 May 2023", "2023年5月2日", "2023-05-02", "2023-05-03", "day"),
    ("2 May, 2023", "2023 年 5 月 2 日", "2023-05-02", "2023-05-03", "day"),
    ("May 2, 2022", "二〇二二年五月二日", "2022-05-02", "2022-05-03", "day"),
    ("May second", "五月二号", "2023-05-02", "2023-05-03", "day"),
    ("May twenty-first", "五月二十一号", "2022-05-21", "2022-05-22", "day"),
    ("may ２nd", "５月２号", "2023-05-02", "2023-05-03", "day"),
    ("December 25", "12月25日", "2022-12-25", "2022-12-26", "day"),
    ("May 17", "5月17号", "2023-05-17", "2023-05-18", "day"),
    ("May 18", "5月18号", "2022-05-18", "2022-05-19", "day"),
    ("Feb 29", "2月29号", "2020-02-29", "2020-03-01", "day"),
    ("June 3rd last year", "去年6月3号", "2022-06-03", "2022-06-04", "day"),
    ("Wednesday, May 3rd", "5月3日（星期三）", "2023-05-03", "2023-05-04", "day"),
    ("May 2-5, 2023", "2023年5月2-5日", "2023-05-02", "2023-05-06", "week"),
    ("2 to 5 May", "5月2号到5号", "2023-05-02", "2023-05-06", "week"),
    ("on the 2nd", "2号", "2023-05-02", "2023-05-03", "day"),
    ("on the 17th", "十七号", "2023-05-17", "2023-05-18", "day"),
    ("on the 21st", "二十一号", "2023-04-21", "2023-04-22", "day"),
    ("on the 31st", "31号", "2023-03-31", "2023-04-01", "day"),
    ("15th of last month", "上个月15号", "2023-04-15", "2023-04-16", "day"),
]

MONTHS: list[Row] = [
    ("in May", "5月", "2023-05-01", "2023-06-01", "month"),
    ("in March", "三月份", "2023-03-01", "2023-04-01", "month"),
    ("in june", "六月", "2022-06-01", "2022-07-01", "month"),
    ("during Dec", "十二月", "2022-12-01", "2023-01-01", "month"),
    ("May 2021", "2021年5月", "2021-05-01", "2021-06-01", "month"),
    ("March of last year", "去年三月", "2022-03-01", "2022-04-01", "month"),
    ("April the year before last", "前年的四月", "2021-04-01", "2021-05-01", "month"),
    ("May 2022", "22年5月", "2022-05-01", "2022-06-01", "month"),
    ("May 2024", "24年5月", "2024-05-01", "2024-06-01", "month"),
    ("August 1998", "98年八月", "1998-08-01", "1998-09-01", "month"),
    ("early May", "5月初", "2023-05-01", "2023-05-12", "week"),
    ("in the middle of May", "5月中", "2023-05-10", "2023-05-22", "week"),
    ("the beginning of March", "3月上旬", "2023-03-01", "2023-03-12", "week"),
    ("mid-January", "1月中旬", "2023-01-10", "2023-01-22", "week"),
    ("late February", "2月底", "2023-02-20", "2023-03-01", "week"),
    ("late April 2022", "2022年4月下旬", "2022-04-20", "2022-05-01", "week"),
    ("last month", "上个月", "2023-04-01", "2023-05-01", "month"),
    ("this month", "这个月", "2023-05-01", "2023-06-01", "month"),
    ("next month", "下个月", "2023-06-01", "2023-07-01", "month"),
    ("this month", "本月", "2023-05-01", "2023-06-01", "month"),
    ("last month", "上月", "2023-04-01", "2023-05-01", "month"),
    ("the month before last", "上上个月", "2023-03-01", "2023-04-01", "month"),
    ("the end of last month", "上个月底", "2023-04-20", "2023-05-01", "week"),
]

YEARS: list[Row] = [
    ("in 2022", "2022年", "2022-01-01", "2023-01-01", "year"),
    ("in the year 2021", "二零二一年", "2021-01-01", "2022-01-01", "year"),
    ("last year", "去年", "2022-01-01", "2023-01-01", "year"),
    ("the year before last", "前年", "2021-01-01", "2022-01-01", "year"),
    ("this year", "今年", "2023-01-01", "2024-01-01", "year"),
    ("next year", "明年", "2024-01-01", "2025-01-01", "year"),
    ("early this year", "今年年初", "2023-01-01", "2023-05-01", "season"),
    ("mid-2022", "2022年中", "2022-05-01", "2022-09-01", "season"),
    ("the end of last year", "去年底", "2022-09-01", "2023-01-01", "season"),
    ("at the beginning of the year", "年初", "2023-01-01", "2023-05-01", "season"),
    ("late in the year", "年底", "2022-09-01", "2023-01-01", "season"),
    ("last winter", "去年冬天", "2022-12-01", "2023-03-01", "season"),
    ("last winter", "上个冬天", "2022-12-01", "2023-03-01", "season"),
    ("last summer", "去年夏天", "2022-06-01", "2022-09-01", "season"),
    ("this summer", "今年夏天", "2023-06-01", "2023-09-01", "season"),
    ("summer of 2021", "2021年夏天", "2021-06-01", "2021-09-01", "season"),
    ("fall the year before last", "前年秋季", "2021-09-01", "2021-12-01", "season"),
    ("in spring", "今年春天", "2023-03-01", "2023-06-01", "season"),
    ("winter 2019", "2019年冬天", "2019-12-01", "2020-03-01", "season"),
]

DAYS: list[Row] = [
    ("yesterday", "昨天", "2023-05-16", "2023-05-17", "day"),
    ("today", "今天", "2023-05-17", "2023-05-18", "day"),
    ("tomorrow", "明天", "2023-05-18", "2023-05-19", "day"),
    ("the day after tomorrow", "后天", "2023-05-19", "2023-05-20", "day"),
    ("the day before yesterday", "前天", "2023-05-15", "2023-05-16", "day"),
    ("3 days ago", "大前天", "2023-05-14", "2023-05-15", "day"),
    ("the other day", "前几天", "2023-05-10", "2023-05-16", "vague"),
    ("tonight", "今晚", "2023-05-17T18", "2023-05-18T05", "part"),
    ("this morning", "今早", "2023-05-17T05", "2023-05-17T12", "part"),
    ("this morning", "今天早上", "2023-05-17T05", "2023-05-17T12", "part"),
    ("this afternoon", "今天下午", "2023-05-17T12", "2023-05-17T18", "part"),
    ("this evening", "今天晚上", "2023-05-17T18", "2023-05-18T05", "part"),
    ("last night", "昨晚", "2023-05-16T18", "2023-05-17T05", "part"),
    ("yesterday evening", "昨夜", "2023-05-16T18", "2023-05-17T05", "part"),
    ("the night before last", "前天晚上", "2023-05-15T18", "2023-05-16T05", "part"),
    ("yesterday afternoon", "昨天下午", "2023-05-16T12", "2023-05-16T18", "part"),
    ("yesterday at noon", "昨天中午", "2023-05-16T11", "2023-05-16T14", "part"),
    ("tomorrow morning", "明早", "2023-05-18T05", "2023-05-18T12", "part"),
    ("in the early morning of May 2nd", "5月2号凌晨", "2023-05-02T00", "2023-05-02T06", "part"),
    ("May 2nd in the evening", "5月2日晚上", "2023-05-02T18", "2023-05-03T05", "part"),
    ("3 days ago at night", "三天前的晚上", "2023-05-14T18", "2023-05-15T05", "part"),
    ("last Friday night", "上周五晚上", "2023-05-12T18", "2023-05-13T05", "part"),
    ("Wednesday morning", "周三上午", "2023-05-17T05", "2023-05-17T12", "part"),
]

AGO: list[Row] = [
    ("3 days ago", "三天前", "2023-05-14", "2023-05-15", "day"),
    ("three days ago", "3天以前", "2023-05-14", "2023-05-15", "day"),
    ("twenty-one days ago", "二十一天前", "2023-04-26", "2023-04-27", "day"),
    ("100 days ago", "100 天前", "2023-02-06", "2023-02-07", "day"),
    ("a week ago", "一周前", "2023-05-07", "2023-05-14", "week"),
    ("two weeks ago", "两周前", "2023-04-30", "2023-05-07", "week"),
    ("three weeks ago", "3个星期前", "2023-04-23", "2023-04-30", "week"),
    ("a fortnight ago", "两个礼拜前", "2023-04-30", "2023-05-07", "week"),
    ("half a month ago", "半个月前", "2023-04-29", "2023-05-06", "week"),
    ("two months ago", "两个月前", "2023-03-02", "2023-04-02", "month"),
    ("half a year ago", "半年前", "2022-11-02", "2022-12-03", "month"),
    ("a year ago", "一年前", "2022-01-01", "2023-01-01", "year"),
    ("5 years ago", "五年之前", "2018-01-01", "2019-01-01", "year"),
    ("a couple of days ago", "前两天", "2023-05-14", "2023-05-16", "vague"),
    ("two or three days ago", "两三天前", "2023-05-14", "2023-05-16", "vague"),
    ("2-3 weeks ago", "2到3周前", "2023-04-23", "2023-05-07", "vague"),
    ("a few days ago", "几天前", "2023-05-10", "2023-05-16", "vague"),
    ("several days ago", "前些天", "2023-05-10", "2023-05-16", "vague"),
    ("a few weeks ago", "几周前", "2023-03-26", "2023-05-07", "vague"),
    ("a few years ago", "前几年", "2016-01-01", "2022-01-01", "vague"),
    ("in the last three days", "最近三天", "2023-05-14", "2023-05-18", "vague"),
    ("over the past two weeks", "过去两周", "2023-05-03", "2023-05-18", "vague"),
    ("the last two months", "近两个月", "2023-03-17", "2023-05-18", "vague"),
    ("over the last week", "最近一周", "2023-05-10", "2023-05-18", "vague"),
    ("the past year", "过去一年里", "2022-05-17", "2023-05-18", "vague"),
    ("the past half a year", "这半年", "2022-11-17", "2023-05-18", "vague"),
    ("the last few days", "这几天", "2023-05-10", "2023-05-18", "vague"),
    ("the last two days", "这两天", "2023-05-15", "2023-05-18", "vague"),
    ("recently", "最近", "2023-05-03", "2023-05-18", "vague"),
    ("lately", "近来", "2023-05-03", "2023-05-18", "vague"),
]

WEEKS: list[Row] = [
    ("last week", "上周", "2023-05-08", "2023-05-15", "week"),
    ("last week", "上个星期", "2023-05-08", "2023-05-15", "week"),
    ("this week", "这周", "2023-05-15", "2023-05-22", "week"),
    ("this week", "本周", "2023-05-15", "2023-05-22", "week"),
    ("next week", "下周", "2023-05-22", "2023-05-29", "week"),
    ("the week before last", "上上周", "2023-05-01", "2023-05-08", "week"),
    ("last weekend", "上周末", "2023-05-13", "2023-05-15", "week"),
    ("this weekend", "这周末", "2023-05-20", "2023-05-22", "week"),
    ("the weekend", "周末", "2023-05-13", "2023-05-15", "week"),
    ("this past weekend", "上个周末", "2023-05-13", "2023-05-15", "week"),
    ("the weekend before last", "上上周末", "2023-05-06", "2023-05-08", "week"),
    ("on Wednesday", "周三", "2023-05-17", "2023-05-18", "day"),
    ("on Wed", "星期三", "2023-05-17", "2023-05-18", "day"),
    ("on Thursday", "礼拜四", "2023-05-11", "2023-05-12", "day"),
    ("on Sunday", "星期天", "2023-05-14", "2023-05-15", "day"),
    ("last Wednesday", "上周三", "2023-05-10", "2023-05-11", "day"),
    ("this past Friday", "上个星期五", "2023-05-12", "2023-05-13", "day"),
    ("Friday of last week", "上周五", "2023-05-12", "2023-05-13", "day"),
    ("Friday of the week before last", "上上个星期五", "2023-05-05", "2023-05-06", "day"),
    ("the Friday before last", "上上周五", "2023-05-05", "2023-05-06", "day"),
    ("this Monday", "这周一", "2023-05-15", "2023-05-16", "day"),
    ("this Friday", "本周五", "2023-05-19", "2023-05-20", "day"),
    ("next Tuesday", "下周二", "2023-05-23", "2023-05-24", "day"),
    ("next Sunday", "下周日", "2023-05-28", "2023-05-29", "day"),
]

FESTIVALS: list[Row] = [
    ("Christmas", "圣诞节", "2022-12-25", "2022-12-26", "day"),
    ("Christmas Eve", "平安夜", "2022-12-24", "2022-12-25", "day"),
    ("New Year's Day", "元旦", "2023-01-01", "2023-01-02", "day"),
    ("New Year’s Eve", "跨年夜", "2022-12-31", "2023-01-01", "day"),
    ("Valentine's Day", "情人节", "2023-02-14", "2023-02-15", "day"),
    ("halloween", "万圣节", "2022-10-31", "2022-11-01", "day"),
    ("Thanksgiving", "感恩节", "2022-11-24", "2022-11-25", "day"),
    ("Thanksgiving 2018", "2018年感恩节", "2018-11-22", "2018-11-23", "day"),
    ("National Day", "国庆节", "2022-10-01", "2022-10-08", "week"),
    ("National Day", "去年国庆", "2022-10-01", "2022-10-08", "week"),
    ("May Day", "五一", "2023-05-01", "2023-05-02", "day"),
    ("May Day", "劳动节", "2023-05-01", "2023-05-02", "day"),
    ("Children's Day", "儿童节", "2022-06-01", "2022-06-02", "day"),
    ("Chinese New Year", "春节", "2023-01-21", "2023-01-29", "week"),
    ("Spring Festival last year", "去年春节", "2022-01-31", "2022-02-08", "week"),
    ("Chinese New Year holidays", "春节期间", "2023-01-21", "2023-02-06", "week"),
    ("Spring Festival season", "过年的时候", "2023-01-21", "2023-02-06", "week"),
    ("Chinese New Year's Eve", "除夕", "2023-01-21", "2023-01-22", "day"),
    ("Mid-Autumn Festival", "中秋节", "2022-09-10", "2022-09-11", "day"),
    ("this year's Mid-Autumn Festival", "今年中秋", "2023-09-29", "2023-09-30", "day"),
    ("Dragon Boat Festival", "端午节", "2022-06-03", "2022-06-04", "day"),
    ("last Christmas", "去年圣诞节", "2022-12-25", "2022-12-26", "day"),
    ("last year's Christmas", "上个圣诞节", "2022-12-25", "2022-12-26", "day"),
    ("this Christmas", "今年圣诞节", "2023-12-25", "2023-12-26", "day"),
    ("next Christmas", "下个圣诞节", "2023-12-25", "2023-12-26", "day"),
    ("Christmas of 2020", "2020年的圣诞节", "2020-12-25", "2020-12-26", "day"),
    ("Christmas morning", "圣诞节早上", "2022-12-25T05", "2022-12-25T12", "part"),
]

# Since: up to today. Before and after: a fortnight, or as long as the time itself.
REACHES: list[Row] = [
    ("since March", "三月以来", "2023-03-01", "2023-05-18", "week"),
    ("since last week", "从上周到现在", "2023-05-08", "2023-05-18", "week"),
    ("since May 2nd", "自从5月2号起", "2023-05-02", "2023-05-18", "week"),
    ("since yesterday", "从昨天开始", "2023-05-16", "2023-05-18", "week"),
    ("since 2021", "2021年至今", "2021-01-01", "2023-05-18", "week"),
    ("since next week", "下周以来", "2023-05-22", "2023-05-29", "week"),
    ("before Christmas", "圣诞节前", "2022-12-11", "2022-12-25", "vague"),
    ("before last year", "去年以前", "2021-01-01", "2022-01-01", "vague"),
    ("after May 2nd", "5月2号之后", "2023-05-03", "2023-05-17", "vague"),
    ("after the Spring Festival", "春节后", "2023-01-29", "2023-02-12", "vague"),
]

ROWS = [*DATES, *MONTHS, *YEARS, *DAYS, *AGO, *WEEKS, *FESTIVALS, *REACHES]
CASES = sorted({(row[lang], *row[2:]) for row in ROWS for lang in (0, 1)})


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def only(text: str, now: datetime = NOW, **bank: datetime) -> Span:
    found = spans(text, now, **bank)
    assert len(found) == 1, found
    return found[0]


def day(text: str, now: str, **bank: datetime) -> str:
    """The first day of the only span; noon of `now` in Shanghai."""
    return only(text, at(now + "T12"), **bank).start.date().isoformat()


@pytest.mark.parametrize(("words", "start", "end", "grain"), CASES)
def test_golden(words: str, start: str, end: str, grain: str) -> None:
    chinese = not words.isascii() and "’" not in words and not words.startswith("may")
    text = f"我{words}，说了什么？" if chinese else f"So {words}, what did I say?"
    found = only(text)
    assert (found.start, found.end, found.grain) == (at(start), at(end), grain)
    assert found.words == words or words.endswith(found.words)
    assert text[slice(*found.at)] == found.words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-05-02", "2023-05-02"),
        ("at 2023-05-02T09:00", "2023-05-02"),
        ("2023/5/2.", "2023-05-02"),
        ("5/2/2023", "2023-05-02"),
        ("13/5/2023", "2023-05-13"),
        ("在2023-05-02那天", "2023-05-02"),
    ],
)
def test_dates_in_digits(text: str, expected: str) -> None:
    found = only(text)
    assert (found.start, found.grain) == (at(expected), "day")
    assert found.end - found.start == timedelta(days=1)


def test_both_languages_in_one_text_in_order() -> None:
    text = "我在May 2nd去了北京, and last week 又去了；昨天下午才回来"
    assert [s.words for s in spans(text, NOW)] == ["May 2nd", "last week", "昨天下午"]


def test_the_longest_wins() -> None:
    assert only("the day before yesterday").words == "the day before yesterday"
    assert only("2023年5月2日").words == "2023年5月2日"
    assert only("上周末").words == "上周末"
    assert only("over the last week").grain == "vague"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last Friday", "2023-05-19"),  # the most recent one
        ("上周五", "2023-05-12"),  # last calendar week's
        ("on Saturday", "2023-05-20"),
        ("周六", "2023-05-20"),
        ("last Saturday", "2023-05-13"),
        ("last weekend", "2023-05-13"),
        ("上周末", "2023-05-13"),
        ("the weekend", "2023-05-20"),
        ("周末", "2023-05-20"),
        ("this weekend", "2023-05-20"),
        ("next Monday", "2023-05-22"),
        ("last week", "2023-05-08"),
    ],
)
def test_on_a_saturday(text: str, expected: str) -> None:
    assert day(text, "2023-05-20") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last winter", "2021-12-01"),  # not the one we are in
        ("this winter", "2022-12-01"),
        ("这个冬天", "2022-12-01"),
        ("去年冬天", "2022-12-01"),  # the one that began last year
        ("今年冬天", "2023-12-01"),
        ("in the winter", "2022-12-01"),
        ("last month", "2022-12-01"),
        ("上上个月", "2022-11-01"),
        ("last May", "2022-05-01"),
        ("next May", "2023-05-01"),
        ("last Christmas", "2022-12-25"),
    ],
)
def test_in_january(text: str, expected: str) -> None:
    assert day(text, "2023-01-15") == expected


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("June 9, 12 and 14", ["06-09", "06-12", "06-14"]),
        ("6月9日、12日和14日", ["06-09", "06-12", "06-14"]),
        ("on June 9th and the 12th we met", ["06-09", "06-12"]),
        ("6月9号晚上和12号我们见了面", ["06-09", "06-12"]),
        ("June 9, 12 people came", ["06-09"]),
        ("6月9日，12号楼的人来了", ["06-09"]),
        ("May 16 and 18", ["05-16", "05-18"]),  # of the same year, though the 18th is to come
        ("5月16日、18日", ["05-16", "05-18"]),
    ],
)
def test_a_list_of_days(text: str, days: list[str]) -> None:
    found = spans(text, NOW)
    assert [f"{span.start:%m-%d}" for span in found] == days
    assert len({span.start.year for span in found}) == 1


def test_what_one_language_has_alone() -> None:
    assert day("大后天", "2023-05-17") == "2023-05-20"
    assert day("Labor Day", "2023-05-17") == "2022-09-05"  # not May Day
    assert day("八月十五", "2023-05-17") == "2022-09-10"  # of the moon


def test_a_season_ends_on_its_last_day() -> None:
    for text in ("this winter", "这个冬天"):
        assert day(text, "2023-02-28") == "2022-12-01"
        assert day(text, "2023-03-01") == "2023-12-01"
    assert day("last winter", "2023-02-28") == "2021-12-01"
    assert day("last winter", "2023-03-01") == "2022-12-01"


def test_at_the_ends_of_the_calendar() -> None:
    dawn, west = at("0001-01-02"), timezone(timedelta(hours=-12))
    for text in ("3 days ago", "三天前", "last month", "去年", "5 weeks ago", "1月5日"):
        assert spans(text, dawn) == ()
    assert day("yesterday", "0001-01-02") == "0001-01-01"
    for text in ("tomorrow", "明年", "today", "今晚", "next week"):
        assert spans(text, at("9999-12-31")) == ()
    first = datetime.min.replace(tzinfo=UTC)  # has no local time in the west
    assert only("5月2日", NOW.astimezone(west), first=first).start.year == 2023


@pytest.mark.parametrize("text", ["a month ago", "一个月前"])
def test_a_month_before_the_31st_is_the_28th(text: str) -> None:
    found = only(text, at("2023-03-31"))
    assert (found.start, found.end) == (at("2023-02-13"), at("2023-03-16"))


class TestBank:
    """A date without a year belongs to the bank's years."""

    FIRST, LAST = at("2021-03-01T09"), at("2022-10-15T22")

    @pytest.mark.parametrize(
        ("english", "chinese", "expected"),
        [
            ("May 2nd", "5月2号", "2022-05-02"),
            ("November 3rd", "11月3日", "2021-11-03"),
            ("October 15", "10月15号", "2022-10-15"),
            ("October 16", "10月16号", "2021-10-16"),
            ("in October", "十月", "2022-10-01"),
            ("in February", "二月", "2022-02-01"),
            ("Christmas", "圣诞节", "2021-12-25"),
            ("Chinese New Year", "春节", "2022-01-31"),
            ("Feb 29", "2月29日", "2020-02-29"),  # none in the bank: the most recent
            ("May 2nd 2023", "2023年5月2日", "2023-05-02"),  # an explicit year wins
            ("May 2nd this year", "今年5月2日", "2023-05-02"),
            ("last May 2nd", "今年5月2日", "2023-05-02"),
            ("on the 2nd", "2号", "2023-05-02"),  # relative to now, whatever the bank
        ],
    )
    def test_year(self, english: str, chinese: str, expected: str) -> None:
        for text in (english, chinese):
            assert day(text, "2023-05-17", first=self.FIRST, last=self.LAST) == expected

    def test_winter_that_began_before_the_bank(self) -> None:
        bank = {"first": at("2021-01-10"), "last": at("2021-11-30T23")}
        assert day("in winter", "2023-05-17", **bank) == "2020-12-01"

    def test_edges_are_local_days(self) -> None:
        first = datetime(2022, 5, 2, 16, tzinfo=UTC)  # midnight of May 3rd in Shanghai
        last = first + timedelta(days=20)
        assert day("May 2nd", "2023-05-17", first=first, last=last) == "2023-05-02"
        assert day("May 3rd", "2023-05-17", first=first, last=last) == "2022-05-03"

    def test_one_edge_is_enough(self) -> None:
        assert day("May 2nd", "2023-05-17", last=at("2021-12-31")) == "2021-05-02"
        assert day("May 2nd", "2023-05-17", first=at("2021-12-31")) == "2023-05-02"

    def test_a_bank_that_ends_after_now(self) -> None:
        bank = {"first": at("2021-01-01"), "last": at("2024-12-31")}
        assert day("5月18号", "2023-05-17", **bank) == "2022-05-18"
        bank["last"] = at("2050-12-31")
        assert day("5月17号", "2023-05-17", **bank) == "2023-05-17"


class TestZone:
    """Days are calendar days where the bank is."""

    def test_days_of_23_and_25_hours(self) -> None:
        zone = ZoneInfo("America/New_York")
        for text in ("today", "今天"):
            for date, hours in (("2023-03-12", 23), ("2023-11-05", 25)):
                found = only(text, at(date + "T12", zone))
                elapsed = found.end.astimezone(UTC) - found.start.astimezone(UTC)
                assert elapsed == timedelta(hours=hours)

    def test_counting_back_over_a_change_of_clock(self) -> None:
        zone = ZoneInfo("America/New_York")
        found = only("7 days ago", at("2023-03-15T12", zone))
        assert found.start.isoformat() == "2023-03-08T00:00:00-05:00"
        assert only("this morning", at("2023-03-12T12", zone)).start.hour == 5

    def test_now_decides_the_day(self) -> None:
        instant = datetime(2023, 5, 16, 17, tzinfo=UTC)
        assert only("today", instant).start.day == 16
        assert only("today", instant.astimezone(ZONE)).start.day == 17


@pytest.mark.parametrize("name", ["now", "first", "last"])
def test_naive_times_are_refused_with_the_cure(name: str) -> None:
    times = {"now": NOW, name: datetime(2023, 5, 17)}
    with pytest.raises(ValueError, match=rf"{name} has no time zone.*aware datetime"):
        spans("today", **times)
