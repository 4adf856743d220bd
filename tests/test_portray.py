"""The portrait: what the user said of themselves, in their words, in either language alike."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank import cues
from memorybank.portray import PER_TOPIC, Draft, drafts, insight_extract, select
from memorybank.records import Statement
from memorybank.summarise import Said
from memorybank.topics import LABELS, STRATEGY, TOPICS

both = pytest.mark.parametrize("lang", ["en", "zh"])
TABLE = [
    ("self", "My name is Emily.", "我叫张曼婷。"),
    ("self", "I live in Leeds.", "我住在成都。"),
    ("self", "I'm 31 years old.", "我今年31岁了。"),
    ("work", "I work as a nurse.", "我的工作是护士。"),
    ("work", "My boss praised me.", "我老板夸了我。"),
    ("people", "My sister plays chess.", "我姐姐会下棋。"),
    ("people", "My cat is asleep.", "我的猫在睡觉。"),
    ("health", "I'm allergic to peanuts.", "我对花生过敏。"),
    ("health", "I've been sleeping badly.", "我最近老是失眠。"),
    ("likes", "I love old trains.", "我喜欢老火车。"),
    ("likes", "I really enjoy hiking.", "我特别喜欢爬山。"),
    ("dislikes", "I hate coriander.", "我讨厌香菜。"),
    ("dislikes", "I don't like loud places.", "我不喜欢吵的地方。"),
    ("worries", "I'm worried about the exam.", "我很担心考试。"),
    ("worries", "I feel lonely here.", "我在这里觉得很孤独。"),
    ("joys", "I'm so happy today.", "我今天很开心。"),
    ("plans", "I'm going to learn the cello.", "我打算学大提琴。"),
    ("plans", "I've decided to move in spring.", "我决定春天搬走。"),
    ("plans", "I'm visiting him on April 4th instead.", "我改成4月4号去看他。"),
    ("plans", "I signed up for a pottery class.", "我报了一个陶艺班。"),
    ("plans", "Booked a train to Edinburgh.", "买了去大理的火车票。"),
    ("self", "I'm thirty-one and new here.", "我三十一岁，刚来这里。"),
    ("work", "They offered me the head of department job.", "他们让我当教研组长。"),
    ("people", "I'm going to be an aunt!", "我要当姑姑了！"),
    ("health", "I broke my left wrist.", "我左手腕骨折了。"),
    ("likes", "I'm not a vegetarian any more.", "我不算吃素了。"),
    ("likes", "I drink my coffee black.", "我只喝黑咖啡。"),
    ("likes", "I'm reading it and loving it.", "我在读这本书，特别喜欢。"),
]
NOTHING = [
    ("It rained all day.", "下了一整天的雨。"),
    ("Good morning!", "早上好！"),
    ("The film was about the sea.", "那部电影讲的是大海。"),
    ("A film of four sisters by the sea.", "四姐妹住在海边老房子里。"),
]
QUESTIONS = [
    ("Do you know what I like?", "你知道我喜欢什么吗？"),
    ("What is my sister called?", "我姐姐叫什么？"),
    ("Should I be worried about the exam?", "我该担心考试吗？"),
    ("Is it true that I live in Leeds?", "我住在成都，是吗？"),
]
SOMEWORDS = ["apple", "brass", "copper", "delta", "ember", "fjord", "glass", "hazel"]


def said(text: str, number: int = 1, **more) -> Said:
    return Said(number=number, text=text, reply=more.pop("reply", ""), significance=0.5, **more)


def statement(text: str, day: int = 1, topic: str = "likes", **more) -> Statement:
    values = {
        "id": f"{topic}/{day}/{text}",
        "method": "extractive",
        "lang": "en",
        "sources": ("t",),
    }
    when = date(2026, 3, 1) + timedelta(days=day - 1)
    return Statement(topic=topic, text=text, when=when, **(values | more))


# -- what is taken down -------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("topic", "en", "zh"), TABLE)
def test_what_people_say_of_themselves(lang, topic, en, zh):
    text = {"en": en, "zh": zh}[lang]
    assert drafts([said(text, 7)]) == [Draft(topic, text, (7,))]


@both
@pytest.mark.parametrize(("en", "zh"), NOTHING)
def test_what_says_nothing_of_the_user(lang, en, zh):
    assert drafts([said({"en": en, "zh": zh}[lang])]) == []


@both
@pytest.mark.parametrize(("en", "zh"), QUESTIONS)
def test_questions_are_no_statements(lang, en, zh):
    assert drafts([said({"en": en, "zh": zh}[lang])]) == []


@both
@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("When I was young I lived in Leeds.", "小时候我住在几个不同的城市。"),
        ("Whatever happens, I've decided to move.", "无论如何我决定搬走。"),
        ("Should it rain, I am going to stay at home.", "万一下雨什么的，我打算待在家里。"),
        ("Have no fear, I'm so happy today.", "不知道怎么说，我今天很开心。"),
    ],
)
def test_statements_with_a_word_of_questions_are_statements_still(lang, en, zh):
    assert len(drafts([said({"en": en, "zh": zh}[lang])])) == 1


@both
def test_only_the_user_s_own_trusted_words_count(lang):
    text = {"en": "I love old trains.", "zh": "我喜欢老火车。"}[lang]
    assert drafts([said(text, by_user=False)]) == []
    assert drafts([said(text, trusted=False)]) == []
    assert drafts([said("", reply=text)]) == []
    assert len(drafts([said(text, reply=text)])) == 1


@both
def test_each_sentence_speaks_for_itself(lang):
    texts = [(row[1] if lang == "en" else row[2]) for row in (TABLE[0], TABLE[7], TABLE[13])]
    chat = NOTHING[0][lang == "zh"]
    question = QUESTIONS[0][lang == "zh"]
    gap = " " if lang == "en" else ""
    whole = gap.join([texts[0], chat, texts[1], question, texts[2]])
    found = drafts([said(whole, 3)])
    assert [draft.text for draft in found] == texts
    assert [draft.topic for draft in found] == ["self", "health", "worries"]
    assert {draft.sources for draft in found} == {(3,)}


@both
def test_what_is_too_long_is_no_statement(lang):
    long = {
        "en": "I love " + "very " * 60 + "old trains.",
        "zh": "我喜欢" + "很" * 200 + "老的火车。",
    }
    assert drafts([said(long[lang])]) == []


def test_both_languages_have_every_topic():
    assert set(LABELS) == {"en", "zh"}
    assert set(LABELS["en"]) == set(LABELS["zh"]) == {*TOPICS, "mood", STRATEGY}
    assert set(TOPICS) == {row[0] for row in TABLE}


# -- the day's insight --------------------------------------------------------------------------


@both
def test_an_insight_is_sorted_by_topic_and_knows_its_turns(lang):
    column = 1 if lang == "en" else 2
    found = [Draft(topic, row[column - 1], (i,)) for i, (topic, *row) in enumerate(reversed(TABLE))]
    insight = insight_extract(found, lang)
    lines = insight.text.splitlines()
    colon = {"en": ": ", "zh": "："}[lang]
    assert [line.split(colon)[0] for line in lines] == [LABELS[lang][topic] for topic in TOPICS]
    for draft in found:
        assert (draft.text in insight.text) == (draft.sources[0] in insight.sources)
    assert len(set(insight.sources)) == len(insight.sources)


@both
def test_an_insight_is_shorter_than_a_long_day(lang):
    found = [Draft("likes", f"I like {word} 好.", (i,)) for i, word in enumerate(SOMEWORDS)]
    insight = insight_extract(found, lang)
    assert 1 <= len(insight.sources) <= len(found) / 2
    assert insight.text.count("I like") == len(insight.sources)


@both
def test_no_drafts_no_insight(lang):
    assert insight_extract([], lang) is None


# -- the portrait -------------------------------------------------------------------------------


def test_the_newest_of_each_topic_by_time():
    all_likes = [statement(f"I like {word}.", day) for day, word in enumerate(SOMEWORDS, 1)]
    chosen = select(all_likes)
    assert [s.text for s in chosen] == [f"I like {word}." for word in SOMEWORDS[-PER_TOPIC:]]
    assert select(list(reversed(all_likes))) == chosen


def test_topics_come_in_their_order_and_none_crowds_out_another():
    many = [statement(f"I like {word}.", day) for day, word in enumerate(SOMEWORDS, 1)]
    one = [statement("My name is Emily.", 1, "self"), statement("I plan to sail.", 9, "plans")]
    topics = [s.topic for s in select([*many, *one])]
    assert topics == ["self"] + ["likes"] * PER_TOPIC + ["plans"]


@both
def test_the_same_said_twice_stands_once_as_of_late(lang):
    texts = {"en": ("I love old trains.", "I really love old trains!"), "zh": ("我喜欢老火车。", "我真的喜欢老火车！")}  # noqa: E501  # fmt: skip
    first, again = texts[lang]
    chosen = select([statement(first, 1), statement(again, 5), statement("I love tea 茶.", 2)])
    assert [s.text for s in chosen] == ["I love tea 茶.", again]


def test_the_same_words_in_another_topic_are_another_thing():
    pair = [statement("Anna and trains.", 1, "likes"), statement("Anna and trains.", 1, "worries")]
    assert len(select(pair)) == 2


def test_an_empty_portrait():
    assert select([]) == ()


# -- always -------------------------------------------------------------------------------------

pieces = [text for _, *row in TABLE for text in row] + [
    t for row in NOTHING + QUESTIONS for t in row
]
turns = st.builds(
    Said,
    number=st.integers(1, 99),
    text=st.lists(st.sampled_from(pieces), max_size=4).map(" ".join),
    reply=st.sampled_from(pieces),
    significance=st.floats(0, 1),
    by_user=st.booleans(),
    trusted=st.booleans(),
)


@settings(max_examples=80)
@given(st.lists(turns, max_size=5))
def test_every_statement_is_a_sentence_of_its_turn(day):
    found = drafts(day)
    assert found == drafts(day)
    for draft in found:
        origins = [t for t in day if t.number == draft.sources[0] and t.by_user and t.trusted]
        assert any(draft.text in turn.text for turn in origins)
        assert draft.topic in TOPICS and not cues.is_question(draft.text)
    if found:
        insight = insight_extract(found, "en")
        assert set(insight.sources) <= {draft.sources[0] for draft in found}


statements = st.lists(
    st.builds(
        statement,
        st.sampled_from([f"I like {a} {b}." for a in SOMEWORDS[:4] for b in SOMEWORDS[4:]]),
        st.integers(1, 9),
        st.sampled_from(TOPICS),
    ),
    max_size=20,
    unique_by=lambda s: s.id,
)


@given(statements)
def test_a_portrait_is_small_and_made_of_what_there_is(known):
    chosen = select(known)
    assert set(chosen) <= set(known) and len(set(chosen)) == len(chosen)
    for topic in TOPICS:
        of_topic = [s for s in chosen if s.topic == topic]
        assert len(of_topic) <= PER_TOPIC
        assert [s.when for s in of_topic] == sorted(s.when for s in of_topic)
        newest = max((s.when for s in known if s.topic == topic), default=None)
        assert not newest or of_topic[-1].when == newest
    assert select(chosen) == chosen
