"""What recent messages called for that stayed away, since it had faded; and bringing it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nicegui import ui

from memorybank.errors import UnknownMemory
from memorybank.records import Memory, Turn
from siliconfriend.web import cards
from siliconfriend.web.visit import Visit, in_thread

TURNS = 12
"""Messages that are looked back at: each is recalled again as at its time, which writes nothing."""
SHOWN = 10
CALLED = 8
"""As many memories as a chat recalls."""


@dataclass(slots=True)
class Withheld:
    """A memory that stayed away, and the message that called for it last."""

    memory: Memory
    turn: Turn
    times: int = 1


async def show(visit: Visit) -> None:
    """Draw what stayed away, each with a button that revives it."""

    async def draw() -> None:
        found = await in_thread(withheld, visit)
        ui.label(visit.say("withheld lately")).classes("text-subtitle1")
        ui.label(visit.say("withheld how")).classes("quiet")
        if not found:
            ui.label(visit.say("none withheld")).classes("quiet none-withheld")
        for one in found:
            _show(visit, one, drawn.refresh)

    drawn = ui.refreshable(draw)
    await drawn()


def withheld(visit: Visit) -> list[Withheld]:
    """Return what the last messages called for in vain, the newest message first.

    What has come back since, or was corrected, is left out: there is nothing to revive.
    """
    bank, now = visit.bank, visit.now()
    found: dict[str, Withheld] = {}
    for turn in reversed(bank.recent(TURNS, now=now)):
        if turn.author != "user" or not turn.text:
            continue
        before = turn.occurred_at - timedelta(microseconds=1)
        recalled = bank.recall(turn.text, k=CALLED, now=turn.occurred_at, until=before)
        for hit in recalled.withheld:
            if hit.id in found:
                found[hit.id].times += 1
                continue
            try:
                memory = bank.explain(hit.id, now=now).memory
            except UnknownMemory:  # erased this moment
                continue
            if memory.faded and not memory.replaced_by:
                found[hit.id] = Withheld(memory, turn)
    return list(found.values())[:SHOWN]


def _show(visit: Visit, one: Withheld, again: Callable[[], object]) -> None:
    async def revive() -> None:
        visit.needs("write")
        await in_thread(visit.bank.revive, one.memory.id, now=visit.now())
        ui.notify(visit.say("revived"))
        again()

    with ui.card().classes("memory withheld").props("flat bordered"):
        cards.facts(visit, one.memory)
        cards.said(one.memory.text)
        day = one.turn.occurred_at.astimezone(visit.zone).date()
        asked = " ".join((one.turn.text or "").split())[:120]
        ui.label(visit.say("called by", day, asked)).classes("quiet said")
        if visit.may("write"):
            ui.button(visit.say("revive"), on_click=visit.tried(revive)).props(
                "flat dense no-caps"
            ).classes("do-revive")
