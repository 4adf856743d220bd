"""What a program hands in wrongly is told with its cure in both languages; the usual works."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memorybank import MemoryBank
from memorybank.errors import BadInput, BadSetting, BadTime
from memorybank.records import Part, Why

both = pytest.mark.parametrize("lang", ["en", "zh"])
SAID = {"en": "I bought a kayak.", "zh": "我买了一条皮划艇。"}


def opened(tmp_path, lang="en"):
    return MemoryBank.open(tmp_path / "m.db", bank="x", lang=lang, embedder=None)


@both
def test_the_parts_of_a_message_are_its_words(lang, tmp_path):
    bank = opened(tmp_path, lang)
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [{"type": "text", "text": SAID[lang]}, picture]
    bank.remember_messages(
        [{"role": "user", "content": parts}, {"role": "assistant", "content": "!"}]
    )
    (turn,) = bank.recent()
    assert (turn.text, turn.reply) == (SAID[lang], "!")


@pytest.mark.parametrize(
    ("wrong", "kind", "cure", "chinese"),
    [
        (lambda bank: bank.remember_messages(["hello"]), BadInput, '{"role"', "一条消息是"),
        (lambda bank: bank.remember("a", now="2026-01-01"), BadTime, "datetime", "带时区"),
        (lambda bank: bank.recall("a", now="2026-01-01"), BadTime, "datetime", "带时区"),
        (lambda bank: bank.portrait(now=5), BadTime, "datetime", "带时区"),
    ],
)
def test_what_is_no_message_or_no_time_is_told(wrong, kind, cure, chinese, tmp_path):
    with pytest.raises(kind) as caught:
        wrong(opened(tmp_path))
    assert cure in caught.value.say("en")
    assert chinese in caught.value.say("zh")


def test_a_language_that_is_not_known_is_told(tmp_path):
    with pytest.raises(BadSetting) as caught:
        opened(tmp_path, "fr")
    assert "choose zh or en" in caught.value.say("en")
    assert "请选 zh 或 en" in caught.value.say("zh")


def test_reasons_read_as_a_line():
    signals = (
        Part(name="typical", value=1.0, share=-0.2),
        Part(name="words", value=2.0, share=3.9),
    )
    assert str(Why(signals=signals, notes=("the time named: May",))) == (
        "the time named: May, words +3.9, typical -0.2"
    )


@both
def test_the_snippet_of_the_readme_prints_reasons_that_people_read(lang, tmp_path):
    bank = opened(tmp_path, lang)
    for day in range(1, 13):
        bank.remember(f"{SAID[lang]} {day}", now=datetime(2026, 1, day, tzinfo=UTC))
    (hit,) = bank.recall(SAID[lang] + " 7", k=1, now=datetime(2026, 1, 20, tzinfo=UTC))
    assert "words +" in str(hit.why) and "Part(" not in f"{hit.why}"
