"""A reply gathered from the bytes that pass through to the client. Pure.

Bytes are forwarded as they come; this only listens. It trusts nothing: what is no event, no JSON,
or of another form is passed over. A reply is whole once its end was said, by a finish reason or
by [DONE]; a line that goes dead in the middle says neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from siliconfriend.server.chat.dialogue import without_thoughts

LONGEST_LINE = 4 * 2**20
LONGEST_REPLY = 1_000_000
_CUT = frozenset(("length", "content_filter"))


class Gathered:
    """What a reply says so far; feed it bytes of a stream, or one whole answer."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.finish: str | None = None
        self.done = False
        self.failed = False
        self.frame: dict[str, Any] = {}
        self._rest = b""

    @property
    def text(self) -> str:
        """What was said, without thoughts and calls of tools."""
        return without_thoughts("".join(self.pieces))

    @property
    def whole(self) -> bool:
        """Whether the reply came to its end."""
        ended = self.finish is not None or self.done
        return ended and self.finish not in _CUT and not self.failed

    def feed(self, data: bytes) -> None:
        """Take the next bytes of a stream of events."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
        for line in lines:
            self._line(line.strip())

    def close(self) -> None:
        """Take what stands after the last line break."""
        self._line(self._rest.strip())
        self._rest = b""

    def take(self, answer: Any) -> bool:
        """Take a whole answer; says whether it has the form of one."""
        message = self._choice(answer, "message")
        if message is None:
            return False
        self.done = True
        return True

    def _line(self, line: bytes) -> None:
        if not line.startswith(b"data:"):
            return
        data = line[5:].strip()
        if data == b"[DONE]":
            self.done = True
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(event, Mapping):
            self.failed = self.failed or "error" in event
            for name in ("id", "model", "created"):
                if name in event and name not in self.frame:
                    self.frame[name] = event[name]
        self._choice(event, "delta")

    def _choice(self, event: Any, part: str) -> Mapping[str, Any] | None:
        """Take the first choice of an event or answer; a client that asks for more sees them."""
        choices = event.get("choices") if isinstance(event, Mapping) else None
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, Mapping) or choice.get("index", 0) != 0:
                continue
            finish, said = choice.get("finish_reason"), choice.get(part)
            if isinstance(finish, str):
                self.finish = finish
            if isinstance(said, Mapping):
                self._say(said.get("content"))
                return said
        return None

    def _say(self, text: Any) -> None:
        if isinstance(text, str) and self.length < LONGEST_REPLY:
            self.pieces.append(text[: LONGEST_REPLY - self.length])
            self.length += len(text)


def event(data: Mapping[str, Any]) -> bytes:
    """Return one event of a stream."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
