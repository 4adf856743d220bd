"""How replies are made: temperature, top-p, reply length, history length."""

from __future__ import annotations

from dataclasses import replace

from nicegui import ui

from siliconfriend.friend import Friend
from siliconfriend.web.visit import Visit


def parameters(visit: Visit, friend: Friend) -> None:
    """Draw the button that opens them; empty fields leave a value to the model."""
    say = visit.say
    style = friend.manner.style
    with ui.dialog() as dialog, ui.card().style("width:22rem;max-width:92vw"):
        fields = {
            "temperature": _number(visit, "temperature", style.temperature, 0, 2, 0.1),
            "top_p": _number(visit, "top-p", style.top_p, 0, 1, 0.05),
            "max_tokens": _number(visit, "reply length", style.max_tokens, 1, 100_000, 1),
        }
        history = _number(visit, "history length", friend.manner.history, 0, 200, 1)

        def keep() -> None:
            if not all(field.validate() for field in (*fields.values(), history)):
                return
            given = {name: field.value for name, field in fields.items()}
            most = given["max_tokens"]
            friend.manner = replace(
                friend.manner,
                history=int(history.value if history.value is not None else 6),
                style=replace(
                    friend.manner.style, temperature=given["temperature"], top_p=given["top_p"],
                    max_tokens=int(most) if most is not None else None,
                ),
            )  # fmt: skip
            dialog.close()

        ui.button(say("yes"), on_click=keep).classes("parameters-yes")
    ui.button(say("parameters"), on_click=dialog.open).props("flat dense no-caps").classes(
        "parameters"
    )


def _number(
    visit: Visit, name: str, value: float | None, low: float, high: float, step: float
) -> ui.number:
    """Draw a field for a number within bounds; it may stay empty."""
    wrong = f"{low} – {high}"
    return ui.number(
        visit.say(name), value=value, min=low, max=high, step=step,
        placeholder=visit.say("own value"),
        validation={wrong: lambda given: given is None or low <= given <= high},
    ).classes("page").props("dense stack-label")  # fmt: skip
