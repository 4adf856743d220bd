"""What is recalled, put before the newest message. Everything else of a request stays untouched.

The notes are a delimited block of data in the user's own message, never in the system prompt;
there stands only the instruction what such a block is. What the client's list still shows is not
recalled a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from memorybank import lexical
from memorybank.bank import MemoryBank
from memorybank.compose import Ingredients, compose
from memorybank.errors import EmptyText
from memorybank.prompts import read as memory_prompt
from memorybank.records import Lang, Recalled
from siliconfriend.helplines import HelpLines
from siliconfriend.prompts import read as prompt
from siliconfriend.safety import concern, note
from siliconfriend.server.chat.dialogue import Dialogue
from siliconfriend.tact import withhold

BUDGET = 1_500
"""Tokens that the notes may take of the model's window."""
MOST = 8
EXTRA = 8
"""So many more are asked for, since some will stand in the client's list anyway."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What memory adds to a request: an instruction, a block, and the ids that stand in it.

    `help` is what is said before any reply where there is concern, with where to find help.
    """

    instruction: str = ""
    block: str = ""
    used: tuple[str, ...] = ()
    lang: Lang = "en"
    help: str = ""


def notes_for(bank: MemoryBank, dialogue: Dialogue, lines: HelpLines | None = None) -> Notes:
    """Return what memory has to say to the newest message. Reads only.

    Where there is concern, nothing stands in the notes that could hurt: no portrait, no summary,
    and of memories only what supports; and there is a note with help lines.
    """
    said = dialogue.newest.said
    lang = lexical.detect(said, bank.desk.bank().lang)
    found = concern(said, bank.desk.embedder)
    try:
        recalled = bank.recall(said, k=MOST + EXTRA)
    except EmptyText:
        return Notes(lang=lang)  # a picture, say: there are no words to recall by
    hits = [hit for hit in recalled if hit.relevant and not _shown(hit, dialogue)]
    if found:
        parts = _parts(lang, withhold(hits, found)[:MOST], distress=True)
    else:
        overall = bank.summaries("global")
        parts = replace(
            _parts(lang, hits[:MOST]), portrait=bank.portrait(),
            overall=overall[0] if overall else None,
        )  # fmt: skip
    composed = compose(parts, BUDGET)
    block = composed.messages[-1]["content"].strip()
    return Notes(
        instruction=parts.instruction if block or found else "", block=block,
        used=tuple(hit.id for hit in composed.recalled), lang=lang,
        help=note(found, lang, lines) if found else "",
    )  # fmt: skip


def _parts(lang: Lang, hits: Sequence[Recalled], *, distress: bool = False) -> Ingredients:
    told = [memory_prompt("context", lang), *([prompt("distress", lang)] if distress else [])]
    return Ingredients(message="", instruction="\n\n".join(told), lang=lang, recalled=hits)


def _shown(hit: Recalled, dialogue: Dialogue) -> bool:
    """Say whether the client's list shows this exchange anyway."""
    return any(
        step.said and step.reply and step.said in hit.text and step.reply in hit.text
        for step in dialogue.before
    )


def with_notes(
    messages: Sequence[Mapping[str, Any]], dialogue: Dialogue, notes: Notes
) -> list[Mapping[str, Any]]:
    """Return the messages with block and instruction added; no other message is changed."""
    if not notes.instruction:
        return list(messages)
    told = list(messages)
    if notes.block:
        told[dialogue.at] = _preceded(told[dialogue.at], notes.block)
    first = next((i for i, m in enumerate(told) if m.get("role") in ("system", "developer")), None)
    if first is None:
        return [{"role": "system", "content": notes.instruction}, *told]
    told[first] = _followed(told[first], notes.instruction)
    return told


def _preceded(message: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    content = message.get("content")
    if isinstance(content, list):
        return {**message, "content": [{"type": "text", "text": text}, *content]}
    return {**message, "content": f"{text}\n\n{content or ''}"}


def _followed(message: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    content = message.get("content")
    if isinstance(content, list):
        return {**message, "content": [*content, {"type": "text", "text": text}]}
    return {**message, "content": f"{content}\n\n{text}" if content else text}
