"""After a correction nobody is told the old words, digested anew or not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memorybank import MemoryBank

LIVES = {
    "en": (
        ["I live in Leeds and work as a nurse.", "I adopted a grey cat called Miso."],
        "I adopted a black cat called Miso.",
        "What colour is my cat?",
        "grey",
    ),
    "zh": (
        ["我住在杭州，是一名护士。", "我养了一只灰猫，叫年糕。"],
        "我养了一只黑猫，叫年糕。",
        "我的猫是什么颜色的？",
        "灰",
    ),
}
both = pytest.mark.parametrize("lang", ["en", "zh"])


def on(day: int) -> datetime:
    return datetime(2026, 1, day, 9, tzinfo=UTC)


def corrected(lang, tmp_path):
    lines, right, question, wrong = LIVES[lang]
    bank = MemoryBank.open(tmp_path / "m.db", bank="x", lang=lang, embedder=None)
    for line in lines:
        bank.remember(line, now=on(5))
    bank.digest(now=on(7))
    old = next(hit for hit in bank.recall(question, now=on(7)) if hit.kind == "turn")
    assert wrong in old.text
    bank.correct(old.id, right, now=on(9))
    return bank, question, wrong


def told(bank, question, now):
    """Everything that a reader, a person or a model, gets to see at a moment."""
    texts = [m["content"] for m in bank.context(question, now=now, recent=0).messages]
    texts += [bank.portrait(now=now).text]
    texts += [hit.text for hit in bank.recall(question, now=now, k=20)]
    for day in bank.timeline(now=now):
        texts += [part.text for part in (day.summary, day.insight) if part]
    return "\n".join(texts)


@both
def test_what_was_corrected_is_not_told_before_the_next_digest(lang, tmp_path):
    bank, question, wrong = corrected(lang, tmp_path)
    assert wrong not in told(bank, question, on(10))
    for level in ("day", "insight", "week", "month", "global"):
        assert not any(wrong in summary.text for summary in bank.summaries(level))
    bank.digest(now=on(10))
    assert wrong not in told(bank, question, on(11))


@both
def test_what_was_not_corrected_is_still_told(lang, tmp_path):
    bank, question, _ = corrected(lang, tmp_path)
    kept = LIVES[lang][0][0]
    assert kept in bank.portrait(now=on(10)).text
    assert kept in bank.summaries("global")[0].text
    assert LIVES[lang][1] in told(bank, question, on(10))


@both
def test_before_the_correction_the_old_words_held(lang, tmp_path):
    bank, question, wrong = corrected(lang, tmp_path)
    assert wrong in bank.portrait(now=on(8)).text
    assert wrong in told(bank, question, on(8))
