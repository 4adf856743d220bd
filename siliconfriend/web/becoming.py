"""How the portrait came to be: the days that changed it, the newest first, older on demand."""

from __future__ import annotations

from datetime import date, timedelta

from nicegui import ui

from memorybank.records import Departed, PortraitDay, Statement
from memorybank.topics import LABELS
from siliconfriend.web.statements import turns_behind, words_of
from siliconfriend.web.visit import Visit, in_thread

DAYS = 7
"""Days that are shown at once."""


async def show(visit: Visit) -> None:
    """Draw the newest days, and the button for older ones."""
    ui.label(visit.say("how it came")).classes("text-h6 came")
    listed = ui.column().classes("page")
    last: list[date | None] = [None]

    async def older() -> None:
        days = await in_thread(
            visit.bank.portrait_history, last=last[0], count=DAYS + 1, now=visit.now()
        )
        with listed:
            for day in reversed(days[-DAYS:]):
                _day(visit, day)
        if days:
            last[0] = days[-DAYS:][0].day - timedelta(days=1)
        more.visible = len(days) > DAYS

    more = ui.button(visit.say("older"), on_click=visit.tried(older))
    more.props("flat no-caps").classes("older")
    await older()


def _day(visit: Visit, day: PortraitDay) -> None:
    with ui.card().classes("memory came-day").props("flat bordered"):
        ui.label(day.day.isoformat()).classes("text-subtitle1")
        replacing = {gone.by.id for gone in day.left if gone.by}
        for gone in day.left:
            _left(visit, gone)
        for what, statements in (("new", day.new), ("back again", day.back)):
            for statement in statements:
                if statement.id not in replacing:
                    _entered(visit, what, statement)


def _entered(visit: Visit, what: str, statement: Statement) -> None:
    with ui.column().classes("page came-new").style("gap:.2rem"):
        _mark(visit, what, statement, "green-8")
        words_of(statement)
        turns_behind(visit, statement)


def _left(visit: Visit, gone: Departed) -> None:
    """Draw what left the portrait, and below it what stands in its place."""
    with ui.column().classes(f"page came-{gone.why}").style("gap:.2rem"):
        _mark(visit, gone.why, gone.statement, "orange-9")
        words_of(gone.statement, gone=True)
        turns_behind(visit, gone.statement)
        if gone.by:
            with ui.element("div").classes("instead"):
                words_of(gone.by)
                turns_behind(visit, gone.by)


def _mark(visit: Visit, what: str, statement: Statement, colour: str) -> None:
    topic = LABELS[visit.lang].get(statement.topic, statement.topic)
    with ui.element("div").classes("across").style("gap:.4rem"):
        ui.badge(visit.say(what), color=colour).props("outline")
        ui.label(topic).classes("quiet")
