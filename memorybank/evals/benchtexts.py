"""Made-up exchanges and a free embedder for `memorybank bench`: everything from a seed.

Texts are meaningless but shaped like talk: words by Zipf's law, 20-60 English words or 30-120
Chinese characters an exchange, some names and numbers. The embedder gives each text a random
direction by its hash in a few microseconds, so that what is timed is the memory, not a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memorybank.records import Turn

DIM = 384
A_DAY = 20
"""So many exchanges a day."""

_ENGLISH = (
    "the i to and a of it my you that is in was for so me on but with have we just they at this "
    "be not she he had about really time day went today think know like work friend home going "
    "because last good little feel much week never again always night want need found started"
)
_CHINESE = (
    "的 我 了 是 你 不 在 有 他 也 就 这 都 说 去 要 好 想 很 到 吧 呢 没 和 会 吗 还 今天 昨天 "
    "朋友 工作 觉得 喜欢 因为 所以 时候 我们 有点 可以 知道 真的 最近 妈妈 公司 晚上 周末 开始"
)
_ONSETS = "b|br|c|ch|d|dr|f|fl|g|gr|h|j|k|l|m|n|p|pl|qu|r|s|sh|st|t|tr|v|w|z"
_VOWELS = "a|e|i|o|u|ai|ea|ee|ou|y"
_CODAS = "|||n|r|l|t|nd|st|ck|m"
_ENDINGS = "|||s|ing|ed|ly"
_MARKS = (".?!", "。？！")


class StubEmbedder:
    """A random direction for each text, always the same; satisfies `memorybank.models.Embedder`."""

    name = "bench:stub"
    dim = DIM
    max_chars = 500

    def __init__(self) -> None:
        self._noise = np.random.default_rng(1).standard_normal(2**16 + DIM).astype(np.float32)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the direction of a question, shape (dim,)."""
        named = crc32(text.encode("utf-8", "replace"))
        one, other = named & 0xFFFF, named >> 16
        direction: NDArray[np.float32] = (
            self._noise[one : one + DIM] - 0.5 * self._noise[other : other + DIM]
        )
        return direction

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the directions of texts to be found, shape (len(texts), dim)."""
        return np.array([self.embed_query(text) for text in texts], np.float32).reshape(-1, DIM)


class Talk:
    """An endless talk, every other exchange in Chinese; the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        words = np.random.default_rng(7)  # all talks share one vocabulary
        self._english = _ENGLISH.split() + [_english_word(words) for _ in range(12_000)]
        self._chinese = _CHINESE.split() + [_chinese_word(words) for _ in range(12_000)]
        self._zipf = np.cumsum(1.0 / np.arange(1, 12_001) ** 1.05)
        self._zipf /= self._zipf[-1]
        self._said = 0

    def turns(self, count: int, start: datetime) -> list[Turn]:
        """Return the next exchanges, in order of time from `start` on."""
        step = timedelta(days=1) / A_DAY
        made = []
        for i in range(count):
            text, reply = self.exchange()
            made.append(Turn(text=text, reply=reply, occurred_at=start + i * step))
        return made

    def exchange(self) -> tuple[str, str]:
        """Return what the user says and what the companion replies."""
        self._said += 1
        if self._said % 2:
            size = int(self._rng.integers(20, 61))
            cut = int(size * self._rng.uniform(0.3, 0.7))
            return self._say_english(cut), self._say_english(size - cut)
        size = int(self._rng.integers(30, 121))
        cut = int(size * self._rng.uniform(0.3, 0.7))
        return self._say_chinese(cut), self._say_chinese(size - cut)

    def question(self) -> str:
        """Return a question of ordinary length, now and then with a time in words."""
        self._said += 1
        if self._said % 2:
            when = self._rng.choice(["", "", " last week", " on May 2nd", " three weeks ago"])
            return f"Do you remember what I said about {self._words(4)}{when}?"
        when = self._rng.choice(["", "", "上周三", "昨天", "5月2号"])
        return f"我{when}说过的{self._hanzi(8)}是什么？"

    def _pick(self, vocabulary: list[str], count: int) -> list[str]:
        places = np.searchsorted(self._zipf, self._rng.random(count))
        return [vocabulary[place] for place in places.tolist()]

    def _words(self, count: int) -> str:
        return " ".join(self._pick(self._english, count))

    def _say_english(self, count: int) -> str:
        words = self._pick(self._english, max(2, count))
        if self._rng.random() < 0.3:
            words[-1] = words[-1].capitalize()
        if self._rng.random() < 0.2:
            words[-2] = str(self._rng.integers(2, 2000))
        return " ".join(words).capitalize() + self._mark(0)

    def _hanzi(self, count: int) -> str:
        return "".join(self._pick(self._chinese, count))[:count]

    def _say_chinese(self, count: int) -> str:
        characters = self._hanzi(max(4, count))
        middle = len(characters) // 2
        return f"{characters[:middle]}，{characters[middle:]}{self._mark(1)}"

    def _mark(self, kind: int) -> str:
        return _MARKS[kind][int(self._rng.integers(0, 3))]


def _english_word(rng: np.random.Generator) -> str:
    syllables = [_one(rng, _ONSETS) + _one(rng, _VOWELS) for _ in range(int(rng.integers(1, 4)))]
    return "".join(syllables) + _one(rng, _CODAS) + _one(rng, _ENDINGS)


def _one(rng: np.random.Generator, choices: str) -> str:
    parts = choices.split("|")
    return parts[int(rng.integers(len(parts)))]


def _chinese_word(rng: np.random.Generator) -> str:
    # Some 2,500 characters in use, mostly two to a word.
    length = (1, 2, 2, 2, 3)[int(rng.integers(5))]
    return "".join(chr(0x4E00 + int(i) * 7) for i in rng.integers(0, 2500, length))
