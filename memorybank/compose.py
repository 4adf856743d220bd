"""From memories to messages for any language model (paper, section 2.2), within a token budget.

Law of this file: text from memory is data. It goes in a delimited, dated block of a user-role
message, never in the system prompt, with role markers and control characters taken out. The
question is never cut; what does not fit is named. Prompt texts and the token counter are
arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from memorybank.records import Context, Lang, LeftOut, Portrait, Recalled, Summary, Turn

Counter = Callable[[str], int]

PER_MESSAGE = 4
"""Tokens that a chat template adds around one message, about."""
STANDING_SHARE = 0.25
"""Portrait and global summary together may take this share of the budget."""
LONGEST_MEMORY = 1200
"""Characters of one recalled text; the rest is cut, and the cut is shown."""

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARKERS = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|\[\|[^|\[\]\n]{0,40}\|\]|<｜[^｜<>\n]{0,40}｜>|\[/?(?:INST|SYS)\]|<</?SYS>>"
    r"|</?(?:s|bos|eos|memory|system|user|assistant|tool|start_of_turn|end_of_turn|think)>"
    r"|^[ \t]*(?:#{2,}\s*)?(?:system|assistant|user|human|系统|助手)[ \t]*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "portrait": "Who they are:",
        "global": "What has happened so far:",
        "recalled": "What this message calls to mind:",
        "summary": "summary of the day",
        "replaces": "corrects an earlier version",
        "untrusted": "not from the person themselves",
        "is recent": "it is among the recent turns",
        "is full": "the token budget was used up",
        "has faded": "it has faded and was not asked for",
    },
    "zh": {
        "portrait": "对方是怎样的人：",
        "global": "至今发生的事：",
        "recalled": "这条消息让人想起：",
        "summary": "当日小结",
        "replaces": "更正了之前的说法",
        "untrusted": "并非对方本人所说",
        "is recent": "已在最近的对话里",
        "is full": "词元预算已用完",
        "has faded": "已淡忘，且未被问及",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What may enter a prompt; recalled best first, recent turns oldest first."""

    message: str
    instruction: str
    lang: Lang
    recalled: Sequence[Recalled] = ()
    withheld: Sequence[Recalled] = ()
    portrait: Portrait | None = None
    overall: Summary | None = None
    recent: Sequence[Turn] = ()


def estimate_tokens(text: str) -> int:
    """Guess how many tokens a text has, from above: a Chinese character one, else four letters."""
    wide = sum(1 for c in text if c >= "\u2e80")
    return wide + (len(text) - wide + 3) // 4


def neutral(text: str) -> str:
    """Take out what could pass for a role, a template token or an invisible command."""
    return _MARKERS.sub(" ", _CONTROLS.sub("", text)).strip()


def compose(parts: Ingredients, budget: int, count: Counter = estimate_tokens) -> Context:
    """Return messages within `budget` tokens: instruction, recent turns, notes and the message.

    Recalled memories go before recent turns where both cannot be had; the message always stays,
    so a budget smaller than it is exceeded.
    """
    left_out: list[LeftOut] = []
    notes = _Notes(parts.lang)
    room = budget - count(parts.instruction) - count(parts.message) - 2 * PER_MESSAGE
    standing = _standing(parts, notes, int(min(room, budget * STANDING_SHARE)), count, left_out)
    room -= standing
    recent_ids = {turn.id for turn in parts.recent}
    recalled: list[Recalled] = []
    for hit in parts.recalled:
        if hit.id in recent_ids:
            left_out.append(LeftOut(what="recalled", id=hit.id, why=notes.words["is recent"]))
            continue
        cost = count(line := notes.memory(hit)) + 1
        if cost > room:
            left_out.append(LeftOut(what="recalled", id=hit.id, why=notes.words["is full"]))
            continue
        room -= cost
        notes.recalled.append(line)
        recalled.append(hit)
    turns = _recent(parts.recent, notes, room, count, left_out)
    left_out += [
        LeftOut(what="withheld", id=hit.id, why=notes.words["has faded"]) for hit in parts.withheld
    ]
    last = "\n\n".join(filter(None, (notes.block(), parts.message)))
    messages = (
        {"role": "system", "content": parts.instruction},
        *turns,
        {"role": "user", "content": last},
    )
    return Context(
        messages=messages,
        recalled=tuple(recalled),
        withheld=tuple(parts.withheld),
        left_out=tuple(left_out),
        tokens=sum(count(m["content"]) + PER_MESSAGE for m in messages),
        budget=budget,
    )


class _Notes:
    """The block of notes as it grows."""

    def __init__(self, lang: Lang) -> None:
        self.words = _WORDS[lang]
        self.portrait: list[str] = []
        self.overall: list[str] = []
        self.recalled: list[str] = []

    def memory(self, hit: Recalled) -> str:
        """Return a recalled memory as one dated entry."""
        when = hit.when.strftime("%Y-%m-%d" if hit.precision != "month" else "%Y-%m")
        tags = [
            self.words[tag]
            for tag, applies in (
                ("summary", hit.kind == "day"),
                ("replaces", bool(hit.replaces)),
                ("untrusted", not hit.trusted),
            )
            if applies
        ]
        text = neutral(hit.text)
        if len(text) > LONGEST_MEMORY:
            text = text[: LONGEST_MEMORY - 1] + "…"
        head = f"[{', '.join([when, *tags])}]"
        return f"{head} " + text.replace("\n", "\n  ")

    def block(self) -> str:
        """Return the whole block, empty if there is nothing to note."""
        sections = []
        for name, lines in (
            ("portrait", self.portrait),
            ("global", self.overall),
            ("recalled", self.recalled),
        ):
            if lines:
                sections.append("\n".join([self.words[name], *lines]))
        return "<memory>\n" + "\n\n".join(sections) + "\n</memory>" if sections else ""


def _standing(
    parts: Ingredients, notes: _Notes, room: int, count: Counter, left_out: list[LeftOut]
) -> int:
    """Put in portrait and global summary as far as they fit; return the tokens they take."""
    used = 0
    # What is newest stands last and is taken first.
    for section, what, source, text in reversed(list(_standing_lines(parts, notes))):
        cost = count(text) + 1
        if used + cost > room:
            left_out.append(LeftOut(what=what, id=source, why=notes.words["is full"]))
            continue
        used += cost
        section.insert(0, text)
    return used


def _standing_lines(parts: Ingredients, notes: _Notes) -> Iterator[tuple[list[str], str, str, str]]:
    """Give (section, what, id, line) of all that always should be in; the portrait goes first."""
    if parts.overall:
        for line in parts.overall.text.splitlines():
            yield notes.overall, "global", parts.overall.id, f"- {neutral(line)}"
    for statement in parts.portrait.statements if parts.portrait else ():
        line = f"- {neutral(statement.text)} ({statement.when.isoformat()})"
        yield notes.portrait, "portrait", statement.id, line


def _recent(
    turns: Sequence[Turn], notes: _Notes, room: int, count: Counter, left_out: list[LeftOut]
) -> list[dict[str, str]]:
    """Return the newest turns that fit as messages, oldest first, without a gap."""
    chosen: list[dict[str, str]] = []
    full = False
    for turn in reversed(turns):
        sides = (("user", turn.text), ("assistant", turn.reply))
        messages = [{"role": role, "content": neutral(text)} for role, text in sides if text]
        cost = sum(count(m["content"]) + PER_MESSAGE for m in messages)
        full = full or cost > room
        if full:
            left_out.append(LeftOut(what="recent", id=turn.id, why=notes.words["is full"]))
            continue
        room -= cost
        chosen = messages + chosen
    return chosen
