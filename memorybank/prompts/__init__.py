"""The prompts, one text file for each purpose and language; `read` is the only way to them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from memorybank.records import Lang


@cache
def read(name: str, lang: Lang) -> str:
    """Return the prompt `name` in a language, without the newline at its end."""
    return files(__package__).joinpath(f"{name}_{lang}.txt").read_text("utf-8").strip()
