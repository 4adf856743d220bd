"""A history played through a simulated clock, as a chat would have lived it.

Each user message asks for its context first, and the memories that entered the prompt grow
stronger when the turn is remembered; when a day is over it is digested, without a model. The
bank sees one turn after the other and never a question of a set, unless `interludes` say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from memorybank.bank import MemoryBank
from memorybank.evals.scratch import scratch_folder
from memorybank.formats import Volume
from memorybank.models import Embedder
from memorybank.records import Memory, Turn
from memorybank.store.tables import TURN, EventRow, events_of, memories, to_days, to_us
from memorybank.verbs.desk import birth_of
from memorybank.verbs.read import described


@dataclass(frozen=True, slots=True)
class Interlude:
    """A question put to the memory right before turn number `before`: deliberate recall."""

    before: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A bank at the end of its history, its turns in the order in which they were lived."""

    bank: MemoryBank
    turns: tuple[Turn, ...]
    end: datetime


Recall = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Life:
    """What the log says of one memory: its birth in days, and its recalls: when, and the share of
    the turn's attention.

    `deliberate` are the recalls by an interlude's question, `natural` all others.
    """

    birth: float
    natural: tuple[Recall, ...]
    deliberate: tuple[Recall, ...]


def lived(volume: Volume) -> tuple[Turn, ...]:
    """Return the turns of a volume in the order of their time, as spoken in a chat."""
    order = sorted(range(len(volume.turns)), key=lambda i: (volume.turns[i].occurred_at, i))
    return tuple(volume.turns[i] for i in order)


def over(moment: datetime) -> datetime:
    """Return when the day of a moment is over: the midnight after it, in UTC as the bank."""
    return datetime.combine(moment.date() + timedelta(days=1), time.min, UTC)


@contextmanager
def played(
    volume: Volume,
    embedder: Embedder | None,
    *,
    preset: str = "gentle",
    interludes: Sequence[Interlude] = (),
) -> Iterator[Ended]:
    """Play a volume in a fresh bank; it is closed and gone afterwards."""
    turns = lived(volume)
    with (
        scratch_folder() as folder,
        MemoryBank.open(
            folder / "bank.db", bank=volume.name, lang=volume.lang, zone="UTC",
            embedder=embedder, preset=preset, seed=b"evaluation",
            clock=lambda: turns[-1].occurred_at,
        ) as bank,
    ):  # fmt: skip
        asked: dict[int, list[str]] = {}
        for interlude in interludes:
            asked.setdefault(interlude.before, []).append(interlude.text)
        for number, turn in enumerate(turns):
            for question in asked.get(number, ()):
                ask(bank, question, turn.occurred_at)
            live(bank, turn)
            last = number + 1 == len(turns)
            if last or turns[number + 1].occurred_at >= over(turn.occurred_at):
                bank.digest(now=over(turn.occurred_at))
        yield Ended(bank, turns, over(turns[-1].occurred_at))


def live(bank: MemoryBank, turn: Turn) -> str:
    """Let one turn happen as in a chat: context first, then the turn with what it used."""
    now = turn.occurred_at
    used = bank.context(turn.text, now=now).recalled if turn.text else ()
    return bank.remember(
        turn.text, reply=turn.reply, at=now, now=now, used=[hit.id for hit in used],
        conversation=turn.conversation, seq=turn.seq, speaker=turn.speaker, replier=turn.replier,
        author=turn.author, precision=turn.precision, external_id=turn.external_id, channel="chat",
    )  # fmt: skip


def ask(bank: MemoryBank, question: str, now: datetime) -> None:
    """Put a question as a user would: what entered the prompt grows stronger."""
    used = bank.context(question, now=now).recalled
    bank.remember(
        question, at=now, now=now, used=[hit.id for hit in used], conversation="interlude",
        source="interlude",
    )  # fmt: skip


def memories_of(ended: Ended) -> list[Memory]:
    """Return every turn that the set names, as `explain` would describe it, in its lived order.

    One pass over the bank through the same function that `explain` calls for each memory.
    """
    with ended.bank.desk.read() as (tx, _, bank):
        rows = [r for r in memories(tx.rows("memories_all", bank=bank.bank)) if r.kind == TURN]
        found = {m.external_id: m for m in described(tx, bank, rows, ended.end)}
    return [found[turn.external_id] for turn in ended.turns]


def lives_of(ended: Ended) -> list[Life]:
    """Return what the log says of every turn that the set names, in its lived order."""
    result = {}
    with ended.bank.desk.read() as (tx, _, bank):
        rows = [r for r in memories(tx.rows("memories_all", bank=bank.bank)) if r.kind == TURN]
        known = {memory.id: memory.external_id for memory in described(tx, bank, rows, ended.end)}
        spoken = {row.number for row in rows if known[row.id] is not None}
        for row in rows:
            recalls = [e for e in events_of(tx, bank.bank, row.number) if e.kind == "recall"]
            result[known[row.id]] = Life(
                birth=birth_of(bank, row).at,
                natural=tuple(_recall(e) for e in recalls if e.turn in spoken),
                deliberate=tuple(_recall(e) for e in recalls if e.turn not in spoken),
            )
    return [result[turn.external_id] for turn in ended.turns]


def _recall(event: EventRow) -> Recall:
    return to_days(event.at), event.effect or 1.0


def days(moment: datetime) -> float:
    """Return a moment in days since the epoch, as the curve counts."""
    return to_days(to_us(moment))
