"""Putting the pages into the app: routes, policy, and no user text in the framework's log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from copy import copy

from fastapi import FastAPI, Request
from nicegui import core, ui
from starlette.routing import Match, Mount
from starlette.types import Scope

from memorybank.errors import MemoryBankError
from siliconfriend.server.house import House
from siliconfriend.web import chat, forgetting, frame, memories, portrait, settings
from siliconfriend.web.policy import PagePolicy
from siliconfriend.web.visit import Visit, visit

PAGES: dict[str, tuple[str, Callable[[Visit], Awaitable[None]]]] = {
    "/": ("chat", chat.show),
    "/memories": ("memories", memories.show),
    "/forgetting": ("forgetting", forgetting.show),
    "/portrait": ("portrait", portrait.show),
    "/settings": ("settings", settings.show),
}


def mount(app: FastAPI, house: House) -> None:
    """Add the pages to the app; they stand behind the same guard, key and cookie."""
    logging.getLogger("nicegui").addFilter(_without_traces)
    _forget_former_pages()
    for path, (name, show) in PAGES.items():
        _add(house, path, name, show)
    app.add_middleware(PagePolicy)
    ui.run_with(
        app, mount_path="/", title="SiliconFriend", tailwind=False, prod_js=True,
        gzip_middleware_factory=None, show_welcome_message=False, dark=None,
        reconnect_timeout=10.0,
    )  # fmt: skip
    app.router.routes[-1] = _Pages("", app=core.app, name="page")


class _Pages(Mount):
    """The framework's app, for its own paths alone: all others answer as without a page."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the pages, and what they load."""
        path = scope.get("path", "")
        if path in PAGES or path.startswith("/_nicegui"):
            return super().matches(scope)
        return Match.NONE, {}


def _add(house: House, path: str, name: str, show: Callable[[Visit], Awaitable[None]]) -> None:
    async def page(request: Request) -> None:
        try:
            here = await visit(house, request)
        except MemoryBankError as error:
            ui.label(error.say("en"))
            ui.label(error.say("zh"))
            return
        _speak(here)
        with frame.around(here, path, name):
            try:
                await show(here)
            except MemoryBankError as error:  # such as a chosen model that cannot be opened
                ui.label(error.say(here.lang)).classes("note page-error")

    ui.page(path, response_timeout=20.0)(page)


def _speak(here: Visit) -> None:
    """Let the framework's own words, such as those of a lost connection, be in the visit's
    language; it has one language a route, so this visit gets a copy of its route's page."""
    client = ui.context.client
    client.page = copy(client.page)
    client.page.language = "zh-CN" if here.lang == "zh" else "en-US"


def _forget_former_pages() -> None:
    """Take out the routes of an earlier app of this process: the framework has one for all."""
    routes = core.app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", "") not in PAGES]


def _without_traces(record: logging.LogRecord) -> bool:
    """Take tracebacks out: the values in an error's message may be what people said."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg, record.args = "%s", (kind.__name__ if kind else "error",)
    record.exc_info = record.exc_text = None
    return True
