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
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from memorybank.records import Lang

K1, B = 1.5, 0.75

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
        counts=np.fromiter((min(c, 255) for c in counted.values()), dtype=np.uint8, count=n),
    )


class Postings:
    """Which texts hold which terms: sorted 64-bit keys (hash << 32 | text << 8 | count).

    Texts are numbered 0.. in the order in which they were added, at most 2**24 of them. What
    was added since the last sort waits in a short tail, so that adding costs nothing.
    """

    def __init__(
        self, hashes: NDArray[np.uint32], counts: NDArray[np.uint8], sizes: NDArray[np.int64]
    ) -> None:
        """Take the concatenated term arrays of all texts, and how many terms each has."""
        self.size = len(sizes)
        owners = np.repeat(np.arange(self.size, dtype=np.uint64), sizes)
        self._sorted = np.sort(_keys(hashes, counts, owners))
        self._tail: list[NDArray[np.uint64]] = []
        self._tail_length = 0
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
        return self._sorted.nbytes + 8 * self._tail_length + self._lengths.view().nbytes

    def append(self, array: TermArray) -> None:
        """Add one text; it gets the next number."""
        owners = np.full(len(array.hashes), self.size, dtype=np.uint64)
        self._tail.append(_keys(array.hashes, array.counts, owners))
        self._tail_length += len(array.hashes)
        self._lengths.append(float(array.length))
        self.size += 1
        if self._tail_length > 2_000 + len(self._sorted) // 16:
            self._merge()

    def _merge(self) -> None:
        self._sorted = np.sort(np.concatenate([self._sorted, *self._tail]))
        self._tail, self._tail_length = [], 0

    def _find(self, term: int) -> NDArray[np.uint64]:
        first, last = np.uint64(term << 32), np.uint64((term << 32) | 0xFFFFFFFF)
        low = np.searchsorted(self._sorted, first, side="left")
        high = np.searchsorted(self._sorted, last, side="right")
        hits = self._sorted[low:high]
        if not self._tail:
            return hits
        if len(self._tail) > 1:
            self._tail = [np.concatenate(self._tail)]
        tail = self._tail[0]
        return np.concatenate([hits, tail[(tail >> np.uint64(32)) == term]])

    def frequencies(self, hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return in how many texts each term stands, shape of `hashes`.

        The newest texts, which wait in the tail, do not count: this is asked for each new turn.
        """
        first = hashes.astype(np.uint64) << np.uint64(32)
        low = np.searchsorted(self._sorted, first, side="left")
        high = np.searchsorted(self._sorted, first | np.uint64(0xFFFFFFFF), side="right")
        return np.asarray(high - low, dtype=np.int64)

    def bm25(self, query: Mapping[int, float]) -> NDArray[np.float32]:
        """Score every text, shape (size,), for a query of term hashes and their weights."""
        scores = np.zeros(self.size, dtype=np.float32)
        if not self.size:
            return scores
        lengths = self._lengths.view()
        norm = K1 * (1.0 - B + B * lengths / max(float(lengths.mean()), 1e-9))
        for term, weight in query.items():
            found = self._find(term)
            if not len(found):
                continue
            texts = ((found >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)
            counts = (found & np.uint64(0xFF)).astype(np.float32)
            scores[texts] += (
                weight * idf(self.size, len(found)) * (counts * (K1 + 1.0) / (counts + norm[texts]))
            )
        return scores


def idf(texts: int, frequency: int) -> float:
    """Return how much a term tells that stands in `frequency` of `texts` texts; never negative."""
    return float(np.log1p((texts - frequency + 0.5) / (frequency + 0.5)))


def query_terms(text: str) -> dict[int, float]:
    """Return the hashes of a question's terms with how often each stands."""
    return {term: float(n) for term, n in Counter(map(term_hash, terms(text))).items()}


def _keys(
    hashes: NDArray[np.uint32], counts: NDArray[np.uint8], owners: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    high = hashes.astype(np.uint64) << np.uint64(32)
    low = (owners << np.uint64(8)) | counts.astype(np.uint64)
    return np.bitwise_or(high, low)


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
