"""Prompts that a chat client makes for itself: a title, tags, follow-up questions, a search query.

Nobody said them, so they are neither stored nor answered from memory. A prompt counts as one only
if it asks for such a thing, of this conversation, and in the manner of a machine (a form, a count
of words, the transcript inside): people ask for titles too, and what people say must not be lost.
Both languages are read. Pure.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE
_THING = re.compile(
    r"\btitles?\b|\btags?\b|\bemoji\b|follow-?\s?up|\bqueries\b|\bquery\b|\bname\b|\btopic\b|\bsubject\b"
    r"|\bsummar(?:y|i[sz]e)\b|autocomplet|\bsuggestions?\b"
    r"|标题|题目|标签|主题|命名|起名|取名|追问|后续问题|跟进问题|检索词|搜索词|关键词|总结|摘要|概括",
    _I,
)
_ASKS = re.compile(
    r"\b(?:generate|create|write|suggest|give|provide|produce|return|come up with|analy[sz]e|"
    r"summari[sz]e|name|determine|complete|continue|propose|craft)\b"
    r"|生成|返回|给出|写|起|取|总结|概括|提出|建议|命名|归纳|判断",
    _I,
)
_OF_THIS = re.compile(
    r"\b(?:the|this|our|following|above|previous|current|entire)\s+(?:\w+\s+)?"
    r"(?:conversation|chat|dialogue|dialog|discussion|messages?|exchange|session)\b"
    r"|\bchat[ _]history\b|<chat_history>|\bconversation history\b|<conversation>|<messages>"
    r"|对话|会话|聊天记录|聊天内容|这句话|以上内容|上述内容|历史消息",
    _I,
)
_MACHINE = (
    re.compile(
        r"^\s*#{1,4}\s*(?:task|output|guidelines)\b|^\s*#{1,4}\s*(?:任务|输出|要求)",
        _I | re.MULTILINE,
    ),
    re.compile(r"</?(?:chat_history|conversation|messages|content|context)>", _I),
    re.compile(r"\bjson\b", _I),
    re.compile(
        r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twenty)\s*"
        r"(?:(?:-|–|to|or)\s*(?:\d+|\w+)[\s-]*)?(?:-\s*)?(?:words?|characters?|chars|tokens)\b",
        _I,
    ),
    re.compile(
        r"\b(?:no|without|don'?t use|avoid)\s+(?:any\s+)?(?:\w+,?\s+){0,3}?"
        r"(?:punctuation|quotes?|quotation|explanations?|lead-in|markdown|formatting)",
        _I,
    ),
    re.compile(
        r"\b(?:only|just)\s+(?:return|respond|reply|output|the title)"
        r"|\b(?:return|respond|reply|output)\s+(?:with\s+)?only",
        _I,
    ),
    re.compile(r"^\s*(?:user|human|assistant|ai)\s*[:：]", _I | re.MULTILINE),
    re.compile(r"^\s*(?:用户|助手|我|你)\s*[:：]", re.MULTILINE),
    re.compile(
        r"(?:\d+|[一二三四五六七八九十两]+)\s*(?:到|至|-|~)?\s*(?:\d+|[一二三四五六七八九十]+)?\s*个?字"
    ),
    re.compile(
        r"不要(?:有)?(?:任何)?(?:解释|标点|引号|多余|语气词|加粗)|只(?:需)?(?:返回|输出|回复)|直接(?:返回|输出)"
    ),
    re.compile(r"\bas a prompt\b|用作.{0,12}提示|prompt"),
)
LONG_ENOUGH = 25
"""Characters; what is shorter is a person's own request."""


def is_aside(said: str, system: str = "") -> bool:
    """Say whether a client's own machinery asks this, by the message and the system prompt.

    A system prompt counts only together with a message that carries a transcript: companions
    have system prompts of all kinds.
    """
    if _made_by_machine(said):
        return True
    return bool(system) and _made_by_machine(system) and _carries_transcript(said, system)


def _made_by_machine(prompt: str) -> bool:
    if len(prompt) < LONG_ENOUGH and not re.search(r"[\u4e00-\u9fff]", prompt):
        return False
    head = prompt[:4_000] + "\n" + prompt[-2_000:]
    if not (_THING.search(head) and _ASKS.search(head) and _OF_THIS.search(head)):
        return False
    signs = sum(bool(sign.search(head)) for sign in _MACHINE)
    return signs >= (2 if len(prompt) > 400 else 1)


def _carries_transcript(said: str, system: str) -> bool:
    roles = len(re.findall(r"(?:^|\n)\s*(?:user|human|assistant|ai|用户|助手)\s*[:：]", said, _I))
    return roles >= 2 or bool(re.search(r"title|标题|题目|topic|主题", system[:400], _I))
