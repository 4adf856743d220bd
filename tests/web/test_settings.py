"""The settings: what can be chosen there, by whom, and what is never taken from a page."""

from __future__ import annotations

import re

import pytest

from memorybank.errors import BadInput
from siliconfriend.server import choosing
from siliconfriend.server.worker import Worker
from siliconfriend.web.words import word

LANGS = ("en", "zh")


def choose(page, what, label):
    page.locator(f".choose-{what}").click()
    page.locator(f".q-menu .q-item:has-text('{label}')").click()


@pytest.mark.parametrize("lang", LANGS)
def test_another_listed_model_replies_in_this_bank_alone(enter, served, lang):
    visitor = enter(lang)
    page = visitor.open("/settings")
    choose(page, "model", "testing:second")
    page.wait_for_selector(f"text={word('model chosen', lang, 'testing:second')}")
    bank = served.house.open_bank("", visitor.bank)
    assert choosing.model_of(served.house, bank).name == "testing:second"
    other = served.house.open_bank("", "en")
    assert choosing.model_of(served.house, other) is served.house.llm
    second = served.house.opened[choosing.MODEL, "testing:second"]
    second.replies = ["It is the second that speaks."]
    page = visitor.open("/")
    page.fill(".message textarea", "Who speaks?")
    page.click(".send")
    page.wait_for_selector("text=It is the second that speaks.")


@pytest.mark.parametrize("lang", LANGS)
def test_another_embedder_makes_the_vectors_anew_with_progress(enter, served, lang):
    visitor = enter(lang, sample=True)
    page = visitor.open("/settings")
    choose(page, "embedder", "testing:other")
    page.click(".sure-yes")
    page.wait_for_selector(".embedding:visible")
    bank = served.house.open_bank("", visitor.bank)
    waiting = [job for job in bank.jobs() if job.kind == "embed"]
    assert len(waiting) > 8 and bank.info().embedder == "testing:other"
    Worker(served.house).round()
    page.wait_for_selector(f"text={word('embedded', lang)}")
    assert not [job for job in bank.jobs() if job.kind == "embed"]
    held = served.house.open_bank("", visitor.bank)
    assert held.desk.embedder.name == "testing:other"
    assert not held.recall("peanuts" if lang == "en" else "花生").notes


def test_an_embedder_thought_better_of_changes_nothing(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/settings")
    choose(page, "embedder", "testing:other")
    page.wait_for_selector(".sure")
    page.keyboard.press("Escape")
    page.wait_for_selector(".choose-embedder >> text=testing:hash")
    bank = served.house.open_bank("", visitor.bank)
    assert bank.info().embedder == "testing:hash"
    assert not [job for job in bank.jobs() if job.kind == "embed"]


@pytest.mark.parametrize("lang", LANGS)
def test_a_zone_is_chosen_as_long_as_nothing_was_said(enter, served, lang):
    visitor = enter(lang)
    page = visitor.open("/settings")
    page.locator(".choose-zone input").fill("Asia/Shangh")
    page.locator(".q-menu .q-item:has-text('Asia/Shanghai')").click()
    page.wait_for_selector(f"text={word('zone chosen', lang, 'Asia/Shanghai')}")
    bank = served.house.open_bank("", visitor.bank)
    assert bank.info().zone == "Asia/Shanghai"
    bank.remember("Something." if lang == "en" else "一件事。")
    page = visitor.open("/settings")
    page.wait_for_selector(f"text={word('zone fixed', lang)[:20]}")
    assert page.locator(".choose-zone").count() == 0


def test_a_new_bank_is_made_with_a_zone(enter, served):
    visitor = enter()
    page = visitor.open("/settings")
    page.locator(".new-bank").click()
    page.fill(".new-name input", "diary of a journey")
    page.locator(".new-bank .q-select input").fill("Asia/Tok")
    page.locator(".q-menu .q-item:has-text('Asia/Tokyo')").click()
    page.click(".make-bank")
    page.wait_for_url("**bank=diary*")
    assert served.house.open_bank("", "diary of a journey").info().zone == "Asia/Tokyo"


def test_who_may_not_administer_chooses_nothing(enter):
    page = enter(scopes=["read", "write"]).open("/settings")
    page.wait_for_selector(".preset")
    assert page.locator(".choose-model, .choose-embedder, .choose-zone").count() == 0
    assert page.locator(".preset.disabled, .preset .disabled, .preset.q-field--disabled").count()


def test_no_page_has_a_field_for_an_address_or_a_key(enter):
    page = enter(bank="en").open("/settings")
    page.wait_for_selector(".choose-model")
    names = page.locator(".q-field__label").all_inner_texts()
    assert names and not [n for n in names if re.search("url|http|key|token|address", n.lower())]


def test_a_model_that_is_not_listed_is_refused_whoever_asks(enter, served):
    bank = served.house.open_bank("", enter().bank)
    for name in ("openai:gpt", "http://192.0.2.7/v1", "testing:other"):
        with pytest.raises(BadInput, match="not listed"):
            choosing.choose_model(served.house, bank, name)
        bank.set_extra(choosing.MODEL, name)
        assert choosing.model_of(served.house, bank) is served.house.llm
    with pytest.raises(BadInput, match="not listed"):
        choosing.choose_embedder(served.house, bank, "testing:hash")
    assert bank.info().embedder == "testing:hash"
