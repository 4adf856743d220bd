"""How a memory looks on a page: its words as text, its bar, its reasons, its curve."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from memorybank.cli.words import word as told
from memorybank.compose import neutral
from memorybank.records import Lang, Memory, Recalled
from siliconfriend.web.visit import Visit

LONGEST = 600
LEAST = 0.05
"""Shares smaller than this are no reason worth naming."""


def reasons(hit: Recalled, lang: Lang) -> str:
    """Return in words why something was recalled, the strongest reason first."""
    strongest = sorted((s for s in hit.why.signals if s.share > LEAST), key=lambda s: -s.share)
    comma = "，" if lang == "zh" else ", "
    named = comma.join(f"{told(s.name, lang)} +{s.share:.1f}" for s in strongest)
    return " · ".join(filter(None, [*hit.why.notes, named]))


def bar(visit: Visit, held: float) -> None:
    """Draw how well something is held, 0..1."""
    colour = "positive" if held >= 0.5 else "warning" if held >= 0.05 else "negative"
    with ui.element("div").classes("across tight bar"):
        ui.linear_progress(held, show_value=False, color=colour).classes("grow").props(
            f'size=8px rounded aria-label="{visit.say("held")}"'
        )
        ui.label(f"{held:.0%}").classes("quiet")


def said(text: str) -> ui.label:
    """Show what comes from memory, as text and nothing else."""
    flat = neutral(text)
    return ui.label(flat if len(flat) <= LONGEST else flat[:LONGEST] + "…").classes("said")


def recalled(visit: Visit, hit: Recalled) -> None:
    """Show something that was recalled: when, what, how well it is held, and why."""
    with ui.card().classes("memory").props("flat bordered").classes("recalled"):
        marks = [hit.when.astimezone(visit.zone).date().isoformat()]
        marks += [visit.say("day summary")] if hit.kind == "day" else []
        marks += [visit.say("faded")] if hit.faded else []
        ui.label(" · ".join(marks)).classes("quiet")
        said(hit.text)
        bar(visit, hit.retention)
        why = reasons(hit, visit.lang)
        if why:
            ui.label(visit.say("why", why)).classes("quiet").classes("why")


def facts(visit: Visit, memory: Memory) -> None:
    """Show when a memory happened, what it is, and until when it is held."""
    marks = [memory.occurred_at.astimezone(visit.zone).strftime("%Y-%m-%d %H:%M")]
    marks += [visit.say("day summary")] if memory.kind == "day" else []
    marks += [visit.say("pinned")] if memory.pinned else []
    marks += [visit.say("replaced")] if memory.replaced_by else []
    if memory.faded:
        marks.append(visit.say("faded"))
    elif memory.fades_at is None:
        marks.append(visit.say("never fades"))
    else:
        marks.append(visit.say("fades on", memory.fades_at.astimezone(visit.zone).date()))
    with ui.element("div").classes("facts quiet"):
        for mark in marks:
            ui.label(mark)


def curve(points: Sequence[tuple[float, float]], theta: float) -> None:
    """Draw a curve of (days, retention); the line is where it has faded. Numbers alone go in."""
    last = max((day for day, _ in points), default=0.0) or 1.0
    path = " ".join(f"{100 * day / last:.2f},{38 - 36 * held:.2f}" for day, held in points)
    line = 38 - 36 * theta
    drawn = (
        f'<svg viewBox="0 0 100 40" preserveAspectRatio="none" width="100%" height="100%">'
        f'<line x1="0" x2="100" y1="{line:.2f}" y2="{line:.2f}" stroke="#c05621" '
        'stroke-dasharray="2 2" stroke-width=".4"/>'
        f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1"/></svg>'
    )
    ui.html(drawn, sanitize=False).classes("curve")
