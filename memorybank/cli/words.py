"""What the command line says, in both languages side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise

from memorybank.records import Lang

LANGS: dict[str, Lang] = {"zh": "zh", "cn": "zh", "en": "en"}
"""What --lang takes."""
_WORDS: dict[str, tuple[str, str]] = {
    "embed": ("vectors", "生成向量"),
    "digest": ("digest", "整理"),
    "ask": ("questions", "提问"),
    "when": ("when", "时间"),
    "memory": ("memory", "记忆"),
    "held": ("held", "保持"),
    "why": ("why", "原因"),
    "matters": ("matters", "重要度"),
    "fades": ("fades", "淡忘于"),
    "never": ("never", "不会"),
    "faded": ("faded", "已淡忘"),
    "pinned": ("pinned", "已固定"),
    "replaced": ("replaced", "已更正"),
    "day summary": ("day summary", "当日小结"),
    "event summary": ("What happened", "发生了什么"),
    "insight": ("Insight", "洞察"),
    "week": ("Weeks", "各周"),
    "month": ("Months", "各月"),
    "global": ("So far", "至今"),
    "portrait": ("Portrait", "画像"),
    "no portrait": (
        "No portrait yet: run `memorybank digest`.",
        "还没有画像：先运行 `memorybank digest`。",
    ),
    "new": ("new", "新的"),
    "back again": ("back again", "再次出现"),
    "renewed": ("said anew", "有了新说法"),
    "was corrected": ("corrected", "已更正"),
    "crowded": ("made room", "让位给更新的"),
    "extractive": ("in their own words, without a language model", "摘自原话，未用语言模型"),
    "nothing": ("Nothing was found.", "什么也没想起来。"),
    "remembered": ("remembered as {0}", "已记住，编号 {0}"),
    "known": ("already known as {0}", "早已记住，编号 {0}"),
    "imported": ("{0}: {1} turns, {2} of them new", "{0}：{1} 轮对话，其中新的 {2} 轮"),
    "erased before": (
        "{0} turns were left out, since they had been erased: --again takes them in",
        "{0} 轮对话以前删除过，没有读入：加 --again 可重新读入",
    ),
    "not cleared": (
        "The files still hold traces, since somebody is reading or the disk is full: "
        "the next command that opens the bank clears them.",
        "有人正在读取，或磁盘已满，文件里还有残留：下一个打开记忆库的命令会清除。",
    ),
    "digested": (
        "digested: {0} days, {1} weeks, {2} months, {3} overall",
        "已整理：{0} 天、{1} 周、{2} 月、总体 {3} 次",
    ),
    "digest failed": (
        "{0} pieces wait, a language model failed: {1}",
        "还有 {0} 项在等待，语言模型出错：{1}",
    ),
    "summarised": ("{0}: {1} days, {2}", "{0}：{1} 天，{2}"),
    "written": ("written to {0}", "已写入 {0}"),
    "waits until": ("not before", "最早重试"),
    "done": ("done", "完成"),
    "erased": (
        "erased for good: {0} turns, {1} summaries and insights, {2} statements of the portrait",
        "已彻底删除：{0} 轮对话、{1} 份小结与洞察、{2} 条画像",
    ),
    "erase?": ("Erase this for good? It cannot be undone.", "要彻底删除吗？无法恢复。"),
    "corrected": ("corrected; the new memory is {0}", "已更正，新记忆编号 {0}"),
    "banks": ("Banks", "记忆库"),
    "name": ("name", "名字"),
    "turns": ("turns", "轮数"),
    "from": ("from", "始于"),
    "to": ("to", "止于"),
    "language": ("language", "语言"),
    "preset": ("curve", "曲线"),
    "no banks": (
        "No banks yet: `memorybank remember` or `import` makes one.",
        "还没有记忆库：`memorybank remember` 或 `import` 会新建。",
    ),
    "none fade": ("Nothing fades within {0} days.", "{0} 天之内没有要淡忘的。"),
    "no jobs": ("Nothing waits.", "没有待办。"),
    "kind": ("kind", "种类"),
    "subject": ("subject", "对象"),
    "attempts": ("attempts", "次数"),
    "error": ("error", "错误"),
    "significance": ("Significance", "重要度"),
    "strength": ("Strength S", "强度 S"),
    "retention": ("Retention R", "保持率 R"),
    "days": ("days", "天"),
    "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日"),
    "log": ("What happened to it", "它经历了什么"),
    "recall": ("recalled", "被想起"),
    "pin": ("pinned", "固定"),
    "unpin": ("unpinned", "取消固定"),
    "fade": ("put away by hand", "手动淡忘"),
    "revive": ("revived by hand", "手动唤回"),
    "settle": ("significance settled", "重要度确定"),
    "made of": ("Made from", "来自"),
    "in": ("Quoted in", "被引用于"),
    "replaces": ("Replaces", "更正了"),
    "replaced by": ("Replaced by", "被更正为"),
    "curve": ("The coming {0} days without recall", "若不再想起，今后 {0} 天"),
    "today": ("today", "今天"),
    "sound": ("the file is sound", "文件完好"),
    "unsound": ("problems found", "发现问题"),
    "and more": ("and {0} more", "另有 {0} 处"),
    "kept": ("the file as it was is kept at {0}", "原来的文件保存在 {0}"),
    "backed up": ("backed up to {0}", "已备份到 {0}"),
    "restored": (
        "restored from {0}; what was there before is {1}",
        "已从 {0} 恢复；原来的文件在 {1}",
    ),
    "erased again": (
        "{0} turns of the backup had been erased since, and were erased again",
        "备份里有 {0} 轮对话在那以后已被删除，已再次删除",
    ),
    "exported": ("exported {0} banks to {1}", "已导出 {0} 个记忆库到 {1}"),
    "tokens": ("{0} of {1} tokens", "{0} / {1} 个词元"),
    "left out": ("left out", "未放入"),
    "words": ("words", "用词"),
    "words before": ("words before", "上文用词"),
    "meaning": ("meaning", "语义"),
    "meaning before": ("meaning before", "上文语义"),
    "gist": ("behind its turns", "排在原话之后"),
    "typical": ("unlike the rest", "与众不同"),
    "nearby": ("nearby", "邻近"),
    "side": ("who said it", "谁说的"),
    "time": ("time", "时间"),
    "substance": ("substance", "分量"),
    "rarity": ("rare words", "少见的词"),
    "names": ("names", "名称"),
    "numbers": ("numbers", "数字"),
    "self": ("about oneself", "谈及自己"),
    "answer": ("an answer", "回答提问"),
    "novelty": ("novelty", "新意"),
    "small talk": ("small talk", "寒暄"),
    "question": ("only asks", "只是提问"),
    "taken up": ("taken up again", "当天再次提起"),
    "corrects": ("corrects what mattered", "更正重要的事"),
    "its turns": ("its turns", "所含对话"),
    "source": ("source", "来源"),
    "untrusted": ("not trusted", "不可信"),
    "audit replaced": ("replaced", "更正"),
    "audit summaries": ("summaries", "小结"),
    "audit statements": ("portrait", "画像"),
    "audit recalled": ("recalled", "被想起"),
    "audit recalls": ("called up", "唤起"),
    "audit duplicate": ("Said more than once, word for word", "一字不差地出现多次"),
    "audit markers": ("With role markers or hidden characters", "含角色标记或隐藏字符"),
    "audit junk": ("Nothing that could be read", "无法阅读的内容"),
    "audit echo": ("The companion's own words, coming back", "伙伴自己的话又回来了"),
    "audit loop": ("Recalled ever more", "越来越常被想起"),
    "audit stale": ("Waiting long to be made anew", "早该重新整理"),
    "audit more": ("and {0} more, see --json", "另有 {0} 项，见 --json"),
    "no suspects": ("Nothing looks wrong.", "没有发现异常。"),
    "stopped": ("stopped; what was stored is kept", "已停止；存下的都还在"),
}


def machine_lang() -> Lang:
    """Return the language of the machine's user."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").startswith("zh") else "en"


def asked_lang(arguments: Sequence[str]) -> Lang:
    """Return the language that a command line asks for; the machine's where it names none.

    For errors: by then nobody may have read the options, or there may be no bank to ask.
    """
    asked = ""
    for argument, value in pairwise((*arguments, "")):
        if argument == "--":
            break
        if argument == "--lang":
            asked = value
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    return LANGS.get(asked.lower()) or machine_lang()


def both(english: str | None, chinese: str) -> str:
    """Return a line of help in the language that the command line asks for, or the machine's.

    Help is put together before any option is read, hence the look at the arguments.
    """
    return chinese if asked_lang(sys.argv[1:]) == "zh" else english or ""


def word(key: str, lang: Lang, *values: object) -> str:
    """Return a phrase in a language; a key without a phrase is returned as it is."""
    phrase = _WORDS.get(key, (key, key))[lang == "zh"]
    return phrase.format(*values) if values else phrase
