"""What the chat in the terminal says about itself, in both languages side by side."""

from __future__ import annotations

from memorybank.records import Lang

HELP: dict[Lang, str] = {
    "en": """\
Just write. Alt-Enter, or a backslash at the end, goes on on a new line; Ctrl-C stops a reply.

/why             what was recalled for the last reply and why, and what was withheld as faded
/memories [ASK]  the last memories, or those that a question calls for
/portrait        who you are, by your own words
/timeline [DAY]  the days: what happened, and how well it is held
/pin N           keep a memory for good (N as listed last, or the end of an id)
/fade N          put a memory out of ordinary recall
/erase N         erase a memory for good, with all that was made from it
/correct N TEXT  replace what a memory says
/summarise       digest now, today included
/retry           answer the last message anew, in place of the reply
/undo            take the last turn back, out of memory too
/clear           a new conversation; memory stays
/lang zh|en|auto the language of replies
/stop            end (Ctrl-D does so too)""",
    "zh": """\
直接写就好。Alt-回车，或在行末加反斜杠，可以换行接着写；Ctrl-C 停止回复。

/why             上一次回复想起了什么、为什么，以及哪些因淡忘而没有提起
/memories [问]   最近的记忆，或一个问题会让人想起的记忆
/portrait        你是怎样的人，用你自己的话
/timeline [日]   按天看：发生了什么，记得有多牢
/pin N           永久保留一条记忆（N 是上次列出的序号，或编号的末几位）
/fade N          让一条记忆退出日常回忆
/erase N         彻底删除一条记忆，连同由它得来的一切
/correct N 文字  更正一条记忆
/summarise       现在就整理，包括今天
/retry           重新回答上一句话，替换原来的回复
/undo            收回上一轮，记忆里也一并去掉
/clear           开始新的对话；记忆还在
/lang zh|en|auto 回复用的语言
/stop            结束（Ctrl-D 也可以）""",
}
_WORDS: dict[str, tuple[str, str]] = {
    "you": ("you> ", "你> "),
    "hint": ("/help for help, /stop to end", "/help 查看帮助，/stop 结束"),
    "with": ("Replies by {0}.", "由 {0} 回复。"),
    "bye": ("See you. I'll remember.", "再见，我会记得的。"),
    "finishing": (
        "Writing up the days gone by; Ctrl-C leaves it for next time.",
        "正在整理过去的日子；按 Ctrl-C 可留到下次。",
    ),
    "stopped": (
        "(stopped; what was said so far is kept and marked)",
        "（已停止；说到一半的话已保留并标明）",
    ),
    "failed": (
        "({0}. What you said is kept; /retry asks again)",
        "（{0}。你说的话已经记下；/retry 可以再问一次）",
    ),
    "unknown": (
        "There is no {0}; /help lists what there is.",
        "没有 {0} 这个命令；/help 会列出所有命令。",
    ),
    "no reply yet": ("There is no reply yet to explain.", "还没有可以解释的回复。"),
    "recalled nothing": ("Nothing was recalled for it.", "没有为它想起什么。"),
    "withheld": ("Withheld, for it has faded:", "因为已经淡忘而没有提起："),
    "left out": ("Left out: {0}", "没有放入：{0}"),
    "brought up": ("Brought up unasked: {0}", "主动提起的：{0}"),
    "no memories": ("There are no memories yet.", "还没有记忆。"),
    "which": (
        "Say which: a number as listed by /why or /memories, or the end of an id.",
        "请说明是哪一条：/why 或 /memories 列出的序号，或编号的末几位。",
    ),
    "what": ("Say what it should say instead.", "请写出更正后的内容。"),
    "pinned": ("Kept for good: {0}", "已永久保留：{0}"),
    "faded": ("Out of ordinary recall: {0}", "已退出日常回忆：{0}"),
    "corrected": ("Corrected.", "已更正。"),
    "erase?": ("Erase it for good? It cannot be undone. [y/N] ", "要彻底删除吗？无法恢复。[y/N] "),
    "kept": ("Nothing was erased.", "没有删除。"),
    "taken back": ("Taken back: {0}", "已收回：{0}"),
    "cleared": ("A new conversation. I still remember.", "新的对话开始了。我都还记得。"),
    "language": ("Replies in English.", "用中文回复。"),
    "auto": ("Replies in the language of each message.", "用每句话的语言回复。"),
    "choose language": ("Choose zh, en or auto.", "请选 zh、en 或 auto。"),
    "a promise": ("a promise", "一个约定"),
    "an anniversary": ("an anniversary", "一个周年"),
    "about to fade": ("about to fade", "快要淡忘"),
}


def word(key: str, lang: Lang, *values: object) -> str:
    """Return a phrase in a language; a key without a phrase is returned as it is."""
    phrase = _WORDS.get(key, (key, key))[lang == "zh"]
    return phrase.format(*values) if values else phrase
