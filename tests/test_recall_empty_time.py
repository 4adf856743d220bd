"""Who asks for a day of which nothing is kept is told so, in the language of the question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memorybank import MemoryBank

SAID = {"en": "I bought a kayak.", "zh": "我买了一条皮划艇。"}
ASKED = {
    "en": ("What did I do the day before yesterday?", "What did I buy yesterday?"),
    "zh": ("前天我做了什么？", "昨天我买了什么？"),
}
NOTE = {"en": "nothing is kept of the time named: ", "zh": "提到的时间里没有记下什么："}
WORDS = {"en": "the day before yesterday", "zh": "前天"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_day_of_which_nothing_is_kept_is_told(lang, tmp_path):
    bank = MemoryBank.open(tmp_path / "m.db", bank="x", lang=lang, embedder=None, zone="Etc/UTC")
    now = datetime(2026, 4, 15, 12, tzinfo=UTC)
    bank.remember(SAID[lang], now=datetime(2026, 4, 14, 12, tzinfo=UTC))
    empty, kept = (bank.recall(question, now=now) for question in ASKED[lang])
    assert NOTE[lang] + WORDS[lang] in empty.notes
    assert not any(note.startswith(NOTE[lang]) for note in kept.notes)
    assert kept[0].text == SAID[lang]
