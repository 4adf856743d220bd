"""What a hand can do to one memory: pin, correct, fade, revive, erase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from memorybank.records import Memory
from memorybank.verbs.would_erase import would_erase
from siliconfriend.web import asking
from siliconfriend.web.visit import Visit, in_thread


def actions(visit: Visit, memory: Memory, again: Callable[[], object]) -> None:
    """Draw the buttons; `again` draws the list anew."""
    bank = visit.bank

    async def change(what: Callable[[], object]) -> None:
        visit.needs("write")
        await in_thread(what)
        ui.notify(visit.say("done"))
        again()

    async def correct() -> None:
        turn = (await in_thread(bank.explain, memory.id, now=visit.now())).turn
        text = await asking.text(visit, "what is right", (turn.text if turn else "") or "")
        if text:
            await change(lambda: bank.correct(memory.id, text, now=visit.now()))

    def simply(verb: Callable[..., None]) -> Callable[[], Awaitable[None]]:
        return lambda: change(lambda: verb(memory.id, now=visit.now()))

    async def erase() -> None:
        await _erase(visit, memory, again)

    pin = ("unpin", simply(bank.unpin)) if memory.pinned else ("pin", simply(bank.pin))
    fade = ("revive", simply(bank.revive)) if memory.faded else ("fade", simply(bank.fade))
    chosen: list[tuple[str, Callable[[], Awaitable[None]]]] = []
    if visit.may("write"):
        chosen += [pin, fade]
        if memory.kind == "turn" and not memory.replaced_by:
            chosen.append(("correct", correct))
    if visit.may("erase") and memory.kind == "turn":
        chosen.append(("erase", erase))
    with ui.element("div").classes("across").style("gap:0"):
        for name, what in chosen:
            ui.button(visit.say(name), on_click=visit.tried(what)).props(
                "flat dense no-caps"
            ).classes(f"do-{name}")


async def _erase(visit: Visit, memory: Memory, again: Callable[[], object]) -> None:
    """Erase a memory once somebody has seen what goes with it."""
    visit.needs("erase")
    told = await in_thread(would_erase, visit.bank.desk, ids=[memory.id], versions=True)
    along = (
        visit.say("takes along", told.summaries, told.statements)
        if told.along
        else visit.say("takes nothing")
    )
    details = [memory.text[:200], along]
    if told.turns > 1:
        details.append(visit.say("versions"))
    if not await asking.sure(visit, "erase?", "erase", details):
        return
    gone = await in_thread(visit.bank.erase, memory.id, versions=True, now=visit.now())
    ui.notify(visit.say("erased", gone.turns, gone.summaries, gone.statements))
    again()
