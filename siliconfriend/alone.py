"""A reply without a language model: from memory alone, quoted, with dates. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memorybank.compose import neutral
from memorybank.cues import asks_memory, is_question, is_small_talk
from memorybank.records import Lang, Recalled, Turn
from siliconfriend.words import word

MOST = 3
NEARLY = 0.6
"""What scores below this share of the best is not what was asked for."""
LONGEST = 300
_PARTING = re.compile(r"good night|bye|see you|take care|晚安|再见|拜拜", re.IGNORECASE)


def reply(message: str, hits: Sequence[Recalled], turns: dict[str, Turn], lang: Lang) -> str:
    """Return what memory has to say to a message.

    `hits` are what it called to mind, best first; `turns` the exchanges behind them by id.
    """
    if is_small_talk(message):
        return word("goodbye" if _PARTING.search(message) else "hello", lang)
    asked = asks_memory(message)
    lines = [_quoted(hit, turns.get(hit.id), lang) for hit in hits[: MOST if asked else 1]]
    if asked:
        return "\n".join([word("i remember", lang), *lines]) if lines else word("nothing", lang)
    if lines:
        return "\n".join([word("noted", lang), word("reminds me", lang), *lines])
    return word("noted", lang)


def chosen(hits: Sequence[Recalled]) -> list[Recalled]:
    """Return the few that are worth quoting: what was said, and a summary only in its absence.

    A question that stood without a reply holds nothing, however much it resembles this one.
    """
    told = [hit for hit in hits if not (hit.kind == "turn" and is_question(hit.text))]
    said = [hit for hit in told if hit.kind == "turn"] or told
    if not said:
        return []
    best = said[0].score  # below nought in a bank so small that ranks say nothing
    return [hit for hit in said if hit.score >= min(best, NEARLY * best)][:MOST]


def _quoted(hit: Recalled, turn: Turn | None, lang: Lang) -> str:
    """Return a memory in the words of whoever said it, with its date."""
    when = hit.when.strftime("%Y-%m" if hit.precision == "month" else "%Y-%m-%d")
    if turn is None:
        return "- " + word("they said", lang, when, _short(hit.text))
    said = []
    if turn.text:
        mine = turn.author == "user"
        said.append(word("you said" if mine else "they said", lang, when, _short(turn.text)))
    if turn.reply and not turn.text:
        said.append(word("i said", lang, when, _short(turn.reply)))
    return "- " + "\n  ".join(said)


def _short(text: str) -> str:
    flat = " ".join(neutral(text).split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
