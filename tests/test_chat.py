"""`siliconfriend chat`, piped: every command, both languages, with a model and without."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakemodel as fake
import pytest
from fakemodel import FakeModel

from memorybank import MemoryBank
from siliconfriend.cli import main

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
CAT = {"en": "I adopted a grey cat called Miso today.", "zh": "我今天领养了一只叫米索的灰猫。"}
ASKED = {"en": "What is my cat called?", "zh": "我的猫叫什么名字？"}
OTHERS = {
    "en": ["My train was late, number {}.", "I cooked noodles, bowl {}.", "It rained on walk {}.",
           "My boss Tom read report {}."],
    "zh": ["我的火车又晚点了，第{}次。", "我煮了面，第{}碗。", "散步时下雨了，第{}次。",
           "王经理看了我的报告，第{}份。"],
}  # fmt: skip
FIRST, NEXT = "2026-03-01T09:00", "2026-03-02T09:00"
Chat = Callable[..., str]


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Chat:
    """Say lines to `siliconfriend chat` through a pipe; returns what it wrote."""

    def talk(*lines: str, now: str = FIRST, code: int = 0, **options: Any) -> str:
        flags = [part for k, v in options.items() for part in (f"--{k.replace('_', '-')}", str(v))]
        argv = ["siliconfriend", "chat", "--bank", "emily", "--now", now, *flags]
        monkeypatch.setattr(sys, "argv", argv)
        monkeypatch.setenv("COLUMNS", "240")
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n"))
        try:
            main()
            ended: Any = 0
        except SystemExit as end:
            ended = end.code or 0
        out, err = capsys.readouterr()
        assert ended == code, (ended, out, err)
        return out if not code else err

    return talk


@pytest.fixture
def replies(tmp_path: Path) -> Callable[..., str]:
    """Write a script of replies; returns the model's name."""

    def written(*texts: str) -> str:
        path = tmp_path / "replies.txt"
        path.write_text("\n---\n".join(texts), "utf-8")
        return f"scripted:{path}"

    return written


# -- the keyless two days ------------------------------------------------------------------


@BOTH
def test_day_two_recalls_day_one_among_twenty_other_turns(chat: Chat, lang: str):
    chat(CAT[lang], "/stop", lang=lang)
    many = [other.format(i) for i in range(5) for other in OTHERS[lang]]
    chat(*many, lang=lang, now="2026-03-01T12:00")
    told = chat(ASKED[lang], "/why", lang=lang, now=NEXT)
    reply = told.splitlines()
    assert reply[0] == {"en": "I remember:", "zh": "我记得："}[lang]
    assert CAT[lang] in reply[1] and "2026-03-01" in reply[1]
    assert {"en": "words", "zh": "用词"}[lang] in told, "why is shown"
    assert {"en": "--llm", "zh": "--llm"}[lang] in told, "how to connect a model is said"


@BOTH
def test_with_a_model_the_prompt_holds_the_memory(
    chat: Chat, replies: Callable[..., str], lang: str
):
    first = chat(CAT[lang], lang=lang, llm=replies({"en": "Lovely!", "zh": "真好！"}[lang]))
    assert first == {"en": "Lovely!\n", "zh": "真好！\n"}[lang]
    # Past its script the model quotes the line of its notes that fits the question best.
    told = chat(ASKED[lang], "/why", lang=lang, llm="scripted:", now=NEXT)
    assert CAT[lang] in told.splitlines()[0] and "█" in told


# -- the commands --------------------------------------------------------------------------


@BOTH
def test_every_command_is_helped_with_and_works(chat: Chat, lang: str):
    told = chat("/help", lang=lang)
    for name in ("why", "memories", "portrait", "timeline", "pin", "fade", "erase", "correct",
                 "summarise", "retry", "undo", "clear", "lang", "stop"):  # fmt: skip
        assert f"/{name}" in told
    new = {"en": "I adopted a black cat called Soot.", "zh": "我领养了一只叫煤球的黑猫。"}[lang]
    told = chat(
        CAT[lang], "/memories", "/pin 1", "/fade 1", f"/correct 1 {new}", "/summarise",
        "/portrait", "/timeline 2026-03-01", "/memories " + ASKED[lang], "/memories", "/erase 1",
        "/clear", "/lang zh", "/lang en", "/lang auto", lang=lang,
    )  # fmt: skip
    assert told.count(new) >= 4, "corrected, digested, in portrait and timeline"
    words = {
        "en": ("Kept for good", "Out of ordinary recall", "Corrected.", "digested: 1", "Portrait",
               "What happened", "erased for good: 1", "A new conversation"),
        "zh": ("已永久保留", "已退出日常回忆", "已更正。", "已整理：1", "画像", "发生了什么",
               "已彻底删除：1", "新的对话"),
    }[lang]  # fmt: skip
    for word in (*words, "用中文回复。", "Replies in English."):
        assert word in told


@BOTH
def test_undo_and_retry_reach_memory(chat: Chat, replies: Callable[..., str], lang: str):
    told = chat(
        CAT[lang], "/retry", ASKED[lang], "/undo", "/memories",
        lang=lang, llm=replies("first", "second", "third"),
    )  # fmt: skip
    assert "first\n" in told and "second\n" in told and "third\n" in told
    listed = told.split("third\n")[1]
    assert ASKED[lang] in listed.splitlines()[0], "what is taken back is named"
    rest = "\n".join(listed.splitlines()[1:])
    assert CAT[lang] in rest and "second" in rest and "first" not in rest
    assert ASKED[lang] not in rest


@BOTH
def test_what_cannot_be_done_says_how_it_could(chat: Chat, lang: str):
    cures = {"/pin": "/why", "/pin 9": "/why", "/correct 1": "/memories", "/lang fr": "auto",
             "/timeline soon": "2026-03-02", "/dance": "/help"}  # fmt: skip
    for line, cure in cures.items():
        assert cure in chat(line, lang=lang)
    nothing = chat("/why", "/retry", "/undo", lang=lang).splitlines()
    assert len(nothing) == 3 and all(nothing)


@BOTH
def test_what_has_faded_is_shown_as_withheld(chat: Chat, replies: Callable[..., str], lang: str):
    stays = {"en": "My cat Soot sleeps on the sofa.", "zh": "我的猫煤球睡在沙发上。"}[lang]
    chat(CAT[lang], "/memories", "/fade 1", stays, lang=lang)
    chat(*(other.format(i) for i in range(3) for other in OTHERS[lang]), lang=lang)
    about = {
        "en": "I fed my cats Miso and Soot on the sofa.",
        "zh": "我在沙发上喂了猫米索和煤球。",
    }[lang]
    told = chat(about, "/why", lang=lang, llm=replies("ok"), now=NEXT)
    withheld = {"en": "Withheld, for it has faded", "zh": "因为已经淡忘而没有提起"}[lang]
    assert stays in told.split(withheld)[0] and CAT[lang] in told.split(withheld)[1]


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"temperature": 3}, "0 to 2"), ({"top_p": -1}, "0 to 1"), ({"top_k": 0}, "1 to 100"),
        ({"history": -1}, "0 to 200"), ({"lang": "fr"}, "zh or en"), ({"preset": "x"}, "gentle"),
        ({"llm": "nobody:x"}, "scripted"), ({"now": "soon"}, "2023-05-02"),
    ],
)  # fmt: skip
def test_bad_options_are_refused_with_their_cure(chat: Chat, options: dict[str, Any], cure: str):
    assert cure in chat("hello", code=2, **options)


@pytest.mark.usefixtures("loopback")
def test_no_key_and_a_model_that_is_down_are_told_and_the_talk_goes_on(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
):
    with FakeModel([fake.WRONG_KEY, fake.BROKEN, "Lovely!"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
        told = chat(CAT["en"], "/retry", "/retry", "/memories", llm="openai:fake")
    assert "OPENAI_API_KEY" in told and "sk-wrong" not in told
    assert "Lovely!" in told and told.count(CAT["en"]) == 1
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert "OPENAI_API_KEY" in chat(CAT["en"], llm="openai:gpt-5-mini")


def test_nothing_that_a_model_says_can_steer_the_terminal(chat: Chat, replies: Callable[..., str]):
    told = chat(CAT["en"], llm=replies("\x1b]0;owned\x07\x1b[2Jred\u202e text"))
    assert told == "]0;owned[2Jred text\n"


def test_help_lines_can_be_ones_own(chat: Chat, home: Path, tmp_path: Path):
    own = tmp_path / "lines.toml"
    own.write_text(
        'as_of = 2026-01-02\n[[line]]\nregion = "XX"\nkinds = ["self_harm", "abuse"]\n'
        'name = "Village line"\nreach = "ring 7"\nsource = "the parish"\n', "utf-8"
    )  # fmt: skip
    settings = home / "settings.toml"
    settings.write_text(f'[siliconfriend]\nhelp_lines = "{own}"\nregions = ["XX"]\n', "utf-8")
    told = chat("I don't want to live any more.", lang="en")
    assert "Village line" in told and "ring 7" in told and "988" not in told
    settings.write_text('[siliconfriend]\nhelp_lines = "/not/there.toml"\n', "utf-8")
    assert "988" not in chat("I don't want to live any more.", lang="en")


@BOTH
def test_the_day_that_ended_is_digested_by_the_model_in_the_background(
    chat: Chat, replies: Callable[..., str], tmp_path: Path, home: Path, lang: str
):
    chat(CAT[lang], lang=lang, llm=replies("ok"))
    written = {
        "en": ("The user adopted Miso.", "Mood: happy.\n- Has a cat called Miso [1]."),
        "zh": ("用户领养了米索。", "心情：开心。\n- 有一只叫米索的猫 [1]。"),
    }[lang]
    chat("/stop", lang=lang, now=NEXT, llm=replies(*written))
    with MemoryBank.open(home / "memory.db", bank="emily", create=False) as bank:
        assert [s.text for s in bank.summaries("day")] == [written[0]]
        assert bank.jobs() == []


@pytest.mark.usefixtures("loopback")
def test_kill_9_while_a_reply_streams_leaves_the_words(home: Path):
    with FakeModel([fake.STALLS]) as server:
        env = {**os.environ, "OPENAI_BASE_URL": server.url, "MEMORYBANK_EMBEDDER": "none"}
        started = subprocess.Popen(
            [sys.executable, "-c", "from siliconfriend.cli import main; main()", "chat",
             "--bank", "emily", "--llm", "openai:fake"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True,
        )  # fmt: skip
        assert started.stdin and started.stdout
        started.stdin.write(CAT["en"] + "\n")
        started.stdin.flush()
        assert started.stdout.read(7) == "Half a "
        started.send_signal(signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
        started.stdin.close()
        started.stdout.close()
    with MemoryBank.open(home / "memory.db", bank="emily", create=False) as bank:
        assert [(t.text, t.reply) for t in bank.recent()] == [(CAT["en"], None)]
