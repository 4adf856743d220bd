"""A rule of grammar: one regular expression and what a match of it means.

Law of this file: patterns are written for readers. In an English one a blank stands for one to
three blanks or line ends, in a Chinese one for an optional blank (people write 5 月 2 日); both
are bounded, so that no text makes a pattern crawl. `\\b`, `\\d` and case folding are ASCII only:
between 我 and May there is a word boundary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from memorybank.timewords.frame import Frame
from memorybank.timewords.span import Days

Reader = Callable[[re.Match[str], Frame], Days | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`read` gets a match and the frame; None, ValueError or OverflowError: no such time.

    An impossible date still holds its place, so that February 30th is not read as February.
    """

    pattern: re.Pattern[str]
    read: Reader


def group(match: re.Match[str], name: str) -> str | None:
    """Return a named group; None also where this rule's pattern has no such group."""
    return match.groupdict().get(name)


def english(pattern: str, read: Reader) -> Rule:
    """Compile an English pattern; case matters only inside (?-i:...)."""
    return Rule(re.compile(pattern.replace(" ", r"\s{1,3}"), re.ASCII | re.IGNORECASE), read)


def chinese(pattern: str, read: Reader) -> Rule:
    """Compile a Chinese pattern."""
    return Rule(re.compile(pattern.replace(" ", r"\s?"), re.ASCII), read)
