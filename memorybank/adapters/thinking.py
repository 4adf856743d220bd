"""What a reasoning model thinks aloud is not said to anybody: `<think>…</think>` is taken out.

DeepSeek, Qwen and their like put their thoughts in the reply itself when a plain server runs
them. A tag may come split over pieces: what could still become one is held back. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_TAG = re.compile(r"<(think|thinking)>|</(?:think|thinking)>")
_TAGS = ("<think>", "</think>", "<thinking>", "</thinking>")
_LONGEST = max(map(len, _TAGS))


def without_thoughts(pieces: Iterable[str], *, thinking: bool = False) -> Iterator[str]:
    """Yield a reply without its thoughts, each piece as soon as it is clear what it is.

    `thinking` starts within a thought, for prompts that open it themselves. A thought that never
    ends takes what follows with it; blanks before the first word go.
    """
    held, close, said = "", "</think>" if thinking else "", False
    for piece in pieces:
        held += piece
        plain = ""
        while True:
            if close:
                _, ended, rest = held.partition(close)
                held = rest if ended else held[-_LONGEST:]
                if not ended:
                    break
                close = ""
            elif found := _TAG.search(held):
                plain += held[: found.start()]
                held = held[found.end() :]
                close = f"</{found[1]}>" if found[1] else ""
            else:
                kept = _could_be_a_tag(held)
                plain, held = plain + held[: len(held) - kept], held[len(held) - kept :]
                break
        plain = plain if said else plain.lstrip()
        if plain:
            said = True
            yield plain
    if held and not close:
        yield held


def _could_be_a_tag(text: str) -> int:
    """Return how many characters at the end of a text may be the start of a tag."""
    start = text.rfind("<", max(0, len(text) - _LONGEST))
    return len(text) - start if start >= 0 and _begins(text[start:]) else 0


def _begins(text: str) -> bool:
    return any(tag.startswith(text) for tag in _TAGS)
