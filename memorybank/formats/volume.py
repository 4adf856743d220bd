"""What a file of memories becomes: one volume for each bank in it.

Law of this file: a volume's `extra` holds what the file said beside its turns, in JSON, under
one key for each format. It exists for export alone: nobody reads it as something that was
said, and no turn's own words are ever in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeGuard

from memorybank.lexical import detect
from memorybank.records import Lang, Turn
from memorybank.rendering import is_blank


class Refused(Exception):
    """Why a file cannot be taken, before it is known which file: readers make it a BadFile."""

    def __init__(self, why: str, zh: str, *, line: int | None = None) -> None:
        super().__init__(why)
        self.zh = zh
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One bank as a file holds it; turns in the order of the file, times in the given zone."""

    name: str
    lang: Lang
    turns: tuple[Turn, ...]
    extra: Mapping[str, Any]


def visible(value: object) -> TypeGuard[str]:
    """Tell whether this is a text in which anything is said: a bank takes no other."""
    return isinstance(value, str) and not is_blank(value)


def pad_of(text: str | None) -> list[str] | None:
    """Return the white space before and after a text, which a bank does not keep."""
    if text is None or text == (core := text.strip()):
        return None
    before, _, after = text.partition(core)
    return [before, after]


def padded(text: str | None, pad: Sequence[str] | None) -> str:
    """Return a text with its white space around it, however much it has lost."""
    if text is None or pad is None:
        return text or ""
    return pad[0] + text.strip() + pad[1]


def latest(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns; of those with one external id the last, which corrects the others."""
    last = {turn.external_id: n for n, turn in enumerate(turns)}
    return [t for n, t in enumerate(turns) if t.external_id is None or last[t.external_id] == n]


def languages(texts: Sequence[str], default: Lang) -> tuple[Lang, list[Lang]]:
    """Return the language of most texts, and that of each; undecided ones follow the most."""
    votes = [(detect(text, "zh"), detect(text, "en")) for text in texts]
    main = majority((a for a, b in votes if a == b), default)
    return main, [a if a == b else main for a, b in votes]


def majority(langs: Iterable[Lang], default: Lang) -> Lang:
    """Return the more frequent language."""
    counts = Counter(langs)
    if counts["zh"] == counts["en"]:
        return default
    return "zh" if counts["zh"] > counts["en"] else "en"


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment in the zone, a naive one read there; Refused outside the calendar.

    The way over UTC leaves only times that exist: a clock that jumps forward at midnight
    makes a day begin at one.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        return aware.astimezone(UTC).astimezone(zone)
    except (OverflowError, ValueError):
        raise Refused(
            "its date lies outside the calendar: correct the year", "日期超出了日历：请改正年份"
        ) from None
