"""Is a language model's reply what was asked for? Pure; shared by every digest.

Small models echo, refuse, chatter and lose their language. What fails here never replaces what
stands in the bank; the error says why in words that quote nobody.
"""

from __future__ import annotations

import re

from memorybank import cues, lexical
from memorybank.errors import BadReply
from memorybank.records import Lang
from memorybank.rendering import clean, is_blank

ECHOED = {"en": 60, "zh": 24}
"""Characters of the instruction in one piece: so much nobody writes by chance."""
COPIED = 0.8
"""From this share of the material's lines in it, a reply copies instead of condensing."""
BORNE_OUT = 0.2
"""Share of a summary's words that the material must have; platitudes have hardly any."""
SHORTEST_JUDGED = 8
"""Words or Chinese characters below which a language cannot be told."""

_OPENING = re.compile(
    r"^\W{0,3}(?:sure|certainly|of course|okay|ok|here(?:'s| is| are)|below is|the following|"
    r"(?:event )?summary|好的?|当然|没问题|以下(?:是|为)|下面是|这是|小结|总结|摘要|事件小结)"
    r"[^\n。]{0,80}[:：]\s*(?:\n|(?=\S))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[^:：\n]{1,20}[:：]\s*", re.MULTILINE)
_UNIT = re.compile(r"[\u4e00-\u9fff]|[^\W\d_\u4e00-\u9fff]+")
_DECORATION = re.compile(r"^\s{0,3}#{1,6}\s+|\*\*|__(?=\S)|(?<=\S)__", re.MULTILINE)
_REFUSAL = re.compile(
    r"^\W{0,3}(?:i(?:'m| am) (?:so )?sorry|sorry|i apologi[sz]e|i (?:can(?:'t|not| not)|am unable)|"
    r"i(?:'m| am) (?:unable|not able)|as an? (?:ai|language model|assistant)|unfortunately|"
    r"(?:非常|很)?抱歉|对不起|(?:我)?(?:无法|不能|没法)(?:为你|为您)?(?:提供|回答|完成|总结|满足|处理)|"
    r"作为(?:一个|一名)?(?:ai|人工智能|语言模型|助手))",
    re.IGNORECASE,
)
_REFUSING = re.compile(
    r"\b(?:can(?:'t|not| not)|unable|not able|as an? (?:ai|language model)|won't)\b"
    r"|无法|不能|没法|不便|作为(?:一个|一名)?(?:ai|人工智能|语言模型)",
    re.IGNORECASE,
)


def judged(
    reply: str, *, lang: Lang, material: str, instruction: str, most: int, grounded: bool = True
) -> str:
    """Return a reply fit to be kept, without chatter around it.

    Args:
        material: what it was to condense; instruction: how it was asked; most: characters.
        grounded: whether it should keep to the words of the material, as a summary should.

    Raises:
        BadReply: empty, refused, echoed, copied, made up, in another language, or too long.
    """
    text = stripped(reply)
    if is_blank(text):
        raise BadReply("the model replied with nothing", "模型什么也没有回复")
    if is_refusal(text):
        raise BadReply("the model refused", "模型拒绝了")
    if echoes(text, instruction, lang) or copies(text, material):
        raise BadReply(
            "the model repeated what it was given instead of condensing it",
            "模型只是重复了给它的内容，没有归纳",
        )
    if len(text) > most:
        raise BadReply(
            f"the model wrote {len(text):,} characters where at most {most:,} were asked for",
            f"模型写了 {len(text):,} 个字，超过了要求的 {most:,} 个",
        )
    if not speaks(text, lang):
        raise BadReply(
            "the model replied in another language than the conversation's",
            "模型没有用对话的语言回复",
        )
    if grounded and not is_borne_out(text, material):
        raise BadReply(
            "the model wrote what the conversation does not say", "模型写的内容对话里并没有"
        )
    return text


def stripped(reply: str) -> str:
    """Return a reply without an opening such as "Here is the summary:", headings and bold."""
    text = _DECORATION.sub("", clean(reply))
    text = _OPENING.sub("", text, count=1).strip()
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and set(line) - set("-*_=# `"))


def is_refusal(text: str) -> bool:
    """Say whether a reply declines: it opens like an apology, and says that it cannot."""
    return bool(_REFUSAL.match(text)) and bool(_REFUSING.search(text[:200]))


def echoes(text: str, instruction: str, lang: Lang) -> bool:
    """Say whether a reply repeats a long piece of how it was asked."""
    size = ECHOED[lang]
    given, said = "".join(instruction.split()), "".join(text.split())
    pieces = (given[i : i + size] for i in range(0, max(0, len(given) - size), size // 2))
    return any(piece in said for piece in pieces)


def copies(text: str, material: str) -> bool:
    """Say whether a reply is but the material again, line by line, or with its frame."""
    if "<dialogue>" in text or "</dialogue>" in text:
        return True
    lines = {" ".join(line.split()) for line in material.splitlines()} - {""}
    again = {" ".join(line.split()) for line in text.splitlines()}
    return len(lines) >= 4 and len(lines & again) >= COPIED * len(lines)


def is_borne_out(text: str, material: str) -> bool:
    """Say whether a summary is about its material: shares words with it, and names one of the
    things that it names, if it names any."""
    said, given = set(lexical.terms(text)), set(lexical.terms(material))
    if len(said & given) < BORNE_OUT * len(said):
        return False
    things = cues.names(_LABEL.sub("", material))
    named = {term for name in things for term in lexical.terms(name)}
    return not named or bool(named & said)


def speaks(text: str, lang: Lang) -> bool:
    """Say whether a text is in a language, as far as that can be told."""
    if len(_UNIT.findall(text)) < SHORTEST_JUDGED:
        return True
    return lexical.detect(text, lang) == lang
