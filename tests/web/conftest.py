from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the page's packages are not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Browser, Page, sync_playwright
from server.serving import free_port, on_air

from memorybank.settings import Settings
from memorybank.testing import Clock, HashEmbedder, ScriptedLLM
from siliconfriend.server.app import Served, build
from siliconfriend.server.choosing import EMBEDDER, MODEL
from siliconfriend.server.house import House
from siliconfriend.server.settings import Serving
from siliconfriend.web import mount
from web.sample import NOW, live

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LISTED = {"models": ("testing:second",), "embedders": ("testing:other",)}
"""What the operator of these tests lets a bank choose, opened already."""
QUIET = [
    f"--{name}"
    for name in (
        "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
        "disable-background-networking", "disable-component-update",
    )
]  # fmt: skip


@pytest.fixture(autouse=True)
def near(loopback: None) -> None:
    """The browser and the server of these tests speak over loopback, and over nothing else."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all; each test opens a bank of its own."""
    house = House.open(
        Settings(home=tmp_path_factory.mktemp("paged"), zone="UTC"),
        Serving(port=free_port(), stop_seconds=1.0, rate=5000.0, key_seconds=0.2, **LISTED),
        embedder=HashEmbedder(), llm=ScriptedLLM(), clock=Clock(NOW), forwards=False,
    )  # fmt: skip
    house.opened[MODEL, "testing:second"] = ScriptedLLM(name="testing:second")
    house.opened[EMBEDDER, "testing:other"] = HashEmbedder(dim=32, name="testing:other")
    for lang in ("en", "zh"):
        live(house.open_bank("", lang, create=True, lang=lang), lang)
    served = build(house, worker=False, page=mount)
    with on_air(served):
        yield served


class Visitor:
    """A browser that is signed in, and what it asked for."""

    def __init__(self, page: Page, url: str, bank: str, lang: str) -> None:
        self.page, self.url, self.bank, self.lang = page, url, bank, lang
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)

    def open(self, path: str) -> Page:
        """Open a page of the site and wait until it is live."""
        self.page.goto(f"{self.url}{path}?lang={self.lang}&bank={self.bank}")
        self.page.wait_for_selector(".ways a.here")
        return self.page


@pytest.fixture
def enter(served: Served, browser: Browser, request: Any) -> Iterator[Callable[..., Visitor]]:
    """Signs a browser in by a link, to a bank that it may fill."""
    contexts = []

    def entering(
        lang: str = "en", bank: str = "", *, sample: bool = False, width: int = 1000, **key: Any
    ) -> Visitor:
        house = served.house
        name = bank or f"{request.node.name}-{lang}"
        if not bank:
            opened = house.open_bank("", name, create=True, lang=lang)  # type: ignore[arg-type]
            if sample:
                live(opened, lang)  # type: ignore[arg-type]
        token = house.keys.make("browser", **{"kind": "link", "seconds": 600.0, **key}).token
        context = browser.new_context(viewport={"width": width, "height": 800})
        context.set_default_timeout(15_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), house.serving.url, name, lang)
        visitor.page.goto(f"{house.serving.url}/enter?token={token}")
        return visitor

    yield entering
    for context in contexts:
        context.close()
