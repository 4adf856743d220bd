"""The chat in a real terminal: tmux types and reads the screen; two days in each language."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import fakemodel as fake
import pytest
from fakemodel import FakeModel

from memorybank import MemoryBank

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE = 60


class Terminal:
    """A terminal with a program in it. What it writes comes through a pipe as well."""

    def __init__(self, folder: Path, *command: str, **env: str) -> None:
        self.name = f"sf-{uuid.uuid4().hex[:8]}"
        self.socket = str(folder / "tmux")
        pipe = folder / f"{self.name}.out"
        os.mkfifo(pipe)
        settings = [f"{key}={value}" for key, value in {"LANG": "C.UTF-8", **env}.items()]
        # The program waits for a line, so that nothing is written before the pipe listens.
        program = ["sh", "-c", 'read go; exec "$@"', "sh", "env", *settings, *command]
        self._tmux("new-session", "-d", "-s", self.name, "-x", "110", "-y", "40", *program)
        self._tmux("pipe-pane", "-t", self.name, f"cat > {pipe}")
        self.out = os.open(pipe, os.O_RDONLY)
        self.seen = ""
        self.type("go")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", self.socket, "-u", "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def type(self, text: str, *keys: str) -> None:
        self._tmux("send-keys", "-t", self.name, "-l", text)
        self._tmux("send-keys", "-t", self.name, *(keys or ("Enter",)))

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", self.name, *keys)

    def until(self, text: str) -> str:
        """Read on until a text has been written; returns what the screen shows then."""
        while text not in self.seen:
            ready, _, _ = select.select([self.out], [], [], PATIENCE)
            piece = os.read(self.out, 65536) if ready else b""
            assert piece, f"{text!r} never came; the screen:\n{self.screen()}"
            self.seen += piece.decode("utf-8", "replace")
        self.seen = self.seen.partition(text)[2]
        return self.screen()

    def screen(self) -> str:
        try:
            return self._tmux("capture-pane", "-p", "-t", self.name)
        except subprocess.CalledProcessError:
            return "(the program has ended)"

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-S", self.socket, "kill-session", "-t", self.name],
            check=False, capture_output=True,
        )  # fmt: skip
        os.close(self.out)


class Terminals:
    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home, self.all = folder, home, list[Terminal]()

    def chat(self, *options: str, **env: str) -> Terminal:
        command = [sys.executable, "-c", "from siliconfriend.cli import main; main()", "chat"]
        opened = Terminal(
            self.folder, *command, *options,
            MEMORYBANK_HOME=str(self.home), MEMORYBANK_EMBEDDER="none", **env,
        )  # fmt: skip
        self.all.append(opened)
        return opened


@pytest.fixture
def terminals(tmp_path: Path, home: Path) -> Iterator[Terminals]:
    opened = Terminals(tmp_path, home)
    yield opened
    for each in opened.all:
        each.close()


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
