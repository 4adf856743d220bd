"""One statement of the portrait, and the turns that it leads to, fetched once it is unfolded."""

from __future__ import annotations

from nicegui import ui

from memorybank.compose import neutral
from memorybank.errors import UnknownMemory
from memorybank.records import Explanation, Statement
from siliconfriend.web import cards
from siliconfriend.web.visit import Visit, in_thread


def words_of(statement: Statement, *, gone: bool = False) -> None:
    """Draw what a statement says; struck through once it has left the portrait."""
    ui.label(neutral(statement.text)).classes("said gone" if gone else "said")


def turns_behind(visit: Visit, statement: Statement) -> None:
    """Draw what unfolds to the turns that a statement stands on."""
    if not statement.sources:
        return

    async def unfold() -> None:
        if not behind.value or drawn.default_slot.children:
            return
        found = await in_thread(_explained, visit, statement.sources)
        with drawn:
            for told in found:
                _turn(visit, told)
            if not found:
                ui.label(visit.say("turn erased")).classes("quiet")

    behind = ui.expansion(visit.say("turns behind")).props("dense").classes("page behind")
    with behind:
        drawn = ui.column().classes("page").style("gap:.25rem")
    behind.on_value_change(visit.tried(unfold))


def _turn(visit: Visit, told: Explanation) -> None:
    if told.turn is None:
        return
    cards.facts(visit, told.memory)
    cards.said(told.turn.text or told.turn.reply or "")


def _explained(visit: Visit, ids: tuple[str, ...]) -> list[Explanation]:
    """Return what is known of turns; those that were erased this moment are left out."""
    found = []
    for memory_id in ids:
        try:
            found.append(visit.bank.explain(memory_id, now=visit.now()))
        except UnknownMemory:
            continue
    return found
