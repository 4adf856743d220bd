"""Take the pictures of docs/screens: every page in both languages, from the sample of the tests.

python scripts/screens.py            # needs the extra web, playwright, chromium, a Chinese font
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from server.serving import free_port, on_air  # noqa: E402
from web.sample import ASKED, CAT, NOW, live  # noqa: E402

from memorybank.settings import Settings  # noqa: E402
from memorybank.testing import Clock, HashEmbedder, ScriptedLLM  # noqa: E402
from siliconfriend.server.app import build  # noqa: E402
from siliconfriend.server.house import House  # noqa: E402
from siliconfriend.server.settings import Serving  # noqa: E402
from siliconfriend.web import mount  # noqa: E402

PAGES = ("memories", "forgetting", "portrait", "settings")
LISTED: dict[str, tuple[str, ...]] = {
    "models": ("openai:qwen3:8b",), "embedders": ("openai:bge-m3",),
}  # fmt: skip
REPLIES = {"en": "Your cat is called Miso.", "zh": "你的猫叫汤圆。"}
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def chat(page: Page, url: str, lang: str) -> None:
    """Ask something and unfold what was recalled."""
    page.goto(f"{url}/?lang={lang}&bank={lang}")
    page.fill(".message textarea", ASKED[lang])
    page.click(".send")
    page.click(".recalled-list")
    page.wait_for_selector(f".recalled >> text={CAT[lang]}")
    page.wait_for_timeout(600)
    page.evaluate("document.querySelector('.turn:last-child').scrollIntoView()")
    page.evaluate("window.scrollBy(0, -130)")
    page.wait_for_timeout(200)


def take(page: Page, url: str, lang: str, look: str) -> None:
    """Take one picture of each page."""
    chat(page, url, lang)
    page.screenshot(path=ROOT / f"docs/screens/chat_{lang}{look}.png")
    for name in PAGES:
        page.goto(f"{url}/{name}?lang={lang}&bank={lang}")
        page.wait_for_selector(".memory")
        page.wait_for_timeout(500)
        if name == "forgetting":
            slider = page.locator(".slider-of-time")
            slider.click(position={"x": 60, "y": 10})
            page.mouse.move(5, 5)
            page.wait_for_timeout(500)
        if name == "portrait":  # what was corrected, and the turn that it comes from
            page.locator(".came-corrected .behind").first.click()
            page.wait_for_timeout(500)
            page.evaluate("window.scrollTo(0, 0)")
        whole = name in ("portrait", "settings")
        page.screenshot(path=ROOT / f"docs/screens/{name}_{lang}{look}.png", full_page=whole)


def main() -> None:
    """Serve the sample on a free port and look at it."""
    home = Path(tempfile.mkdtemp())
    house = House.open(
        Settings(home=home, zone="UTC"), Serving(port=free_port(), rate=5000.0, **LISTED),
        embedder=HashEmbedder(), llm=ScriptedLLM([*REPLIES.values()], name="scripted:"),
        clock=Clock(NOW), forwards=False,
    )  # fmt: skip
    for lang in ("en", "zh"):
        live(house.open_bank("", lang, create=True, lang=lang), lang)  # type: ignore[arg-type]
    token = house.keys.make("pictures").token
    with on_air(build(house, worker=False, page=mount)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGS
        )  # fmt: skip
        for lang, scheme, width in (("en", "light", 760), ("zh", "dark", 390)):
            context = browser.new_context(
                viewport={"width": width, "height": 820}, color_scheme=scheme
            )  # fmt: skip
            page = context.new_page()
            page.goto(f"{url}/enter?token={token}")
            take(page, url, lang, "")
        browser.close()
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
