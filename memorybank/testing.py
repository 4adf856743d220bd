"""Stand-ins for our tests and our users': an embedder that tells texts apart, a language model
with a script, a clock, ids.

The embedder hashes words and their letter groups into directions, so that texts which share
words point alike and others do not; a test that passes with it has really ranked something.
The language model says what it was told to, and past its script quotes the line of its prompt
that shares most words with the question: what is not in the prompt it cannot answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memorybank.compose import estimate_tokens
from memorybank.lexical import terms
from memorybank.models import Messages, Style


class HashEmbedder:
    """Deterministic directions from hashed terms; no model, no download."""

    def __init__(self, dim: int = 64, name: str = "testing:hash") -> None:
        self.name = name
        self.dim = dim
        self.max_chars = 400
        self.texts_embedded = 0

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the direction of a question, shape (dim,)."""
        return self._direction(text)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the directions of texts, shape (len(texts), dim)."""
        self.texts_embedded += len(texts)
        return np.array([self._direction(text) for text in texts], np.float32).reshape(-1, self.dim)

    def _direction(self, text: str) -> NDArray[np.float32]:
        direction = np.full(self.dim, 1e-3, dtype=np.float32)
        for term in terms(text):
            for piece in {term, term[:4], term[-3:]}:
                rng = np.random.default_rng(crc32(piece.encode()))
                direction += rng.standard_normal(self.dim).astype(np.float32)
        return direction / np.float32(np.linalg.norm(direction))


Reply = str | BaseException | Callable[[Messages], str]
_NOTES = re.compile(r"<(memory|dialogue)>\n?(.*?)</\1>", re.DOTALL)
_PIECE = re.compile(r"\s*[a-zA-Z0-9']+|\s*.", re.DOTALL)


class ScriptedLLM:
    """Satisfies `LLM`: gives the replies of its script one by one, then quotes from its prompt.

    A reply is a text, an error to raise, or a function of the messages. `asked` keeps every
    prompt with its style.
    """

    def __init__(
        self,
        replies: Sequence[Reply] = (),
        *,
        name: str = "testing:scripted",
        window: int = 4096,
        otherwise: Callable[[Messages], str] | None = None,
    ) -> None:
        self.name, self.window = name, window
        self.replies = list(replies)
        self.otherwise = otherwise or quoted
        self.asked: list[tuple[list[dict[str, str]], Style]] = []

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the next reply, a word at a time."""
        self.asked.append(([dict(message) for message in messages], style))
        reply = self.replies.pop(0) if self.replies else self.otherwise
        if isinstance(reply, BaseException):
            raise reply
        yield from _PIECE.findall(reply if isinstance(reply, str) else reply(messages))

    def count(self, text: str) -> int:
        """Guess the tokens of a text."""
        return estimate_tokens(text)


def quoted(messages: Messages) -> str:
    """Return the line of a prompt's notes that shares most words with what is asked."""
    last = messages[-1]["content"]
    blocks = [str(found[2]) for found in _NOTES.finditer(last)]
    notes = [line.strip() for block in blocks for line in block.splitlines()]
    asked = set(terms(_NOTES.sub("", last)))
    lines = [line for line in notes if line] or [last.strip()]
    return max(lines, key=lambda line: len(asked.intersection(terms(line))))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def forward(self, **amount: float) -> datetime:
        """Move on by `timedelta(**amount)` and return the new time."""
        self.time += timedelta(**amount)
        return self.time


class Ids:
    """Ids that count, so that replays agree to the byte."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        """Return the next id."""
        self.count += 1
        return f"00000000-0000-7000-8000-{self.count:012d}"
