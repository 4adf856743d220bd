"""What a recall says of itself, in both languages side by side: notes and reasons."""

from __future__ import annotations

from memorybank.records import Lang

SHORT = 8

_WORDS: dict[str, tuple[str, str]] = {
    "no embedder": (
        "recalled by words alone: no embedder (pip install 'siliconfriend[local]')",
        "只按字词回忆：没有向量模型（pip install 'siliconfriend[local]'）",
    ),
    "other model": (
        "recalled by words alone: the bank's vectors come from another embedder "
        "(`memorybank reembed`)",
        "只按字词回忆：记忆库的向量来自另一个模型（`memorybank reembed`）",
    ),
    "embedder failed": ("recalled by words alone: {0}", "只按字词回忆：{0}"),
    "withheld": (
        "{0} withheld: faded, and not asked for directly",
        "有 {0} 条已淡忘且未被直接问及，没有列出",
    ),
    "empty time": (
        "nothing is kept of the time named: {0}",
        "提到的时间里没有记下什么：{0}",
    ),
    "named": ("the time named: {0}", "提到的时间：{0}"),
    "corrects": ("corrects {0}: {1}", "更正 {0}：{1}"),
    "on cue": ("faded; brought back by a direct cue", "已淡忘，因明确的线索而想起"),
    "faded": ("faded", "已淡忘"),
}


def tell(key: str, lang: Lang, *values: object) -> str:
    """Return a note in a language."""
    return _WORDS[key][lang == "zh"].format(*values)
