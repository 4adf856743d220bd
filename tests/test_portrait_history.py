"""How the portrait came to be: what each day brought, and what gave way to what."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from memorybank import MemoryBank, portray
from memorybank.cli import app
from memorybank.records import Statement
from memorybank.testing import HashEmbedder

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
FIRST = date(2026, 3, 1)
SAID = {
    "en": ("I live in Leeds now.", "I live in York now.", "I'm allergic to peanuts."),
    "zh": ("我住在杭州。", "我住在苏州。", "我对花生过敏。"),
}


def statement(number: int, text: str, day: int, topic: str = "health") -> Statement:
    return Statement(
        id=f"s{number}", topic=topic, text=text, when=FIRST + timedelta(days=day),
        method="extractive", lang="en", sources=(),
    )  # fmt: skip


ALIKE = [
    statement(1, "I'm allergic to peanuts.", 0),
    statement(2, "I'm allergic to peanuts, really.", 1),
    statement(3, "My doctor found asthma.", 2),
    statement(4, "Migraines come at night.", 3),
    statement(5, "I broke my left ankle.", 4),
    statement(6, "I had insomnia in winter.", 5),
]


def test_each_day_tells_what_it_brought_and_what_left():
    days = portray.history(ALIKE)
    assert [[s.id for s in day.new] for day in days] == [[s.id] for s in ALIKE]
    left = {
        day.day.day: [(d.statement.id, d.why, d.by and d.by.id) for d in day.left] for day in days
    }
    assert left[2] == [("s1", "renewed", "s2")]
    assert left[6] == [("s2", "crowded", None)]
    assert not left[3] and not left[4] and not left[5]


def test_the_last_day_of_the_history_is_the_portrait():
    shown: set[str] = set()
    for day in portray.history(ALIKE):
        shown |= {s.id for s in (*day.new, *day.back)}
        shown -= {gone.statement.id for gone in day.left}
        known = [s for s in ALIKE if s.when <= day.day]
        assert shown == {s.id for s in portray.select(known)}


def test_what_there_is_room_for_again_comes_back():
    again = statement(7, "Insomnia in winter: I had it, and broke my left ankle.", 6)
    both = portray.history([*ALIKE, again], per_topic=4)[-1]
    gone = {departed.statement.id for departed in both.left}
    assert {"s5", "s6"} >= gone and gone
    assert len(both.back) == len(gone) - 1


def test_how_to_reply_is_renewed_not_crowded_out():
    days = portray.history(
        [statement(1, "Be brief.", 0, "strategy"), statement(2, "Ask back.", 1, "strategy")]
    )
    assert [(d.why, d.by.id) for d in days[1].left] == [("renewed", "s2")]


@pytest.fixture
def told(tmp_path, lang):
    bank = MemoryBank.open(
        tmp_path / "m.db", bank="b", lang=lang, zone="UTC", embedder=HashEmbedder()
    )
    home, other, nuts = SAID[lang]
    first = bank.remember(home, now=NOW - timedelta(days=9))
    bank.remember(nuts, now=NOW - timedelta(days=7))
    bank.digest(now=NOW - timedelta(days=6))
    second = bank.correct(first, other, now=NOW - timedelta(days=3))
    yield bank, first, second
    bank.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_correction_shows_what_was_said_before_and_what_counts_now(told, lang):
    bank, first, second = told
    bank.digest(now=NOW)
    days = bank.portrait_history(now=NOW)
    assert [day.day.day for day in days] == [11, 13, 17]
    assert [(s.text, s.sources) for s in days[0].new] == [(SAID[lang][0], (first,))]
    (gone,) = days[2].left
    assert gone.why == "corrected"
    assert gone.statement.text == SAID[lang][0] and gone.statement.sources == (first,)
    assert gone.by is not None and gone.by.text == SAID[lang][1] and gone.by.sources == (second,)
    assert bank.explain(gone.statement.sources[0]).replaced_by == second


@pytest.mark.parametrize("lang", ["en"])
def test_the_past_knows_nothing_of_a_later_correction(told, lang):
    bank, _, _ = told
    bank.digest(now=NOW)
    days = bank.portrait_history(now=NOW - timedelta(days=5))
    assert [day.day.day for day in days] == [11, 13]
    assert [s.text for s in days[0].new] == [SAID[lang][0]]
    assert not any(day.left for day in days)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_corrected_leaves_at_once_not_at_the_next_digest(told, lang):
    bank, first, _ = told
    days = bank.portrait_history(now=NOW)
    assert [s.text for day in days for s in day.new] == [SAID[lang][0], SAID[lang][2]]
    (gone,) = days[-1].left
    assert (days[-1].day.day, gone.why, gone.by) == (17, "corrected", None)
    assert gone.statement.sources == (first,)
    assert SAID[lang][0] not in bank.portrait(now=NOW).text


@pytest.mark.parametrize("lang", ["en"])
def test_the_newest_days_and_older_ones_on_demand(told, lang):
    bank, *_ = told
    bank.digest(now=NOW)
    assert [d.day.day for d in bank.portrait_history(count=2, now=NOW)] == [13, 17]
    older = bank.portrait_history(last=date(2026, 3, 12), count=2, now=NOW)
    assert [d.day.day for d in older] == [11]


@pytest.mark.parametrize("lang", ["en"])
def test_what_a_correction_says_again_was_not_corrected(told, lang):
    bank, _, second = told
    bank.correct(second, f"{SAID[lang][1]} My boss is called Ruth.", now=NOW - timedelta(days=1))
    bank.digest(now=NOW)
    last = bank.portrait_history(now=NOW)[-1]
    assert [(gone.why, gone.statement.text) for gone in last.left] == [("renewed", SAID[lang][1])]
    assert {s.text for s in last.new} == {SAID[lang][1], "My boss is called Ruth."}


@pytest.mark.parametrize("lang", ["en"])
def test_what_was_erased_is_in_no_history(told, lang):
    bank, first, _ = told
    bank.digest(now=NOW)
    bank.erase(first, versions=True, now=NOW)
    bank.digest(now=NOW)
    assert "Leeds" not in json.dumps([day.to_json() for day in bank.portrait_history(now=NOW)])


def test_the_command_line_tells_it_in_both_languages(told_file, run):
    english = run("portrait", "--history", "--file", told_file, "--lang", "en")
    assert "I live in Leeds now." in english and "corrected" in english
    assert "I live in York now." in english and "new" in english
    chinese = run("portrait", "--history", "--file", told_file, "--lang", "zh")
    assert "已更正" in chinese and "新的" in chinese
    days = json.loads(run("portrait", "--history", "--file", told_file, "--json"))
    assert [day["day"] for day in days] == ["2026-03-11", "2026-03-13", "2026-03-17"]
    assert days[2]["left"][0]["by"]["text"] == "I live in York now."


@pytest.fixture
def told_file(tmp_path):
    file = tmp_path / "told.db"
    with MemoryBank.open(file, bank="me", lang="en", zone="UTC", embedder="none") as bank:
        first = bank.remember(SAID["en"][0], now=NOW - timedelta(days=9))
        bank.remember(SAID["en"][2], now=NOW - timedelta(days=7))
        bank.correct(first, SAID["en"][1], now=NOW - timedelta(days=3))
        bank.digest(now=NOW)
    return str(file)


@pytest.fixture
def run():
    def running(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), env={"COLUMNS": "120"})
        assert done.exit_code == 0, done.output
        return done.stdout

    return running


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_timeline_gives_the_newest_days_of_those_asked_for(told_file, count):
    with MemoryBank.open(told_file, bank="me", embedder="none") as bank:
        whole = bank.timeline(now=NOW)
        assert bank.timeline(count=count, now=NOW) == whole[-count:]
        older = bank.timeline(last=date(2026, 3, 14), count=count, now=NOW)
        assert older == [day for day in whole if day.day <= date(2026, 3, 14)][-count:]
