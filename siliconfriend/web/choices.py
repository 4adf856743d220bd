"""Choosing model, embedder and time zone: among what the operator listed, and nothing else.

No page takes an address or a key. What cannot be chosen here says how the operator changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zoneinfo import available_timezones

from nicegui import ui

from memorybank.records import BankInfo
from memorybank.verbs import embedding, opening
from siliconfriend.server import choosing
from siliconfriend.web import asking
from siliconfriend.web.visit import Visit, in_long_thread, in_thread

BEAT = 1.0
"""Seconds between two looks at the queue of vectors."""


def zones() -> list[str]:
    """Return every time zone of the IANA list that this machine knows, by name."""
    return sorted(available_timezones())


def fact(name: str, value: str) -> None:
    """Draw something that is shown and not chosen."""
    with ui.element("div").classes("across fact"):
        ui.label(name).classes("grow")
        ui.label(value).classes("said")


def draw(visit: Visit, info: BankInfo) -> None:
    """Draw model, embedder and time zone."""
    _model(visit, info)
    _embedder(visit, info)
    _zone(visit, info)


def _model(visit: Visit, info: BankInfo) -> None:
    house, say = visit.house, visit.say
    own = house.llm.name if house.llm else say("no model")
    names = {name: name or own for name in choosing.models(house)}
    current = choosing.chosen_model(house, info)
    if len(names) == 1 or not visit.may("admin"):
        fact(say("model"), names[current])
        ui.label(say("model fixed")).classes("quiet")
        return

    async def choose(name: str) -> None:
        await in_long_thread(choosing.choose_model, house, visit.bank, name)
        ui.notify(say("model chosen", names[name]))

    _select(visit, "model", names, current, choose)
    ui.label(say("model listed")).classes("quiet")


def _embedder(visit: Visit, info: BankInfo) -> None:
    house, say = visit.house, visit.say
    own = house.embedder.name if house.embedder else say("no embedder")
    names = {name: name or own for name in choosing.embedders(house)}
    current = choosing.chosen_embedder(house, info)
    progress = _Coverage(visit)

    async def choose(name: str) -> bool:
        count = (await in_thread(embedding.coverage, visit.bank.desk))[1]
        if not await asking.sure(visit, "reembed?", "reembed", [say("reembed means", count)]):
            return False
        waiting = await in_long_thread(choosing.choose_embedder, house, visit.bank, name)
        ui.notify(say("reembedding", waiting))
        await progress.look()
        return True

    may = visit.may("admin")
    if len(names) > 1 and may:
        _select(visit, "embedder", names, current, choose)
        ui.label(say("embedder listed")).classes("quiet")
    else:
        fact(say("embedder"), names[current])
        ui.label(say("embedder fixed")).classes("quiet")
    opened = visit.bank.desk.embedder
    if opened and info.embedder != opened.name:
        ui.label(say("other embedder", info.embedder or say("no embedder"))).classes("note other")
        if may:
            ui.button(
                say("reembed"), on_click=visit.tried(partial(_again, visit, choose, current))
            ).props("outline no-caps").classes("reembed")
    progress.draw()


async def _again(visit: Visit, choose: Callable[[str], object], current: str) -> None:
    visit.needs("admin")
    await choose(current)  # type: ignore[misc]


class _Coverage:
    """How many memories have their vector; looked at until all have."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit

    def draw(self) -> None:
        """Draw the bar, which is seen only while something waits."""
        with ui.column().classes("page embedding").style("gap:.2rem") as self.shown:
            self.line = ui.label().classes("quiet")
            self.bar = ui.linear_progress(0, show_value=False)
            self.why = ui.label().classes("note")
        self.shown.visible = self.why.visible = False
        self.timer = ui.timer(BEAT, self.look)

    async def look(self) -> None:
        """See how far the worker has come."""
        done, total, wrong = await in_thread(self._read)
        waits = done < total and self.visit.bank.desk.embedder is not None
        if self.shown.visible and not waits:
            ui.notify(self.visit.say("embedded"))
        self.shown.visible = waits
        self.timer.active = waits
        self.line.text = self.visit.say("vectors made", done, total)
        self.bar.value = done / total if total else 1.0
        self.why.text, self.why.visible = wrong, bool(wrong)

    def _read(self) -> tuple[int, int, str]:
        done, total = embedding.coverage(self.visit.bank.desk)
        jobs = (job for job in self.visit.bank.jobs() if job.kind == "embed")
        wrong = next((job.say(self.visit.lang) for job in jobs if job.error), "")
        return done, total, wrong


def _zone(visit: Visit, info: BankInfo) -> None:
    say = visit.say
    if info.turns or not visit.may("admin"):
        fact(say("zone"), info.zone)
        ui.label(say("zone fixed")).classes("quiet")
        return

    async def choose(zone: str) -> None:
        await in_thread(opening.change_zone, visit.bank.desk, zone)
        ui.notify(say("zone chosen", zone))

    _select(visit, "zone", {zone: zone for zone in zones()}, info.zone, choose, typed=True)
    ui.label(say("zone free")).classes("quiet")


def _select(
    visit: Visit,
    what: str,
    names: dict[str, str],
    current: str,
    choose: Callable[[str], object],
    *,
    typed: bool = False,
) -> None:
    """Draw a choice; one that fails, or is thought better of, falls back to what it was."""
    kept = [current]

    async def change() -> None:
        name = str(select.value)
        if name == kept[0]:
            return
        try:
            visit.needs("admin")
            if (await choose(name)) is not False:  # type: ignore[misc]
                kept[0] = name
        finally:
            select.value = kept[0]

    select = ui.select(
        names, value=current, label=visit.say(what), with_input=typed,
        on_change=visit.tried(change),
    ).classes(f"page choose-{what}")  # fmt: skip
