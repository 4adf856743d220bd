"""A provider's section of the settings, read once and strictly: what nobody knows is refused.

Shared by the adapters. Messages name an option, never its value: it may be a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorybank.errors import BadSetting

_TYPES: dict[type, tuple[str, str]] = {
    str: ("a text", "一段文字"),
    int: ("a whole number", "一个整数"),
    float: ("a number", "一个数"),
    bool: ("true or false", "true 或 false"),
    list: ("a list", "一个列表"),
    dict: ("a table", "一张表"),
}


class Section:
    """The options of one provider, handed out by name and type."""

    def __init__(self, provider: str, options: Mapping[str, Any], known: frozenset[str]) -> None:
        self.provider, self.options = provider, options
        for name in sorted(options.keys() - known):
            names = sorted(known)
            raise BadSetting(
                f"[{provider}] has no option {name!r}: known are {', '.join(names)}",
                f"[{provider}] 没有 {name!r} 这个选项：可用的有 {'、'.join(names)}",
            )

    def text(self, name: str, default: str = "") -> str:
        """Return an option that is a text, without blanks around it."""
        return self.raw(name, default).strip()

    def raw(self, name: str, default: str = "") -> str:
        """Return an option that is a text whose blanks count, as in a prefix."""
        return str(self._typed(name, default, str))

    def number(self, name: str, default: float, least: float = 0) -> float:
        """Return an option that is a number, at least `least`."""
        value = self._typed(name, default, float, int)
        if not least <= value < 1e12:
            raise self.wrong(name, f"at least {least:g}", f"不小于 {least:g} 的数")
        return float(value)

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """Return an option that is a whole number, at least `least`."""
        value = int(self._typed(name, default, int))
        if value < least:
            raise self.wrong(name, f"at least {least}", f"不小于 {least} 的整数")
        return value

    def flag(self, name: str) -> bool:
        """Return an option that is true or false; false if it is not there."""
        return bool(self._typed(name, False, bool))

    def table(self, name: str) -> dict[str, Any]:
        """Return an option that is a table."""
        return dict(self._typed(name, {}, dict))

    def texts(self, name: str) -> list[str]:
        """Return an option that is a list of texts, or one text with commas in it."""
        value = self._typed(name, [], list, str)
        parts = value.split(",") if isinstance(value, str) else value
        if not all(isinstance(part, str) for part in parts):
            raise self.wrong(name, "a text, or a list of texts", "一段文字，或一列文字")
        return [part.strip() for part in parts if part.strip()]

    def file(self, name: str) -> str:
        """Return what stands in the file that an option names, "" without the option."""
        path = self.text(name)
        if not path:
            return ""
        try:
            return Path(path).expanduser().read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            raise self.wrong(
                name, "a text file that can be read", "一个读得到的文本文件"
            ) from error

    def wrong(self, name: str, what: str, zh: str) -> BadSetting:
        """Return the error for an option that is not as it should be."""
        return BadSetting(
            f"{name} in [{self.provider}] must be {what}",
            f"[{self.provider}] 里的 {name} 必须是{zh}",
        )

    def _typed(self, name: str, default: Any, *types: type) -> Any:
        value = self.options.get(name, default)
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise self.wrong(name, *_TYPES[types[0]])
        return value
