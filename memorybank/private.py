"""Personal data by rule: numbers and addresses that name one person, in Chinese and English texts.

Pure. E-mail, mobile and identity numbers of mainland China, bank cards, keys of programs; nothing
that takes a list or a model, such as names and places. A number must pass its checksum and its
form where it has one, so that dates, amounts, ISBNs, time stamps and order numbers are left alone;
what cannot be told apart (an order number that looks like a mobile) is told by what stands before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from memorybank.records import Lang

DataKind = Literal["email", "mobile", "identity", "card", "key"]
NAMES: dict[DataKind, tuple[str, str]] = {
    "email": ("e-mail address", "邮箱"),
    "mobile": ("mobile number", "手机号"),
    "identity": ("identity number", "身份证号"),
    "card": ("bank card", "银行卡号"),
    "key": ("key", "密钥"),
}
TAIL = 4
"""So many signs of a number stay, so that a person still knows which one it was."""

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
    r"(?![A-Za-z0-9-])"
)
_MOBILE = re.compile(
    r"(?<![\d.A-Za-z])(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![\dA-Za-z]|[.]\d|-\d)"
)
_IDENTITY = re.compile(r"(?<![0-9A-Za-z.])[1-9]\d{16}[\dXx](?![0-9A-Za-z]|[.]\d)")
_CARD = re.compile(r"(?<![\d.A-Za-z-])(?:\d[ -]?){14,18}\d(?![\dA-Za-z]|[.]\d|-\d)")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----"
    r"|(?<![A-Za-z0-9_-])(?:sk-[A-Za-z0-9_-]{20,200}|gh[opsu]_[A-Za-z0-9]{36,80}"
    r"|github_pat_[A-Za-z0-9_]{22,120}|glpat-[A-Za-z0-9_-]{20,60}|hf_[A-Za-z0-9]{30,60}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,120}|A(?:KIA|SIA)[0-9A-Z]{16}|AKID[A-Za-z0-9]{32}"
    r"|LTAI[A-Za-z0-9]{12,30}|AIza[0-9A-Za-z_-]{35}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000})(?![A-Za-z0-9_-])"
)
_ORDER = re.compile(
    r"(?:订单|单号|编号|流水|运单|快递|order|invoice|tracking|ref|no\.?|#)"
    r"(?:\s?(?:号|number|no\.?|id))?\s?(?:是|为|is)?\s?[:：#]?\s?$",
    re.IGNORECASE,
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARDS = {
    15: ("34", "37"),
    16: ("4", "51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27", "35", "60", "62",
         "65"),
    17: ("62",),
    18: ("62",),
    19: ("62", "60", "95588", "4"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of personal data: what it is, and where it stands in its text."""

    kind: DataKind
    start: int
    end: int


def find(text: str) -> list[Piece]:
    """Return all personal data of a text in order; no two pieces overlap."""
    rules: tuple[tuple[DataKind, re.Pattern[str], Callable[[str, str], bool]], ...] = (
        ("key", _KEY, lambda said, before: True),
        ("email", _EMAIL, lambda said, before: True),
        ("identity", _IDENTITY, lambda said, before: is_identity(said)),
        ("card", _CARD, lambda said, before: is_card(said) and not _ORDER.search(before)),
        ("mobile", _MOBILE, lambda said, before: not _ORDER.search(before)),
    )
    found: list[Piece] = []
    for kind, pattern, holds in rules:
        for match in pattern.finditer(text):
            start, end = match.span()
            free = all(end <= other.start or start >= other.end for other in found)
            if free and holds(match.group(), text[max(0, start - 24) : start]):
                found.append(Piece(kind, start, end))
    return sorted(found, key=lambda piece: piece.start)


def masked(text: str, lang: Lang) -> str:
    """Return a text with its personal data named instead of told: [mobile number …5678]."""
    parts: list[str] = []
    at = 0
    for piece in find(text):
        parts += [text[at : piece.start], _mask(piece.kind, text[piece.start : piece.end], lang)]
        at = piece.end
    return "".join(parts) + text[at:]


def _mask(kind: DataKind, said: str, lang: Lang) -> str:
    name = NAMES[kind][lang == "zh"]
    tail = "" if kind == "email" or "\n" in said else f" …{said[-TAIL:]}"
    return f"[{name}{tail}]"


def masked_messages(messages: Iterable[Mapping[str, str]], lang: Lang) -> list[dict[str, str]]:
    """Return messages as a model may see them."""
    return [{**message, "content": masked(message["content"], lang)} for message in messages]


def counted(texts: Iterable[str]) -> dict[str, int]:
    """Return how much of each kind there is, for a note without content."""
    counts: dict[str, int] = {}
    for text in texts:
        for piece in find(text):
            counts[piece.kind] = counts.get(piece.kind, 0) + 1
    return counts


def is_identity(number: str) -> bool:
    """Say whether 18 signs are an identity number: province, day of birth, checksum (GB 11643)."""
    if not 11 <= int(number[:2]) <= 91:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return born.year >= 1880 and "10X98765432"[total % 11] == number[17].upper()


def is_card(number: str) -> bool:
    """Say whether digits, spaced or not, are a bank card's: issuer, length, Luhn's sum."""
    digits = [int(c) for c in number if c.isdigit()]
    bare = "".join(map(str, digits))
    if not bare.startswith(_CARDS.get(len(bare), ())) or len(set(bare)) < 2:
        return False
    doubled = (d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0
