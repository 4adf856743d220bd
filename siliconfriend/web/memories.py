"""The memories: day by day with what happened, searched, filtered, and kept in order by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from nicegui import ui

from memorybank.records import Day, Memory, Summary
from siliconfriend.web import cards
from siliconfriend.web.keeping import actions
from siliconfriend.web.visit import Visit, in_thread

DAYS = 14
"""Days that are shown at once; more on demand."""
FOUND = 20
CHUNK, LOOKED = 60, 360
"""Days that are read at once where only some are wanted, and at most before asking again."""


@dataclass(slots=True)
class Wish:
    """What somebody wants to see."""

    question: str = ""
    only: str = "all"
    days: int = DAYS


async def show(visit: Visit) -> None:
    """Draw the page."""
    wish = Wish()

    async def draw() -> None:
        if wish.question:
            await _show_found(visit, wish, listed.refresh)
        else:
            await _Days(visit, wish, listed.refresh).draw(wish.days)

    listed = ui.refreshable(draw)

    async def search() -> None:
        wish.question = (field.value or "").strip()
        await listed.refresh()

    def filtered(only: str) -> None:
        wish.only, wish.days = only, DAYS
        listed.refresh()

    with ui.element("div").classes("across"):
        field = ui.input(visit.say("search")).props("outlined dense clearable").classes(
            "grow search"
        )  # fmt: skip
        field.on("keydown.enter", visit.tried(search)).on("clear", visit.tried(search))
        ui.toggle(
            {name: visit.say(name) for name in ("all", "faded", "pinned")}, value="all",
            on_change=lambda event: filtered(event.value),
        ).props("dense no-caps").classes("filter")  # fmt: skip
    await listed()


def _wanted(memory: Memory, only: str) -> bool:
    return only == "all" or (memory.faded if only == "faded" else memory.pinned)


class _Days:
    """The days that are drawn, the newest first; older ones are read once they are asked for."""

    def __init__(self, visit: Visit, wish: Wish, again: Callable[[], object]) -> None:
        self.visit, self.wish, self.again = visit, wish, again
        self.before: date | None = None
        self.listed = ui.column().classes("page")
        self.more = ui.button(visit.say("older"), on_click=visit.tried(self._older))
        self.more.props("flat no-caps").classes("older")

    async def draw(self, count: int) -> None:
        """Draw so many days below those that are drawn."""
        read = partial(_read_days, self.visit, self.wish.only, self.before, count)
        days, self.before, rest = await in_thread(read)
        with self.listed:
            for day, memories in days:
                _show_day(self.visit, day, memories, self.again)
            if not days and not rest and not self.listed.default_slot.children:
                ui.label(self.visit.say("none")).classes("quiet")
        self.more.visible = rest

    async def _older(self) -> None:
        self.wish.days += DAYS  # as many are drawn when one of them has changed
        await self.draw(DAYS)


def _read_days(
    visit: Visit, only: str, before: date | None, count: int
) -> tuple[list[tuple[Day, list[Memory]]], date | None, bool]:
    """Return days that are wanted, the newest first; up to where was looked; if there are more.

    Where few are wanted the search ends after so many days, and goes on when asked.
    """
    found: list[tuple[Day, list[Memory]]] = []
    looked, bank = 0, visit.bank
    while len(found) < count and looked < LOOKED:
        most = count - len(found) if only == "all" else CHUNK
        days = bank.timeline(last=before, count=most, now=visit.now())
        if not days:
            return found, before, False
        for day in reversed(days):
            memories = [memory for memory in day.memories if _wanted(memory, only)]
            if memories or only == "all":
                found.append((day, memories))
            before = day.day - timedelta(days=1)
            looked += 1
            if len(found) == count:
                break
    return found, before, bool(bank.timeline(last=before, count=1, now=visit.now()))


def _show_day(visit: Visit, day: Day, memories: list[Memory], again: Callable[[], object]) -> None:
    weekday = f"{day.day:%A}" if visit.lang == "en" else "周" + "一二三四五六日"[day.day.weekday()]
    ui.label(f"{day.day.isoformat()} · {weekday}").classes("text-subtitle1 day")
    for title, summary in (("event summary", day.summary), ("insight", day.insight)):
        if summary:
            _show_summary(visit, title, summary)
    for memory in memories:
        _show_memory(visit, memory, again)


def _show_summary(visit: Visit, title: str, summary: Summary) -> None:
    with ui.element("div").classes("note summary"):
        ui.label(visit.say(title)).classes("quiet")
        cards.said(summary.text)


def _show_memory(visit: Visit, memory: Memory, again: Callable[[], object]) -> None:
    faded = "faded" if memory.faded else ""
    with ui.card().classes(f"memory {faded}").props("flat bordered"):
        cards.facts(visit, memory)
        cards.said(memory.text)
        cards.bar(visit, memory.retention)
        actions(visit, memory, again)


async def _show_found(visit: Visit, wish: Wish, again: Callable[[], object]) -> None:
    """Draw what a question finds, faded memories too."""

    def find() -> list[tuple[Memory, str]]:
        found = visit.bank.recall(wish.question, k=FOUND, faded="always", now=visit.now())
        explained = [(visit.bank.explain(hit.id, now=visit.now()).memory, hit) for hit in found]
        return [(memory, cards.reasons(hit, visit.lang)) for memory, hit in explained]

    found = [(memory, why) for memory, why in await in_thread(find) if _wanted(memory, wish.only)]
    if not found:
        ui.label(visit.say("found none")).classes("quiet")
    for memory, why in found:
        with ui.column().classes("page found").style("gap:0"):
            _show_memory(visit, memory, again)
            ui.label(visit.say("why", why)).classes("quiet why")
