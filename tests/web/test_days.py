"""What the pages tell of days: the portrait's history, what was withheld, the timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memorybank.records import Turn
from memorybank.verbs import read
from web.sample import CORRECTED, NOW

LANGS = ("en", "zh")
LUNCH = {"en": "toast for lunch", "zh": "吃了碗面"}
RAIN = {"en": "when it rained?", "zh": "下雨那天"}


@pytest.mark.parametrize("lang", LANGS)
def test_the_portrait_tells_how_it_came_to_be(enter, lang):
    page = enter(lang, lang).open("/portrait")
    page.wait_for_selector(".came-day")
    wrong, right = CORRECTED[lang]
    corrected = page.locator(".came-corrected")
    assert wrong in corrected.locator(".gone").inner_text()
    assert right[:20] in corrected.locator(".instead").inner_text()
    day = page.locator(".came-day:has(.came-corrected)")
    assert (NOW - timedelta(days=3)).date().isoformat() in day.inner_text()
    corrected.locator(".behind").first.click()
    turn = corrected.locator(".behind .said").first
    turn.wait_for()
    assert wrong in turn.inner_text()


def test_older_days_of_the_portrait_come_on_demand(enter, served):
    visitor = enter()
    bank = served.house.open_bank("", visitor.bank)
    for ago in range(20, 0, -1):
        at = NOW - timedelta(days=ago)
        turn = Turn(text=f"I work in bay number {ago} of hall {ago * 7}.", occurred_at=at)
        bank.remember_turns([turn], now=at)
    bank.digest(now=NOW)
    page = visitor.open("/portrait")
    page.wait_for_selector(".came-day")
    newest = page.locator(".came-day").count()
    page.click(".older")
    page.wait_for_function(f"document.querySelectorAll('.came-day').length > {newest}")
    page.click(".older")
    page.wait_for_selector(".older", state="hidden")
    assert page.locator(".came-day").count() == 20
    assert page.locator(".came-renewed .instead").count() == 19


@pytest.mark.parametrize("lang", LANGS)
def test_what_was_withheld_is_shown_and_revived(enter, served, lang):
    visitor = enter(lang, sample=True)
    page = visitor.open("/forgetting")
    card = page.locator(f".withheld:has-text('{LUNCH[lang]}')")
    card.wait_for()
    assert RAIN[lang] in card.inner_text()
    card.locator(".do-revive").click()
    card.wait_for(state="detached")
    bank = served.house.open_bank("", visitor.bank)
    held = {m.text: m.faded for day in bank.timeline(now=NOW) for m in day.memories}
    assert not next(faded for text, faded in held.items() if LUNCH[lang] in text)


def test_looking_at_what_was_withheld_changes_nothing(enter, served):
    visitor = enter(sample=True)
    bank = served.house.open_bank("", visitor.bank)
    before = bank.desk.bank().version
    visitor.open("/forgetting").wait_for_selector(".withheld")
    assert bank.desk.bank().version == before + 1  # the language that the page was read in


def test_who_may_only_read_sees_what_was_withheld_without_a_button(enter):
    page = enter("en", "en", scopes=["read"]).open("/forgetting")
    page.wait_for_selector(".withheld")
    assert page.locator(".do-revive").count() == 0


def test_a_long_timeline_is_read_a_piece_at_a_time(enter, served, monkeypatch):
    visitor = enter()
    bank = served.house.open_bank("", visitor.bank)
    days = 100
    turns = [
        Turn(text=f"Day {n} at the {n * 13} mill.", occurred_at=NOW - timedelta(days=n))
        for n in range(days)
    ]
    done = bank.remember_turns(turns, now=NOW)
    bank.pin(done[-1].id, now=NOW)
    looked: list[int] = []
    whole = read.timeline

    def counted(*args, **named):
        found = whole(*args, **named)
        looked.append(len(found))
        return found

    monkeypatch.setattr(read, "timeline", counted)
    page = visitor.open("/memories")
    page.wait_for_selector(".day")
    assert page.locator(".day").count() == 14
    assert sum(looked) <= 16
    page.click(".older")
    page.wait_for_function("document.querySelectorAll('.day').length == 28")
    names = page.locator(".day").all_inner_texts()
    assert names == sorted(set(names), reverse=True)
    page.locator(".do-pin").last.click()
    page.wait_for_selector(".do-unpin")
    assert page.locator(".day").count() == 28, "what was opened stays open"
    page.locator(".filter button").last.click()
    page.wait_for_function("document.querySelectorAll('.day').length == 2")
    assert "Day 99 " in page.locator(".memory").last.inner_text()
