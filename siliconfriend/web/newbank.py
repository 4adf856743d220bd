"""A new memory bank: a name, a time zone, and then one is there."""

from __future__ import annotations

from nicegui import ui

from siliconfriend.web.choices import zones
from siliconfriend.web.visit import Visit, in_thread


def draw(visit: Visit, zone: str) -> None:
    """Draw what makes another bank, for keys that may have more than one."""
    if not visit.may("write") or visit.key.bank:
        return
    say = visit.say
    with ui.expansion(say("new bank")).props("dense").classes("page new-bank"):
        name = ui.input(say("bank name")).props("maxlength=200").classes("page new-name")
        chosen = ui.select(zones(), value=zone, label=say("zone"), with_input=True).classes("page")

        async def make() -> None:
            visit.needs("write")
            wanted = (name.value or "").strip()
            if wanted:
                await in_thread(
                    visit.house.bank, visit.key, wanted, create=True, lang=visit.lang,
                    zone=str(chosen.value),
                )  # fmt: skip
                ui.navigate.to(visit.to("/settings", bank=wanted))

        ui.button(say("make bank"), on_click=visit.tried(make)).props("outline no-caps").classes(
            "make-bank"
        )
