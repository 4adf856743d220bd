"""Many patterns, few of which a text can possibly match: find those first.

Every alternative of a list is a pattern of its own, and knows words that every match must
contain. A text that lacks them is not searched for it; a substring test is a hundred
times quicker than a search. Patterns are compiled when they are first needed. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cached_property

_COUNT = re.compile(r"(?:([*+?])|\{(\d*)(?:,\d*)?\})[?+]?")
Words = frozenset[str]


class Entry:
    """One alternative: its source, and the words that it needs."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def words(self) -> list[Words]:
        """Sets of words: every match contains one of each."""
        return [words for words in _needed(self.source) if "" not in words]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self.source, re.MULTILINE)

    def possible(self, text: str, letters: Set[str] | None = None) -> bool:
        """Say whether a text could match; `letters` are those of the text, if they are known."""
        letters = set(text) if letters is None else letters
        return all(
            any(word[0] in letters and word[-1] in letters and word in text for word in words)
            for words in self.words
        )


class Lexicon:
    """A list of patterns."""

    def __init__(self, sources: Iterable[str]) -> None:
        parts = (part for source in sources for part in alternatives(source))
        self.entries = tuple(map(Entry, dict.fromkeys(parts)))

    def possible(self, text: str, letters: Set[str] | None = None) -> list[Entry]:
        """Return what a text could match; `letters` are those of the text, if they are known."""
        letters = set(text) if letters is None else letters
        return [entry for entry in self.entries if entry.possible(text, letters)]

    def found_in(self, text: str) -> bool:
        """Say whether any pattern matches."""
        return any(entry.pattern.search(text) for entry in self.possible(text))


def alternatives(source: str) -> list[str]:
    """Cut a pattern at the bars that stand outside of groups and classes."""
    parts, start = [], 0
    for begin, end, inside in _signs(source):
        if source[begin] == "|" and not inside:
            parts.append(source[start:begin])
            start = end
    return [*parts, source[start:]]


def _signs(source: str, start: int = 0) -> Iterator[tuple[int, int, bool]]:
    """Yield where each sign of a pattern begins and ends, an escaped one whole, and whether what
    follows it still stands inside of a group or a class."""
    depth, in_class, position = 0, False, start
    while position < len(source):
        sign, begin = source[position], position
        position += 2 if sign == "\\" else 1
        if in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        yield begin, position, bool(depth) or in_class


def _best(candidates: Sequence[Words]) -> Words:
    """Return the candidate whose shortest word is longest."""

    def worth(words: Words) -> tuple[int, int]:
        return min(len(word) for word in words), -len(words)

    return max(filter(None, candidates), key=worth, default=frozenset())


def _needed(source: str) -> list[Words]:
    """Return sets of words; a match of one alternative contains one of each set."""
    found: list[Words] = []
    run = ""
    for atom, least in _atoms(source):
        sign = _literal(atom)
        if sign and least is None:
            run += sign
            continue
        if run:
            found.append(frozenset([run]))
            run = ""
        if least != 0:
            found += [frozenset([sign])] if sign else _inside(atom)
    return [*found, frozenset([run])] if run else found


def _atoms(source: str) -> Iterator[tuple[str, int | None]]:
    """Yield the signs, classes and groups of a pattern, and how often each comes at least.

    None where nothing is said about how often: exactly once.
    """
    position = 0
    while position < len(source):
        end = _end(source, position)
        count = _COUNT.match(source, end)
        least = None
        if count:
            least = int(count[2] or 0) if count[1] is None else int(count[1] == "+")
        yield source[position:end], least
        position = count.end() if count else end


def _end(source: str, start: int) -> int:
    """Return where the atom that begins at `start` ends."""
    return next(end for _, end, inside in _signs(source, start) if not inside)


def _literal(atom: str) -> str:
    """Return the sign that an atom stands for, or nothing if it stands for several."""
    if len(atom) == 1:
        return "" if atom in ".^$" else atom
    return atom[1] if len(atom) == 2 and atom[0] == "\\" and not atom[1].isalnum() else ""


def _inside(atom: str) -> list[Words]:
    if not atom.startswith("(") or atom.startswith(("(?=", "(?!", "(?<")):
        return []
    body = atom[3:-1] if atom.startswith("(?:") else atom[1:-1]
    branches = alternatives(body)
    if len(branches) == 1:
        return _needed(body)
    each = [_best(_needed(branch)) for branch in branches]
    return [frozenset().union(*each)] if all(each) else []
