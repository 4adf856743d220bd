"""What the companion itself says, in both languages side by side."""

from __future__ import annotations

from memorybank.records import Lang

_WORDS: dict[str, tuple[str, str]] = {
    "first meeting": (
        "Hello, I'm SiliconFriend, a companion made of software. What you tell me I keep on this "
        "machine, and I will remember it when it matters. What may I call you?",
        "你好，我是 SiliconFriend，一个由软件做成的伙伴。你告诉我的都只存在这台机器上，"
        "需要的时候我会想起来。我该怎么称呼你？",
    ),
    "welcome back": ("Welcome back{0}.", "欢迎回来{0}。"),
    "same day": ("There you are again{0}.", "又见面了{0}。"),
    "yesterday": ("yesterday", "昨天"),
    "days ago": ("{0} days ago", "{0} 天前"),
    "last time": ("We last talked {0}: {1}", "我们上次聊天是{0}：{1}"),
    "last time plain": ("We last talked {0}.", "我们上次聊天是{0}。"),
    "i remember": ("I remember:", "我记得："),
    "reminds me": ("That reminds me of what you said:", "这让我想起你说过的话："),
    "you said": ("{0}, you: “{1}”", "{0}，你说：“{1}”"),
    "i said": ("{0}, I: “{1}”", "{0}，我说：“{1}”"),
    "they said": ("{0}: “{1}”", "{0}：“{1}”"),
    "nothing": (
        "I don't remember anything about that.",
        "关于这件事，我什么也想不起来。",
    ),
    "noted": ("I'll remember that.", "我记住了。"),
    "listening": ("I'm listening.", "我在听。"),
    "goodbye": ("Until next time. I'll remember.", "下次再聊，我都记着。"),
    "hello": ("Hello! Tell me about your day.", "你好！说说你今天过得怎么样吧。"),
    "no model": (
        "(No language model is connected, so I answer from memory alone. To connect one: "
        "siliconfriend chat --llm openai:MODEL with OPENAI_BASE_URL and OPENAI_API_KEY set, or "
        "--llm gguf:FILE; see docs/models.md.)",
        "（没有连接语言模型，我只凭记忆回答。要连接：设好 OPENAI_BASE_URL 和 OPENAI_API_KEY，"
        "再运行 siliconfriend chat --llm openai:模型，或 --llm gguf:文件；见 docs/models_zh.md。）",
    ),
    "half": (" … [broke off here]", " ……［到此中断］"),
}


def word(key: str, lang: Lang, *values: object) -> str:
    """Return a phrase in a language; raises KeyError for one that nobody wrote."""
    phrase = _WORDS[key][lang == "zh"]
    return phrase.format(*values) if values else phrase
