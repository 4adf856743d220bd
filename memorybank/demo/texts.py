"""What the demo says between its acts, in both languages side by side."""

from __future__ import annotations

from memorybank.records import Lang

_TEXTS: dict[str, tuple[str, str]] = {
    "title": (
        "MemoryBank: ten days of {0}'s evenings, in simulated time",
        "MemoryBank：{0}的十个夜晚，在模拟时间里重演",
    ),
    "no key": (
        "No key, no network, no language model. Everything stays in {0}.",
        "不需要密钥、网络和语言模型。一切都留在 {0}。",
    ),
    "by words": (
        "No local embedder here (pip install 'siliconfriend[local]'): recall goes by words alone.",
        "没有本地向量模型（pip install 'siliconfriend[local]'）：只按字词回忆。",
    ),
    "act days": (
        "1. Every evening is remembered as it was said, and condensed at night",
        "1. 每晚的话原样记住，夜里整理成小结",
    ),
    "talked": ("{0} exchanges", "{0} 轮"),
    "act portrait": ("2. From their own words a portrait has formed", "2. 从原话里，画像渐渐成形"),
    "act recall": (
        "3. Asked on {0}: what comes to mind, and why",
        "3. {0} 提问：想起什么，为什么",
    ),
    "act correct": ("4. Plans change: a correction", "4. 计划变了：更正"),
    "before": ("before", "更正前"),
    "after": ("after", "更正后"),
    "still there": ("the old one stays visible: ", "旧的说法仍看得到："),
    "act curve": (
        "5. The forgetting curve: what matters lasts (sixty days without recall)",
        "5. 遗忘曲线：重要的更持久（六十天不再提起）",
    ),
    "fades": ("fades {0}", "{0} 淡忘"),
    "act jump": ("6. Thirty days pass in silence", "6. 三十天过去，没有再聊"),
    "counts": (
        "{0} of {1} exchanges have faded; nothing was deleted.",
        "{1} 轮对话中有 {0} 轮已经淡忘；什么也没有删除。",
    ),
    "gone": ("faded", "淡忘了"),
    "stayed": ("stayed", "留下了"),
    "because": ("because of ", "因为"),
    "act cue": (
        "7. One clear cue brings a faded memory back",
        "7. 一个明确的线索，让淡忘的记忆回来",
    ),
    "again": (
        "It was used in a reply, so it is held again: it would now fade on {0}.",
        "它在回答里用上了，于是重新被记住：现在要到 {0} 才会淡忘。",
    ),
    "next": ("The bank is yours to try:", "这个记忆库留给你试："),
    "asks": ("What is my name, and where do I live now?", "我叫什么，现在住在哪儿？"),
}


def text(key: str, lang: Lang, *values: object) -> str:
    """Return a line of the demo in a language."""
    return _TEXTS[key][lang == "zh"].format(*values)


def commands(lang: Lang, file: str, user: str) -> list[str]:
    """Return three commands worth trying next."""
    question = "What am I allergic to?" if lang == "en" else "我对什么过敏？"
    where = f"--file {file} --bank {user}"
    return [
        f'memorybank recall "{question}" {where} --now 2026-03-11',
        f"memorybank timeline {where} --now 2026-04-10",
        f"memorybank portrait {where} --now 2026-03-11",
    ]
