"""How a turn reads: to people, to the word index, to the embedder. Pure.

Measured: with the names in front of both sides an embedder tells who said what, and recall is
better by some points of MRR than without; names that nobody gave are only lent for that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from memorybank.records import Lang

_LENT: dict[Lang, tuple[str, str]] = {"en": ("User", "Companion"), "zh": ("用户", "伙伴")}
_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]\\Z")


def clean(text: str | None) -> str:
    """Make a text fit to be kept: no NUL, no control characters, no halves of characters.

    Everything else stays as it was said, invisible characters too; they are taken out where text
    enters a prompt.
    """
    if not text:
        return ""
    return whole(_DROPPED.sub("", text)).strip()


def whole(text: str) -> str:
    """Join the halves of characters (surrogates) in a text; a half without its other is U+FFFD.

    Everything else stays. What is returned can be encoded in UTF-8.
    """
    return _HALVES.sub(_joined, text)


def _joined(halves: re.Match[str]) -> str:
    return halves[0].encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_pieces(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a streamed text in whole characters: a half waits for the piece with its other."""
    held = ""
    for piece in pieces:
        text = held + piece
        cut = _HIGH.search(text)
        held = cut[0] if cut else ""
        if ready := whole(text[: len(text) - len(held)]):
            yield ready
    if held:
        yield whole(held)


def is_blank(text: str) -> bool:
    """Say whether nothing in a text can be seen or read."""
    return not any(unicodedata.category(c)[0] in "LNPSM" for c in text)


def says_nothing(reply: str) -> bool:
    """Say whether a reply holds nothing but blanks and characters that came broken (U+FFFD)."""
    return is_blank(reply.replace("\ufffd", ""))


def rendered(
    text: str | None, reply: str | None, speaker: str | None, replier: str | None, lang: Lang
) -> str:
    """Return an exchange as people read it: names where they are known, else an arrow."""
    colon = "：" if lang == "zh" else ": "
    said = f"{speaker}{colon}{text}" if speaker and text else text or ""
    arrow = f"{replier}{colon}" if replier else "→" if lang == "zh" else "→ "
    return "\n".join(filter(None, (said, f"{arrow}{reply}" if reply else "")))


def to_embed(
    text: str | None, reply: str | None, speaker: str | None, replier: str | None, lang: Lang
) -> str:
    """Return an exchange as the embedder reads it: both sides named, if need be with lent names."""
    if text and reply:
        user, companion = _LENT[lang]
        return rendered(text, reply, speaker or user, replier or companion, lang)
    return (
        rendered(text, reply, speaker, replier, lang) if speaker or replier else text or reply or ""
    )


def to_index(text: str | None, reply: str | None, speaker: str | None) -> str:
    """Return an exchange as the word index reads it: the speaker's name counts, roles do not."""
    return "\n".join(filter(None, (speaker, text, reply)))


def chunks(text: str, longest: int) -> list[str]:
    """Cut a text into pieces of at most `longest` characters, at a line or a space if near."""
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = min(len(text), start + longest)
        if end < len(text):
            near = max(
                text.rfind(mark, start + longest // 2, end) for mark in ("\n", "。", ". ", " ")
            )
            end = near + 1 if near > 0 else end
        pieces.append(text[start:end])
        start = end
    return pieces or [text]


def words_of(content: object) -> str:
    """Return the words of a message's content: a text, or the texts among its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str) and not is_blank(text))
