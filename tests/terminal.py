"""A real terminal for tests: tmux types and reads the screen. See `terminals` in conftest.py."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import uuid
from pathlib import Path

PATIENCE = 120


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
            self._read_on(text)
        self.seen = self.seen.partition(text)[2]
        return self.screen()

    def _read_on(self, awaited: str) -> None:
        ready, _, _ = select.select([self.out], [], [], PATIENCE)
        piece = os.read(self.out, 65536) if ready else b""
        assert piece, f"{awaited!r} never came; the screen:\n{self.screen()}"
        self.seen += piece.decode("utf-8", "replace")

    def until_line(self, line: str) -> None:
        """Read on until a text stands alone in the last line: a prompt that listens.

        A key that is pressed between two prompts may be lost, as in any terminal.
        """
        while self.screen().strip().splitlines()[-1:] != [line]:
            self._read_on(line)
        self.seen = ""

    def until_the_end(self) -> None:
        """Read on until the program has ended."""
        while True:
            ready, _, _ = select.select([self.out], [], [], PATIENCE)
            assert ready, f"it would not end; the screen:\n{self.screen()}"
            if not os.read(self.out, 65536):
                return

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
