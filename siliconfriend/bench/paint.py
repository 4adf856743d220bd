"""First paint of the chat page after signing in, in a real Chromium, nothing cached.

Each visit is a browser that was never here before; the page is that of a bank of 1,000 turns.
`drawn` is when the field for a message stands there, which is what a person waits for.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from siliconfriend.bench.row import Row

VISITS = 7
SLOWEST_PAINT = 1_500.0
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
_DRAWN = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(".send")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.drawn = performance.now(); }));
}).observe(document, {childList: true, subtree: true});
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)[0]"


def missing() -> str:
    """Return what is not here to measure with, "" if all is."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        return "Chromium: apt-get install chromium"
    for package, cure in (("playwright", "playwright"), ("nicegui", "'siliconfriend[web]'")):
        try:
            __import__(package)
        except ImportError:
            return f"{package}: pip install {cure}"
    return ""


def first_paint(port: int, token: str, visits: int = VISITS) -> list[Row]:
    """Visit the chat page so often, each time for the first time. Times in ms."""
    paints, drawn = [], []
    with _browser() as browser:
        for number in range(-1, visits):  # the first fills the server's own caches
            paint, whole = _visit(browser, f"http://127.0.0.1:{port}", token)
            if number >= 0:
                paints.append(paint)
                drawn.append(whole)
    middle = statistics.median(paints)
    bar, met = f"<= {SLOWEST_PAINT:,.0f}", middle <= SLOWEST_PAINT
    return [
        Row("page, first paint, p50", middle, "ms", bar, met),
        Row("page, first paint, slowest", max(paints), "ms"),
        Row("page, drawn, p50", statistics.median(drawn), "ms"),
    ]


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield opened
        opened.close()


def _visit(browser: Any, url: str, token: str) -> tuple[float, float]:
    """Return first contentful paint and the moment when the chat stood there, since the click."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    try:
        context.add_init_script(_DRAWN)
        page = context.new_page()
        page.goto(f"{url}/enter?token={token}")
        page.goto(f"{url}/?bank=large&lang=en", wait_until="commit")
        page.wait_for_function(f"window.drawn !== undefined && {_PAINT} !== undefined")
        paint, drawn = page.evaluate(f"[{_PAINT}, window.drawn]")
        return float(paint), float(drawn)
    finally:
        context.close()
