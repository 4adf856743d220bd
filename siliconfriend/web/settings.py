"""The settings: which bank, by which models and which curve; and what can be taken away."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nicegui import ui

from memorybank.forget import PRESETS
from memorybank.formats import write_normal
from memorybank.intake import volumes
from siliconfriend.web import choices, newbank
from siliconfriend.web.visit import Visit, in_thread

LEAVE = "fetch('/leave', {method: 'POST'}).then(() => location.reload())"


async def show(visit: Visit) -> None:
    """Draw the page."""
    info = await in_thread(visit.bank.info)
    names = [known.name for known in await in_thread(visit.house.banks, visit.key)]
    say = visit.say
    with ui.card().classes("memory").props("flat bordered"):
        ui.select(
            names, value=info.name, label=say("bank"),
            on_change=lambda event: ui.navigate.to(visit.to("/settings", bank=event.value)),
        ).classes("page")  # fmt: skip
        ui.label(say("turns", info.turns)).classes("quiet")
        newbank.draw(visit, info.zone)
    with ui.card().classes("memory").props("flat bordered"):
        choices.draw(visit, info)
    with ui.card().classes("memory").props("flat bordered"):
        _preset(visit, info.preset)
    with ui.card().classes("memory").props("flat bordered"):
        _downloads(visit, info.name)
    ui.button(say("sign out"), icon="logout", on_click=lambda: ui.run_javascript(LEAVE)).props(
        "flat no-caps"
    ).classes("sign-out")


def _preset(visit: Visit, current: str) -> None:
    """Draw the choice of curves; the log stays, so any choice can be undone."""

    async def change() -> None:
        visit.needs("admin")
        await in_thread(visit.bank.change_preset, str(chosen.value))
        ui.notify(visit.say("preset changed"))

    chosen = ui.select(
        list(PRESETS), value=current, label=visit.say("preset"), on_change=visit.tried(change)
    ).classes("page preset")
    chosen.set_enabled(visit.may("admin"))


def _downloads(visit: Visit, name: str) -> None:
    """Draw the downloads; a copy of the file holds every tenant, so few may have it."""

    async def export() -> None:
        text = await in_thread(lambda: write_normal(volumes(visit.bank, only=name)))
        ui.download.content(text, "memory.jsonl", "application/jsonl")

    async def backup() -> None:
        visit.needs("admin")
        ui.download.content(await in_thread(_copied, visit), "memory-backup.db")

    ui.label(visit.say("downloads")).classes("text-subtitle1")
    with ui.element("div").classes("across"):
        ui.button(visit.say("export"), icon="download", on_click=visit.tried(export)).props(
            "outline no-caps"
        ).classes("export")
        if visit.may("admin") and not (visit.key.tenant or visit.key.bank):
            ui.button(visit.say("backup"), icon="save", on_click=visit.tried(backup)).props(
                "outline no-caps"
            ).classes("backup")


def _copied(visit: Visit) -> bytes:
    """Return a verified copy of the whole file."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "backup.db"
        visit.house.store.backup(target)
        return target.read_bytes()
