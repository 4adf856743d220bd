"""Words: Chinese and English text to terms, and BM25 over persisted term arrays.

A term is 32 bits of a hash, so that a bank needs no dictionary and opening it tokenises
nothing. English words are stemmed; Chinese runs become their characters and character pairs,
which equals a word segmenter at a quarter of its cost. Pure: no I/O.

BM25 as in Robertson & Zaragoza (2009), with the +1 inside the logarithm that keeps a word in
every text from counting against it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from snowballstemmer.english_stemmer import EnglishStemmer

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
    rf"([{_WIDE}]+)|([^\W_{_WIDE}]+(?:['’][^\W_{_WIDE}]+)?)"
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
_NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_MONTH = re.compile(
    r"(?<![一二三四五六七八九十百第每个\d])(十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])月(?!薪|饼|亮)"
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the English stem of a lower-case word."""
    # By its own name: the library's factory takes whatever version of a C twin is installed, and
    # stems are stored. One for each word: it keeps that in itself, and threads would mix theirs.
    return str(EnglishStemmer().stemWord(word)) if word.isascii() else word


def terms(text: str) -> list[str]:
    """Return the terms of a text in order, stop words left out; any language, mixed too."""
    found: list[str] = []
    for run, word in _RUNS.findall(unicodedata.normalize("NFKC", text).casefold()):
        if run:
            found += [c for c in run if c not in ZH_STOP]
            found += map("".join, pairwise(run))
        elif (plain := word.replace("’", "'")) not in EN_STOP:
            found.append(stem(plain.removesuffix("'s")))
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

    def marks(self) -> frozenset[int]:
        """Return the hashes of the marks it bears: what stands there nought times."""
        return frozenset(self.hashes[self.counts == 0].tolist())


def term_array(text: str, marks: Sequence[str] = ()) -> TermArray:
    """Tokenise `text` into its persistent form; counts stop at 255.

    Its marks are names that no text can hold, standing there nought times. They are kept and
    found like terms, and change neither its length nor any score of BM25.
    """
    # Hashing is quicker here than looking hashes up: most texts have words of their own.
    counted = Counter([crc32(term.encode("utf-8", "surrogatepass")) for term in terms(text)])
    hashes = [*counted, *map(mark_hash, marks)]
    counts = [*(min(n, 255) for n in counted.values()), *(0 for _ in marks)]
    return TermArray(
        hashes=np.fromiter(hashes, np.uint32, len(hashes)),
        counts=np.fromiter(counts, np.uint8, len(counts)),
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
        owners = np.repeat(np.arange(self.size, dtype=np.uint64), sizes)
        self._sorted = _Run(_by_hash(_keys(hashes, counts, owners)))
        self._tail = _Run(_NO_KEYS)
        self._waiting: list[TermArray] = []
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
        self._waiting.append(array)
        self._tail_length += len(array.hashes)
        self._lengths.append(float(array.length))
        self.size += 1
        if self._tail_length > 2_000 + len(self._sorted.keys) // 16:
            self._take_up()
            self._sorted = self._sorted.joined(self._tail.keys)
            self._tail, self._tail_length = _Run(_NO_KEYS), 0

    def replace(self, text: int, array: TermArray) -> None:
        """Give a text other terms; costs as much as leaving its old ones out."""
        self._take_up()
        self._sorted, self._tail = self._sorted.without(text), self._tail.without(text)
        owners = np.full(len(array.hashes), text, np.uint64)
        fresh = _by_hash(_keys(array.hashes, array.counts, owners))
        self._tail = self._tail.joined(fresh)
        self._tail_length = len(self._tail.keys)
        self._lengths.view()[text] = float(array.length)

    def _take_up(self) -> None:
        """Give all that was added since the last search its keys."""
        if not self._waiting:
            return
        first = self.size - len(self._waiting)
        sizes = [len(array.hashes) for array in self._waiting]
        owners = np.repeat(np.arange(first, self.size, dtype=np.uint64), sizes)
        hashes = np.concatenate([array.hashes for array in self._waiting])
        counts = np.concatenate([array.counts for array in self._waiting])
        self._tail = self._tail.joined(_by_hash(_keys(hashes, counts, owners)))
        self._waiting = []

    def _runs(self) -> tuple[_Run, ...]:
        """Return where to look: a text stands in one of these, whole."""
        self._take_up()
        return (self._sorted, self._tail) if len(self._tail.keys) else (self._sorted,)

    def frequencies(self, hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return in how many texts each term stands, shape of `hashes`."""
        found = [run.find(hashes)[1] for run in self._runs()]
        return np.asarray(np.sum(found, axis=0), np.int64)

    def holding(self, term: int) -> NDArray[np.int64]:
        """Return the numbers of the texts that hold a term, or a mark."""
        found = [run.find(np.array([term], np.uint32))[0] for run in self._runs()]
        return _texts(np.concatenate(found))

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
        found = [_seen_of(*run.find(hashes), seen) for run in self._runs()]
        holders = np.sum([sizes for _, sizes in found], axis=0).tolist()
        worth = [w * idf(len(known), n) for w, n in zip(query.values(), holders, strict=True)]
        for keys, sizes in found:
            texts, counts = _texts(keys), (keys & np.uint64(0xFF)).astype(np.float32)
            tells = np.repeat(np.array(worth, np.float32), sizes)
            np.add.at(scores, texts, tells * (counts * (K1 + 1.0) / (counts + norm[texts])))
        return scores


class _Run:
    """Keys in order, and where those of each distinct hash begin."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        """Take keys in order."""
        self.keys = keys
        terms = (self.keys >> np.uint64(32)).astype(np.uint32)
        first = np.ones(len(terms), dtype=np.bool_)
        np.not_equal(terms[1:], terms[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        self._terms = terms[starts]
        self._starts = np.append(starts, len(terms))

    @property
    def nbytes(self) -> int:
        """How much memory the keys and their list take."""
        return self.keys.nbytes + self._terms.nbytes + self._starts.nbytes

    def joined(self, keys: NDArray[np.uint64]) -> _Run:
        """Return a run that holds these keys too, which are in order: no sorting again."""
        return _Run(np.insert(self.keys, self.keys.searchsorted(keys), keys))

    def without(self, text: int) -> _Run:
        """Return a run that holds nothing of a text; itself if it holds nothing anyway."""
        stay = _texts(self.keys) != text
        return self if stay.all() else _Run(self.keys[stay])

    def find(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the keys of these terms, one term's after the other's, and how many each has."""
        if not len(self._terms):
            return _NO_KEYS, np.zeros(len(hashes), np.int64)
        at = np.minimum(self._terms.searchsorted(hashes), len(self._terms) - 1)
        low = self._starts[at]
        high = np.where(self._terms[at] == hashes, self._starts[at + 1], low)
        pieces = [self.keys[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        return np.concatenate([_NO_KEYS, *pieces]), high - low


_NO_KEYS = np.zeros(0, np.uint64)


def _texts(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    return ((keys >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)


def _seen_of(
    keys: NDArray[np.uint64], sizes: NDArray[np.int64], seen: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Leave out the keys of texts that are not seen."""
    if seen is None:
        return keys, sizes
    inside = seen[_texts(keys)]
    terms = np.repeat(np.arange(len(sizes)), sizes)[inside]
    return keys[inside], np.bincount(terms, minlength=len(sizes))


def idf(texts: int, frequency: int) -> float:
    """Return how much a term tells that stands in `frequency` of `texts` texts; never negative."""
    return math.log1p((texts - frequency + 0.5) / (frequency + 0.5))


def query_terms(text: str) -> dict[int, float]:
    """Return the hashes of a question's terms with how often each stands."""
    return {term: float(n) for term, n in Counter(map(term_hash, terms(text))).items()}


def said_terms(lines: Sequence[str]) -> dict[int, float]:
    """Return the terms of a piece of conversation: each line counts FADING of the one after it."""
    weights: dict[int, float] = {}
    for age, line in enumerate(reversed(lines)):
        for term, n in query_terms(f"{line} {_months_otherwise(line)}").items():
            weights[term] = weights.get(term, 0.0) + n * FADING**age
    return weights


def _months_otherwise(line: str) -> str:
    """Return the Chinese months of a question in the other numerals: who asks 七月 said 7月."""
    found = dict.fromkeys(match[1] for match in _MONTH.finditer(line))
    return " ".join(
        str(_NUMERALS.index(month) + 1) if month in _NUMERALS else f"{_NUMERALS[int(month) - 1]}月"
        for month in found
    )


def _keys(
    hashes: NDArray[np.uint32], counts: NDArray[np.uint8], owners: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    keys = hashes.astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= owners << np.uint64(8)
    keys |= counts
    return keys


def _by_hash(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort keys of which those of one hash are in order already.

    Two stable passes over 16 bits each, which numpy does in linear time: three to six times as
    fast as sorting outright.
    """
    for low in (32, 48):
        sixteen = (keys >> np.uint64(low)).astype(np.uint16)
        keys = keys.take(np.argsort(sixteen, kind="stable"))
    return keys


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
