"""The chat in a real terminal: tmux types and reads the screen; two days in each language."""

from __future__ import annotations

import shutil
from pathlib import Path

import fakemodel as fake
import pytest
from fakemodel import FakeModel
from terminal import Terminals

from memorybank import MemoryBank

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


TALK = {
    "en": ("My name is Clara. I adopted a grey cat called Miso.", "Lovely, Clara!",
           "What is my cat called?", "Miso", "Welcome back, Clara", "you>", "See you"),
    "zh": ("我叫小雨。我领养了一只叫米索的灰猫。", "真好，小雨！",
           "我的猫叫什么名字？", "米索", "欢迎回来，小雨", "你>", "再见"),
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_two_days_in_a_terminal(terminals: Terminals, tmp_path: Path, lang: str):
    told, reply, asked, cat, welcome, prompt, bye = TALK[lang]
    script = tmp_path / "replies.txt"
    script.write_text(reply, "utf-8")
    options = ("--bank", "clara", "--lang", lang)
    first = terminals.chat(*options, "--llm", f"scripted:{script}", "--now", "2026-03-01T09:00")
    first.until("SiliconFriend")
    first.until(prompt)
    first.type(told)
    first.until(reply)
    first.until(prompt)
    first.type("/stop")
    first.until(bye)

    second = terminals.chat(*options, "--llm", "scripted:", "--now", "2026-03-02T09:00")
    assert welcome in second.until(welcome)
    second.until(prompt)
    second.type(asked)
    assert cat in second.until(cat)
    second.until(prompt)
    second.type("/why")
    second.until("█")
    screen = second.until(prompt)
    assert told[:10] in screen and "2026-03-01" in screen
    second.press("Up")  # what was typed before is offered again
    second.until("/why")
    second.press("C-c")
    second.until_line(prompt)
    second.press("C-d")
    second.until(bye)


@pytest.mark.usefixtures("loopback")
def test_ctrl_c_stops_a_reply_and_not_the_program(terminals: Terminals, home: Path):
    with FakeModel([fake.STALLS, "Whole again."]) as server:
        talk = terminals.chat(
            "--bank", "clara", "--llm", "openai:fake", "--lang", "en", OPENAI_BASE_URL=server.url
        )
        talk.until("you>")
        talk.type("first line\\")
        talk.until("…")
        talk.type("second line")
        talk.until("Half a ")
        talk.press("C-c")
        talk.until("stopped; what was said so far is kept")
        talk.until("you>")
        with MemoryBank.open(home / "memory.db", bank="clara", create=False) as bank:
            (turn,) = bank.recent()
            assert turn.text == "first line\nsecond line"
            assert turn.reply == "Half a … [broke off here]"
        talk.type("/retry")
        talk.until("Whole again.")
        talk.until("you>")
        talk.type("/stop")
        talk.until("See you")
    with MemoryBank.open(home / "memory.db", bank="clara", create=False) as bank:
        assert [t.reply for t in bank.recent()] == ["Whole again."]
