"""Where an exchange belongs, and its storing: new, regenerated, edited, retried, or half.

What the user said is stored before any of the reply is shown, and gets its reply when that is
there; so nothing that happens in between can take it. The name of an exchange is its place and its
words (`dialogue.Step.key`), kept as the turn's `external_id`, so that everything about it goes
when the turn is erased. The same words at the same place: a turn without a reply gets it, one that
has a reply is superseded by the new one. Other words at the same place: a branch, in a
conversation of its own. Short openings repeat and have no place of their own; so near the
beginning the same words count as a regeneration only within a sitting, and as a new conversation
after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from memorybank.bank import MemoryBank
from memorybank.errors import UnknownMemory
from memorybank.records import Lang, Turn
from memorybank.rendering import clean, is_blank, says_nothing
from memorybank.store import Transaction
from memorybank.store.tables import TurnRow, from_us, memories_by_number, turns_by_number
from memorybank.verbs.desk import text_hash, zone_of
from memorybank.verbs.remember import remember
from siliconfriend.server.chat.dialogue import Dialogue, Step
from siliconfriend.words import word

SITTING = timedelta(hours=2)
UNIQUE = 2
"""After so many exchanges a place is like no other."""
LOOK_BACK = 20
"""Turns looked through for the one before, where a client sends only the end of its list."""
_PICTURE: dict[Lang, str] = {"en": "[picture]", "zh": "[图片]"}


@dataclass(frozen=True, slots=True)
class Place:
    """Under which names an exchange is stored."""

    external_id: str
    conversation: str
    seq: int
    turn: TurnRow | None = None
    """The turn that stands there already; then the name is for the one that supersedes it."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A turn that waits for its reply."""

    bank: MemoryBank
    dialogue: Dialogue
    place: Place
    turn_id: str
    now: datetime
    lang: Lang

    @property
    def stands(self) -> str:
        """The reply that the turn has already."""
        return (self.place.turn.reply or "") if self.place.turn else ""


def begin(bank: MemoryBank, dialogue: Dialogue, lang: Lang) -> Thread:
    """Store what the user said; also what they said right before without getting any reply."""
    now = bank.desk.moment(None)
    for step in _unanswered(dialogue):
        if not _known(bank, step):
            _said(bank, step, _place(bank, dialogue, step, now), now, lang)
    place = _place(bank, dialogue, dialogue.newest, now)
    if place.turn:
        with bank.desk.store.read() as tx:
            memory = memories_by_number(tx, bank.desk.key, [place.turn.number])[place.turn.number]
        return Thread(bank, dialogue, place, memory.id, now, lang)
    turn_id = _said(bank, dialogue.newest, place, now, lang)
    return Thread(bank, dialogue, place, turn_id, now, lang)


def finish(thread: Thread, reply: str, *, used: tuple[str, ...] = (), whole: bool = True) -> None:
    """Give the turn its reply with what it recalled; one that broke off is marked as such.

    The reply of a turn that has one is superseded; one that goes on after a tool was called is
    only longer. A turn that was erased meanwhile stays erased.
    """
    before = clean(thread.dialogue.newest.reply)
    told = clean("\n".join(filter(None, (before, reply))))
    if says_nothing(told) or told == thread.stands:
        return
    if not whole:
        told += word("half", thread.lang)
    bank, goes_on = thread.bank, bool(before) and before.startswith(thread.stands)
    try:
        if thread.stands and not goes_on:
            _supersede(thread, told, used)
        else:
            bank.answer(thread.turn_id, told, used=used, now=thread.now)
    except UnknownMemory:
        return


def _supersede(thread: Thread, reply: str, used: tuple[str, ...]) -> None:
    place = thread.place
    turn = Turn(
        text=_spoken(thread.dialogue.newest, thread.lang), reply=reply, occurred_at=thread.now,
        external_id=place.external_id, conversation=place.conversation, seq=place.seq,
        source="chat", supersedes=thread.turn_id,
    )  # fmt: skip
    remember(thread.bank.desk, [turn], now=thread.now, used=used)


def _unanswered(dialogue: Dialogue) -> list[Step]:
    """Return the exchanges right before the newest one that have no reply."""
    found: list[Step] = []
    for step in reversed(dialogue.before):
        if step.reply or is_blank(step.said):
            break
        found.insert(0, step)
    return found


def _said(bank: MemoryBank, step: Step, place: Place, now: datetime, lang: Lang) -> str:
    """Store what was said in one step; the vector is made with the reply, or by a job."""
    turn = Turn(
        text=_spoken(step, lang), occurred_at=now, external_id=place.external_id,
        conversation=place.conversation, seq=place.seq, source="chat",
    )  # fmt: skip
    return remember(bank.desk, [turn], now=now, vectors="later")[0].id


def _spoken(step: Step, lang: Lang) -> str:
    return _PICTURE[lang] if is_blank(step.said) else step.said


def _known(bank: MemoryBank, step: Step) -> bool:
    with bank.desk.store.read() as tx:
        return bool(_called(tx, bank.desk.key, step.key))


def _place(bank: MemoryBank, dialogue: Dialogue, step: Step, now: datetime) -> Place:
    with bank.desk.store.read() as tx:
        key = bank.desk.key
        same = _called(tx, key, step.key)
        depth = dialogue.steps.index(step)
        if same and (depth >= UNIQUE or _recent(tx, bank, same[0], now)):
            row = same[0]
            return Place(f"{step.key}:{len(same) + 1}", row.conversation, row.seq, row)
        external_id = f"{step.key}:{len(same) + 1}" if same else step.key
        parent = _parent(tx, bank, dialogue, depth)
        if parent is None:
            return Place(external_id, bank.desk.new_id(), 0)
        branches = bool(same) or bool(_called(tx, key, f"chat:{step.place}:"))
        conversation = bank.desk.new_id() if branches else parent.conversation
        return Place(external_id, conversation, parent.seq + 1)


def _parent(tx: Transaction, bank: MemoryBank, dialogue: Dialogue, depth: int) -> TurnRow | None:
    """Return the turn before; where its place is not known, by its words among the last ones."""
    if depth == 0:
        return None
    before = dialogue.steps[depth - 1]
    named = _called(tx, bank.desk.key, before.key)
    if named:
        return named[0]
    wanted = text_hash(before.said, before.reply)
    last = tx.rows("newest_turns", bank=bank.desk.key, count=LOOK_BACK)
    rows = turns_by_number(tx, bank.desk.key, [number for (number,) in last])
    fits = [row for row in rows.values() if row.text_hash == wanted]
    return max(fits, key=lambda row: row.number, default=None)


def _called(tx: Transaction, bank: int, name: str) -> list[TurnRow]:
    """Return the turns whose external id begins so, newest first."""
    found = tx.rows("turns_beginning", bank=bank, low=name, high=name + "\uffff")
    rows = turns_by_number(tx, bank, [number for (number,) in found])
    return [rows[number] for (number,) in found]


def _recent(tx: Transaction, bank: MemoryBank, row: TurnRow, now: datetime) -> bool:
    memory = memories_by_number(tx, bank.desk.key, [row.number])[row.number]
    zone = zone_of(bank.desk.bank())
    return abs(now - from_us(memory.occurred_at, zone)) <= SITTING
