"""What an audit looks for among turns. Pure: rows in, suspects out; nothing is decided here.

None of this detects an attack: it shows what poisoned or broken memories look like, for people to
judge. What keeps poisoned text from steering is how it is stored and shown (see docs/threats.md).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from memorybank import cues
from memorybank.compose import neutral
from memorybank.records import Author, Channel, Lang, Record

SuspectKind = Literal["duplicate", "markers", "junk", "echo", "loop", "stale"]
OWN = "chat"
"""The name of the user's own talk among the sources."""
DAY_US = 86_400_000_000
LONG = 24
"""Letters (a Chinese character counts three) from which the same words are no coincidence."""
LOOP, LOOP_DAYS, LOOP_SHARE = 12, 30, 0.25
"""A memory recalled so often in so many days, more in their later half, and taking this share."""
BLOB = 120
"""Letters and digits without a break from which a text is no language."""
EXCERPT = 80

_BLOB = re.compile(rf"[A-Za-z0-9+/=_-]{{{BLOB},}}")
_SAME = re.compile(r"(\S)\1{39,}")
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class AuditTurn:
    """One turn as an audit reads it; `at` in microseconds since 1970."""

    number: int
    id: str
    source: str | None
    channel: Channel
    author: Author
    trusted: int
    text: str | None
    reply: str | None
    lang: Lang
    at: int
    supersedes: int | None
    superseded_by: int | None

    @property
    def origin(self) -> str:
        """Where it came from: a file's name, or the channel where there is none."""
        return self.source or self.channel

    @property
    def said(self) -> str:
        """Both sides as one text."""
        return "\n".join(filter(None, (self.text, self.reply)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect(Record):
    """Something to look at: which memories, from where, how often, and how it begins."""

    kind: SuspectKind
    ids: tuple[str, ...]
    source: str
    count: int = 1
    excerpt: str = ""


def suspects(
    turns: Sequence[AuditTurn], recalls: Sequence[tuple[int, int | None, int]], now: int
) -> list[Suspect]:
    """Return all suspects among turns in order of time and recalls (memory, by turn, at)."""
    return [*_duplicates(turns), *_unreadable(turns), *_echoes(turns), *_loops(turns, recalls, now)]


def weight(text: str) -> int:
    """Return how long a text is to a reader: a Chinese character counts three letters."""
    return sum(3 if c >= "\u2e80" else 1 for c in text)


def _bare(text: str) -> str:
    """Return a text as it sounds: no case, no spacing, no punctuation around it."""
    return _EDGES.sub("", " ".join(text.casefold().split()))


def _duplicates(turns: Iterable[AuditTurn]) -> Iterator[Suspect]:
    alike: dict[str, list[AuditTurn]] = defaultdict(list)
    for turn in turns:
        bare = _bare(turn.said)
        if weight(bare) >= LONG and turn.superseded_by is None:
            alike[bare].append(turn)
    for same in alike.values():
        if len(same) > 1:
            yield _suspect("duplicate", same, len(same))


def _unreadable(turns: Iterable[AuditTurn]) -> Iterator[Suspect]:
    for turn in turns:
        said = turn.said
        if any(neutral(side) != side.strip() for side in (turn.text, turn.reply) if side):
            yield _suspect("markers", [turn])
        elif _BLOB.search(said) or _SAME.search(said) or not any(c.isalnum() for c in said):
            yield _suspect("junk", [turn])


def _echoes(turns: Iterable[AuditTurn]) -> Iterator[Suspect]:
    """Yield turns in which somebody says what the companion had said before, word for word."""
    spoken: set[str] = set()
    for turn in turns:
        again = sum(s in spoken for s in _sentences(turn.text)) if turn.author != "companion" else 0
        if again:
            yield _suspect("echo", [turn], again)
        spoken.update(_sentences(turn.reply))
        if turn.author == "companion":
            spoken.update(_sentences(turn.text))


def _sentences(text: str | None) -> list[str]:
    bare = (_bare(sentence) for sentence in cues.sentences(text or ""))
    return [sentence for sentence in bare if weight(sentence) >= LONG]


def _loops(
    turns: Iterable[AuditTurn], recalls: Iterable[tuple[int, int | None, int]], now: int
) -> Iterator[Suspect]:
    """Yield memories that are recalled ever more, and crowd out others."""
    first, middle = now - LOOP_DAYS * DAY_US, now - LOOP_DAYS * DAY_US // 2
    within = [(memory, at) for memory, _, at in recalls if first < at <= now]
    counts = Counter(memory for memory, _ in within)
    later = Counter(memory for memory, at in within if at > middle)
    known = {turn.number: turn for turn in turns}
    for number, count in counts.items():
        growing = later[number] > count - later[number]
        if count >= LOOP and growing and count >= LOOP_SHARE * len(within) and number in known:
            yield _suspect("loop", [known[number]], count)


def _suspect(kind: SuspectKind, turns: Sequence[AuditTurn], count: int = 1) -> Suspect:
    begins = " ".join(neutral(turns[0].said).split())
    return Suspect(
        kind=kind, ids=tuple(turn.id for turn in turns), count=count, excerpt=begins[:EXCERPT],
        source=", ".join(dict.fromkeys(turn.origin for turn in turns)),
    )  # fmt: skip
