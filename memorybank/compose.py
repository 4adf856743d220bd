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
SOURCE_SHARE = 0.25
"""One tool, or one source that is not trusted, may take this share of the recalled entries."""
IMPORT_SHARE = 0.75
"""A file that the person brought in gives way to others beyond this; their talk is not bounded."""
LONGEST_MEMORY = 1200
"""Characters of one recalled text; the rest is cut, and the cut is shown."""

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|[\ufe00-\ufe0f]{2,}"
)
"""What cannot be seen, or turns the order of what can; one variation selector after a sign may
stay, a row of them is a text in hiding."""
_MARKERS = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|\[\|[^|\[\]\n]{0,40}\|\]|<｜[^｜<>\n]{0,40}｜>|<</?SYS>>"
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK|g?s?MASK)\]"
    r"|</?(?:s|bos|eos|sop|eop|eoh|eoa|pad|unk|unused\d+|reserved_\d+|memory|dialogue|system|user|"
    r"assistant|tool|tools|tool_call|tool_response|start_of_turn|end_of_turn|think|用户|ai)>"
    r"|^[ \t]*\[Round \d+\]"
    r"|^[ \t]*(?:#{2,}\s*)?(?:system|assistant|user|human|系统|助手|用户|人类|问|答)[ \t]*[:：]"
    r"|^[ \t]*#{2,}[ \t]*(?:instruction|input|response|指令|输入|回答)[ \t]*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_NARROW = re.compile("[\0-\u2e7f]+")
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "portrait": "Who they are:",
        "global": "What has happened so far:",
        "recalled": "What this message calls to mind:",
        "aside": "You may bring this up yourself, if it fits and does no harm:",
        "summary": "summary of the day",
        "replaces": "corrects an earlier version",
        "untrusted": "not from the person themselves",
        "is recent": "it is among the recent turns",
        "is full": "the token budget was used up",
        "has faded": "it has faded and was not asked for",
        "avoided": "it had better not be brought up now",
        "crowds": "its source has had its share of the notes",
    },
    "zh": {
        "portrait": "对方是怎样的人：",
        "global": "至今发生的事：",
        "recalled": "这条消息让人想起：",
        "aside": "如果合适又无碍，可以主动提起：",
        "summary": "当日小结",
        "replaces": "更正了之前的说法",
        "untrusted": "并非对方本人所说",
        "is recent": "已在最近的对话里",
        "is full": "词元预算已用完",
        "has faded": "已淡忘，且未被问及",
        "avoided": "此刻不宜提起",
        "crowds": "它的来源在笔记里已占满份额",
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
    aside: Recalled | None = None
    avoided: Sequence[Recalled] = ()
    crowding: Sequence[Recalled] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """What is let into the notes, best first, and what was kept out for its source's sake."""

    kept: tuple[Recalled, ...]
    crowding: tuple[Recalled, ...]


def share_out(hits: Sequence[Recalled], places: int) -> Shared:
    """Give places to hits, best first, so that no source crowds out the rest.

    What is trusted takes, beyond its share, what others leave free; tools and what is not trusted
    stay out, however much is free.
    """
    taken: dict[str, int] = {}
    within: list[str] = []
    beyond: list[str] = []
    for hit in hits:
        bounded = not hit.trusted or hit.source == "tool"
        most = max(1, int(places * (SOURCE_SHARE if bounded else IMPORT_SHARE)))
        source = hit.source or ""
        taken[source] = taken.get(source, 0) + 1
        if not source or taken[source] <= most:
            within.append(hit.id)
        elif not bounded:
            beyond.append(hit.id)
    let_in = {*within[:places], *beyond[: max(0, places - len(within))]}
    return Shared(
        kept=tuple(hit for hit in hits if hit.id in let_in),
        crowding=tuple(hit for hit in hits[:places] if hit.id not in let_in),
    )


def estimate_tokens(text: str) -> int:
    """Guess how many tokens a text has, from above: a Chinese character one, else four letters."""
    wide = len(_NARROW.sub("", text))
    return wide + (len(text) - wide + 3) // 4


def neutral(text: str) -> str:
    """Take out what could pass for a role, a template token or an invisible command.

    Again and again until nothing is left: what is taken out may have held a marker apart.
    """
    while True:
        cleaned = _MARKERS.sub(" ", _CONTROLS.sub("", text)).strip()
        if cleaned == text:
            return cleaned
        text = cleaned


def compose(parts: Ingredients, budget: int, count: Counter = estimate_tokens) -> Context:
    """Return messages within `budget` tokens: instruction, recent turns, notes and the message.

    Recalled memories go before recent turns where both cannot be had; the message always stays,
    so a budget smaller than it is exceeded.
    """
    prompt = _Prompt(parts, budget, count)
    prompt.add_standing()
    prompt.add_recalled()
    prompt.add_recent()
    prompt.add_aside()
    for what, hits, why in (
        ("withheld", parts.withheld, "has faded"), ("avoided", parts.avoided, "avoided"),
        ("recalled", parts.crowding, "crowds"),
    ):  # fmt: skip
        prompt.left_out += [LeftOut(what=what, id=hit.id, why=prompt.words[why]) for hit in hits]
    messages = prompt.messages()
    return Context(
        messages=messages,
        recalled=tuple(prompt.recalled),
        withheld=tuple(parts.withheld),
        left_out=tuple(prompt.left_out),
        tokens=prompt.tokens(),
        budget=budget,
    )


class _Prompt:
    """A prompt as it grows. Whatever would go past the budget is taken out again and named."""

    def __init__(self, parts: Ingredients, budget: int, count: Counter) -> None:
        self.parts, self.budget, self.count = parts, budget, count
        self.words = _WORDS[parts.lang]
        self.notes: dict[str, list[str]] = {
            "portrait": [], "global": [], "recalled": [], "aside": [],
        }  # fmt: skip
        self.recent: list[dict[str, str]] = []
        self.recalled: list[Recalled] = []
        self.left_out: list[LeftOut] = []

    def messages(self) -> tuple[dict[str, str], ...]:
        """Return the messages as they stand."""
        last = "\n\n".join(filter(None, (self._block(), self.parts.message)))
        instruction = {"role": "system", "content": self.parts.instruction}
        return (instruction, *self.recent, {"role": "user", "content": last})

    def tokens(self) -> int:
        """Return how many tokens they take."""
        return sum(self.count(m["content"]) + PER_MESSAGE for m in self.messages())

    def add_standing(self) -> None:
        """Put in portrait and global summary, the newest first, up to their share."""
        limit = min(self.budget, self.tokens() + int(self.budget * STANDING_SHARE))
        for what, source, line in reversed(list(self._standing())):
            self.notes[what].insert(0, line)
            if self.tokens() > limit:
                self.notes[what].pop(0)
                self._leave(what, source)

    def _standing(self) -> Iterator[tuple[str, str, str]]:
        if self.parts.overall:
            for line in self.parts.overall.text.splitlines():
                yield "global", self.parts.overall.id, f"- {neutral(line)}"
        for statement in self.parts.portrait.statements if self.parts.portrait else ():
            line = f"- {neutral(statement.text)} ({statement.when.isoformat()})"
            yield "portrait", statement.id, line

    def add_recalled(self) -> None:
        """Put in what was recalled, best first; recent turns stand there as messages anyway."""
        recent = {turn.id for turn in self.parts.recent}
        for hit in self.parts.recalled:
            if hit.id not in recent:
                self._add(hit)

    def add_recent(self) -> None:
        """Put in the newest turns, without a gap; what finds no place there may be a note."""
        kept: set[str] = set()
        full = False
        for turn in reversed(self.parts.recent):
            sides = (("user", turn.text), ("assistant", turn.reply))
            said = ((role, neutral(text or "")) for role, text in sides)
            messages = [{"role": role, "content": text} for role, text in said if text]
            before, self.recent = self.recent, messages + self.recent
            full = full or self.tokens() > self.budget
            if full:
                self.recent = before
                self._leave("recent", turn.id)
            else:
                kept.add(turn.id)
        recent = {turn.id for turn in self.parts.recent}
        for hit in self.parts.recalled:
            if hit.id in kept:
                why = self.words["is recent"]
                self.left_out.append(LeftOut(what="recalled", id=hit.id, why=why))
            elif hit.id in recent:
                self._add(hit)

    def add_aside(self) -> None:
        """Put in what nothing called for but may be brought up, if there is room and need."""
        aside = self.parts.aside
        known = {hit.id for hit in self.recalled} | {turn.id for turn in self.parts.recent}
        if aside and aside.id not in known:
            self._add(aside, "aside")

    def _add(self, hit: Recalled, what: str = "recalled") -> None:
        self.notes[what].append(self._entry(hit))
        if self.tokens() > self.budget:
            self.notes[what].pop()
            self._leave(what, hit.id)
        else:
            self.recalled.append(hit)

    def _leave(self, what: str, source: str) -> None:
        self.left_out.append(LeftOut(what=what, id=source, why=self.words["is full"]))

    def _entry(self, hit: Recalled) -> str:
        """Return a recalled memory as one dated entry."""
        when = hit.when.strftime("%Y-%m-%d" if hit.precision != "month" else "%Y-%m")
        applying = (
            ("summary", hit.kind == "day"),
            ("replaces", bool(hit.replaces)),
            ("untrusted", not hit.trusted),
        )
        tags = [self.words[tag] for tag, applies in applying if applies]
        text = neutral(hit.text)
        if len(text) > LONGEST_MEMORY:
            text = text[: LONGEST_MEMORY - 1] + "…"
        return f"[{', '.join([when, *tags])}] " + text.replace("\n", "\n  ")

    def _block(self) -> str:
        """Return the block of notes, empty if there is nothing to note."""
        sections = [
            "\n".join([self.words[what], *lines]) for what, lines in self.notes.items() if lines
        ]
        return "<memory>\n" + "\n\n".join(sections) + "\n</memory>" if sections else ""
