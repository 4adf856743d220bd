"""Where to find help: a dated TOML file of help lines, ours or the user's own.

    as_of = 2026-11-24
    [shown]                      # which regions a note lists in a language, in this order
    en = ["US", "GB"]
    [[line]]
    region = "US"
    kinds = ["self_harm"]        # self_harm, abuse, or both
    name = "988 Suicide & Crisis Lifeline"
    reach = "call or text 988"
    source = "988lifeline.org"
    name_zh = "…"                # optional, as is reach_zh

Reading the file is the only I/O of the safety rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from memorybank.errors import BadSetting
from memorybank.records import Lang

OURS = Path(__file__).parent / "data" / "help_lines.toml"
KINDS = ("self_harm", "abuse")
_NEEDED = ("region", "name", "reach", "source")
_MAY = ("name_zh", "reach_zh", "kinds")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """One place to turn to, and the public source that it is known from."""

    region: str
    name: str
    reach: str
    source: str
    kinds: tuple[str, ...] = KINDS
    name_zh: str = ""
    reach_zh: str = ""

    def said(self, lang: Lang) -> str:
        """Return the line as it is shown."""
        if lang == "zh":
            return f"{self.region} {self.name_zh or self.name}：{self.reach_zh or self.reach}"
        return f"{self.region} {self.name}: {self.reach}"


@dataclass(frozen=True, slots=True)
class HelpLines:
    """All help lines of a file, and the day on which they were checked."""

    as_of: date
    lines: tuple[HelpLine, ...]
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def chosen(self, kind: str, lang: Lang, regions: Sequence[str] = ()) -> tuple[HelpLine, ...]:
        """Return the lines for a kind of concern, by the order of the regions; all if none."""
        wanted = tuple(regions) or self.shown.get(lang, ())
        fit = [line for line in self.lines if kind in line.kinds]
        if not wanted:
            return tuple(fit)
        kept = [line for line in fit if line.region in wanted]
        return tuple(sorted(kept, key=lambda line: wanted.index(line.region)))


def read_help_lines(path: Path | None = None) -> HelpLines:
    """Read the help lines of a file, ours if none is named.

    Raises:
        BadSetting: the file is missing, no TOML, or lacks something. Show `note(…, lines=None)`
            then, which names no number, rather than nothing.
    """
    file = path or OURS
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(file, str(error), "读不出来") from error
    as_of = found.get("as_of")
    if not isinstance(as_of, date):
        raise _bad(
            file, "as_of must be a date such as 2026-11-24", "as_of 应是 2026-11-24 这样的日期"
        )
    rows = found.get("line")
    if not isinstance(rows, list) or not rows:
        raise _bad(file, "there is no [[line]]", "没有 [[line]]")
    lines = tuple(_line(file, number, row) for number, row in enumerate(rows, 1))
    return HelpLines(as_of, lines, _shown(file, found.get("shown", {}), lines))


def _shown(file: Path, shown: Any, lines: Sequence[HelpLine]) -> dict[str, tuple[str, ...]]:
    known = {line.region for line in lines}
    if not isinstance(shown, dict):
        raise _bad(file, "[shown] must be a table of lists", "[shown] 应是列表的表")
    for lang, regions in shown.items():
        if lang not in ("zh", "en") or not isinstance(regions, list) or set(regions) - known:
            raise _bad(
                file,
                f"[shown] {lang}: list regions that have a line",
                f"[shown] {lang}：只能列有热线的地区",
            )
    return {lang: tuple(regions) for lang, regions in shown.items()}


def _line(file: Path, number: int, row: Any) -> HelpLine:
    where, there = f"line {number}: ", f"第 {number} 条："
    if not isinstance(row, dict) or set(row) - {*_NEEDED, *_MAY}:
        raise _bad(file, f"{where}known are {', '.join(_NEEDED + _MAY)}", f"{there}有不认识的项")
    kinds = row.get("kinds", list(KINDS))
    if not isinstance(kinds, list) or not kinds or set(kinds) - set(KINDS):
        raise _bad(
            file, f"{where}kinds are {', '.join(KINDS)}", f"{there}kinds 可用 {'、'.join(KINDS)}"
        )
    texts = {name: row.get(name, "") for name in (*_NEEDED, "name_zh", "reach_zh")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.isprintable() or (name in _NEEDED and not text):
            raise _bad(
                file, f"{where}{name} must be one line of text", f"{there}{name} 应是一行文字"
            )
    return HelpLine(**texts, kinds=tuple(kinds))


def _bad(file: Path, why: str, zh: str) -> BadSetting:
    return BadSetting(
        f"{file}: {why}. Mend the file of help lines, or take the setting out to use the "
        "ones that come with the program",
        f"{file}：{zh}。请改好求助热线文件，或去掉这项设置，改用自带的热线",
    )
