"""The pages in a real browser: what a person can do there, and what never happens."""

from __future__ import annotations

import re
import threading

import pytest

from memorybank.testing import ScriptedLLM
from siliconfriend.web import words
from web.sample import ASKED, CAT, PINNED

LANGS = ("en", "zh")
PATHS = ("/", "/memories", "/forgetting", "/portrait", "/settings")


def remembered(page) -> int:
    counted = page.locator(".counted").inner_text()
    return int(re.findall(r"\d+", counted)[-2])


def turns(served, visitor):
    return served.house.open_bank("", visitor.bank).recent(10)


@pytest.mark.parametrize("lang", LANGS)
def test_a_person_chats_and_sees_why(enter, served, lang):
    visitor = enter(lang, sample=True)
    page = visitor.open("/")
    page.fill(".message textarea", ASKED[lang])
    page.click(".send")
    page.wait_for_selector(".recalled-list")
    assert CAT[lang] in page.locator(".turn").last.inner_text()
    page.click(".recalled-list")
    page.wait_for_selector(".recalled .why")
    why = page.locator(".recalled .why").first.inner_text()
    assert (
        ("words" in why or "meaning" in why) if lang == "en" else ("用词" in why or "语义" in why)
    )
    assert page.locator(".recalled .bar").count() >= 1
    assert turns(served, visitor)[-1].text == ASKED[lang]
    assert visitor.errors == []


def test_a_turn_is_answered_anew_and_taken_back_out_of_memory_too(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/")
    before = len(turns(served, visitor))
    page.fill(".message textarea", "I bought a red bicycle.")
    page.click(".send")
    page.wait_for_selector(".recalled-nothing, .recalled-list")
    former = page.locator(".turn").last.element_handle()
    page.click(".regenerate")
    former.wait_for_element_state("hidden")
    page.locator(".turn").last.locator(".recalled-nothing, .recalled-list").wait_for()
    assert [t.text for t in turns(served, visitor)].count("I bought a red bicycle.") == 1
    page.click(".remove")
    page.click(".sure-yes")
    page.wait_for_selector("text=out of memory too")
    assert "I bought a red bicycle." not in [t.text for t in turns(served, visitor)]
    assert len(turns(served, visitor)) == before


@pytest.mark.parametrize("lang", LANGS)
def test_the_name_is_asked_once(enter, served, lang):
    visitor = enter(lang)
    page = visitor.open("/")
    page.fill(".name-input input", "Emily" if lang == "en" else "林晓")
    page.click(".name-tell")
    page.wait_for_selector(".bubble.mine")
    page = visitor.open("/")
    page.wait_for_selector(".send")
    assert page.locator(".name-card").count() == 0
    assert ("Emily" if lang == "en" else "林晓") in page.locator(".bubble.theirs").last.inner_text()


@pytest.mark.parametrize("lang", LANGS)
def test_distress_shows_where_to_find_help_first(enter, lang):
    page = enter(lang).open("/")
    page.fill(".message textarea", "I want to kill myself." if lang == "en" else "我想自杀。")
    page.click(".send")
    note = page.wait_for_selector(".turn .note")
    reply = page.wait_for_selector(".turn:has(.note) .theirs")
    assert note.bounding_box()["y"] < reply.bounding_box()["y"]


def test_what_was_said_is_text_and_never_markup(enter, served):
    visitor = enter()
    said = '<img src="http://192.0.2.7/x.png" onerror="alert(1)"><script>alert(2)</script>`${1}`'
    served.house.open_bank("", visitor.bank).remember(said)
    for path in PATHS:
        visitor.open(path).wait_for_timeout(200)
        assert visitor.page.locator("img[src*='192.0.2.7']").count() == 0
    visitor.open("/memories").wait_for_selector(f"text={said[:40]}")
    assert visitor.errors == []
    assert not [url for url in visitor.asked if "192.0.2.7" in url]


def test_a_memory_is_searched_pinned_and_erased(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/memories")
    page.fill(".search input", "peanuts")
    page.press(".search input", "Enter")
    page.wait_for_selector(".found")
    turn = page.locator(f".found:has(.do-erase):has-text('{PINNED['en']}')").first
    turn.locator(".do-pin").click()
    page.wait_for_selector(".found .do-unpin")
    turn.locator(".do-erase").click()
    page.wait_for_selector(".sure >> text=takes along")
    page.click(".sure-yes")
    page.wait_for_selector("text=Erased for good")
    assert all("peanuts" not in (t.text or "") for t in turns(served, visitor))


def test_a_memory_is_corrected(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/memories")
    page.locator(".memory:has-text('cello case') .do-correct").first.click()
    page.fill(".asked-text textarea", "Miso slept in the bath last night.")
    page.click(".text-yes")
    page.wait_for_selector(".memory:has-text('in the bath')")
    assert any("bath" in (t.text or "") for t in turns(served, visitor))


@pytest.mark.parametrize("lang", LANGS)
def test_the_slider_of_time_shows_what_is_left(enter, lang):
    page = enter(lang, lang).open("/forgetting")
    today = remembered(page)
    box = page.locator(".slider-of-time").bounding_box()
    page.locator(".slider-of-time").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.wait_for_function("!document.querySelector('.counted').innerText.includes('2026-03-20')")
    assert 0 < remembered(page) < today
    assert page.locator(".curve svg polyline").count() > 3


@pytest.mark.parametrize("lang", LANGS)
def test_the_portrait_leads_to_its_turns(enter, lang):
    page = enter(lang, lang).open("/portrait")
    page.wait_for_selector(".statement")
    page.locator(".behind").first.click()
    page.wait_for_selector(".behind .said")
    page.click(".digest")
    page.wait_for_selector(".digested")


def test_a_curve_is_chosen_and_the_bank_taken_away(enter, served):
    visitor = enter(sample=True)
    page = visitor.open("/settings")
    page.click(".preset")
    page.click(".q-menu >> text=paper >> nth=0")
    page.wait_for_selector("text=follows this curve")
    assert served.house.open_bank("", visitor.bank).info().preset == "paper"
    with page.expect_download() as download:
        page.click(".export")
    assert "Miso" in download.value.path().read_text("utf-8")


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_fetched_from_elsewhere(enter, served, lang):
    visitor = enter(lang, lang, width=400)
    for path in PATHS:
        visitor.open(path).wait_for_load_state("networkidle")
        assert visitor.page.evaluate("document.body.scrollWidth <= window.innerWidth"), path
    host = served.house.serving.url.removeprefix("http")
    assert len(visitor.asked) > 10
    assert [
        u
        for u in visitor.asked
        if u.split("://")[0] not in ("data", "blob")
        and not u.removeprefix("http").removeprefix("ws").startswith(host)
    ] == []
    assert visitor.errors == []


def test_a_page_carries_its_policy_and_needs_a_key(enter, browser, served):
    page = enter("en", "en").page
    answer = page.goto(served.house.serving.url + "/")
    policy = answer.headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    nonce = re.search(r"'nonce-([\w-]+)'", directives["script-src"])[1]
    assert "'unsafe-inline'" not in directives["script-src"]
    assert directives["default-src"] == "'none'" and directives["connect-src"] == "'self'"
    assert directives["img-src"] == "'self' data:"
    assert nonce not in page.reload().headers["content-security-policy"]
    stranger = browser.new_page()
    assert stranger.goto(served.house.serving.url + "/memories").status == 401
    stranger.close()


def test_a_key_that_may_only_read_changes_nothing(enter, served):
    page = enter("en", "en", scopes=["read"]).open("/memories")
    page.wait_for_selector(".memory")
    assert page.locator(".do-pin, .do-erase, .do-correct").count() == 0
    page.goto(served.house.serving.url + "/?bank=en&lang=en")
    page.wait_for_selector("text=may read")
    assert page.locator(".send").count() == 0


def test_the_bank_of_another_is_not_there(enter, served):
    served.house.open_bank("other", "theirs", create=True).remember("a secret of others")
    page = enter("en", "en").page
    page.goto(served.house.serving.url + "/memories?bank=theirs&lang=en")
    page.wait_for_timeout(300)
    assert "a secret" not in page.content()
    assert page.locator(".memory").count() == 0


def test_a_reply_is_stopped_and_what_was_said_is_kept(enter, served, monkeypatch):
    going_on = threading.Event()

    class Slow(ScriptedLLM):
        def stream(self, messages, style):
            yield "I begin "
            going_on.wait(20)
            yield from ("with this, ", "and never end.")

    monkeypatch.setattr(served.house, "llm", Slow())
    visitor = enter()
    page = visitor.open("/")
    page.fill(".message textarea", "Tell me a long story.")
    page.click(".send")
    page.wait_for_selector(".bubble.theirs >> text=I begin")
    assert not page.locator(".send").is_visible()
    page.click(".stop")
    page.wait_for_selector(".stop[disabled]")
    going_on.set()
    page.wait_for_selector("text=what was said is kept")
    kept = turns(served, visitor)[-1].reply
    assert kept.startswith("I begin") and "never end" not in kept


def test_the_rest_of_the_server_answers_as_without_a_page(enter, served):
    page = enter("en", "en").page
    lost = page.goto(served.house.serving.url + "/v1/nowhere")
    assert lost.status == 404
    assert lost.headers["content-type"].startswith("application/problem+json")
    assert page.goto(served.house.serving.url + "/v1/banks").status == 200


def test_a_browser_signs_out(enter):
    page = enter("en", "en").open("/settings")
    page.click(".sign-out")
    page.wait_for_selector("text=siliconfriend keys link")


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_says_its_language_and_so_do_the_framework_s_own_words(enter, lang):
    page = enter(lang, lang).open("/settings")
    assert page.evaluate("document.documentElement.lang")[:2] == lang
    lost = page.locator("#popup").text_content()
    assert ("连接丢失" in lost) == (lang == "zh") and ("Connection" in lost) == (lang == "en")


@pytest.mark.parametrize("lang", LANGS)
def test_every_way_is_in_sight_on_a_phone(enter, lang):
    page = enter(lang, lang, width=390).open("/")
    last = page.locator(".ways a").last.bounding_box()
    assert last["x"] + last["width"] <= 390


def test_every_word_stands_in_both_languages():
    for key, (english, chinese) in words._WORDS.items():
        assert english and chinese, key
        assert set(re.findall(r"{\d}", english)) == set(re.findall(r"{\d}", chinese)), key
