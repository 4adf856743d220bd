"""What the model that plays a user is asked, and which of its replies pass. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memorybank.compose import neutral
from memorybank.records import Lang
from siliconfriend.simulate.plan import Persona, Talk, Words

REMINDED = 6
"""So many earlier topics the played user is reminded of."""
LONGEST = 600
"""Characters of one message; whoever plays a user at more length has lost the role."""
_QUOTES = "\"'“”‘’「」『』 \n"
_CONFESSION = re.compile(
    r"\bas an? (?:ai|language model)|\bi am an? (?:ai|language model)"
    r"|作为(?:一个)?(?:AI|人工智能|语言模型)|我是(?:一个)?(?:AI|人工智能|语言模型)",
    re.IGNORECASE,
)
Said = Sequence[tuple[str, str]]
"""Exchanges so far: (user's message, companion's reply)."""


def user_prompt(
    persona: Persona, talk: Talk, earlier: Sequence[Talk], said: Said, words: Words, lang: Lang
) -> list[dict[str, str]]:
    """Return the messages for the model that plays the user; their own side is the assistant's."""
    stop = "、" if lang == "zh" else ", "
    parts = [
        words["persona"].format(
            name=persona.name, age=persona.age, job=persona.job,
            traits=stop.join(persona.traits), hobbies=stop.join(persona.hobbies),
        ),
        words["task"].format(date=day(talk, lang), topic=talk.topic),
    ]  # fmt: skip
    if earlier:
        topics = [other.topic for other in earlier[-REMINDED:]]
        parts.insert(
            1, words["before"].format(topics=("；" if lang == "zh" else "; ").join(topics))
        )
    messages = [{"role": "system", "content": " ".join(parts)}]
    messages.append({"role": "user", "content": words["begin"]})
    for text, reply in said:
        messages.append({"role": "assistant", "content": text})
        messages.append({"role": "user", "content": reply})
    return messages


def day(talk: Talk, lang: Lang) -> str:
    """Return the day of a conversation as people of a language write it."""
    when = talk.starts
    return f"{when.year}年{when.month}月{when.day}日" if lang == "zh" else f"{when:%d %B %Y}"


def whole_sentences(text: str) -> str:
    """Return a text up to the end of its last sentence; "" if none has ended."""
    ends = [match.end() for match in re.finditer(r"[.!?。！？…]+[\"'”’」』)]*", text)]
    return text[: ends[-1]] if ends else ""


def judged(reply: str, name: str, said: Said) -> str:
    """Return a message as a user would have sent it; "" for what no user would send.

    A name in front goes, and with it all that the model wrote for the other side. An echo of what
    was said, a confession to be a model, and an endless text are refused.
    """
    text = re.sub(rf"^\s*{re.escape(name)}\s*[:：]", "", reply)
    text = re.split(r"\n\s*[^\n:：]{1,30}[:：]", text, maxsplit=1)[0]
    text = neutral(text).strip(_QUOTES)
    known = {side.strip() for exchange in said for side in exchange}
    if not text or len(text) > LONGEST or text in known or _CONFESSION.search(text):
        return ""
    return text
