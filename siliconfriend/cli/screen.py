"""Where a talk is read and shown: a terminal with a line editor, or a pipe.

Nothing that a model or a memory says can steer a terminal: control characters are taken out.
What was typed before is offered again from memory itself, so that no second file keeps it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from memorybank.bank import MemoryBank
from memorybank.rendering import whole

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TYPED_BEFORE = 200


class Screen(Protocol):
    """What a talk needs of the world."""

    interactive: bool

    def ask(self, prompt: str) -> str | None:
        """Return the next message, None at the end of the input."""
        ...

    def piece(self, text: str) -> None:
        """Show a piece of a reply at once."""
        ...

    def say(self, text: str, *, dim: bool = False) -> None:
        """Show a line or more."""
        ...

    def show(self, drawn: RenderableType) -> None:
        """Show something drawn."""
        ...

    def clear(self) -> None:
        """Empty the screen, where there is one."""
        ...


def opened(bank: MemoryBank, now: datetime) -> Screen:
    """Return the screen that this process has."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Pipe()
    typed = [turn.text for turn in bank.recent(TYPED_BEFORE, now=now) if turn.text]
    return Terminal(typed)


def harmless(text: str) -> str:
    """Take out what could steer a terminal, and halves of characters, which none can show."""
    return _STEERING.sub("", whole(text).replace("\r\n", "\n"))


class Pipe:
    """Lines in, replies out; no prompts, no colours."""

    interactive = False

    def __init__(self) -> None:
        """Read from standard input, write to standard output."""
        from memorybank.cli.common import console

        self.console: Console = console()

    def ask(self, prompt: str) -> str | None:
        """Return the next line that is not blank."""
        for line in sys.stdin:
            if line.strip():
                return line.strip()
        return None

    def piece(self, text: str) -> None:
        """Write a piece of a reply."""
        sys.stdout.write(harmless(text))
        sys.stdout.flush()

    def say(self, text: str, *, dim: bool = False) -> None:
        """Write a line or more."""
        sys.stdout.write(harmless(text) + "\n")
        sys.stdout.flush()

    def show(self, drawn: RenderableType) -> None:
        """Write something drawn, plain."""
        sys.stdout.flush()
        self.console.print(drawn)

    def clear(self) -> None:
        """Do nothing: what was written to a pipe stays."""


class Terminal(Pipe):
    """A line editor with history; Alt-Enter or a backslash at the end goes on on a new line."""

    interactive = True

    def __init__(self, typed: Sequence[str] = ()) -> None:
        """Offer what was typed before with the arrow keys."""
        super().__init__()
        self._editor = _editor(typed)

    def ask(self, prompt: str) -> str | None:
        """Return what was typed; None for Ctrl-D. Ctrl-C empties the line."""
        lines: list[str] = []
        while True:
            try:
                line = self._editor(prompt if not lines else "… ")
            except EOFError:
                return None
            except KeyboardInterrupt:
                lines = []
                continue
            if line.endswith("\\"):
                lines.append(line[:-1])
                continue
            return "\n".join([*lines, line]).strip()

    def say(self, text: str, *, dim: bool = False) -> None:
        """Show a line or more, dim for what is not said by the companion."""
        if not dim:
            super().say(text)
            return
        from rich.text import Text

        self.console.print(Text(harmless(text), style="dim"))

    def clear(self) -> None:
        """Empty the screen."""
        self.console.clear()


class _Plain:
    """Python's own line editing, where prompt_toolkit is not installed."""

    def __init__(self, typed: Sequence[str]) -> None:
        try:
            import readline
        except ImportError:  # Windows has none
            return
        for text in typed:
            if "\n" not in text:
                readline.add_history(text)

    def __call__(self, prompt: str) -> str:
        return input(prompt)


def _editor(typed: Sequence[str]):  # type: ignore[no-untyped-def] # noqa: ANN202
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    except ImportError:
        return _Plain(typed)
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    session: PromptSession[str] = PromptSession(
        history=InMemoryHistory(list(typed)), key_bindings=keys
    )
    return session.prompt
