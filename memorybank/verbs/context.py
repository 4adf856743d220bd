"""Context: everything a language model should know before it answers one message. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from memorybank import lexical
from memorybank.compose import Counter, Ingredients, compose, estimate_tokens
from memorybank.errors import BadInput
from memorybank.prompts import read
from memorybank.records import Context, Lang, Turn
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    MemoryRow,
    TurnRow,
    from_us,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs.desk import Desk, zone_of
from memorybank.verbs.read import portrait, summaries
from memorybank.verbs.recall import Ask, recall

SAME_SITTING = timedelta(hours=12)
"""Turns older than this are memories, not the conversation that is going on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a context should hold: a budget in tokens, and how many memories and recent turns."""

    message: str
    now: datetime
    budget: int = 2000
    k: int = 8
    recent: int = 6
    lang: Lang | None = None
    count: Counter = estimate_tokens


def context(desk: Desk, wish: Wish) -> Context:
    """Return messages for any model, what was recalled and why, and what was left out."""
    if wish.budget < 1 or wish.recent < 0:
        raise BadInput("budget must be at least 1 token, recent at least 0 turns")
    # Recent turns stand in the prompt anyway: ask for so many more, to have k beside them.
    ask = Ask(message=wish.message, now=wish.now, k=wish.k + wish.recent)
    found = recall(desk, ask)
    with desk.read() as (tx, _, bank):
        lang = wish.lang or lexical.detect(wish.message, bank.lang)
        recent = _recent(tx, bank, wish)
    recent_ids = {turn.id for turn in recent}
    relevant = [hit for hit in found if hit.relevant and hit.id not in recent_ids][: wish.k]
    overall = summaries(desk, "global")
    parts = Ingredients(
        message=wish.message,
        instruction=read("context", lang),
        lang=lang,
        recalled=relevant,
        withheld=found.withheld,
        portrait=portrait(desk),
        overall=overall[0] if overall else None,
        recent=recent,
    )
    return compose(parts, wish.budget, wish.count)


def _recent(tx: Transaction, bank: BankRow, wish: Wish) -> list[Turn]:
    if not wish.recent:
        return []
    rows = tx.rows("last_turns", bank=bank.bank, until=to_us(wish.now), count=wish.recent)
    numbers = [row[0] for row in rows]
    since = to_us(wish.now - SAME_SITTING)
    turns = turns_by_number(tx, bank.bank, numbers)
    memories = memories_by_number(tx, bank.bank, numbers)
    return [
        turn_record(bank, memories[n], turns[n])
        for n in reversed(numbers)
        if memories[n].occurred_at >= since
    ]


def turn_record(bank: BankRow, memory: MemoryRow, turn: TurnRow) -> Turn:
    """Return the public record of a stored turn."""
    zone = zone_of(bank)
    return Turn(
        id=memory.id,
        text=turn.text,
        reply=turn.reply,
        occurred_at=from_us(memory.occurred_at, zone),
        recorded_at=from_us(turn.recorded_at, zone),
        precision=turn.precision,
        conversation=turn.conversation,
        seq=turn.seq,
        speaker=turn.speaker,
        replier=turn.replier,
        author=turn.author,
        channel=turn.channel,
        source=turn.source,
        trusted=bool(memory.trusted),
        lang=memory.lang,
        external_id=turn.external_id,
    )
