"""The forgetting: a slider of coming days, what is about to fade, each memory's curve."""

from __future__ import annotations

from datetime import timedelta

from nicegui import ui

from memorybank import forget
from memorybank.records import Memory
from siliconfriend.web import cards, withheld
from siliconfriend.web.visit import Visit, in_thread

NEAREST, FARTHEST = 14, 3650
"""Days that the slider reaches at least and at most: until the last memory has faded."""
SHOWN = 60
"""Memories that are listed; all are counted."""


async def show(visit: Visit) -> None:
    """Draw the page."""
    now = visit.now()
    days = await in_thread(visit.bank.timeline, now=now)
    memories = [memory for day in days for memory in day.memories if not memory.replaced_by]
    if not memories:
        ui.label(visit.say("none")).classes("quiet")
        return
    theta = forget.preset(visit.bank.info().preset).theta
    _slider(visit, memories)
    await _about_to_fade(visit)
    await withheld.show(visit)
    ui.label(visit.say("curves")).classes("text-subtitle1")
    for memory in sorted(memories, key=lambda m: -m.retention)[:SHOWN]:
        _with_curve(visit, memory, theta)


def held_in(memory: Memory, days: float) -> float:
    """Return the retention so many days from now, should nothing recall it: R * exp(-days/S)."""
    return 1.0 if memory.pinned else memory.retention * forget.retention(days, 0, memory.strength)


def remembered_in(memory: Memory, ahead: timedelta, visit: Visit) -> bool:
    """Say whether a memory will still come to mind so far ahead."""
    if memory.pinned or memory.fades_at is None:
        return not memory.faded
    return not memory.faded and visit.now() + ahead < memory.fades_at


def reach(visit: Visit, memories: list[Memory]) -> int:
    """Return how many days ahead are worth looking at."""
    ends = [(m.fades_at - visit.now()).days + 2 for m in memories if m.fades_at and not m.faded]
    return min(FARTHEST, max([NEAREST, *ends]))


def _slider(visit: Visit, memories: list[Memory]) -> None:
    """Draw the slider and what stands under it for the day that it names."""
    with ui.card().classes("memory").props("flat bordered"):
        counted = ui.label().classes("text-subtitle1 counted")
        named = ui.label().classes("quiet")
        slider = ui.slider(min=0, max=reach(visit, memories), value=0, step=1).props(
            f'label aria-label="{visit.say("slider")}"'
        ).classes("slider-of-time")  # fmt: skip
        ui.label(visit.say("if nothing")).classes("quiet")
        listed = ui.column().classes("page").style("gap:.2rem")

    def moved() -> None:
        ahead = int(slider.value)
        day = (visit.now() + timedelta(days=ahead)).date()
        kept = [m for m in memories if remembered_in(m, timedelta(days=ahead), visit)]
        counted.text = visit.say("on that day", day, len(kept), len(memories))
        named.text = visit.say("days ahead", ahead)
        listed.clear()
        with listed:
            for memory in sorted(kept, key=lambda m: -held_in(m, ahead))[:12]:
                with ui.element("div").classes("across tight kept"):
                    ui.label(" ".join(memory.text.split())[:80]).classes("grow said")
                    with ui.element("div").classes("bar-of"):
                        cards.bar(visit, held_in(memory, ahead))

    slider.on_value_change(moved)
    moved()


async def _about_to_fade(visit: Visit) -> None:
    soon = await in_thread(visit.bank.fading, now=visit.now())
    ui.label(visit.say("about to fade")).classes("text-subtitle1")
    if not soon:
        ui.label(visit.say("none fade")).classes("quiet")
    for memory in soon:
        with ui.card().classes("memory soon").props("flat bordered"):
            cards.facts(visit, memory)
            cards.said(memory.text)
            cards.bar(visit, memory.retention)


def _with_curve(visit: Visit, memory: Memory, theta: float) -> None:
    """Draw one memory with its coming curve, as far as a while after it fades."""
    lasting = forget.NEVER if memory.fades_at is None else memory.strength * 3
    ahead = min(FARTHEST, max(NEAREST, lasting if lasting != forget.NEVER else 365.0))
    points = [(ahead * i / 40, held_in(memory, ahead * i / 40)) for i in range(41)]
    with ui.card().classes("memory").props("flat bordered"):
        cards.facts(visit, memory)
        cards.said(memory.text)
        cards.curve(points, theta)
        strength = "∞" if memory.strength == forget.NEVER else f"{memory.strength:.1f}"
        said = f"{visit.say('strength', strength)} · {visit.say('coming', int(ahead))}"
        ui.label(said).classes("quiet")
