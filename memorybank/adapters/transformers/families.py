"""How each family of models writes a conversation: prompts to answer, dialogues to learn from.

A tokenizer's own chat template comes first. Where it has none, the family's own format: rounds of
问 and 答 for ChatGLM, Human and Assistant for BELLE (both as in their projects' code). Pure: a
template is a function handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Messages = Sequence[Mapping[str, str]]
Render = Callable[[Messages, bool], str]
"""Messages to text; whether to open the reply at the end. Raises TemplateRefused."""


class TemplateRefused(Exception):
    """A chat template does not take such a conversation."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a dialogue. `learn`: the companion said it. `ends`: an end mark belongs after
    it, which the text itself does not hold."""

    text: str
    learn: bool = False
    ends: bool = False


class Format(Protocol):
    """Writes conversations of one family."""

    @property
    def name(self) -> str:
        """What the format is called."""
        ...

    @property
    def stops(self) -> tuple[str, ...]:
        """Where a reply has gone on to the next turn."""
        ...

    def prompt(self, messages: Messages) -> str:
        """Return the text that the reply follows."""
        ...

    def parts(self, messages: Messages) -> list[Part]:
        """Return a whole dialogue, with what the companion said marked."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A format of two role marks, from `opening` with {n} and {text}; `closing` ends a round."""

    name: str
    opening: str
    closing: str
    stops: tuple[str, ...]

    def prompt(self, messages: Messages) -> str:
        """Return the text that the reply follows."""
        return "".join(part.text for part in self.parts(messages))

    def parts(self, messages: Messages) -> list[Part]:
        """Return a whole dialogue; a last message of the user's opens a reply."""
        system, turns = tidy(messages)
        parts, n = [Part(f"{system}\n\n")] if system else [], 0
        for i, (role, text) in enumerate(turns):
            if role == "user" or i == 0:
                n += 1
                said = text if role == "user" else ""
                # Text of the user's may hold {braces}; only the format's own are filled.
                head, tail = self.opening.replace("{n}", str(n)).split("{text}")
                parts.append(Part(head + unmarked(said) + tail))
            if role == "assistant":
                parts.append(Part(unmarked(text), learn=True, ends=True))
                if i + 1 < len(turns):
                    parts.append(Part(self.closing))
        return parts


CHATGLM = Plain(
    "chatglm", "[Round {n}]\n\n问：{text}\n\n答：", "\n\n", ("[Round ", "\n问：", "\n\n答：")
)
BELLE = Plain("belle", "Human: {text}\n\nAssistant: ", "\n\n", ("\nHuman:", "\nAssistant:"))
PLAIN = {form.name: form for form in (CHATGLM, BELLE)}
_MARKS = re.compile(r"(?m)^[ \t]*(?:\[Round \d+\]|[问答]：|(?:Human|Assistant):)[ \t]*")


@dataclass(frozen=True, slots=True)
class Template:
    """A tokenizer's own chat template; `specials` are its tokens that no message may forge."""

    render: Render
    specials: tuple[str, ...] = ()
    name: str = "template"
    stops: tuple[str, ...] = ()

    def prompt(self, messages: Messages) -> str:
        """Return the text that the reply follows."""
        return self._rendered(self._clean(messages), True)

    def parts(self, messages: Messages) -> list[Part]:
        """Return a whole dialogue, cut where each reply begins and ends.

        A reply begins where the template would have the model begin; if that differs from how
        the template writes the past (some leave thoughts out of it), only the last is learnt.
        """
        clean = self._clean(messages)
        replies = [i for i, message in enumerate(clean) if message["role"] == "assistant" and i]
        try:
            return self._cut(clean, replies)
        except TemplateRefused:
            return self._cut(clean, replies[-1:])

    def _cut(self, clean: list[dict[str, str]], replies: Sequence[int]) -> list[Part]:
        parts: list[Part] = []
        done = ""
        for i in replies:
            before, after = self._rendered(clean[:i], True), self._rendered(clean[: i + 1], False)
            if not (before.startswith(done) and after.startswith(before)):
                raise TemplateRefused
            said = after[len(before) :]
            learnt = said.rstrip()  # white space after the end mark belongs to what follows
            parts += [
                Part(before[len(done) :]),
                # Where the template has no end mark, the tokenizer's own belongs there.
                Part(learnt, learn=True, ends=learnt.strip() == clean[i]["content"].strip()),
            ]
            done = before + learnt
        return parts

    def _clean(self, messages: Messages) -> list[dict[str, str]]:
        system, turns = tidy(messages)
        given = [("system", system), *turns] if system else turns
        return [{"role": role, "content": self._unforged(text)} for role, text in given]

    def _unforged(self, text: str) -> str:
        while any(special in text for special in self.specials):
            for special in self.specials:
                text = text.replace(special, "")
        return text

    def _rendered(self, messages: list[dict[str, str]], opened: bool) -> str:
        try:
            return self.render(messages, opened)
        except TemplateRefused:
            return self.render(folded(messages), opened)


def tidy(messages: Messages) -> tuple[str, list[tuple[str, str]]]:
    """Return the system text, and turns whose roles alternate: neighbours of one role join."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    turns: list[tuple[str, str]] = []
    for message in messages:
        role, text = message["role"], message["content"]
        if role == "system":
            continue
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n\n{text}")
        else:
            turns.append((role, text))
    return system, turns


def folded(messages: Messages) -> list[dict[str, str]]:
    """Return a conversation for templates that know no system role and want the user first."""
    system, turns = tidy(messages)
    if turns and turns[0][0] == "assistant":
        turns = turns[1:]
    if system and turns:
        turns[0] = ("user", f"{system}\n\n{turns[0][1]}")
    return [{"role": role, "content": text} for role, text in turns]


def unmarked(text: str) -> str:
    """Return a text without role marks that a reader of plain formats would take for turns."""
    return _MARKS.sub("", text).strip()


def family_of(model_type: str) -> Plain:
    """Return the format of a model whose tokenizer has no template."""
    return CHATGLM if model_type.startswith(("chatglm", "glm")) else BELLE
