"""Asking before what cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from siliconfriend.web.visit import Visit


async def sure(visit: Visit, question: str, action: str, details: Sequence[str] = ()) -> bool:
    """Ask whether to go on; `details` says what it means."""
    with ui.dialog() as dialog, ui.card().classes("sure"):
        ui.label(visit.say(question)).classes("text-subtitle1")
        for detail in details:
            ui.label(detail).classes("quiet")
        with ui.row():
            ui.button(visit.say(action), on_click=lambda: dialog.submit(True)).props(
                "color=negative"
            ).classes("sure-yes")
            ui.button(visit.say("cancel"), on_click=lambda: dialog.submit(False)).props("flat")
    answer = await dialog
    dialog.delete()
    return answer is True


async def text(visit: Visit, question: str, value: str) -> str:
    """Ask for a text, beginning with `value`; "" where nothing is to be changed."""
    with ui.dialog() as dialog, ui.card().style("width:32rem;max-width:92vw"):
        ui.label(visit.say(question)).classes("text-subtitle1")
        field = ui.textarea(value=value).props("autogrow outlined").classes("page asked-text")
        with ui.row():
            ui.button(
                visit.say("yes"), on_click=lambda: dialog.submit((field.value or "").strip())
            ).classes("text-yes")
            ui.button(visit.say("cancel"), on_click=lambda: dialog.submit("")).props("flat")
    answer = await dialog
    dialog.delete()
    return answer if isinstance(answer, str) and answer != value else ""
