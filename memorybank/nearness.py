"""What a message is about, judged absolutely: for banks too small for deviations to tell anything.

In a bank of a handful the most alike memory may have nothing to do with a message ("Nice
weather"), and no deviation from the mean can tell. There a memory is near if it shares a word
that says what is spoken of, or if its direction passes what the embedder itself states as alike.
Pure: arrays and texts in, arrays out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank.cues import asks_memory
from memorybank.index import Index
from memorybank.lexical import ZH_STOP, stem, term_hash, terms

Flags = NDArray[np.bool_]

_EN_WORDS = """
able again ago all already also always another any anything ask away back bad because before
best better big call come day done each else even ever every everything fine first get give go
going good got great guess happen happy hear hello help here hey hi hope idea keep kind know
last later least let like little long look lot love made make many maybe mean mind moment month
more morning most much must name need never new next nice night no not nothing now often oh ok
okay old once one only other over people please pretty put quite read ready really remember
right said same say see should show since someone something sometimes soon sorry start still
such sure take talk tell thank thanks thing think time today together tomorrow tonight too try
two until up use very wait want way week weekend well while without wonder work write wrong year
yes yesterday yet recently evening afternoon usually mention ask told recall i'll i'd can't
that's what's
"""
_EN = frozenset(map(stem, _EN_WORDS.split()))
"""English words of talk about anything: a shared one says nothing of what it is about."""
_ZH = frozenset(
    "一二三两几个些种次点下上中里外前后来去到过着给把被让对从向为以用没无还又再才只但而或如若因所"
    "人家大小多少好坏新老高长什么怎哪谁何为吗吧嘛哦嗯哈哎今明昨天日月年周星期早晚时候分钟刚现最近"
    "会能可要想说讲看做知道觉得起出开行走问答叫名字是非真太更挺特别非常比较其实自己样事情东西地方"
    "您咱俺该应回意思谢帮请快慢先跟同当成发见定直接总每某各本此该它她他些"
)
_ZH_WORDS = """
今天 明天 昨天 后天 前天 现在 时候 什么 怎么 怎样 那么 这么 多么 一个 一下 一点
一些 一起 一直 没有 可以 知道 觉得 还是 已经 因为 所以 但是 不过 最近 时间 自己
事情 东西 地方 名字 今晚 早上 晚上 上午 下午 中午 多少 几个 哪里 哪个 为什 非常
特别 真的 其实 如果 可能 应该 需要 感觉 开始 出来 起来 下来 回来 过来 有点 有些
大家 别人 帮我 给我 告诉 记得 以前 以后 之前 之后 上次 下次 每天 有时 刚才 刚刚
一样 这样 那样 这个 那个 这些 那些 我们 你们 他们 她们 周末 星期 谢谢 再见 晚安
你好 问题 意思 一天 天天 聊天 说话
"""
_ZH_PAIRS = frozenset(_ZH_WORDS.split())
"""The same in Chinese: single characters that say too little, and pairs that are such words."""

_OWN = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|my|mine|we|our|ours)\b|\babout me\b|(?<![给帮替教为])我",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message is about: the terms that tell it; the likeness from which a direction is
    near, for each memory or for all (None: this embedder states none, so that everything with a
    vector is); and whether the person asks about themselves, which any of few may answer."""

    terms: frozenset[int]
    alike: NDArray[np.float32] | float | None
    personal: bool


def wanted(lines: Sequence[str], alike: NDArray[np.float32] | float | None) -> Wanted:
    """Return what the lines of a message are about; `alike` of shape (n,) or one for all."""
    text = "\n".join(lines)
    return Wanted(
        terms=frozenset(term_hash(term) for term in terms(text) if _tells(term)),
        alike=alike,
        personal=asks_memory(text) and bool(_OWN.search(text[-2000:])),
    )


def near(index: Index, about: Wanted, direction: NDArray[np.float32] | None) -> Flags:
    """Say of each memory, shape (n,), whether a message is about it; never a matter of rank."""
    found = np.zeros(index.size, dtype=np.bool_)
    for term in about.terms:
        found[index.postings.holding(term)] = True
    if direction is not None and index.chunks:
        likeness = np.nan_to_num(index.similarities(direction), nan=-np.inf)
        found |= likeness >= (about.alike if about.alike is not None else -1.0)
    return found


def _tells(term: str) -> bool:
    if term.isascii():
        return term not in _EN and not term.isdigit()
    if len(term) == 1:
        return term not in _ZH
    return term not in _ZH_PAIRS and not any(char in ZH_STOP for char in term)
