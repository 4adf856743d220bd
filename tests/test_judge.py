"""What a model's reply must be before it is kept: judged alike in both languages."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank import prompts
from memorybank.errors import BadReply
from memorybank.judge import is_refusal, judged, speaks, stripped
from memorybank.records import Lang

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
MATERIAL = {
    "en": "User: I adopted a grey cat called Miso.\nCompanion: How lovely!\n"
    "User: She sleeps in the bookcase.\nCompanion: Between the novels?\nUser: Yes, on Tolstoy.",
    "zh": "用户：我领养了一只叫米索的灰猫。\n伙伴：真好！\n用户：它睡在书柜里。\n"
    "伙伴：在小说中间？\n用户：对，睡在托尔斯泰上面。",
}
GOOD = {
    "en": "The user adopted a grey cat called Miso.\nMiso sleeps in the bookcase, on the novels.",
    "zh": "用户领养了一只叫米索的灰猫。\n米索睡在书柜里的小说上。",
}


def judge(reply: str, lang: Lang, most: int = 400) -> str:
    prompt = prompts.read("day", lang)
    return judged(reply, lang=lang, material=MATERIAL[lang], instruction=prompt, most=most)


@BOTH
def test_a_good_reply_is_kept_to_the_letter(lang: Lang):
    assert judge(GOOD[lang], lang) == GOOD[lang]


@BOTH
def test_chatter_around_it_goes(lang: Lang):
    opening = {
        "en": ("Here is the summary:\n", "Sure! Here's a summary of the day:\n\n", "Summary: "),
        "zh": ("以下是小结：\n", "好的，以下是这一天的小结：\n\n", "小结："),
    }
    for words in opening[lang]:
        assert judge(words + GOOD[lang], lang) == GOOD[lang]
    decorated = "## " + GOOD[lang].replace("Miso", "**Miso**").replace("米索", "**米索**") + "\n---"
    assert judge(decorated, lang) == GOOD[lang]


@pytest.mark.parametrize(
    ("lang", "reply"),
    [
        ("en", "I'm sorry, but I can't help with that."),
        ("en", "I cannot summarise private conversations."),
        ("en", "As an AI language model, I am unable to read this dialogue."),
        ("en", "Unfortunately I won't be able to do that."),
        ("zh", "抱歉，我无法提供这方面的帮助。"),
        ("zh", "对不起，我不能总结这段对话。"),
        ("zh", "作为一个人工智能语言模型，我无法完成这个请求。"),
    ],
)
def test_a_refusal_is_no_summary(lang: Lang, reply: str):
    with pytest.raises(BadReply, match="refused"):
        judge(reply, lang)


@pytest.mark.parametrize(
    ("lang", "reply"),
    [
        ("en", "Unfortunately the user's flight was cancelled, and they stayed in Leeds."),
        ("en", "Sorry news: the user's cat Miso is ill."),
        ("zh", "很抱歉的消息是用户的猫米索病了，用户带它去看了医生。"),
    ],
)
def test_sad_news_is_no_refusal(lang: Lang, reply: str):
    assert not is_refusal(reply)


@BOTH
@pytest.mark.parametrize("reply", ["", "  \n ", "---", "**", "\x00\u200b"])
def test_nothing_is_no_summary(lang: Lang, reply: str):
    with pytest.raises(BadReply, match="nothing"):
        judge(reply, lang)


@BOTH
def test_an_echo_is_no_summary(lang: Lang):
    for reply in (MATERIAL[lang], prompts.read("day", lang), prompts.read("day", lang)[:200]):
        with pytest.raises(BadReply, match="repeated"):
            judge(reply, lang, most=10_000)


@BOTH
def test_a_reply_past_all_bounds_is_no_summary(lang: Lang):
    with pytest.raises(BadReply, match="401 characters"):
        judge((GOOD[lang] * 20)[:401], lang)


def test_the_other_language_is_no_summary():
    with pytest.raises(BadReply, match="another language") as caught:
        judge(GOOD["zh"] + "两人还聊了很久天气和晚饭。", "en")
    assert "语言" in caught.value.say("zh")
    with pytest.raises(BadReply, match="another language"):
        judge(GOOD["en"], "zh")
    assert speaks("用户在读 The Wandering Earth 和 Dune Messiah。", "zh")


@given(st.text(max_size=400))
def test_no_reply_breaks_the_judge_and_what_it_passes_it_passes_again(reply: str):
    try:
        kept = judge(reply, "en")
    except BadReply as error:
        assert error.zh
    else:
        assert kept == stripped(kept)
        assert judge(kept, "en") == kept


@pytest.mark.parametrize("unit", ["sorry ", "当然", "#", "*" * 7, "Here is ", "\n", "："])
def test_hostile_replies_are_judged_in_linear_time(unit: str):
    with contextlib.suppress(BadReply):
        judge(unit * 20_000, "en")


@pytest.mark.parametrize(
    ("lang", "reply"),
    [
        ("en", "The story is a poignant reminder of the importance of kindness and compassion."),
        ("en", "The user bought a boat and sailed around the world with eleven friends."),
        ("zh", "这是一个关于善良与同情的动人故事，提醒我们要珍惜身边的每一个人。"),
        ("zh", "用户买了一条船，和十一个朋友环游了世界。"),
    ],
)
def test_platitudes_and_inventions_are_no_summary(lang: Lang, reply: str):
    with pytest.raises(BadReply, match="does not say"):
        judge(reply, lang)


@pytest.mark.parametrize(
    ("lang", "reply"),
    [
        ("en", "Miso, a cat with grey fur, joined the user's household and rests on Tolstoy."),
        ("en", "A new pet arrived: Miso, whose bed is the bookcase."),
        ("zh", "家里来了新成员米索，它是灰色的猫，常在书柜里睡觉。"),
    ],
)
def test_other_words_for_the_same_are_a_summary(lang: Lang, reply: str):
    assert judge(reply, lang) == reply
