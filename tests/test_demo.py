"""The minute: every act is played, in both languages, and leaves a bank behind."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from rich.console import Console

from memorybank import MemoryBank
from memorybank.demo import Diary, play
from memorybank.testing import HashEmbedder

SAID = {
    "en": (
        "exchanges have faded", "corrects", "faded; brought back", "it would now fade on",
        "memorybank recall", "│ Self", "│ Health", "│ People and pets", "│ Plans",
    ),
    "zh": (
        "已经淡忘", "更正", "已淡忘，因明确的线索而想起", "才会淡忘", "memorybank recall",
        "│ 自己", "│ 健康", "│ 亲友宠物", "│ 打算",
    ),
}  # fmt: skip
USERS = {"en": "Nora", "zh": "林舟"}


def played(folder: Path, lang: str) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100)
    play(folder / "demo.db", lang, console, embedder=HashEmbedder(256))  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_act_is_played(tmp_path: Path, lang: str) -> None:
    text = played(tmp_path, lang)
    assert all(f"\n{act}. " in text for act in range(1, 8))
    assert all(words in text for words in SAID[lang])
    user = USERS[lang]
    with MemoryBank.open(tmp_path / "demo.db", bank=user, embedder=None, create=False) as bank:
        turns = bank.info().turns
        assert turns == len(Diary.read(lang).turns) + 2  # type: ignore[arg-type]
        assert bank.portrait().statements and len(bank.summaries("day")) >= 10
        april = datetime(2026, 4, 10, tzinfo=UTC)
        memories = [m for day in bank.timeline(now=april) for m in day.memories]
        faded = sum(m.faded for m in memories)
        assert len(memories) // 4 < faded < 3 * len(memories) // 4


def test_played_again_it_starts_anew(tmp_path: Path) -> None:
    first, second = played(tmp_path, "en"), played(tmp_path, "en")
    assert first.count("\n") == second.count("\n")
    with MemoryBank.open(tmp_path / "demo.db", bank="Nora", embedder=None) as bank:
        assert bank.info().turns == len(Diary.read("en").turns) + 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_questions_expect_was_said(lang: str) -> None:
    said = [f"{turn.text}\n{turn.reply}" for turn in Diary.read(lang).turns]  # type: ignore[arg-type]
    lines = files("memorybank.demo").joinpath(f"questions_{lang}.jsonl").read_text("utf-8")
    for line in lines.splitlines():
        expected = json.loads(line)["expect"]
        assert any(expected in text for text in said), expected
