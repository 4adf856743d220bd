"""An open page whose key was taken back: it shows nothing more, changes nothing, and is let go."""

from __future__ import annotations

from playwright.sync_api import expect


def _key_of(served, visitor):
    token = next(
        cookie["value"]
        for cookie in visitor.page.context.cookies()
        if cookie["name"].startswith("siliconfriend_")
    )
    return served.house.keys.find(token)


def test_an_open_page_ends_when_its_key_is_taken_back(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/memories")
    page.wait_for_selector(".memory")
    served.house.keys.revoke(_key_of(served, visitor).id)
    page.wait_for_selector("text=siliconfriend keys link")
    assert page.locator(".memory").count() == 0


def test_what_is_pressed_after_that_does_nothing(enter, served, monkeypatch):
    visitor = enter(sample=True)
    page = visitor.open("/memories")
    pin = page.locator(".do-pin").first
    pin.wait_for()
    keys = served.house.keys
    session = _key_of(served, visitor)
    # Nobody looks for as long as nobody presses anything: what is pressed is refused by itself.
    page.route("**/*", lambda route: route.abort())
    keys.revoke(session.id)
    pin.click()
    page.wait_for_selector("#popup:not([aria-hidden='true'])", state="attached")
    bank = served.house.open_bank("", visitor.bank)
    assert not any(memory.pinned for day in bank.timeline() for memory in day.memories)


def test_a_page_with_its_key_stays_open(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/memories")
    other = enter(sample=True, bank="en")
    served.house.keys.revoke(_key_of(served, other).id)
    other.page.goto(served.house.serving.url + "/")
    expect(other.page.locator("text=siliconfriend keys link")).to_be_visible()
    page.locator(".do-pin").first.click()
    page.wait_for_selector(".do-unpin")
