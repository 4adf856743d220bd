"""Chats as other programs keep them: lists of messages, and lines with a text.

Taken is what people have at hand, as one JSON list, as {"messages": [...]}, or as JSON Lines:
  {"role": "user", "content": "…"}          a message; those that follow each other are one talk
  {"messages": [messages], "id"?}           a whole talk
  {"text": "…", "reply"?: "…"}              an exchange; what `GET …/export` of the server gives
each with a time in one of TIMES where it has one: ISO 8601, or seconds since 1970. What has none
has that of what stands before it, in the end the day on which the file was last changed.

Law of this file: a turn's external id is a hash of its words and of how often they came before
in its talk, so that a file that has grown is taken in again without repeating what is known.
Nothing but turns is kept; export writes them in the normal form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from memorybank.formats.rows import When, when
from memorybank.formats.strictjson import loads
from memorybank.formats.volume import Refused, Volume, in_zone, languages, visible
from memorybank.lexical import detect
from memorybank.records import Turn
from memorybank.rendering import words_of

TIMES = ("date", "time", "timestamp", "created_at", "create_time", "occurred_at")
REPLIERS = frozenset({"assistant", "ai", "bot", "model", "companion"})
SPEAKERS = frozenset({"user", "human"})
_HINTS = ("role", "messages", "text", "content")


def fits(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a row of this format; a person's name in another is an object."""
    return any(isinstance(value.get(key), (str, list)) for key in _HINTS)


def read(text: str, source: str, zone: tzinfo, changed: datetime, *, trusted: bool) -> list[Volume]:
    """Read a whole file; `source` is its base name, `changed` when it was last changed."""
    day = changed.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = _Taken(zone, (day, "day"))
    for line, item in _items(text):
        try:
            taken.add(item)
        except Refused as exc:
            raise Refused(str(exc), exc.zh, line=exc.line or line) from None
    if not taken.turns:
        raise Refused("nobody says anything in it", "里面没有人说话")
    name = source.removesuffix(".gz").rpartition(".")[0] or source
    texts = [turn.text or turn.reply or "" for turn in taken.turns]
    main, langs = languages(texts, detect(name))
    turns = tuple(
        replace(turn, lang=lang, source=source, channel="import", trusted=trusted)
        for turn, lang in zip(taken.turns, langs, strict=True)
    )
    return [Volume(name=name, lang=main, turns=turns, extra={})]


def _items(text: str) -> Iterator[tuple[int | None, Any]]:
    """Yield what stands in a file, with its line where each has one of its own."""
    first = next(line for line in text.splitlines() if line.strip())
    try:
        alone = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        alone = False
    if alone:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    yield number, loads(line)
                except Refused as exc:
                    raise Refused(str(exc), exc.zh, line=number) from None
        return
    value = loads(text)
    for item in value if isinstance(value, list) else [value]:
        yield None, item


@dataclass(slots=True)
class _Taken:
    """The turns so far; `last` is the time that what has none takes over."""

    zone: tzinfo
    last: When
    turns: list[Turn] = field(default_factory=list)
    talk: int = 0
    open: bool = False
    seen: dict[tuple[str, bytes], int] = field(default_factory=dict)

    def add(self, item: Any) -> None:
        if isinstance(item, list):
            item = {"messages": item}
        if not isinstance(item, dict):
            raise _unknown()
        if isinstance(messages := item.get("messages"), list):
            self._time(item)
            self._begin()
            for message in messages:
                if not isinstance(message, dict):
                    raise _unknown()
                self._message(message, str(item.get("id") or ""))
            self.open = False
        elif "role" in item:
            if not self.open:
                self._begin()
            self._message(item, "")
        elif visible(item.get("text")) or visible(item.get("reply")):
            self.open = False
            self._time(item)
            self._turn(_said(item.get("text")), _said(item.get("reply")), item)
        elif "text" not in item and "reply" not in item:
            raise _unknown()

    def _begin(self) -> None:
        self.talk += 1
        self.open = True

    def _message(self, message: Mapping[str, Any], talk: str) -> None:
        role = str(message.get("role") or "").casefold()
        words = _said(message.get("content"))
        if not words or role not in REPLIERS | SPEAKERS:
            return  # a system prompt, what a tool brought, a picture: nobody's words
        self._time(message)
        named = {"conversation": talk or f"talk {self.talk}"}
        last = self.turns[-1] if self.turns else None
        if role in SPEAKERS:
            self._turn(words, None, named)
        elif last and last.conversation == named["conversation"]:
            joined = "\n".join(filter(None, (last.reply, words)))
            self.turns[-1] = self._named(replace(last, reply=joined))
        else:
            self._turn(None, words, named)

    def _turn(self, text: str | None, reply: str | None, item: Mapping[str, Any]) -> None:
        moment, precision = self.last
        conversation = item.get("conversation") or item.get("session") or moment.date().isoformat()
        own = item.get("external_id") or item.get("id")
        turn = Turn(
            text=text, reply=reply, occurred_at=moment, precision=precision,
            conversation=str(conversation), seq=len(self.turns),
            speaker=item.get("speaker") if visible(item.get("speaker")) else None,
            author="user" if text else "companion",
            external_id=str(own) if own else None,
        )  # fmt: skip
        self.turns.append(turn if own else self._named(turn))

    def _named(self, turn: Turn) -> Turn:
        """Give a turn its id; a reply that comes later leaves the id of its question."""
        if turn.external_id:
            return turn
        words = (turn.text or turn.reply or "").encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(words, digest_size=10).digest()
        count = self.seen.get((turn.conversation, digest), 0)
        self.seen[turn.conversation, digest] = count + 1
        return replace(turn, external_id=f"{turn.conversation}/{digest.hex()}/{count}")

    def _time(self, item: Mapping[str, Any]) -> None:
        given = next((item[key] for key in TIMES if item.get(key) not in (None, "")), None)
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            try:
                self.last = in_zone(datetime.fromtimestamp(given, UTC), self.zone), "instant"
            except (ValueError, OverflowError, OSError):
                raise Refused(
                    "its time is out of all bounds: write seconds since 1970",
                    "时间超出了范围：请写自 1970 年起的秒数",
                ) from None
        elif isinstance(given, str):
            self.last = when(given, self.zone, None)


def _said(content: Any) -> str | None:
    words = words_of(content)
    return words if visible(words) else None


def _unknown() -> Refused:
    return Refused(
        'a row is a message {"role", "content"}, a talk {"messages"}, or an exchange '
        '{"text", "reply"}',
        '一行应是一条消息 {"role", "content"}、一段对话 {"messages"}，或一轮 {"text", "reply"}',
    )
