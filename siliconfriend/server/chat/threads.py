"""Where an exchange belongs, and its storing: regenerated, edited, retried, or simply next.

The name of an exchange is its place and its words (`dialogue.Step.key`), kept as the turn's
`external_id`, so that everything about it goes when the turn is erased. The same words at the
same place: the new reply supersedes the old. Other words at the same place: a branch, in a
conversation of its own. The first words of a conversation name no place of their own, and short
openings repeat; so near the beginning the same words count as a regeneration only within a
sitting, and as a new conversation after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from memorybank.bank import MemoryBank
from memorybank.records import Lang, Turn
from memorybank.rendering import clean, is_blank
from memorybank.store import Transaction
from memorybank.store.tables import TurnRow, from_us, memories_by_number, turns_by_number
from memorybank.verbs.desk import text_hash, zone_of
from memorybank.verbs.remember import remember
from siliconfriend.server.chat.dialogue import Dialogue, Step

SITTING = timedelta(hours=2)
UNIQUE = 2
"""After so many exchanges a place is like no other."""
LOOK_BACK = 20
"""Turns looked through for the one before, where a client sends only the end of its list."""
_PICTURE: dict[Lang, str] = {"en": "[picture]", "zh": "[图片]"}
_BROKEN: dict[Lang, str] = {"en": "[the reply broke off here]", "zh": "[回复到此中断]"}


@dataclass(frozen=True, slots=True)
class Place:
    """Under which names an exchange is stored."""

    external_id: str
    conversation: str
    seq: int
    supersedes: str | None = None


def keep(
    bank: MemoryBank,
    dialogue: Dialogue,
    reply: str,
    *,
    used: tuple[str, ...] = (),
    whole: bool = True,
    lang: Lang = "en",
) -> str:
    """Store the newest exchange of a dialogue with what it recalled; returns its id.

    A reply that broke off is kept and marked as such. What the user said before without having
    got any reply is stored too, if it is not yet.
    """
    now = bank.desk.moment(None)
    for step in _unanswered(dialogue):
        if not _known(bank, step):
            _store(bank, dialogue, step, "", now, (), lang)
    if not whole and reply:
        reply = f"{reply} {_BROKEN[lang]}"
    newest = dialogue.newest
    told = "\n".join(filter(None, (newest.reply, reply)))
    return _store(bank, dialogue, newest, told, now, used, lang)


def _unanswered(dialogue: Dialogue) -> list[Step]:
    """Return the exchanges right before the newest one that have no reply."""
    found: list[Step] = []
    for step in reversed(dialogue.before):
        if step.reply or is_blank(step.said):
            break
        found.insert(0, step)
    return found


def _store(
    bank: MemoryBank,
    dialogue: Dialogue,
    step: Step,
    reply: str,
    now: datetime,
    used: tuple[str, ...],
    lang: Lang,
) -> str:
    if is_blank(step.said) and is_blank(reply):
        return ""
    said, reply = _PICTURE[lang] if is_blank(step.said) else step.said, clean(reply)
    place = _place(bank, dialogue, step, text_hash(said, reply), now)
    turn = Turn(
        text=said, reply=reply or None, occurred_at=now, external_id=place.external_id,
        conversation=place.conversation, seq=place.seq, source="chat",
        supersedes=place.supersedes,
    )  # fmt: skip
    return remember(bank.desk, [turn], now=now, used=used)[0].id


def _known(bank: MemoryBank, step: Step) -> bool:
    with bank.desk.store.read() as tx:
        return bool(_called(tx, bank.desk.key, step.key))


def _place(
    bank: MemoryBank, dialogue: Dialogue, step: Step, wording: bytes, now: datetime
) -> Place:
    with bank.desk.store.read() as tx:
        key = bank.desk.key
        same = _called(tx, key, step.key)
        depth = dialogue.steps.index(step)
        if same and (depth >= UNIQUE or _recent(tx, bank, same[0], now)):
            return _again(tx, bank, same, wording)
        external_id = f"{step.key}:{len(same) + 1}" if same else step.key
        parent = _parent(tx, bank, dialogue, depth)
        if parent is None:
            return Place(external_id, bank.desk.new_id(), 0)
        branches = bool(same) or bool(_called(tx, key, f"chat:{step.place}:"))
        conversation = bank.desk.new_id() if branches else parent.conversation
        return Place(external_id, conversation, parent.seq + 1)


def _again(tx: Transaction, bank: MemoryBank, same: list[TurnRow], wording: bytes) -> Place:
    """Return the place of a regeneration: the reply that stands now is replaced by name; one
    that had been replaced before and has come again needs a name of its own."""
    stands = same[0]
    name = str(stands.external_id)
    older = [row.text_hash for row in same[1:] if row.external_id == name]
    if stands.text_hash == wording or wording not in older:
        return Place(name, stands.conversation, stands.seq)
    memory = memories_by_number(tx, bank.desk.key, [stands.number])[stands.number]
    base = ":".join(name.split(":")[:3])
    return Place(f"{base}:{len(same) + 1}", stands.conversation, stands.seq, memory.id)


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
