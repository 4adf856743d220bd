"""The companion's prompts, one text file for each purpose and language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from memorybank.records import Lang


@cache
def read(name: str, lang: Lang) -> str:
    """Return the prompt `name` in a language, without the newline at its end."""
    return Path(__file__).with_name(f"{name}_{lang}.txt").read_text("utf-8").strip()
