"""docs/models.md and its Chinese twin name every option there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memorybank.adapters import gguf, openai_embedder, openai_llm, sentence_transformers

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("models.md", "models_zh.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_option_is_told(page: str):
    text = (DOCS / page).read_text("utf-8")
    for options in (openai_llm, openai_embedder, gguf, sentence_transformers):
        for option in options._OPTIONS:
            assert f"`{option}`" in text, f"{page} does not tell of {option}"


def test_both_languages_tell_the_same():
    named = []
    for page in PAGES:
        text = (DOCS / page).read_text("utf-8")
        rows = re.findall(r"(?m)^\| `?([\w-]+)", text)
        named.append((re.findall(r"https?://[^`\" )]+", text), [r for r in rows if r.isascii()]))
    english, chinese = named
    assert english[0] == chinese[0] and len(english[0]) > 10
    options = [row for row in english[1] if row.islower()]
    assert [row for row in chinese[1] if row.islower()] == [
        row for row in options if row not in ("kind", "provider", "option", "language", "embedder")
    ]
