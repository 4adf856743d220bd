"""Two days of a talk with a small real model, in a real terminal: what was said is recalled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from terminal import Terminals

from memorybank import MemoryBank


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_two_days_with_a_real_model(terminals: Terminals, home: Path, smollm2: Path):
    options = ("--bank", "clara", "--lang", "en", "--llm", f"gguf:{smollm2}", "--max-tokens", "40")
    first = terminals.chat(*options, "--temperature", "0", "--now", "2026-03-01T09:00")
    first.until("you>")
    first.type("My name is Clara. I adopted a grey cat called Miso.")
    first.until("you>")
    first.type("/stop")
    first.until("See you")

    second = terminals.chat(*options, "--temperature", "0", "--now", "2026-03-02T09:00")
    second.until("Welcome back, Clara")
    second.until("you>")
    second.type("What is my cat called?")
    second.until("you>")
    second.type("/why")
    second.until("Miso")
    second.until("you>")
    second.type("/stop")
    second.until_the_end()

    with MemoryBank.open(home / "memory.db", bank="clara", create=False) as bank:
        told, asked = (turn for turn in bank.recent() if turn.channel == "chat")
        assert told.reply and asked.reply, "the model has spoken"
        events = bank.explain(told.id).events
        assert [event.turn_id for event in events if event.kind == "recall"] == [asked.id]
        # The day that ended was digested: by quoting, or by the model, whose words are its own
        # each time, but name what the day names, or they would not stand there.
        told_of = "".join(summary.text for summary in bank.summaries("day"))
        assert "Miso" in told_of or "Clara" in told_of
