"""Simulated users: drawn from a seed, played by a model, kept whatever happens."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from memorybank.errors import BadInput, BadReply, ModelUnreachable, ReplyCut
from memorybank.formats import read_file
from memorybank.testing import ScriptedLLM
from siliconfriend.simulate import cli
from siliconfriend.simulate.plan import Draw, plan
from siliconfriend.simulate.play import Cast, simulate, words_of
from siliconfriend.simulate.speech import judged

ZONE = ZoneInfo("Asia/Shanghai")
LANGS = ("zh", "en")


def draw(lang="en", users=2, days=2, seed=7):
    return Draw(users=users, days=days, lang=lang, seed=seed, start=date(2026, 1, 1), zone=ZONE)


def talker(lang, fail_at=-1):
    """A model that never says the same, in its language; fails once at a certain call."""
    count = Counter()

    def say(messages):
        count["calls"] += 1
        if count["calls"] == fail_at:
            raise ModelUnreachable("gone")
        n = sum(map(len, (m["content"] for m in messages)))
        return f"第{n}件事，我想说说。" if lang == "zh" else f"Thing number {n} is on my mind."

    return ScriptedLLM(otherwise=say)


def cast(llm, **more):
    return Cast(player=llm, companion=llm, exchanges=2, **more)


@pytest.mark.parametrize("lang", LANGS)
def test_the_same_seed_draws_the_same_people_and_days(lang):
    words = words_of(lang)
    people = plan(draw(lang, users=15, days=10), words)
    assert people == plan(draw(lang, users=15, days=10), words)
    assert people != plan(draw(lang, users=15, days=10, seed=8), words)
    assert len({user.persona.name for user in people}) == 15
    for user in people:
        days = Counter(talk.starts.date() for talk in user.talks)
        assert len(days) == 10 and min(days.values()) >= 2
        assert len({talk.topic for talk in user.talks}) == len(user.talks), "no topic twice"
        assert list(user.talks) == sorted(user.talks, key=lambda talk: talk.starts)
        assert len(set(user.persona.traits)) == 3 and len(set(user.persona.hobbies)) == 2
        assert not any("{" in talk.topic for talk in user.talks)


@pytest.mark.parametrize("lang", LANGS)
def test_more_users_and_days_leave_those_before_as_they_were(lang):
    words = words_of(lang)
    small, large = plan(draw(lang), words), plan(draw(lang, users=5, days=6), words)
    for before, after in zip(small, large, strict=False):
        assert before.persona == after.persona
        assert after.talks[: len(before.talks)] == before.talks


@pytest.mark.parametrize("lang", LANGS)
def test_word_lists_are_rich_and_equal(lang):
    mine, other = words_of(lang), words_of("en" if lang == "zh" else "zh")
    assert mine.keys() == other.keys()
    for key, value in mine.items():
        if isinstance(value, list):
            assert len(value) == len(other[key]) == len(set(value))


@pytest.mark.parametrize("lang", LANGS)
def test_both_formats_hold_every_exchange(lang, tmp_path: Path):
    done = simulate(draw(lang), cast(talker(lang)), tmp_path / "out")
    people = plan(draw(lang), words_of(lang))
    assert done.original.name == f"memory_bank_{'cn' if lang == 'zh' else 'en'}.json"
    original = json.loads(done.original.read_text("utf-8"))
    assert list(original) == [user.persona.name for user in people]
    for path in (done.original, done.normal):
        volumes = read_file(path, ZONE)
        assert [v.name for v in volumes] == [user.persona.name for user in people]
        assert {v.lang for v in volumes} == {lang}
        for volume, user in zip(volumes, people, strict=True):
            assert len(volume.turns) == 2 * len(user.talks)
            days = [talk.starts.date() for talk in user.talks for _ in range(2)]
            assert [turn.occurred_at.date() for turn in volume.turns] == days
            assert all(turn.text and turn.reply for turn in volume.turns)
    assert done.exchanges == sum(2 * len(user.talks) for user in people)


@pytest.mark.parametrize("lang", LANGS)
def test_a_run_that_broke_goes_on_to_the_same_end(lang, tmp_path: Path):
    whole = simulate(draw(lang), cast(talker(lang)), tmp_path / "whole")
    out = tmp_path / "broken"
    with pytest.raises(ModelUnreachable):
        simulate(draw(lang), cast(talker(lang, fail_at=8)), out)
    llm = talker(lang)
    again = simulate(draw(lang), cast(llm), out)
    assert again.known == 3, "seven calls were three whole exchanges and half of a fourth"
    assert len(llm.asked) == 2 * (again.exchanges - again.known)
    assert again.original.read_bytes() == whole.original.read_bytes()
    assert again.normal.read_bytes() == whole.normal.read_bytes()
    quiet = talker(lang)
    assert simulate(draw(lang), cast(quiet), out).known == again.exchanges
    assert quiet.asked == []


def test_the_player_knows_who_they_are_and_the_companion_remembers(tmp_path: Path):
    llm, companion = talker("en"), talker("en")
    simulate(draw(users=1), Cast(player=llm, companion=companion, exchanges=2), tmp_path / "out")
    user = plan(draw(users=1), words_of("en"))[0]
    first, last = llm.asked[0][0], llm.asked[-1][0]
    for fact in (user.persona.name, user.persona.job, *user.persona.hobbies, user.talks[0].topic):
        assert fact in first[0]["content"]
    assert user.talks[0].topic in last[0]["content"], "reminded of what was talked about"
    assert [m["role"] for m in last] == ["system", "user", "assistant", "user"]
    assert any("<memory>" in m["content"] for m in companion.asked[-1][0])


def test_another_simulation_is_not_written_over(tmp_path: Path):
    out = tmp_path / "out"
    simulate(draw(), cast(talker("en")), out)
    before = (out / "memories.jsonl").read_bytes()
    for other in (draw(seed=8), draw("zh"), draw(days=1), draw(users=1)):
        with pytest.raises(BadInput) as caught:
            simulate(other, cast(talker("en")), out)
        assert "--out" in caught.value.say("zh")
    assert (out / "memories.jsonl").read_bytes() == before
    assert simulate(draw(days=3), cast(talker("en")), out).known > 0


@pytest.mark.parametrize(
    ("reply", "passes"),
    [
        ("Ann Lee: I lost my key. ", "I lost my key."),
        ('"I lost my key."', "I lost my key."),
        ("我丢了钥匙。\n伙伴：别急。\nAnn Lee：好", "我丢了钥匙。"),
        ("As an AI language model, I have no keys.", ""),
        ("作为一个人工智能，我没有钥匙。", ""),
        ("Hello again!", ""),
        ("  ", ""),
        ("long " * 400, ""),
    ],
)
def test_what_a_user_would_have_sent(reply, passes):
    assert judged(reply, "Ann Lee", [("Hi", "Hello again!")]) == passes


def test_a_message_that_was_cut_ends_with_its_last_sentence(tmp_path: Path):
    class Endless(ScriptedLLM):
        def stream(self, messages, style):
            yield from super().stream(messages, style)
            yield " And then I also"
            raise ReplyCut("at its limit")

    said = (f"Day {n} was long." for n in range(1000))
    llm = Endless(otherwise=lambda messages: next(said))
    done = simulate(draw(users=1, days=1), cast(llm), tmp_path / "out")
    turns = [turn for volume in read_file(done.normal, ZONE) for turn in volume.turns]
    assert turns and all(t.text.endswith("long.") and t.reply.endswith("long.") for t in turns)


def test_a_model_that_cannot_play_is_given_up(tmp_path: Path):
    llm = ScriptedLLM(otherwise=lambda messages: "As an AI, I cannot.")
    with pytest.raises(BadReply, match="larger model"):
        simulate(draw(), cast(llm), tmp_path / "out")
    assert len(llm.asked) == 3


def test_the_command(tmp_path: Path):
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.register(app)
    script = tmp_path / "replies.txt"
    script.write_text("\n---\n".join(f"{w} matters to me." for w in "abcdefghijklmnopqrstuvwx"))
    arguments = ["simulate", "--users", "1", "--days", "1", "--lang", "cn", "--exchanges", "1"]
    where = ["--llm", f"scripted:{script}", "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, [*arguments, *where])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["users"] == 1 and Path(told["original"]).name == "memory_bank_cn.json"
