"""The original project's retrieval, written anew from its description, its mistakes included.

What is known (the paper, section 2.2, and a reading of the code of 2023):

- a turn becomes a text with its date in front, which is cut at sentence ends, also those of "3.50"
  and "Dr."; only the first piece keeps the date
- the pieces nearest to the question are searched, by vectors alone
- each piece found draws in its neighbours of the same day until a chunk is full, but the search
  for neighbours ends after as many steps as there are pieces found, or the piece's own place
- neighbouring places become one result; every result is given the score of the last piece found
- results come in the order of their ids as text, where turn 10 stands before turn 2: what was
  most like the question is not first

What is assumed: six pieces are searched, a chunk holds 200 characters, "the same day" is what
neighbours share, and the embedder is ours, so that only the retrieval differs. Summaries, which
the original indexed too, are left out: they need a language model. Results beyond the pieces
found do not exist, so its ranking ends early and misses count as misses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from memorybank.evals.baselines import Answerer, Ranking, Texts, embedded
from memorybank.evals.sets import Question
from memorybank.models import Embedder, question
from memorybank.records import Turn
from memorybank.rendering import chunks

TOP_K = 6
CHUNK_SIZE = 200
_SENTENCE = re.compile(r"[^.!?。！？；;…\n]*(?:[.!?。！？；;…\n]+[”’」』]?|$)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a turn: whose it is, of which day, and under which id the results are sorted."""

    memory: str
    day: str
    key: str
    text: str


def original(bank: Texts, embedder: Embedder) -> Answerer:
    """Rank as the original did."""
    pieces = cut(bank, embedder.max_chars)
    matrix = embedded([piece.text for piece in pieces], embedder)

    def answer(asked: Question) -> Ranking:
        seen = dict(zip(bank.ids, bank.visible(asked), strict=True))
        scores = np.where(
            [seen[piece.memory] for piece in pieces],
            matrix @ question(embedder, asked.text),
            -np.inf,
        )
        return found(pieces, scores)

    return answer


def cut(bank: Texts, longest: int) -> list[Piece]:
    """Cut every turn into pieces as the original indexes them."""
    result: list[Piece] = []
    of_day: dict[str, int] = {}
    for memory, turn in zip(bank.ids, bank.volume.turns, strict=True):
        day = turn.occurred_at.date().isoformat()
        number = of_day[day] = of_day.get(day, -1) + 1
        for sentence in sentences(dated(turn, day)):
            parts = chunks(sentence, longest)
            result += [Piece(memory, day, f"{day}_{number}", part) for part in parts]
    return result


def dated(turn: Turn, day: str) -> str:
    """Return a turn's text with its date in front and both sides behind it."""
    sides = [side for side in (turn.text, turn.reply) if side]
    if turn.lang == "zh":
        return f"时间{day}的对话内容：{'；'.join(sides)}"
    return f"Conversation on {day}: {'; '.join(sides)}"


def sentences(text: str) -> list[str]:
    """Cut at every sentence mark, whatever it stands for."""
    return [part.strip() for part in _SENTENCE.findall(text) if re.search(r"\w", part)]


def found(pieces: list[Piece], scores: NDArray[np.floating]) -> Ranking:
    """Return the memories of the merged results, in the order in which they are handed on."""
    best = [int(i) for i in np.argsort(-scores, kind="stable")[:TOP_K] if np.isfinite(scores[i])]
    places: set[int] = set()
    for place in best:
        places |= {place, *_neighbours(pieces, scores, place, len(best))}
    results = _runs(sorted(places))
    # All share one score, so only the ids, as text, are left to sort by.
    results.sort(key=lambda run: pieces[run[0]].key)
    return list(dict.fromkeys(pieces[i].memory for run in results for i in run))


def _neighbours(
    pieces: list[Piece], scores: NDArray[np.floating], place: int, count: int
) -> list[int]:
    """Return the places that one piece draws in; `count` pieces were found."""
    drawn: list[int] = []
    length = len(pieces[place].text)
    for step in range(1, max(place, count - place)):
        for near in (place + step, place - step):
            if not 0 <= near < len(pieces) or not np.isfinite(scores[near]):
                continue
            if length + len(pieces[near].text) > CHUNK_SIZE:
                break  # leaves this step alone, not the search: the next step is tried all the same
            if pieces[near].day == pieces[place].day:
                length += len(pieces[near].text)
                drawn.append(near)
        if step > CHUNK_SIZE:
            break  # nothing that far away is of the same day any more
    return drawn


def _runs(places: list[int]) -> list[list[int]]:
    """Return runs of consecutive places."""
    breaks = [0, *(int(b - a > 1) for a, b in pairwise(places))]
    numbers = np.cumsum(breaks)[: len(places)].tolist()
    paired = zip(numbers, places, strict=True) if places else ()
    return [[p for _, p in run] for _, run in groupby(paired, key=lambda pair: pair[0])]
