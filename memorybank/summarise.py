"""Event summaries (paper, section 2.1): a day's turns condensed, then weeks, months, everything.

Pure: turns in, messages for a language model out; `judge` looks at its reply. The version that
needs no model is `extract`. What people said stands in a delimited block of a user-role message,
with role markers taken out: it is material, never an instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from memorybank.compose import neutral
from memorybank.records import Lang

Counter = Callable[[str], int]
PART = "\n---\n"
"""In a prompt's file this line parts what the model should be from what it is asked at the end."""
_SPEAKERS: dict[Lang, tuple[str, str]] = {"en": ("User", "Companion"), "zh": ("用户", "伙伴")}
_UNTRUSTED: dict[Lang, str] = {"en": " (not their own words)", "zh": "（并非本人所说）"}


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a day, as a digest reads it. `number` is the turn's own."""

    number: int
    text: str
    reply: str
    significance: float
    speaker: str = ""
    replier: str = ""
    by_user: bool = True
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Child:
    """A summary of a shorter time, to be merged. `when` is how its lines are dated, or ""."""

    number: int
    when: str
    text: str


@dataclass(frozen=True, slots=True)
class Condensed:
    """A text, one thought a line, and the numbers of what it stands on."""

    text: str
    sources: tuple[int, ...]


def messages(prompt: str, block: str) -> list[dict[str, str]]:
    """Return the messages that ask a model for something about a block of material."""
    instruction, _, request = prompt.partition(PART)
    asked = f"<dialogue>\n{block}\n</dialogue>\n\n{request.strip()}"
    return [
        {"role": "system", "content": instruction.strip()},
        {"role": "user", "content": asked},
    ]


def told(turns: Iterable[Said], lang: Lang) -> list[str]:
    """Return turns as a model reads them, one entry a turn."""
    user, companion = _SPEAKERS[lang]
    colon = "：" if lang == "zh" else ": "
    entries = []
    for turn in turns:
        sides = (
            (turn.speaker or user, turn.text, "" if turn.trusted else _UNTRUSTED[lang]),
            (turn.replier or companion, turn.reply, ""),
        )
        entries.append(
            "\n".join(
                f"{neutral(name)}{tag}{colon}{neutral(said)}" for name, said, tag in sides if said
            )
        )
    return entries


def merged(children: Iterable[Child]) -> list[str]:
    """Return summaries of shorter times as a model reads them, one entry each."""
    return [
        "\n".join(f"- {line}" for line in neutral(child.text).splitlines() if line)
        if not child.when
        else f"[{child.when}]\n{neutral(child.text)}"
        for child in children
    ]


def parts(
    entries: Sequence[str], budget: int, count: Counter, *, longest: int | None = None
) -> list[str]:
    """Join entries to blocks of at most `budget` tokens; most days are one block.

    An entry of more than `longest` tokens (the budget) is cut in its middle: beginning and end say
    most. With half the budget every block holds two entries at least.
    """
    blocks: list[str] = []
    size = 0
    for entry in entries:
        kept = _cut(entry, min(budget, longest or budget) - 1, count)
        cost = count(kept) + 1
        if blocks and size + cost <= budget:
            blocks[-1] += f"\n{kept}"
            size += cost
        else:
            blocks.append(kept)
            size = cost
    return blocks


def _cut(entry: str, longest: int, count: Counter) -> str:
    while count(entry) > longest and len(entry) > 20:
        half = len(entry) * 2 // 5
        entry = f"{entry[:half]}\n…\n{entry[-half:]}"
    return entry
