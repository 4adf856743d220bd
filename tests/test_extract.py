"""The extractive event summary: telling sentences, no small talk, no repetition, true sources."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank import cues
from memorybank.extract import (
    DAY_SENTENCES,
    LONGEST,
    MERGED_SENTENCES,
    SAME,
    Child,
    Said,
    day_extract,
    merge_extract,
    overlap,
)
from memorybank.lexical import terms

both = pytest.mark.parametrize("lang", ["en", "zh"])
# (said, reply, significance); the numbers of the turns are their places here.
DAY = {
    "en": [
        ("Good morning!", "Good morning! How are you today?", 0.05),
        ("My sister Anna got the job at the bakery in Lyon.", "Congratulations to Anna!", 0.8),
        ("How far is Lyon from here?", "About three hours by train.", 0.2),
        ("I booked a train to Lyon for May 2nd.", "Enjoy the trip.", 0.7),
        ("Thanks, bye!", "See you tomorrow!", 0.05),
    ],
    "zh": [
        ("早上好！", "早上好！今天怎么样？", 0.05),
        ("我姐姐安娜得到了里昂“金麦”面包店的工作。", "恭喜安娜！", 0.8),
        ("里昂离这儿多远？", "坐火车大概三个小时。", 0.2),
        ("我订了5月2号去里昂的火车票。", "旅途愉快。", 0.7),
        ("谢谢，再见！", "明天见！", 0.05),
    ],
}
WITHIN = {
    "en": "Good morning! I adopted a cat called Miso. What do cats eat? Thanks!",
    "zh": "早上好！我养了一只叫米粒的猫。猫吃什么？谢谢！",
}
KEPT = {"en": "I adopted a cat called Miso.", "zh": "我养了一只叫米粒的猫。"}


def said(rows, start=0, **more) -> list[Said]:
    return [
        Said(number=i, text=text, reply=reply, significance=weight, **more)
        for i, (text, reply, weight) in enumerate(rows, start=start)
    ]


@both
def test_a_day_in_its_telling_sentences(lang):
    extract = day_extract(said(DAY[lang]), lang)
    assert extract.text.splitlines()[0] == DAY[lang][1][0]
    assert DAY[lang][3][0] in extract.text.splitlines()
    assert set(extract.sources) == {1, 3}


def test_both_languages_choose_alike():
    assert day_extract(said(DAY["en"]), "en").sources == day_extract(said(DAY["zh"]), "zh").sources


@both
def test_sentences_are_judged_one_by_one(lang):
    extract = day_extract(said([(WITHIN[lang], "", 0.5)], start=7), lang)
    assert (extract.text, extract.sources) == (KEPT[lang], (7,))


@both
def test_a_day_of_small_talk_has_no_summary(lang):
    chat = [row for row in DAY[lang] if row[2] < 0.1]
    assert day_extract(said(chat), lang) is None
    assert day_extract([], lang) is None
    assert day_extract(said([("", "", 0.9), ("？！", "…", 0.9)]), lang) is None


@both
def test_order_is_that_of_time_and_what_weighs_most_is_kept(lang):
    things = {
        "en": ["kitchen", "cellar", "garden", "attic", "school", "museum", "harbour", "chapel"],
        "zh": ["厨房", "地窖", "花园", "阁楼", "学校", "博物馆", "港口", "教堂"],
    }[lang]
    form = {"en": "{0} {0}.", "zh": "{0}{0}。"}[lang]
    rows = [(form.format(thing), "", 0.1 * i) for i, thing in enumerate(things)]
    extract = day_extract(said(rows), lang)
    assert len(extract.text.splitlines()) == DAY_SENTENCES
    assert extract.sources == (3, 4, 5, 6, 7)


@both
def test_nothing_is_said_twice(lang):
    fact = DAY[lang][1][0]
    rows = [(fact, "", 0.5), (fact + fact, "", 0.6), (DAY[lang][3][0], "", 0.4), (fact, fact, 0.5)]
    lines = day_extract(said(rows), lang).text.splitlines()
    assert sum(line.endswith(fact) for line in lines) == 1 and len(lines) == 2


@both
def test_names_stand_before_who_is_not_the_user(lang):
    row = [(KEPT[lang], "", 0.5)]
    assert day_extract(said(row, speaker="Bob"), lang).text == f"Bob: {KEPT[lang]}"
    reply = {"en": "You could call it Miso, like in Kyoto.", "zh": "可以叫它“米粒”，就像《京都》里那样。"}[lang]  # noqa: E501  # fmt: skip
    only = [("", reply, 0.5)]
    companion = {"en": "Companion", "zh": "伙伴"}[lang]
    assert day_extract(said(only), lang).text == f"{companion}: {reply}"
    assert day_extract(said(only, replier="Momo"), lang).text == f"Momo: {reply}"


@both
def test_the_companion_is_quoted_less_than_the_user(lang):
    """One more sentence than there is room for, and the companion's has the most names."""
    texts = {
        "en": [
            "We painted our kitchen walls green together.",
            "The old cellar smells of wet dogs.",
            "Somebody stole nine garden gnomes last night.",
            "Spiders rule our dark attic since winter.",
            "Every school bus broke down near home.",
        ],
        "zh": ["厨房的墙刷成了绿色。", "地窖里有湿狗的味道。", "昨夜有人偷了花园的石像。",
               "阁楼从冬天起归蜘蛛管。", "校车在家门口抛锚了。"],
    }[lang]  # fmt: skip
    reply = {"en": "Your cousin Karl has one in Ghent.", "zh": "你表哥“卡尔”的在《根特》。"}[lang]
    rows = [(text, "", 0.5) for text in texts]
    assert day_extract(said([(rows[0][0], reply, 0.5)]), lang).text.count("\n") == 1
    extract = day_extract(said([*rows, ("", reply, 0.5)]), lang)
    assert extract.sources == (0, 1, 2, 3, 4)


def test_a_long_sentence_is_cut_and_the_cut_is_shown():
    long = "I walked " + "and walked " * 60 + "to Rome."
    [line] = day_extract(said([(long, "", 0.5)]), "en").text.splitlines()
    assert len(line) == LONGEST and line.endswith("…") and long.startswith(line[:-1])


def test_a_sentence_over_several_lines_becomes_one():
    assert day_extract(said([("I adopted\ta  cat.", "", 0.5)]), "en").text == "I adopted a cat."


# -- merging ------------------------------------------------------------------------------------

WEEK = {
    "en": [
        "I went to work by bus.\nMy daughter Mia was born at noon!",
        "I went to work by bus again.",
        "I went to work by bus, in the rain.\nThe fridge broke down.",
        "I went to work by bus as always.",
    ],
    "zh": [
        "我坐公交车去上班。\n中午女儿小雨出生了！",
        "我又坐公交车去上班。",
        "我坐公交车去上班，下着雨。\n冰箱坏了。",
        "我照常坐公交车去上班。",
    ],
}
ONCE = {"en": ("Mia was born", "fridge broke"), "zh": ("小雨出生", "冰箱坏了")}
DAILY = {"en": "work by bus", "zh": "公交车"}


def week(lang: str) -> list[Child]:
    return [
        Child(number=i, when=f"2026-03-0{i}", text=text) for i, text in enumerate(WEEK[lang], 1)
    ]


@both
def test_what_happened_once_stays_and_what_every_day_repeats_goes(lang):
    extract = merge_extract(week(lang))
    for thing in ONCE[lang]:
        assert thing in extract.text
    assert extract.text.count(DAILY[lang]) <= 1
    assert {1, 3} <= set(extract.sources)


@both
@pytest.mark.parametrize("place", [0, 6, 12])
def test_of_many_lines_the_rare_ones_stay(lang, place):
    once = {"en": "Grandmother Rosa turned ninety.", "zh": "祖母罗莎九十。"}[lang]
    if lang == "en":
        texts = [f"bus work {'abcdefghijkl'[i]}ero {'abcdefghijkl'[i]}umo" for i in range(12)]
    else:
        texts = [f"公车{chr(0x4E10 + 7 * i)}{chr(0x5210 + 7 * i)}" for i in range(12)]
    texts.insert(place, once)
    extract = merge_extract([Child(number=i, when="", text=t) for i, t in enumerate(texts)])
    assert len(extract.sources) == MERGED_SENTENCES and place in extract.sources


@both
def test_merged_lines_are_dated_in_order_and_know_their_sources(lang):
    lines = merge_extract(week(lang)).text.splitlines()
    assert [line[:10] for line in lines] == sorted(line[:10] for line in lines)
    for line in lines:
        when, _, rest = line.partition(" ")
        assert rest in WEEK[lang][int(when[-1]) - 1].splitlines()


@both
def test_a_month_keeps_the_dates_of_its_weeks(lang):
    first = merge_extract(week(lang))
    other = Child(number=9, when="", text="2026-03-10 Opa Karl 90 《生日》")
    month = merge_extract([Child(number=8, when="", text=first.text), other])
    assert set(month.sources) == {8, 9}
    assert set(month.text.splitlines()) <= {*first.text.splitlines(), other.text}
    for thing in ONCE[lang]:
        assert thing in month.text


@both
def test_two_things_of_one_day_are_not_the_same_thing(lang):
    """The date in front of both is no likeness."""
    days = {"en": "Grandpa died.\nMia laughed.", "zh": "爷爷走了。\n小雨笑了。"}[lang]
    merged = merge_extract([Child(number=1, when="2026-03-01", text=days)])
    assert len(merged.text.splitlines()) == 2
    month = merge_extract([Child(number=2, when="", text=merged.text)])
    assert month.text == merged.text


def test_nothing_merges_to_nothing():
    assert merge_extract([]) is None
    assert merge_extract([Child(number=1, when="2026-03-01", text="\n")]) is None


def test_a_merge_is_bounded():
    children = [
        Child(number=i, when="", text=f"word{i} thing{i} place{i}")
        for i in range(3 * MERGED_SENTENCES)
    ]
    assert len(merge_extract(children).text.splitlines()) == MERGED_SENTENCES


# -- always -------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "Good morning!", "I adopted a cat called Miso.", "What is it called?", "ok", "Thanks!",
        "My brother Karl plays chess.", "我养了一只猫。", "你好！", "猫叫什么名字？", "谢谢",
        "我姐姐住在成都。", "It rained for 3 days.", "冰箱坏了。",
    ]
)  # fmt: skip
some = st.lists(pieces, max_size=3).map(" ".join)
rows = st.tuples(some, some, st.floats(0, 1))
days = st.lists(rows, max_size=6)


@settings(max_examples=80)
@given(days, st.sampled_from(["en", "zh"]))
def test_every_summary_is_quoted_bounded_new_and_the_same_again(day, lang):
    turns = said(day, start=100)
    extract = day_extract(turns, lang)
    assert extract == day_extract(turns, lang)
    if extract is None:
        return
    lines = extract.text.splitlines()
    assert 1 <= len(lines) <= DAY_SENTENCES
    quoted = set()
    for line in lines:
        bare = line.removeprefix("Companion: ").removeprefix("伙伴: ").removeprefix("伙伴：")
        assert not cues.is_question(bare) and not cues.is_small_talk(bare)
        here = {t.number for t in turns if bare in t.text or bare in t.reply}
        assert here
        quoted |= here & set(extract.sources)
    assert quoted == set(extract.sources) and len(set(extract.sources)) == len(extract.sources)
    term_sets = [frozenset(terms(line)) for line in lines]
    for i, one in enumerate(term_sets):
        assert all(len(one & other) < len(one | other) for other in term_sets[:i])


@given(st.frozensets(st.sampled_from("abcdef")), st.frozensets(st.sampled_from("abcdef")))
def test_overlap_is_a_share_and_symmetric(one, other):
    assert 0.0 <= overlap(one, other) == overlap(other, one) <= 1.0
    assert overlap(one, one) == (1.0 if one else 0.0)
    assert 0.0 < SAME < 1.0
