"""Context: everything a language model should know before it answers one message. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from memorybank import lexical
from memorybank.compose import (
    Counter,
    Ingredients,
    Shared,
    compose,
    estimate_tokens,
    share_out,
)
from memorybank.errors import BadInput
from memorybank.prompts import read
from memorybank.records import Context, Lang, Recalled, Recollection, Turn
from memorybank.rendering import clean
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs.desk import Desk
from memorybank.verbs.read import portrait, summaries, turn_record
from memorybank.verbs.recall import Ask, recall

SAME_SITTING = timedelta(hours=12)
"""Turns older than this are memories, not the conversation that is going on."""
FLOODED = 1000
"""So many hits are looked through for others where one source floods them."""


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
    instruction: str = ""
    aside: Recalled | None = None
    leave_out: Callable[[Recalled], bool] | None = None
    without: frozenset[str] = frozenset()
    standing: bool = True
    since: datetime | None = None


def context(desk: Desk, wish: Wish) -> Context:
    """Return messages for any model, what was recalled and why, and what was left out."""
    if wish.budget < 1 or wish.k < 1 or wish.recent < 0:
        raise BadInput(
            "a context takes budget and k of at least 1, and recent of at least 0",
            "上下文的 budget 和 k 至少为 1，recent 至少为 0",
        )
    # Recent turns stand in the prompt anyway: ask for so many more, to have k beside them.
    more = wish.recent + len(wish.without)
    k = wish.k + more
    found = recall(desk, Ask(message=wish.message, now=wish.now, k=k))
    with desk.read() as (tx, _, bank):
        lang = wish.lang or lexical.detect(wish.message, bank.lang)
        recent = _recent(tx, bank, wish)
    recent_ids = {turn.id for turn in recent}
    shared = _shared(found, wish, recent_ids)
    wider = found
    while len(shared.kept) < wish.k and shared.crowding and len(wider) >= k and k < FLOODED:
        k *= 4
        wider = recall(desk, Ask(message=wish.message, now=wish.now, k=k))
        shared = _shared(wider, wish, recent_ids)
    relevant = [hit for hit in found if hit.relevant and hit.id not in wish.without]
    avoided = [hit for hit in relevant if wish.leave_out and wish.leave_out(hit)]
    among = [hit for hit in relevant if hit.id in recent_ids and hit not in avoided]
    overall = summaries(desk, "global") if wish.standing else []
    parts = Ingredients(
        message=clean(wish.message),
        instruction=wish.instruction or read("context", lang),
        lang=lang,
        recalled=[*shared.kept, *among],
        withheld=found.withheld,
        portrait=portrait(desk, wish.now) if wish.standing else None,
        overall=overall[0] if overall else None,
        recent=recent,
        aside=wish.aside,
        avoided=avoided,
        crowding=shared.crowding,
    )
    return compose(parts, wish.budget, wish.count)


def _shared(found: Recollection, wish: Wish, recent: set[str]) -> Shared:
    """Return what enters the notes beside the recent turns, and what its source keeps out."""
    beside = [
        hit
        for hit in found
        if hit.relevant
        and hit.id not in wish.without
        and hit.id not in recent
        and not (wish.leave_out and wish.leave_out(hit))
    ]
    return share_out(beside, wish.k)


def _recent(tx: Transaction, bank: BankRow, wish: Wish) -> list[Turn]:
    if not wish.recent:
        return []
    count = wish.recent + len(wish.without)
    rows = tx.rows("last_spoken", bank=bank.bank, until=to_us(wish.now), count=count)
    numbers = [row[0] for row in rows]
    since = to_us(max(filter(None, (wish.now - SAME_SITTING, wish.since))))
    turns = turns_by_number(tx, bank.bank, numbers)
    memories = memories_by_number(tx, bank.bank, numbers)
    return [
        turn_record(bank, memories[n], turns[n])
        for n in reversed(numbers)
        if memories[n].occurred_at >= since and memories[n].id not in wish.without
    ][-wish.recent :]
