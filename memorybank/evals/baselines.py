"""What recall is compared with: chance, grep, BM25, and vectors alone.

Each baseline is the plain textbook thing, on the memory's text as people read it, knowing nothing
of conversations, dates in words or persons. `original.py` holds the original project's retrieval.
A baseline is made for one bank and then answers questions by ids, best first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank.evals.sets import Question
from memorybank.formats import Volume
from memorybank.lexical import EN_STOP, stem
from memorybank.models import Embedder, passages, question
from memorybank.rendering import chunks, clean, rendered, to_embed

Ranking = list[str]
Answerer = Callable[[Question], Ranking]
SEEDS = 20
BATCH = 32

_ENGLISH = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CHINESE = re.compile("[\u3400-\u9fff]+")
_STOP_ZH = frozenset(
    "什么 哪些 哪个 怎么 怎样 为何 是否 曾经 请问 我们 你们 他们 一个 我的 你的".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Texts:
    """One bank as a baseline sees it: ids, texts, and which of them a question may see."""

    volume: Volume
    ids: Sequence[str]
    texts: Sequence[str]
    orders: Mapping[str, int]

    def visible(self, asked: Question) -> NDArray[np.bool_]:
        """Return which memories a question may see, shape (n,)."""
        if asked.max_order is None:
            return np.ones(len(self.ids), np.bool_)
        return np.array([self.orders.get(i, -1) < asked.max_order for i in self.ids])

    def ranked(self, scores: NDArray[np.floating], asked: Question) -> Ranking:
        """Return the ids above -inf that may be seen, best first, ties as they came."""
        allowed = np.flatnonzero(self.visible(asked) & np.isfinite(scores))
        best = allowed[np.lexsort((allowed, -scores[allowed]))]
        return [self.ids[i] for i in best]


def texts_of(volume: Volume, orders: Mapping[str, int]) -> Texts:
    """Return a volume as baselines see it: "name: what was said", both sides of an exchange."""
    return Texts(
        volume=volume,
        ids=[turn.external_id or "" for turn in volume.turns],
        texts=[
            rendered(turn.text, turn.reply, turn.speaker, turn.replier, turn.lang)
            for turn in volume.turns
        ],
        orders=orders,
    )


def chance(bank: Texts, seed: int) -> Answerer:
    """Return a shuffler; the expected value is the mean over seeds."""
    rng = np.random.default_rng(seed)
    return lambda asked: bank.ranked(rng.random(len(bank.ids)), asked)


def grep(bank: Texts) -> Answerer:
    """Look for the question's words as they are written; most of them first, then the newest.

    Words are letters between spaces, in Chinese pairs of characters; the commonest are left out.
    """
    lowered = [text.lower() for text in bank.texts]
    newest = np.arange(len(lowered)) / max(1, len(lowered))

    def answer(asked: Question) -> Ranking:
        wanted = set(_words(asked.text))
        found = np.array([sum(word in text for word in wanted) for text in lowered], np.float64)
        return bank.ranked(np.where(found > 0, found + newest, -np.inf), asked)

    return answer


def _words(text: str) -> list[str]:
    words = [w for w in _ENGLISH.findall(text.lower()) if w not in EN_STOP]
    pairs = [run[i : i + 2] for run in _CHINESE.findall(text) for i in range(max(1, len(run) - 1))]
    return words + [pair for pair in pairs if pair not in _STOP_ZH]


def tokens(text: str) -> list[str]:
    """Return the terms that BM25 counts: English stems, pairs of Chinese characters."""
    return [stem(word) for word in _words(text)]


class BM25:
    """Robertson's BM25 with k1 = 1.5, b = .75 and the never negative idf of Lucene.

    idf = ln(1 + (N - n + .5) / (n + .5)); weight = idf * tf / (tf + k1 (1 - b + b |d| / avg|d|)).
    """

    def __init__(
        self, documents: Sequence[Sequence[str]], k1: float = 1.5, b: float = 0.75
    ) -> None:
        lengths = np.array([len(d) for d in documents], np.float64)
        norm = k1 * (1 - b + b * lengths / max(1e-9, float(lengths.mean())))
        places: dict[str, list[tuple[int, int]]] = {}
        for i, document in enumerate(documents):
            for term, count in Counter(document).items():
                places.setdefault(term, []).append((i, count))
        self.size = len(documents)
        self._weights: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for term, found in places.items():
            at = np.array([i for i, _ in found])
            tf = np.array([count for _, count in found], np.float64)
            idf = np.log1p((self.size - len(found) + 0.5) / (len(found) + 0.5))
            self._weights[term] = (at, idf * tf / (tf + norm[at]))

    def scores(self, query: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of every document, shape (n,); a term counts as often as it is asked."""
        result = np.zeros(self.size)
        for term in query:
            if term in self._weights:
                at, weight = self._weights[term]
                result[at] += weight
        return result


def bm25(bank: Texts) -> Answerer:
    """Rank by BM25; what shares no term with the question is not ranked."""
    model = BM25([tokens(text) for text in bank.texts])

    def answer(asked: Question) -> Ranking:
        scores = model.scores(tokens(asked.text))
        return bank.ranked(np.where(scores > 0, scores, -np.inf), asked)

    return answer


def embedded(texts: Sequence[str], embedder: Embedder) -> NDArray[np.float32]:
    """Return the directions of texts, shape (n, dim)."""
    parts = [passages(embedder, texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]
    return np.concatenate(parts)


def vectors(bank: Texts, embedder: Embedder) -> Answerer:
    """Rank by the cosine of the best chunk, with the embedder and the texts that ours has."""
    pieces = [
        chunks(
            to_embed(clean(t.text) or None, clean(t.reply) or None, t.speaker, t.replier, t.lang),
            embedder.max_chars,
        )
        for t in bank.volume.turns
    ]
    owners = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    matrix = embedded([piece for of_turn in pieces for piece in of_turn], embedder)

    def answer(asked: Question) -> Ranking:
        best = np.full(len(pieces), -np.inf, np.float32)
        np.maximum.at(best, owners, matrix @ question(embedder, asked.text))
        return bank.ranked(best, asked)

    return answer
