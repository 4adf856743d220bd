"""A rule of grammar: one regular expression and what a match of it means.

Law of this file: patterns are written for readers. In an English one a blank stands for one to
three blanks or line ends, in a Chinese one for an optional blank (people write 5 月 2 日); both
are bounded, so that no text makes a pattern crawl. `\\b`, `\\d` and case folding are ASCII only:
between 我 and May there is a word boundary. A pattern is compiled when a text first calls for its
grammar: compiling both would take a tenth of a short process's time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from memorybank.timewords.frame import Frame
from memorybank.timewords.span import Days

Reader = Callable[[re.Match[str], Frame], Days | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`read` gets a match and the frame; None, ValueError or OverflowError: no such time.

    An impossible date still holds its place, so that February 30th is not read as February.
    """

    written: str
    flags: int
    read: Reader

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled."""
        return _compiled(self.written, self.flags)


@cache
def _compiled(written: str, flags: int) -> re.Pattern[str]:
    return re.compile(written, flags)


def group(match: re.Match[str], name: str) -> str | None:
    """Return a named group; None also where this rule's pattern has no such group."""
    return match.groupdict().get(name)


def english(pattern: str, read: Reader) -> Rule:
    """Take an English pattern; case matters only inside (?-i:...)."""
    return Rule(pattern.replace(" ", r"\s{1,3}"), int(re.ASCII | re.IGNORECASE), read)


def chinese(pattern: str, read: Reader) -> Rule:
    """Take a Chinese pattern."""
    return Rule(pattern.replace(" ", r"\s?"), int(re.ASCII), read)
