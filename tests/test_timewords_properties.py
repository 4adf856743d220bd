"""What holds for every text and every now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank.timewords import spans
from memorybank.timewords.festivals import festival
from memorybank.timewords.frame import Frame
from memorybank.timewords.lunar import lunar_date
from memorybank.timewords.numbers import en_number, zh_number
from memorybank.timewords.scan import LIMIT

# Pieces of both grammars, so that most random texts say something.
_PIECES = """
may May march second 2nd 31st 29 2 5 13 45 99 0 000 9999 2023 0000 1 last this next the of on in
over past few couple days weeks months years year month week weekend ago before Wednesday Feb
December winter fall Christmas lunar new year's eve Spring Festival morning night early mid - / .
, : ' today yesterday twenty one to half a 年 月 日 号 周 星期 天 前 后 上 下
这 个 末 初 底 中旬 去年 明年 一 二 十 两 三 几 半 大 昨 今 明 晚上 早 的
最近 过去 春节 中秋 冬天 〇 廿 离 每 第 ５ （ ～ 到
"""
PIECES = _PIECES.split()
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
)
ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=-12)), ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")]
)
NOWS = st.datetimes(timezones=ZONES)
MODERN = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=ZONES)

_RELATIVE = """yesterday|today|tomorrow|tonight|last night|this morning|the other day|3 days ago
a week ago|two weeks ago|a few weeks ago|half a month ago|last week|this week|the week before last
last weekend|the weekend|on Wednesday|last Sunday|this Friday|next Monday|recently|on Monday night
in the last three days|over the past two weeks|the Friday before last|the weekend before last
昨天|今天|大前天|昨晚|今早|前天晚上|明天|三天前|两周前|几天前|半个月前|上周|本周|上上周|上周末|周末
周三|上周三|这周一|下周二|最近|最近三天|过去两周|这几天|前几天|上上周五"""
RELATIVE = _RELATIVE.replace("\n", "|").split("|")
_OVER = "yesterday|last week|3 days ago|last month|last winter|last Friday"
OVER = f"{_OVER}|昨天|上周|三天前|上个月|去年|上上周五|上个冬天".split("|")


@settings(max_examples=600)
@given(TEXTS, st.one_of(NOWS, MODERN), st.none() | NOWS, st.none() | MODERN)
def test_any_text_gives_spans_in_order(
    text: str, now: datetime, first: datetime | None, last: datetime | None
) -> None:
    reached = 0
    for span in spans(text, now, first=first, last=last):
        start, end = span.at
        assert text[start:end] == span.words != ""
        assert span.start < span.end
        assert span.start.tzinfo is now.tzinfo is span.end.tzinfo
        assert reached <= start, "spans overlap or are out of order"
        reached = end


@given(st.sampled_from(RELATIVE), MODERN, st.integers(-1000, 1000))
def test_relative_words_move_with_now(text: str, now: datetime, weeks: int) -> None:
    now = now.replace(tzinfo=UTC)
    shift = timedelta(weeks=weeks)
    (here,), (there,) = spans(text, now), spans(text, now + shift)
    assert (there.start - here.start, there.end - here.end) == (shift, shift)
    assert there.grain == here.grain


@given(st.sampled_from(OVER), MODERN)
def test_the_past_is_over(text: str, now: datetime) -> None:
    (span,) = spans(text, now)
    assert span.end <= now.replace(hour=0, minute=0, second=0, microsecond=0)


@given(st.integers(1, 12), st.integers(1, 28), MODERN, MODERN, MODERN)
def test_a_date_without_a_year_against_brute_force(
    month: int, day: int, now: datetime, first: datetime, last: datetime
) -> None:
    (span,) = spans(f"{month}月{day}日", now, first=first, last=last)
    frame = Frame.at(now, first, last)
    dates = [now.date().replace(year=y, month=month, day=day) for y in range(1980, 2061)]
    past = [d for d in dates if d <= now.date()]
    inside = [d for d in past if frame.first and frame.last and frame.first <= d <= frame.last]
    assert span.start.date() == max(inside or past)


@given(st.integers(1, 99))
def test_chinese_numbers_read_back(number: int) -> None:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    words = (
        ("" if tens < 2 else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")
    )
    assert zh_number(words) == zh_number(str(number)) == number


def test_other_numerals() -> None:
    assert [zh_number(words) for words in ("两", "廿一", "卅", "05")] == [2, 21, 30, 5]


def test_english_numbers() -> None:
    table = {"one": 1, "twelve": 12, "twenty-one": 21, "ninety nine": 99, "forty": 40}
    table |= {"first": 1, "third": 3, "eighth": 8, "twelfth": 12, "twentieth": 20}
    table |= {"thirty-first": 31, "2nd": 2, "31st": 31, "45": 45, "TWENTY-THIRD": 23}
    assert {words: en_number(words) for words in table} == table


def test_lunar_table_is_whole_and_in_season() -> None:
    for year in range(2000, 2051):
        spring, dragon, moon = (
            lunar_date("spring-festival", year),
            lunar_date("dragon-boat", year),
            lunar_date("mid-autumn", year),
        )
        assert spring and dragon and moon
        assert (1, 21) <= (spring.month, spring.day) <= (2, 20)
        assert (5, 25) <= (dragon.month, dragon.day) <= (6, 25)
        # months of 29 or 30 days, and perhaps a leap month between
        assert (moon - dragon).days in {98, 99} | {127, 128, 129}
    assert lunar_date("spring-festival", 1999) is None
    assert festival("mid-autumn", 2051) is None


HUGE = [
    "1",
    "月",
    "5月",
    " ",
    "on ",
    "twenty-",
    "昨天",
    "May 2 ",
    "春节",
    "in the early ",
    "一",
    "-",
]


@pytest.mark.parametrize("piece", HUGE)
def test_a_megabyte_does_not_hang(piece: str) -> None:
    now = datetime(2023, 5, 17, tzinfo=UTC)
    text = piece * (1_000_000 // len(piece))
    start = perf_counter()
    found = spans(text, now, first=now, last=now)
    assert perf_counter() - start < 10
    assert found == spans(text[:LIMIT], now, first=now, last=now)


def test_an_ordinary_question_is_quick() -> None:
    now = datetime(2023, 5, 17, tzinfo=UTC)
    text = (
        "What did we talk about last Wednesday, 也就是5月2号之后, when I told you about the trip?"
    )
    times = []
    for _ in range(50):
        start = perf_counter()
        assert len(spans(text, now)) == 2
        times.append(perf_counter() - start)
    assert min(times) < 0.005  # about .3 ms; the slack is for slow machines
