"""Rows of training files become dialogues: messages, ShareGPT, Alpaca. Pure.

A row is taken whole or refused with a reason, of which both languages stand in REASONS; the
reason never quotes the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from memorybank.rendering import clean, is_blank

Role = Literal["system", "user", "assistant"]
Dialogue = tuple[tuple[Role, str], ...]
"""(role, text): a system text first, if any; then user and assistant in turn, the user first."""

ROLES: Mapping[str, Role] = {
    "system": "system", "系统": "system",
    "user": "user", "human": "user", "prompter": "user", "用户": "user", "来访者": "user",
    "client": "user", "seeker": "user", "求助者": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "chatglm": "assistant", "bing": "assistant", "bard": "assistant", "model": "assistant",
    "助手": "assistant", "咨询师": "assistant", "counselor": "assistant",
    "counsellor": "assistant", "supporter": "assistant", "支持者": "assistant",
}  # fmt: skip
REASONS: Mapping[str, tuple[str, str]] = {
    "json": ("not valid JSON", "不是合法的 JSON"),
    "object": ("not an object", "不是对象"),
    "shape": (
        "neither messages, nor conversations, nor instruction and output",
        "既没有 messages 或 conversations，也没有 instruction 和 output",
    ),
    "turn": ("a turn without a role or without a text", "有一轮缺少角色或文本"),
    "role": ("a role that is nobody's, such as a tool's", "有一轮的角色无法辨认，例如工具"),
    "history": ("a history that is no list of pairs", "history 不是成对的列表"),
    "silent": ("nobody asks, or nobody replies", "没有人问，或没有人答"),
}
_TEXTS, _SPEAKERS = ("content", "value", "text"), ("role", "from", "speaker")


class BadRow(Exception):
    """Why a row is refused: a key of REASONS."""


@dataclass(slots=True)
class Tally:
    """What became of the rows of all files."""

    rows: int = 0
    taken: int = 0
    twice: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    """Where each reason came up first: "file, line n" or "file, row n"."""

    def refuse(self, reason: str, place: str) -> None:
        """Count a row that is refused."""
        self.bad[reason] += 1
        self.first.setdefault(reason, place)

    def lines(self, zh: bool) -> list[str]:
        """Tell it in words."""
        told = [
            f"{self.rows:,} 行，采用 {self.taken:,} 行，重复 {self.twice:,} 行"
            if zh
            else f"{self.rows:,} rows: {self.taken:,} taken, {self.twice:,} there already"
        ]
        for reason, count in self.bad.most_common():
            why = REASONS[reason][zh]
            told.append(
                f"  略过 {count:,} 行：{why}（首次见于 {self.first[reason]}）"
                if zh
                else f"  {count:,} skipped: {why} (first: {self.first[reason]})"
            )
        return told


def dialogue(row: Any) -> Dialogue:
    """Return the dialogue of a row; raises BadRow."""
    if not isinstance(row, dict):
        raise BadRow("object")
    turns = row.get("messages", row.get("conversations", row.get("conversation")))
    if isinstance(turns, list):
        said = [_turn(turn) for turn in turns]
    elif _text(row.get("instruction")) or _text(row.get("input")):
        said = list(_alpaca(row))
    else:
        raise BadRow("shape")
    if "system" not in {role for role, _ in said} and (system := _text(row.get("system"))):
        said.insert(0, ("system", system))
    return _in_turn(said)


def _turn(turn: Any) -> tuple[Role, str]:
    if not isinstance(turn, dict):
        raise BadRow("turn")
    speaker = next((turn[key] for key in _SPEAKERS if isinstance(turn.get(key), str)), None)
    text = next((turn[key] for key in _TEXTS if isinstance(turn.get(key), str)), None)
    if speaker is None or text is None:
        raise BadRow("turn")
    if (role := ROLES.get(speaker.strip().casefold())) is None:
        raise BadRow("role")
    return role, _text(text)


def _alpaca(row: Mapping[str, Any]) -> Iterable[tuple[Role, str]]:
    history = row.get("history") or []
    if not isinstance(history, list):
        raise BadRow("history")
    for pair in history:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(_text, pair))):
            raise BadRow("history")
        yield "user", _text(pair[0])
        yield "assistant", _text(pair[1])
    asked = [_text(row.get("instruction")), _text(row.get("input"))]
    yield "user", "\n".join(filter(None, asked))
    yield "assistant", _text(row.get("output", row.get("response")))


def _text(value: Any) -> str:
    return "" if not isinstance(value, str) or is_blank(value) else clean(value)


def _in_turn(said: Iterable[tuple[Role, str]]) -> Dialogue:
    """Return the turns so that roles alternate, from the first question to the last reply."""
    system: list[str] = []
    turns: list[tuple[Role, str]] = []
    for role, text in said:
        if not text:
            continue
        if role == "system":
            system.append(text)
        elif turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n{text}")
        elif turns or role == "user":  # a greeting before anybody asked teaches nothing
            turns.append((role, text))
    if turns and turns[-1][0] == "user":
        turns.pop()
    if not turns:
        raise BadRow("silent")
    opening: list[tuple[Role, str]] = [("system", "\n\n".join(system))] if system else []
    return (*opening, *turns)
