"""Words: Chinese and English text to terms, and BM25 over persisted term arrays.

A term is 32 bits of a hash, so that a bank needs no dictionary and opening it tokenises
nothing. English words are stemmed; Chinese runs become their characters and character pairs,
which equals a word segmenter at a quarter of its cost. Pure: no I/O.

BM25 as in Robertson & Zaragoza (2009), with the +1 inside the logarithm that keeps a word in
every text from counting against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from memorybank.records import Lang

K1, B = 1.2, 0.5
"""Saturation, and how much a text's length counts: less than usual, since in a conversation a
long turn says more rather than the same at length. Tried: docs/LOG.md."""
FADING = 0.7
"""How much a line of a conversation counts of the one after it, where a whole piece is asked by."""

_WIDE = (
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
    r"\U00020000-\U0003ffff"
)
_RUNS = re.compile(
    # "Bart在家" is a word and a run: a word ends where the wide characters begin.
    rf"(?P<cjk>[{_WIDE}]+)|(?P<word>[^\W_{_WIDE}]+(?:['’][^\W_{_WIDE}]+)?)"
)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORDS = re.compile(r"[A-Za-z]{2,}")
EN_STOP = frozenset(
    [
        "a",
        "about",
        "am",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "i'm",
        "i've",
        "it's",
        "don't",
        "didn't",
    ]
)
ZH_STOP = frozenset("的了是我你他她它们在和与吗呢吧啊呀这那就都也很有不")
_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the English stem of a lower-case word."""
    return str(_STEMMER.stemWord(word)) if word.isascii() else word


def terms(text: str) -> list[str]:
    """Return the terms of a text in order, stop words left out; any language, mixed too."""
    found: list[str] = []
    for match in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        if match.lastgroup == "cjk":
            run = match.group()
            found += [c for c in run if c not in ZH_STOP]
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            word = match.group().replace("’", "'")
            if word not in EN_STOP:
                found.append(stem(word.removesuffix("'s")))
    return found


@lru_cache(maxsize=2**15)
def term_hash(term: str) -> int:
    """Return the 32-bit name of a term."""
    return crc32(term.encode("utf-8", "surrogatepass"))


def detect(text: str, default: Lang = "en") -> Lang:
    """Return the language of a text; a Chinese character tells as much as a word of letters."""
    chinese, words = len(_CJK.findall(text)), len(_WORDS.findall(text))
    if chinese == words:
        return default
    return "zh" if chinese > words else "en"


@dataclass(frozen=True, slots=True)
class TermArray:
    """The terms of one text: distinct hashes (uint32, n) and how often each stands (uint8, n)."""

    hashes: NDArray[np.uint32]
    counts: NDArray[np.uint8]

    @property
    def length(self) -> int:
        """How many terms the text has, repetitions counted."""
        return int(self.counts.sum(dtype=np.int64))


def term_array(text: str) -> TermArray:
    """Tokenise `text` into its persistent form; counts stop at 255."""
    counted = Counter(map(term_hash, terms(text)))
    n = len(counted)
    return TermArray(
        hashes=np.fromiter(counted, dtype=np.uint32, count=n),
        counts=np.minimum(np.fromiter(counted.values(), np.int64, n), 255).astype(np.uint8),
    )


def marked(array: TermArray, marks: Iterable[str]) -> TermArray:
    """Add marks to a text's terms: names that no text can hold, standing there nought times.

    They are kept and found like terms, and change neither its length nor any score of BM25.
    """
    hashes = [mark_hash(mark) for mark in marks]
    return TermArray(
        hashes=np.concatenate([array.hashes, np.array(hashes, np.uint32)]),
        counts=np.concatenate([array.counts, np.zeros(len(hashes), np.uint8)]),
    )


def mark_hash(mark: str) -> int:
    """Return the 32-bit name of a mark; no term begins with a blank."""
    return term_hash(f" {mark}")


class Postings:
    """Which texts hold which terms: sorted 64-bit keys (hash << 32 | text << 8 | count).

    Texts are numbered 0.. in the order in which they were added, at most 2**24 of them. What
    was added since the last sort waits in a short tail, so that adding costs nothing. Each
    distinct hash is listed with the place where its keys begin: a list that fits a near cache.
    """

    def __init__(
        self, hashes: NDArray[np.uint32], counts: NDArray[np.uint8], sizes: NDArray[np.int64]
    ) -> None:
        """Take the concatenated term arrays of all texts, and how many terms each has."""
        self.size = len(sizes)
        self._tail: list[NDArray[np.uint64]] = []
        owners = np.repeat(np.arange(self.size, dtype=np.uint64), sizes)
        self._take(_keys(hashes, counts, owners))
        totals = np.zeros(self.size + 1, dtype=np.int64)
        np.cumsum(counts, out=(cumulated := np.zeros(len(counts) + 1, dtype=np.int64))[1:])
        np.cumsum(sizes, out=totals[1:])
        self._lengths = _Growing(np.diff(cumulated[totals]).astype(np.float32))

    def recent_lengths(self, count: int) -> NDArray[np.float32]:
        """Return the lengths in terms of the newest texts, at most `count`."""
        return self._lengths.view()[-count:]

    @property
    def nbytes(self) -> int:
        """How much memory the postings take."""
        listed = self._terms.nbytes + self._starts.nbytes + self._lengths.view().nbytes
        return self._sorted.nbytes + 8 * self._tail_length + listed

    def append(self, array: TermArray) -> None:
        """Add one text; it gets the next number."""
        owners = np.full(len(array.hashes), self.size, dtype=np.uint64)
        self._tail.append(_keys(array.hashes, array.counts, owners))
        self._tail_length += len(array.hashes)
        self._lengths.append(float(array.length))
        self.size += 1
        if self._tail_length > 2_000 + len(self._sorted) // 16:
            self._take(np.concatenate([self._sorted, *self._tail]))

    def replace(self, text: int, array: TermArray) -> None:
        """Give a text other terms; nothing is sorted where it was added since the last sort."""
        tail = np.concatenate([self._sorted[:0], *self._tail])
        tail = tail[_texts_of(tail) != text]
        elsewhere = _texts_of(self._sorted) == text
        if elsewhere.any():
            self._take(self._sorted[~elsewhere])
        fresh = _keys(array.hashes, array.counts, np.full(len(array.hashes), text, np.uint64))
        self._tail, self._tail_length = [tail, fresh], len(tail) + len(fresh)
        self._lengths.view()[text] = float(array.length)

    def _take(self, keys: NDArray[np.uint64]) -> None:
        """Sort all keys anew and list their hashes; the tail is empty then."""
        self._sorted = _by_hash(keys)
        self._tail = []
        self._tail_length = 0
        terms = (self._sorted >> np.uint64(32)).astype(np.uint32)
        first = np.ones(len(terms), dtype=np.bool_)
        np.not_equal(terms[1:], terms[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        self._terms = terms[starts]
        self._starts = np.append(starts, len(terms))

    def _ranges(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the keys of each term begin and end, both of the shape of `hashes`."""
        if not len(self._terms):
            return np.zeros(len(hashes), np.int64), np.zeros(len(hashes), np.int64)
        at = np.minimum(self._terms.searchsorted(hashes), len(self._terms) - 1)
        low = self._starts[at]
        return low, np.where(self._terms[at] == hashes, self._starts[at + 1], low)

    def _find(self, hashes: NDArray[np.uint32]) -> Iterator[NDArray[np.uint64]]:
        """Yield the keys of each term."""
        if len(self._tail) > 1:
            self._tail = [np.concatenate(self._tail)]
        tail = self._tail[0] if self._tail else self._sorted[:0]
        terms = (tail >> np.uint64(32)).astype(np.uint32)
        for term, low, high in zip(hashes, *self._ranges(hashes), strict=True):
            found = self._sorted[low:high]
            yield np.concatenate([found, tail[terms == term]]) if self._tail else found

    def frequencies(self, hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return in how many texts each term stands, shape of `hashes`."""
        return np.array([len(found) for found in self._find(hashes)], dtype=np.int64)

    def holding(self, term: int) -> NDArray[np.int64]:
        """Return the numbers of the texts that hold a term, or a mark."""
        (found,) = self._find(np.array([term], np.uint32))
        return _texts_of(found)

    def bm25(
        self, query: Mapping[int, float], seen: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Score every text, shape (size,), for a query of term hashes and their weights.

        `seen` (size,) restricts the word statistics: what lies beyond lends nothing to them.
        """
        scores = np.zeros(self.size, dtype=np.float32)
        lengths = self._lengths.view()
        known = lengths if seen is None else lengths[seen]
        if not len(known):
            return scores
        norm = K1 * (1.0 - B + B * lengths / max(float(known.mean()), 1e-9))
        hashes = np.fromiter(query, np.uint32, len(query))
        for weight, found in zip(query.values(), self._find(hashes), strict=True):
            texts = _texts_of(found)
            counts = (found & np.uint64(0xFF)).astype(np.float32)
            if seen is not None:
                inside = seen[texts]
                texts, counts = texts[inside], counts[inside]
            if len(texts):
                tells = weight * idf(len(known), len(texts))
                scores[texts] += tells * (counts * (K1 + 1.0) / (counts + norm[texts]))
        return scores


def idf(texts: int, frequency: int) -> float:
    """Return how much a term tells that stands in `frequency` of `texts` texts; never negative."""
    return float(np.log1p((texts - frequency + 0.5) / (frequency + 0.5)))


def query_terms(text: str) -> dict[int, float]:
    """Return the hashes of a question's terms with how often each stands."""
    return {term: float(n) for term, n in Counter(map(term_hash, terms(text))).items()}


def said_terms(lines: Sequence[str]) -> dict[int, float]:
    """Return the terms of a piece of conversation: each line counts FADING of the one after it."""
    weights: dict[int, float] = {}
    for age, line in enumerate(reversed(lines)):
        for term, n in query_terms(line).items():
            weights[term] = weights.get(term, 0.0) + n * FADING**age
    return weights


def _keys(
    hashes: NDArray[np.uint32], counts: NDArray[np.uint8], owners: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    keys = hashes.astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= owners << np.uint64(8)
    keys |= counts
    return keys


def _texts_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of the text in each key."""
    return ((keys >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)


def _by_hash(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort keys of which those of one hash are in order already.

    Two stable passes over 16 bits each, which numpy does in linear time: three to six times as
    fast as sorting outright.
    """
    low = (keys >> np.uint64(32)).astype(np.uint16)
    order = np.argsort(low, kind="stable")
    high = (keys >> np.uint64(48)).astype(np.uint16)[order]
    return np.asarray(keys[order[np.argsort(high, kind="stable")]])


class _Growing:
    """A float32 array that can be appended to at constant cost."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self._values, self._n = values, len(values)

    def append(self, value: float) -> None:
        if self._n == len(self._values):
            grown = np.empty(max(64, self._n * 2), dtype=np.float32)
            grown[: self._n] = self._values[: self._n]
            self._values = grown
        self._values[self._n] = value
        self._n += 1

    def view(self) -> NDArray[np.float32]:
        return self._values[: self._n]
