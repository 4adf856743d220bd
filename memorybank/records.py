"""The words of the library: what a turn, a memory, a summary, a portrait are.

Everything here is frozen and typed and goes to and from JSON; nothing here does anything.
Times are aware datetimes in the bank's zone; durations are floats in days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Literal, overload

Lang = Literal["zh", "en"]
Author = Literal["user", "companion", "other"]
Channel = Literal["chat", "import", "tool"]
Precision = Literal["instant", "day", "month"]
Kind = Literal["turn", "day"]
Level = Literal["day", "insight", "week", "month", "global"]
EventKind = Literal["recall", "pin", "unpin", "fade", "revive", "settle"]
Departure = Literal["renewed", "corrected", "crowded"]
FadedPolicy = Literal["on_cue", "always", "never"]


def plain(value: Any) -> Any:
    """Turn any record into what `json.dumps` takes: dicts, lists, strings, numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, Recollection)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no infinity: what never fades has no measure of strength
    return value


class Record:
    """What all records share: the way to JSON."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain dicts, lists, strings and numbers."""
        result: dict[str, Any] = plain(self)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Record):
    """One exchange: what one said, what the other replied; either side may be absent.

    `author` says whose turn it is: who spoke `text`, or `reply` where that is all there is; `reply`
    is the companion's side. `occurred_at` is when it
    happened, to `precision`; `recorded_at` when it came here. `seq` orders turns of one time.
    """

    text: str | None = None
    reply: str | None = None
    occurred_at: datetime
    id: str = ""
    recorded_at: datetime | None = None
    precision: Precision = "instant"
    conversation: str = ""
    seq: int = 0
    speaker: str | None = None
    replier: str | None = None
    author: Author = "user"
    channel: Channel = "chat"
    source: str | None = None
    trusted: bool = True
    lang: Lang = "en"
    external_id: str | None = None
    supersedes: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        """Read back what `to_json` wrote; unknown keys are ignored, times must carry a zone."""
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        for name in ("occurred_at", "recorded_at"):
            if isinstance(values.get(name), str):
                values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(Record):
    """A piece that can be recalled, and how well it is held at the moment asked about.

    `strength` is S in days, `retention` is R = exp(-dt/S) in 0..1, `fades_at` the moment at
    which it is left out of ordinary recall (None: never).
    """

    id: str
    kind: Kind
    occurred_at: datetime
    text: str
    significance: float
    strength: float
    retention: float
    last_recalled_at: datetime | None
    fades_at: datetime | None
    faded: bool
    pinned: bool
    trusted: bool = True
    external_id: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something that happened to a memory: the log from which its strength can be recomputed.

    `effect` is what the event brought: for a recall that several memories shared, the share of
    each; for settling, the significance; None where the event speaks for itself.
    """

    kind: EventKind
    at: datetime
    turn_id: str | None = None
    effect: float | None = None
    retention: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Record):
    """One named share of a judgement: its value, and what it adds to the whole."""

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Record):
    """Why something was recalled: each signal with its share, and notes in words."""

    signals: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Tell it in a line: the notes, then the signals by what they add."""
        signals = sorted(self.signals, key=lambda part: -part.share)
        return ", ".join([*self.notes, *(f"{p.name} {p.share:+.1f}" for p in signals)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(Record):
    """A memory that answered a question; `score` is comparable within one recall only.

    `relevant` says that it would enter a prompt unasked, and is not merely the least unlike.
    `source` is the file it came from, or the channel, or "untrusted" for a summary of such; None
    for the person's own talk.
    """

    id: str
    external_id: str | None
    kind: Kind
    when: datetime
    text: str
    score: float
    retention: float
    faded: bool
    why: Why
    precision: Precision = "instant"
    replaces: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    neighbour_of: str | None = None
    relevant: bool = True
    trusted: bool = True
    lang: Lang = "en"
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection(Record, Sequence[Recalled]):
    """What a question brought back, best first, and what has faded and was withheld."""

    hits: tuple[Recalled, ...] = ()
    withheld: tuple[Recalled, ...] = ()
    notes: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Recalled: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recalled]: ...
    def __getitem__(self, index: int | slice) -> Recalled | Sequence[Recalled]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Recalled]:
        return iter(self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Record):
    """A condensed stretch of time. `period` is "2026-03-01", "2026-W09", "2026-03" or "all".

    `method` is "extractive" where no language model took part; `sources` are the ids of what
    it was made from; `stale` means that its sources have changed since.
    """

    id: str
    level: Level
    period: str
    text: str
    method: str
    lang: Lang
    sources: tuple[str, ...]
    made_at: datetime
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Record):
    """One dated thing that is held of the user, with the turns that it stands on."""

    id: str
    topic: str
    text: str
    when: date
    method: str
    lang: Lang
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait(Record):
    """Who the user is, as far as their own words show."""

    statements: tuple[Statement, ...]
    lang: Lang
    method: str

    @property
    def text(self) -> str:
        """The portrait as lines, newest knowledge last."""
        return "\n".join(f"- {s.text} ({s.when.isoformat()})" for s in self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed(Record):
    """A statement that left the portrait, why, and which one stands in its place, if one does.

    `why` is "renewed" where a newer one says it again or takes its place, "corrected" where its
    turn was corrected, "crowded" where newer ones on the topic took the room: that one still
    stands in memory.
    """

    statement: Statement
    why: Departure
    by: Statement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitDay(Record):
    """What a day did to the portrait: what is new, what came back for there was room, what left."""

    day: date
    new: tuple[Statement, ...] = ()
    back: tuple[Statement, ...] = ()
    left: tuple[Departed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Record):
    """Something that did not enter a prompt, and why not."""

    what: str
    id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Record):
    """Messages for any language model, and what stands behind them.

    `recalled` is what really entered the prompt: hand the whole context to
    `remember(..., used=context)` and those memories grow stronger.
    """

    messages: tuple[dict[str, str], ...]
    recalled: tuple[Recalled, ...]
    withheld: tuple[Recalled, ...]
    left_out: tuple[LeftOut, ...]
    tokens: int
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Record):
    """All that is known about one memory."""

    memory: Memory
    parts: tuple[Part, ...]
    preset: str
    events: tuple[Event, ...]
    sources: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    replaced_by: str | None = None
    turn: Turn | None = None
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Record):
    """One day of the timeline: its event summary, its insight and its memories."""

    day: date
    summary: Summary | None
    insight: Summary | None
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    """A piece of work that waits: a day to digest, vectors to make; not before `run_after`."""

    kind: str
    subject: str
    created_at: datetime
    attempts: int = 0
    run_after: datetime | None = None
    error: str | None = None
    error_zh: str | None = None

    def say(self, lang: Lang) -> str:
        """Return why it failed last, in a language; "" where it has not."""
        return (self.error_zh if lang == "zh" else None) or self.error or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankInfo(Record):
    """A bank as it is listed."""

    id: str
    name: str
    tenant: str
    lang: Lang
    zone: str
    preset: str
    embedder: str | None
    created_at: datetime
    turns: int = 0
    first: datetime | None = None
    last: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
