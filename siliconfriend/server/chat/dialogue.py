"""What a chat client's message list says: the newest message, and the place where it stands.

A client sends the whole conversation each time and no name for it. So each exchange is known by
its place, a hash of all that was said before it, and its own words: the same words at the same
place again are a regeneration, other words at the same place are an edited message, and what
stands before has been stored already. System prompts, tool traffic and thoughts are not counted,
since clients change or drop them. Pure.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memorybank.rendering import clean

MOST_MESSAGES = 10_000
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange of a message list: what was said, what was replied, and where it stands.

    `place` and `mark` are hexadecimal: of all before it, and of what was said in it.
    """

    said: str
    reply: str
    place: str
    mark: str

    @property
    def key(self) -> str:
        """The name under which the exchange is stored."""
        return f"chat:{self.place}:{self.mark}"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A message list as exchanges; the last one waits for its reply.

    `at` is the index of the message that holds what was said last. The last step's `reply` is
    what the model has said since then on the way to its tools.
    """

    steps: tuple[Step, ...]
    at: int

    @property
    def newest(self) -> Step:
        """The exchange that waits for its reply."""
        return self.steps[-1]

    @property
    def before(self) -> tuple[Step, ...]:
        """Those that are over."""
        return self.steps[:-1]


def read(messages: Sequence[Mapping[str, Any]], conversation: str = "") -> Dialogue | None:
    """Read a message list; None where the user has not said anything yet."""
    rows: list[tuple[int, str, str, list[str]]] = []  # where, said, what beside text, replies
    opening: list[str] = []
    for index, message in enumerate(messages):
        role, text = message.get("role"), plain(message.get("content"))
        if role == "user":
            rows.append((index, text, _beside(message.get("content")), []))
        elif role == "assistant" and text:
            (rows[-1][3] if rows else opening).append(text)
    if not rows:
        return None
    place = _hash("start", conversation, *opening)
    steps = []
    for _, said, beside, replies in rows:
        reply = "\n".join(replies)
        mark = _hash(said, beside)
        steps.append(Step(said, reply, place[:24], mark[:16]))
        place = _hash(place, mark, reply)
    return Dialogue(tuple(steps), rows[-1][0])


def plain(content: Any) -> str:
    """Return a message's text: its parts joined, without thoughts and outer blanks."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "\n".join(text for text in texts if isinstance(text, str))
    return without_thoughts(content) if isinstance(content, str) else ""


def without_thoughts(text: str) -> str:
    """Return what was said without what was only thought."""
    return clean(_THOUGHTS.sub("", text))


def _beside(content: Any) -> str:
    """Return what a message holds beside its text, as one string: pictures, files, sound."""
    if not isinstance(content, list):
        return ""
    parts = [p for p in content if isinstance(p, Mapping) and not isinstance(p.get("text"), str)]
    return json.dumps(parts, sort_keys=True) if parts else ""


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        piece = part.encode("utf-8", "surrogatepass")
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()
