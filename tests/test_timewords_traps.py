"""Words that look like times and are none, and times beside words that would swallow them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from memorybank.timewords import spans

NOW = datetime(2023, 5, 17, 10, tzinfo=ZoneInfo("Asia/Shanghai"))

NOTHING_ENGLISH = """
you may be right
may I ask what it may cost
May I ask
we may second that
the second may be better
they may march on
march on
the long march
last march
in march
in august company
an august body
sat down
on sat
the sun is out
wed in haste
give me a second
the second time
on the 2nd floor
the 2nd
the 2nd prize
I ran 5/10 of it
5.2
version 2.5.1
5-2
1/2
April said so
June is nice
with May and June
in April's opinion
spring roll
this spring rolls
spring is nice
in the fall of Rome
Wednesdays
on Wednesdays
on Monday nights
every Monday morning
Friday
weekends
a week
three days
days ago
hundred and one days ago
2.5 years ago
the last time
at last
in 2000 steps
in 1500 words
in 20220
2022
v2023-05-02x
/2023/05/02/
labor day
the last
February 30th
Feb 30, 2023
May 32nd
45 May 2023
31 April
2023-02-30
2023/13/45
2023/13/5
the last year of school
last month of winter
13/13/2023
0000-01-01
May 0000
31 June last year
on the 32nd
May 5-2
five to three days ago
Chinese New Year 2051
"""

NOTHING_CHINESE = """
一天到晚
星期
天天
周立说
周到的服务
周围
月亮
这个月亮真圆
上个月饼吃了
目前天气不错
前天气
以前天天跑步
聪明天真
文明天下
说明天气
最后天
最后天气
以后天天见
后天性
每周三
每个星期三
隔周五
一周三次
一个星期三次
周一次
每年5月
5个月
第5月
五月天的歌
五月初五
2号线
二号楼
人民路5号
第2号
110号
13月45日
13月
2月30日
2023年2月30号
4月31日
0月5日
2022年级
2000年代
2022年前
1000年前
十年
三天
前三天
三天前后
提前两天
目前几天
一百天前
1234天前
十几天前
五到三天前
李国庆
五一路
圣诞树
冬天
春天
如今晚上
马上周五次
5.2
２．５．１
离我家最近的地铁
离家最近的店
失去年终奖
过去年代
每月 2 号
附近日料
最近一次
过去
从前
去年轻人多的地方
以后年轻
0000年
9999年
2051年春节
"""

INSIDE = [
    ("三月份左右", "三月份"),
    ("明天气温多少", "明天"),
    ("他说明天来", "明天"),
    ("明天真的要去", "明天"),
    ("昨天气死我了", "昨天"),
    ("从前天开始", "从前天开始"),
    ("5月2号前后", "5月2号"),
    ("5月2日后来下了雨", "5月2日"),
    ("五一前夕", "五一"),
    ("我年初二去", None),
    ("大年初一", None),
    ("每年底都累", None),
    ("the year before the war", None),
    ("前天天气好", "前天"),
    ("今天天气好", "今天"),
    ("三天前天气好", "三天前"),
    ("这周一起吃饭", "这周"),
    ("上周一直在忙", "上周"),
    ("上周三次", "上周"),
    ("上周三个人", "上周"),
    ("上周三天都在家", "上周"),
    ("上周三天气好", "上周三"),
    ("上周天气好", "上周"),
    ("上周日本队赢了", "上周"),
    ("周一起床晚了", "周一"),
    ("周一下午", "周一下午"),
    ("周五一起去", "周五"),
    ("马上周末了", "周末"),
    ("晚上周五", "周五"),
    ("昨晚半夜", "昨晚"),
    ("五月天气热", "五月"),
    ("5月初一起去", "5月初"),
    ("5月中国队", "5月"),
    ("去年中国队", "去年"),
    ("去年5月底", "去年5月底"),
    ("去年的事", "去年"),
    ("10年前", "10年前"),
    ("三年前年轻", "三年前"),
    ("最近的心情", "最近"),
    ("in the last week of May", "week of May"),
    ("the meeting on Wednesday's agenda", "on Wednesday"),
    ("on the 2nd we met", "on the 2nd"),
    ("on the 2nd", "on the 2nd"),
    ("May 2,000 people", None),
    ("May 2,2023", "May 2,2023"),
    ("in May 2nd", "May 2nd"),
    ("since Monday", "since Monday"),
    ("the last week's news", "last week"),
    ("In 2022, we", "In 2022"),
    ("mid-May", "mid-May"),
    ("on\nWednesday", "on\nWednesday"),
]


@pytest.mark.parametrize("text", [*NOTHING_ENGLISH.split("\n"), *NOTHING_CHINESE.split("\n")])
def test_not_a_time(text: str) -> None:
    assert spans(text, NOW) == ()
    assert spans(f" {text}。", NOW) == ()


@pytest.mark.parametrize(("text", "words"), INSIDE)
def test_where_the_words_end(text: str, words: str | None) -> None:
    assert [s.words for s in spans(text, NOW)] == ([words] if words else [])


def test_a_list_of_weekdays() -> None:
    assert [s.words for s in spans("周一周三周五，周六到周日", NOW)] == [
        "周一", "周三", "周五", "周六", "周日",
    ]  # fmt: skip
