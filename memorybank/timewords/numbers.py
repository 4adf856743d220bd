"""Numbers in words up to 99, both languages: the patterns, and what they come to.

Law of this file: every pattern here is a group of its own, without names, safe to embed.
"""

from __future__ import annotations

_CARDINALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"

_ONES, _TEENS = _CARDINALS.split()[:9], _CARDINALS.split()[9:]
_FIRSTS, _TENTHS = _ORDINALS.split()[:9], _ORDINALS.split()[9:]
_TENS = _ROUND.split()

_EN: dict[str, int] = {
    **{word: i for i, word in enumerate(_ONES + _TEENS, 1)},
    **{word: 10 * i for i, word in enumerate(_TENS, 2)},
    **{word: i for i, word in enumerate(_FIRSTS + _TENTHS, 1)},
    **{word[:-1] + "ieth": 10 * i for i, word in enumerate(_TENS, 2)},
}

EN_WORDS = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES)}))?"
    rf"|{'|'.join(_TEENS)}|{'|'.join(_ONES)})"
)
EN_NUMBER = rf"(?:\d{{1,3}}|{EN_WORDS})"
EN_ORDINAL_DIGITS = r"(?:\d{1,2}(?:st|nd|rd|th)\b(?!-))"
EN_ORDINAL_WORDS = (
    rf"(?:(?:twenty|thirty)[\s-](?:{'|'.join(_FIRSTS)})|twentieth|thirtieth"
    rf"|{'|'.join(_TENTHS)}|{'|'.join(_FIRSTS)})\b"
)

_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_ZH_TENS = {"十": 10, "廿": 20, "卅": 30}

ZH_DIGIT = "一二两三四五六七八九"
ZH_NUMERAL = rf"\d零〇{ZH_DIGIT}十廿卅百千万亿几"
"""The inside of a character class: what may not stand before a number that is whole."""
ZH_SMALL = rf"(?:\d{{1,2}}|[{ZH_DIGIT}]?[十廿卅][{ZH_DIGIT}]?|[{ZH_DIGIT}])"
ZH_NUMBER = rf"(?:\d{{3}}|{ZH_SMALL})"
ZH_YEAR = rf"(?:\d{{4}}|[零〇○{ZH_DIGIT}]{{4}})"


def en_number(text: str) -> int:
    """Return the value of digits, of a number word or of an ordinal ("21", "twenty-first")."""
    digits = text.rstrip("stndrhSTNDRH")
    if digits.isdecimal():
        return int(digits)
    return sum(_EN[word] for word in text.lower().replace("-", " ").split())


def zh_number(text: str) -> int:
    """Return the value of digits or of a numeral up to 99 (21, 二十一, 廿一)."""
    if text.isdecimal():
        return int(text)
    for mark, ten in _ZH_TENS.items():
        if mark in text:
            tens, _, ones = text.partition(mark)
            return _ZH_DIGITS.get(tens, 1) * ten + _ZH_DIGITS.get(ones, 0)
    return _ZH_DIGITS[text]


def zh_year(text: str) -> int:
    """Return a year of four digits in either script (2023, 二〇二三)."""
    return int("".join(c if c.isdecimal() else str(_ZH_DIGITS[c]) for c in text))
