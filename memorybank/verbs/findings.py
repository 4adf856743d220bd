"""What the doctor can find, in both languages, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memorybank.records import Lang, Record

Cure = Literal["rebuilt", "queued", "removed", "lost"]
FILE = 0
"""The number of no bank: a finding of the file itself."""

_CURES: dict[Cure, tuple[str, str]] = {
    "rebuilt": ("can be made anew", "可以重建"),
    "queued": ("can be made anew by the next digest", "下次整理时可以重做"),
    "removed": ("serves nothing and can be removed", "已无用处，可以去掉"),
    "lost": ("cannot be repaired: only a backup has it", "无法修复：只有备份里才有"),
}
_DONE: dict[Cure, tuple[str, str]] = {
    "rebuilt": ("made anew", "已重建"),
    "queued": ("left to the next digest", "已留给下次整理"),
    "removed": ("removed", "已去掉"),
    "lost": ("removed; only a backup has it", "已去掉；只有备份里才有"),
}
KINDS: dict[str, tuple[Cure, str, str]] = {
    "pages": ("lost", "damaged pages", "页面损坏"),
    "unreadable": ("lost", "a part that cannot be read", "有一部分读不出来"),
    "indexes": ("rebuilt", "an index that disagrees with its table", "索引与表不符"),
    "open to others": ("rebuilt", "a file that others may read", "文件可被他人读取"),
    "half done": ("removed", "an unfinished file", "未完成的文件"),
    "stray bank": ("rebuilt", "rows without their bank", "有内容却没有记忆库"),
    "settings": ("rebuilt", "a zone, a preset or a note that cannot be", "时区、曲线或附注不合法"),
    "counter": ("rebuilt", "numbers that would be given twice", "序号会重复"),
    "turn without memory": ("rebuilt", "a turn without its memory", "一轮对话缺少它的记忆"),
    "memory without text": ("lost", "a memory without its text", "一条记忆缺少它的原文"),
    "altered text": ("lost", "a text that is not what was stored", "原文与存入时不同"),
    "summary without text": ("queued", "a day's memory without its summary", "某天的记忆缺少小结"),
    "summary without memory": (
        "queued", "a day's summary without its memory", "某天的小结缺少它的记忆",
    ),
    "no sources": ("queued", "a summary without its sources", "一份小结缺少它的来源"),
    "lost source": ("queued", "a summary of what is not there", "一份小结的来源已不在"),
    "stale": ("queued", "a summary that does not follow its sources", "一份小结跟不上它的来源"),
    "source of nothing": ("removed", "a source of nothing", "来源不属于任何小结"),
    "words of nothing": ("removed", "words without their memory", "字词缺少对应的记忆"),
    "vector of nothing": ("removed", "a vector without its memory", "向量缺少对应的记忆"),
    "event of nothing": ("removed", "an event without its memory", "经历缺少对应的记忆"),
    "job of nothing": ("removed", "work for what is not there", "待办的对象已不在"),
    "no words": ("rebuilt", "a memory without its words", "一条记忆缺少它的字词"),
    "wrong words": ("rebuilt", "words that are not those of the text", "字词与原文不符"),
    "no vector": ("queued", "a memory without a vector, or work for it", "没有向量也没有待办"),
    "wrong vector": ("queued", "a vector that is not that of the text", "向量与原文不符"),
    "wrong state": ("rebuilt", "a strength that is not what its log says", "强度与经历不符"),
    "wrong place": ("rebuilt", "a day or conversation that does not agree", "日期或对话不一致"),
    "wrong chain": ("rebuilt", "corrections that do not agree", "更正关系不一致"),
    "lost turn": ("rebuilt", "a recall by a turn that is not there", "被已不在的对话想起"),
    "erased": ("removed", "a turn that had been erased", "早已删除的一轮对话"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """One thing that is wrong: of which kind, in which bank (0: the file), where in it.

    `where` is a number, a day, or what SQLite says of its pages; never what anybody said.
    """

    what: str
    bank: int = FILE
    where: str = ""
    repaired: bool = False

    @property
    def cure(self) -> Cure:
        """What can become of it."""
        return KINDS[self.what][0]

    def say(self, lang: Lang) -> str:
        """Return it in words."""
        zh = lang == "zh"
        said = KINDS[self.what][1 + zh]
        cure = (_DONE if self.repaired else _CURES)[self.cure][zh]
        if self.what in ("pages", "unreadable"):
            cure = ("restore a backup", "请恢复备份")[zh]
        of = f"bank {self.bank}: " if self.bank else ""
        if zh:
            of = f"记忆库 {self.bank}：" if self.bank else ""
            return f"{of}{said}（{self.where}）：{cure}" if self.where else f"{of}{said}：{cure}"
        return f"{of}{said} ({self.where}): {cure}" if self.where else f"{of}{said}: {cure}"
