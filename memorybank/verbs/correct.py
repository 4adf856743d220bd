"""Correct a memory: the newer wording counts, the older one stays visible behind it."""

from __future__ import annotations

from datetime import datetime

from memorybank.errors import BadInput
from memorybank.records import Turn
from memorybank.verbs.desk import Desk, memory_named
from memorybank.verbs.remember import remember


def correct(desk: Desk, memory_id: str, text: str, reply: str | None, now: datetime) -> str:
    """Store a turn that replaces another; returns the new id.

    Raises:
        UnknownMemory: no memory has this id.
        BadInput: it is a summary, which follows its turns.
    """
    with desk.read() as (tx, _, bank):
        known = memory_named(tx, bank.bank, memory_id)
    if known.kind:
        raise BadInput(
            "an event summary follows its turns: correct the turn that is wrong",
            "小结随它的对话而变：请更正出错的那一轮",
        )
    turn = Turn(text=text, reply=reply, occurred_at=now, supersedes=known.id)
    return remember(desk, [turn], now=now)[0].id
