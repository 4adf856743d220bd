"""Event summaries without a language model: the sentences that say most, quoted.

Pure: turns in, a summary out. It never repeats itself, and names what it quotes as its sources.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memorybank import cues, lexical
from memorybank.records import Lang
from memorybank.summarise import Child, Condensed, Said

DAY_SENTENCES, MERGED_SENTENCES = 5, 8
_DATED = re.compile(r"^\d{4}-\d\d(?:-\d\d)? ")
LONGEST = 220
"""Characters of one quoted sentence; what is longer is cut at the end."""
SAME = 0.6
"""Share of terms in common from which two sentences say the same."""
REPLY_WEIGHT = 0.45
"""What the companion said counts less, and only where it names something."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    order: int
    number: int
    line: str
    weight: float
    terms: frozenset[str]


def day_extract(turns: Sequence[Said], lang: Lang) -> Condensed | None:
    """Return the event summary of a day, None if nothing was said that is worth one."""
    candidates: list[_Candidate] = []
    for turn in turns:
        for sentence in cues.sentences(turn.text):
            _offer(candidates, turn, sentence, turn.speaker, 1.0)
        for sentence in cues.sentences(turn.reply):
            if cues.names(sentence):
                _offer(candidates, turn, sentence, turn.replier or _companion(lang), REPLY_WEIGHT)
    return _extract(_best(candidates, DAY_SENTENCES))


def merge_extract(children: Sequence[Child]) -> Condensed | None:
    """Return the summary of a longer time from those of its parts, None if they are empty.

    A line is worth the rarity of its terms among all lines, so that what every day repeats
    goes and what happened once stays.
    """
    lines = [(child, line) for child in children for line in child.text.splitlines() if line]
    # The date in front of a line says nothing about what it tells.
    term_lists = [frozenset(lexical.terms(_DATED.sub("", line))) for _, line in lines]
    frequency = Counter(term for terms in term_lists for term in terms)
    candidates = [
        _Candidate(
            i, child.number, _dated(child.when, line), _rarity(terms, frequency, len(lines)), terms
        )
        for i, ((child, line), terms) in enumerate(zip(lines, term_lists, strict=True))
    ]
    return _extract(_best(candidates, MERGED_SENTENCES))


def _companion(lang: Lang) -> str:
    return "伙伴" if lang == "zh" else "Companion"


def _offer(into: list[_Candidate], turn: Said, sentence: str, name: str, share: float) -> None:
    if cues.is_small_talk(sentence) or cues.is_question(sentence) or len(sentence) < 4:
        return
    terms = frozenset(lexical.terms(sentence))
    if not terms:
        return
    telling = 1.0 + 0.3 * len(cues.names(sentence)) + 0.2 * cues.numbers(sentence)
    weight = share * (0.1 + turn.significance) * telling * math.log1p(len(terms))
    line = f"{name}: {_shortened(sentence)}" if name else _shortened(sentence)
    into.append(_Candidate(len(into), turn.number, line, weight, terms))


def _rarity(terms: frozenset[str], frequency: Counter[str], lines: int) -> float:
    return sum(lexical.idf(lines, frequency[term]) for term in terms) / math.sqrt(len(terms) + 1)


def _best(candidates: Iterable[_Candidate], count: int) -> list[_Candidate]:
    """Take the heaviest that do not repeat one another, and put them in order of time."""
    taken: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.weight, c.order)):
        if len(taken) == count:
            break
        if all(overlap(candidate.terms, other.terms) < SAME for other in taken):
            taken.append(candidate)
    return sorted(taken, key=lambda c: c.order)


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Return which share of the smaller set stands in the other, 0..1."""
    return len(a & b) / max(1, min(len(a), len(b)))


def _extract(chosen: Sequence[_Candidate]) -> Condensed | None:
    if not chosen:
        return None
    return Condensed(
        text="\n".join(c.line for c in chosen),
        sources=tuple(dict.fromkeys(c.number for c in chosen)),
    )


def _dated(when: str, line: str) -> str:
    return f"{when} {line}" if when else line


def _shortened(sentence: str) -> str:
    flat = " ".join(sentence.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
