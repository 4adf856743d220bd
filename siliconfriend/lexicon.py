"""Many patterns, few of which a text can possibly match: find those first.

Every alternative of a list is a pattern of its own, and knows words that every match must
contain. A text that lacks them is not searched for it; a substring test is a hundred
times quicker than a search. Patterns are compiled when they are first needed. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Words = frozenset[str]


class Entry:
    """One alternative: its source, and the words that it needs."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def words(self) -> list[Words]:
        """Sets of words: every match contains one of each."""
        return [words for words in _needed(parser.parse(self.source)) if "" not in words]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self.source, re.MULTILINE)

    def possible(self, text: str) -> bool:
        """Say whether a text could match."""
        return all(any(word in text for word in words) for words in self.words)


class Lexicon:
    """A list of patterns."""

    def __init__(self, sources: Iterable[str]) -> None:
        parts = (part for source in sources for part in alternatives(source))
        self.entries = tuple(map(Entry, dict.fromkeys(parts)))

    def possible(self, text: str) -> list[Entry]:
        """Return what a text could match."""
        return [entry for entry in self.entries if entry.possible(text)]

    def found_in(self, text: str) -> bool:
        """Say whether any pattern matches."""
        return any(entry.pattern.search(text) for entry in self.possible(text))


def alternatives(source: str) -> list[str]:
    """Cut a pattern at the bars that stand outside of groups and classes."""
    parts, depth, in_class, start, position = [], 0, False, 0, 0
    while position < len(source):
        sign = source[position]
        if sign == "\\":
            position += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            parts.append(source[start:position])
            start = position + 1
        position += 1
    return [*parts, source[start:]]


def _best(candidates: Sequence[Words]) -> Words:
    """Return the candidate whose shortest word is longest."""

    def worth(words: Words) -> tuple[int, int]:
        return min(len(word) for word in words), -len(words)

    return max(filter(None, candidates), key=worth, default=frozenset())


def _needed(sequence: Any) -> list[Words]:
    """Return sets of words; a match of the sequence contains one of each set."""
    found: list[Words] = []
    run = ""
    for name, value in [*sequence, (None, None)]:
        if name is parser.LITERAL:
            run += chr(value)
            continue
        if run:
            found.append(frozenset([run]))
            run = ""
        if name is not None:
            found += _inside(name, value)
    return found


def _inside(name: Any, value: Any) -> list[Words]:
    if name is parser.SUBPATTERN:
        return _needed(value[-1])
    if name is parser.MAX_REPEAT and value[0] >= 1:
        return _needed(value[2])
    if name is parser.BRANCH:
        each = [_best(_needed(branch)) for branch in value[1]]
        return [frozenset().union(*each)] if all(each) else []
    return []
