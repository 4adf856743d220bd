"""The companion: what is said is kept whatever the model does, and memory shows in the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import fakemodel as fake
import pytest
from fakemodel import FakeModel

from memorybank import MemoryBank
from memorybank.errors import BadInput, EmptyText, ModelError, ModelUnreachable, PromptTooLong
from memorybank.models import LLM, load_llm
from memorybank.records import Lang, Portrait
from memorybank.testing import Clock, Reply, ScriptedLLM
from siliconfriend.friend import Exchange, Friend, Manner
from siliconfriend.greeting import greeting, name_in
from siliconfriend.helplines import read_help_lines
from siliconfriend.reminisce import Habit

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
CAT = {"en": "I adopted a grey cat called Miso today.", "zh": "我今天领养了一只叫米索的灰猫。"}
ASKED = {"en": "What is my cat called?", "zh": "我的猫叫什么名字？"}
NAME = {"en": "Miso", "zh": "米索"}
DARK = {"en": "I don't want to live any more.", "zh": "我不想活了。"}


@pytest.fixture
def mine(bank: MemoryBank, bank_zh: MemoryBank, lang: Lang) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


@pytest.fixture
def by_words(tmp_path: Path, clock: Clock, lang: Lang) -> MemoryBank:
    """A bank without an embedder: what shares no word with a message is not called to mind."""
    return MemoryBank.open(
        tmp_path / "w.db", bank="w", embedder=None, clock=clock, zone="UTC", lang=lang, seed=b"s"
    )


def friend(mine: MemoryBank, replies: Sequence[Reply] = (), **manner: object) -> Friend:
    llm = ScriptedLLM(replies)
    return Friend(mine, llm, Manner(habit=Habit(on=False), **manner))  # type: ignore[arg-type]


def heard(exchange: Exchange) -> str:
    return "".join(exchange)


def prompts(companion: Friend) -> list[list[dict[str, str]]]:
    assert isinstance(companion.llm, ScriptedLLM)
    return [messages for messages, _ in companion.llm.asked]


# -- a turn --------------------------------------------------------------------------------


@BOTH
def test_a_turn_is_recalled_asked_and_remembered(mine: MemoryBank, clock: Clock, lang: Lang):
    talk = friend(mine, ["Lovely! 真好！", lambda m: m[-1]["content"]], k=3)
    first = talk.say(CAT[lang])
    assert heard(first) == first.reply == "Lovely! 真好！" and first.whole
    clock.forward(days=1)
    second = talk.say(ASKED[lang])
    pieces = list(second)
    assert len(pieces) > 3, "a reply streams"
    system, *_, last = prompts(talk)[1]
    assert NAME[lang] in last["content"] and last["content"].endswith(ASKED[lang])
    assert NAME[lang] not in system["content"], "memory never enters the system prompt"
    assert {"en": "Tuesday, 2026-03-03 09:00", "zh": "2026-03-03 17:00，星期二"}[lang] in (
        system["content"]
    )
    assert [hit.id for hit in second.context.recalled] == [first.turn_id]
    turn = mine.explain(first.turn_id)
    assert turn.turn and turn.turn.reply == "Lovely! 真好！"


@BOTH
def test_what_entered_the_prompt_grows_stronger_once_it_was_used(
    mine: MemoryBank, clock: Clock, lang: Lang
):
    talk = friend(mine, ["ok 好", "ok 好", ModelUnreachable("down")])
    cat = talk.say(CAT[lang])
    heard(cat)
    clock.forward(days=2)
    heard(talk.say(ASKED[lang]))
    assert [e.kind for e in mine.explain(cat.turn_id).events] == ["recall"]
    clock.forward(days=2)
    heard(talk.say(ASKED[lang]))
    assert len(mine.explain(cat.turn_id).events) == 1, "nobody used what a failed model was given"


@BOTH
def test_the_words_are_kept_before_the_model_is_asked(mine: MemoryBank, clock: Clock, lang: Lang):
    def look(messages: object) -> str:
        assert CAT[lang] in [turn.text for turn in mine.recent(1)]
        return "seen 看到了"

    exchange = friend(mine, [look]).say(CAT[lang])
    assert heard(exchange) == "seen 看到了" and exchange.error is None


@BOTH
def test_who_never_listens_has_still_said_it(mine: MemoryBank, clock: Clock, lang: Lang):
    exchange = friend(mine, ["unheard"]).say(CAT[lang])
    exchange.stop()
    assert [(t.text, t.reply) for t in mine.recent()] == [(CAT[lang], None)]


@BOTH
def test_half_a_reply_is_kept_and_marked(mine: MemoryBank, clock: Clock, lang: Lang):
    exchange = friend(mine, ["one two three four"]).say(CAT[lang])
    stream = iter(exchange)
    assert next(stream) + next(stream) == "one two"
    exchange.stop()
    (turn,) = mine.recent()
    mark = {"en": " … [broke off here]", "zh": " ……［到此中断］"}[lang]
    assert turn.reply == "one two" + mark and not exchange.whole and exchange.error is None


@BOTH
def test_empty_words_are_not_said(mine: MemoryBank, clock: Clock, lang: Lang):
    with pytest.raises(EmptyText):
        friend(mine).say(" \x00\n")
    assert mine.recent() == []


# -- the model misbehaves, over a real line ------------------------------------------------

FAULTS: dict[str, fake.Fault] = {
    "refuses": fake.REFUSES, "hangs": fake.HANGS, "429": fake.BUSY, "500": fake.BROKEN,
    "wrong key": fake.WRONG_KEY, "no model": fake.NO_MODEL, "HTML": fake.PAGE, "cut": fake.CUT,
    "empty": fake.EMPTY, "refusal": fake.REFUSAL, "flood": fake.FLOOD, "one line": fake.ONE_LINE,
    "not UTF-8": fake.NOT_UTF8, "broken JSON": fake.BROKEN_JSON, "nones": fake.NONES,
    "stalls": fake.STALLS, "too long": fake.TOO_LONG,
}  # fmt: skip


def over(server: FakeModel, name: str = "") -> LLM:
    hasty = {"timeout": 0.1} if name in ("hangs", "stalls") else {}
    llm = load_llm("openai:fake", {"openai": {**server.options, **hasty}})
    assert llm is not None
    return llm


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("name", list(FAULTS))
def test_after_every_fault_the_turn_is_there_and_can_be_answered(
    bank: MemoryBank, clock: Clock, name: str
):
    with FakeModel([FAULTS[name]] * (4 if name == "too long" else 1)) as server:
        talk = Friend(bank, over(server, name), Manner(habit=Habit(on=False)))
        exchange = talk.say(CAT["en"])
        heard(exchange)
        talk.llm = over(server)
        assert isinstance(exchange.error, ModelError) and not exchange.whole
        assert exchange.error.say("zh") and CAT["en"] not in str(exchange.error)
        (turn,) = bank.recent()
        assert turn.text == CAT["en"]
        assert turn.reply is None or turn.reply.endswith("[broke off here]")
        server.script[:] = ["Lovely!"]
        assert heard(talk.retry()) == "Lovely!"
        assert [(t.text, t.reply) for t in bank.recent()] == [(CAT["en"], "Lovely!")]


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("name", [n for n in FAULTS if n not in ("too long", "hangs")])
def test_after_every_fault_in_a_digest_the_old_summary_is_there_and_the_job_waits(
    bank: MemoryBank, clock: Clock, name: str
):
    bank.remember(CAT["en"], reply="Lovely!")
    insight = "Mood: happy.\n- Has a grey cat called Miso [1].\nReply: Ask after the cat."
    with FakeModel(["The user adopted Miso.", insight]) as server:
        assert bank.digest(llm=over(server)).failed == 0
        bank.remember("Miso sleeps on the sofa.", reply="Sweet.")
        server.script[:] = [FAULTS[name]] * 2
        assert bank.digest(llm=over(server, name)).failed == 1
        assert [s.text for s in bank.summaries("day")] == ["The user adopted Miso."]
        (job,) = [j for j in bank.jobs() if j.subject.startswith("day:")]
        assert job.attempts == 1 and job.say("en") and job.say("zh")
        server.script[:] = ["Miso came, and took the sofa.", insight]
        assert bank.digest(llm=over(server)).failed == 0
    assert [s.text for s in bank.summaries("day")] == ["Miso came, and took the sofa."]


@pytest.mark.usefixtures("loopback")
def test_a_reply_that_echoes_its_prompt_is_not_kept(bank: MemoryBank, clock: Clock):
    bank.remember(CAT["en"])
    clock.forward(days=1)
    with FakeModel([lambda body: "\n".join(m["content"] for m in body["messages"])]) as server:
        exchange = Friend(bank, over(server), Manner(habit=Habit(on=False))).say(ASKED["en"])
        heard(exchange)
    assert exchange.error and not exchange.whole
    assert bank.recent()[-1].reply is None


@BOTH
def test_a_prompt_too_long_shrinks_but_never_the_question(
    mine: MemoryBank, clock: Clock, lang: Lang
):
    for i in range(30):
        mine.remember(f"{CAT[lang]} {i} " + "la " * 60, reply="oh " * 60)
    narrow = [PromptTooLong("too long"), PromptTooLong("too long"), "Miso 米索"]
    talk = friend(mine, narrow, budget=3000)
    exchange = talk.say(ASKED[lang])
    assert heard(exchange) == "Miso 米索"
    sizes = [sum(len(m["content"]) for m in messages) for messages in prompts(talk)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert all(messages[-1]["content"].endswith(ASKED[lang]) for messages in prompts(talk))
    never = friend(mine, [PromptTooLong("too long")] * 9)
    failed = never.say(ASKED[lang])
    heard(failed)
    assert isinstance(failed.error, PromptTooLong)


@BOTH
def test_a_small_window_is_honoured(mine: MemoryBank, clock: Clock, lang: Lang):
    for i in range(40):
        mine.remember(f"{CAT[lang]} {i} " + "la " * 60)
    talk = friend(mine, ["ok 好"])
    assert isinstance(talk.llm, ScriptedLLM)
    talk.llm.window = 2048
    heard(talk.say(ASKED[lang]))
    (messages,) = prompts(talk)
    assert sum(talk.llm.count(m["content"]) + 4 for m in messages) <= 2048 - 600


# -- taking back ---------------------------------------------------------------------------


@BOTH
def test_retry_replaces_the_reply_in_memory_too(mine: MemoryBank, clock: Clock, lang: Lang):
    talk = friend(mine, ["Lovely", "worse", "better"])
    heard(talk.say(CAT[lang]))
    clock.forward(minutes=5)
    exchange = talk.say(ASKED[lang])
    heard(exchange)
    again = talk.retry()
    assert heard(again) == "better" and again.turn_id == exchange.turn_id
    assert "worse" not in str(prompts(talk)[2]), "the reply that is replaced was never said"
    assert [t.reply for t in mine.recent()] == ["Lovely", "better"]
    assert "worse" not in str([hit.text for hit in mine.recall("worse", faded="always")])


@BOTH
def test_undo_takes_the_last_turn_out_of_memory(mine: MemoryBank, clock: Clock, lang: Lang):
    talk = friend(mine, ["Lovely", "Miso 米索"])
    heard(talk.say(CAT[lang]))
    clock.forward(minutes=5)
    heard(talk.say(ASKED[lang]))
    assert talk.undo().text == ASKED[lang] and talk.undo().text == CAT[lang]
    assert mine.recent() == [] and mine.recall(ASKED[lang], faded="always").hits == ()
    for nothing in (talk.undo, talk.retry):
        with pytest.raises(BadInput):
            nothing()
    heard(talk.say(CAT[lang]))
    assert len(mine.recent()) == 1, "what was taken back may be said again"


@BOTH
def test_a_new_conversation_has_no_recent_turns(mine: MemoryBank, clock: Clock, lang: Lang):
    talk = friend(mine, ["one", "two", "three"])
    heard(talk.say(CAT[lang]))
    clock.forward(minutes=1)
    heard(talk.say("And? 然后呢？"))
    assert any(m["role"] == "assistant" for m in prompts(talk)[1])
    clock.forward(minutes=1)
    talk.start_anew()
    heard(talk.say(ASKED[lang]))
    assert [m["role"] for m in prompts(talk)[2]] == ["system", "user"]
    assert NAME[lang] in prompts(talk)[2][-1]["content"]


# -- without a model -----------------------------------------------------------------------


@BOTH
def test_alone_it_quotes_memory_with_dates_and_keeps_no_quotation(
    by_words: MemoryBank, clock: Clock, lang: Lang
):
    mine = by_words
    talk = Friend(mine, None, Manner(habit=Habit(on=False)))
    cat = talk.say(CAT[lang])
    heard(cat)
    others = {
        "en": ["My train was late, number {}.", "I cooked noodles again, bowl {}."],
        "zh": ["我的火车又晚点了，第{}次。", "我又煮了面，第{}碗。"],
    }
    for i in range(10):
        for other in others[lang]:
            clock.forward(minutes=7)
            heard(talk.say(other.format(i)))
    clock.forward(days=1)
    exchange = talk.say(ASKED[lang])
    told = heard(exchange)
    assert CAT[lang] in told.splitlines()[1] and "2026-03-02" in told
    assert exchange.whole and mine.recent(1)[0].reply is None
    assert "recall" in [e.kind for e in mine.explain(cat.turn_id).events]


@BOTH
def test_alone_it_remembers_what_was_said_a_moment_ago(
    by_words: MemoryBank, clock: Clock, lang: Lang
):
    talk = Friend(by_words, None, Manner(habit=Habit(on=False)))
    heard(talk.say(CAT[lang]))
    for _ in range(2):  # the second time, the question itself resembles this one most
        clock.forward(minutes=1)
        told = heard(talk.say(ASKED[lang]))
        assert CAT[lang] in told and ASKED[lang] not in told
    clock.forward(minutes=1)
    assert CAT[lang] not in heard(talk.say({"en": "My cat sleeps.", "zh": "我的猫在睡。"}[lang]))
    parting, night = {"en": ("Good night!", "Until"), "zh": ("晚安！", "下次")}[lang]
    assert heard(talk.say(parting)).startswith(night)


@BOTH
def test_alone_it_admits_what_it_does_not_remember(mine: MemoryBank, clock: Clock, lang: Lang):
    talk = Friend(mine, None)
    said = heard(talk.say(ASKED[lang]))
    assert (
        said
        == {"en": "I don't remember anything about that.", "zh": "关于这件事，我什么也想不起来。"}[
            lang
        ]
    )
    assert heard(talk.say({"en": "Hello!", "zh": "你好！"}[lang]))
    assert heard(talk.say(CAT[lang])) in ("I'll remember that.", "我记住了。")


# -- care ----------------------------------------------------------------------------------


@BOTH
def test_words_of_despair_bring_help_and_no_old_hurt(mine: MemoryBank, clock: Clock, lang: Lang):
    hurt = {"en": "My brother died in a crash.", "zh": "我弟弟出车祸去世了。"}[lang]
    mine.remember(hurt)
    mine.remember(CAT[lang])
    clock.forward(days=1)
    mine.digest()
    lines = read_help_lines()
    talk = Friend(mine, ScriptedLLM(["I am here. 我在。"]), help_lines=lines)
    exchange = talk.say(DARK[lang])
    assert exchange.concern and exchange.note
    assert {"en": "988", "zh": "12356"}[lang] in exchange.note
    heard(exchange)
    (messages,) = prompts(talk)
    assert (
        hurt not in str(messages)
        and {"en": "in distress", "zh": "痛苦"}[lang] in (messages[0]["content"])
    )
    assert mine.recent(1)[0].text == DARK[lang]
    alone = Friend(mine, None, help_lines=lines).say(DARK[lang])
    assert hurt not in heard(alone) and alone.note


@BOTH
def test_without_help_lines_there_is_a_note_without_numbers(
    mine: MemoryBank, clock: Clock, lang: Lang
):
    exchange = Friend(mine, ScriptedLLM(["ok"])).say(DARK[lang])
    assert exchange.note and not any(c.isdigit() for c in exchange.note)


@BOTH
def test_ordinary_talk_brings_no_note(mine: MemoryBank, clock: Clock, lang: Lang):
    idiom = {"en": "This deadline is killing me, lol.", "zh": "笑死我了，这个截止日期要命。"}[lang]
    assert friend(mine, ["ha"]).say(idiom).note == ""


# -- reminiscence --------------------------------------------------------------------------


@BOTH
def test_what_matters_and_fades_is_brought_up_rarely_and_grows_stronger(
    by_words: MemoryBank, clock: Clock, lang: Lang
):
    mine = by_words
    promise = {
        "en": "I promised my aunt Vera in Porto to send her postcard number 12 from Gannet Island.",
        "zh": "我答应了波尔图的薇拉姑姑，从塘鹅岛给她寄第12张明信片《灯塔》。",
    }[lang]
    kept = mine.remember(promise)
    small = {"en": "Nice weather.", "zh": "天气不错。"}[lang]
    for i in range(12):
        mine.remember(
            {"en": f"Good weather today, {i} degrees.", "zh": f"今天天气好，{i}度。"}[lang]
        )
    given_on = []
    talk = Friend(mine, ScriptedLLM(["ok 好"] * 90), Manner(habit=Habit(significance=0.2)))
    lasts = mine.explain(kept).memory.fades_at
    assert lasts is not None
    clock.forward(days=(lasts - clock()).days * 0.4)
    for day in range(60):
        clock.forward(days=1)
        exchange = talk.say(small)
        heard(exchange)
        if kept in [hit.id for hit in exchange.context.recalled]:
            last = exchange.context.messages[-1]["content"]
            if {"en": "bring this up", "zh": "主动提起"}[lang] in last:
                given_on.append(day)
    assert given_on, "what is about to fade was never brought up"
    assert len(given_on) < 9
    assert len([e for e in mine.explain(kept).events if e.kind == "recall"]) >= len(given_on)
    gaps = [b - a for a, b in pairwise(given_on)]
    assert all(gap >= 7 for gap in gaps)
    off = Friend(mine, ScriptedLLM(["ok"]), Manner(habit=Habit(on=False)))
    clock.forward(days=1)
    assert {"en": "bring this up", "zh": "主动提起"}[lang] not in str(
        off.say(small).context.messages
    )


# -- greetings -----------------------------------------------------------------------------


@BOTH
def test_a_first_meeting_and_a_welcome_back_that_knows_the_person(
    mine: MemoryBank, clock: Clock, lang: Lang
):
    nobody = Portrait(statements=(), lang=lang, method="extractive")
    first = greeting(date(2026, 3, 2), [], [], nobody, lang)
    assert {"en": "What may I call you?", "zh": "怎么称呼你"}[lang] in first
    said = {"en": "My name is Clara and I adopted a cat.", "zh": "我叫小雨，我领养了一只猫。"}[lang]
    mine.remember(said)
    clock.forward(days=3)
    mine.digest()
    back = greeting(date(2026, 3, 5), mine.recent(), mine.summaries("day"), mine.portrait(), lang)
    assert {"en": "Clara", "zh": "小雨"}[lang] in back and {"en": "3 days", "zh": "3 天前"}[
        lang
    ] in back
    assert said in back


@BOTH
def test_a_welcome_back_does_not_touch_what_hurts(mine: MemoryBank, clock: Clock, lang: Lang):
    mine.remember({"en": "My mother died this morning.", "zh": "我妈妈今天早上去世了。"}[lang])
    clock.forward(days=1)
    nobody = Portrait(statements=(), lang=lang, method="extractive")
    early = greeting(date(2026, 3, 3), mine.recent(), [], nobody, lang)
    assert {"en": "died", "zh": "去世"}[lang] not in early
    mine.digest()
    back = greeting(date(2026, 3, 3), mine.recent(), mine.summaries("day"), mine.portrait(), lang)
    assert {"en": "died", "zh": "去世"}[lang] not in back and back


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Clara.", "Clara"), ("Please call me Jo, everyone does.", "Jo"),
        ("我叫小雨，很高兴认识你。", "小雨"), ("叫我阿杰就好。", "阿杰"), ("I adopted a cat.", ""),
    ],
)  # fmt: skip
def test_the_name_is_what_they_asked_to_be_called(text: str, name: str):
    assert name_in([text]) == name
    assert name_in(["My name is Old.", text, "Nothing of names."]) == (name or "Old")


def test_the_companion_never_claims_to_be_human():
    from siliconfriend.friend import instruction

    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert "never claim to be human" in instruction(moment, "en")
    assert "从不自称是人" in instruction(moment, "zh")
