"""JSON in and out, stricter and safer than the standard library's.

Law of this file: whatever the text is, `loads` returns plain values or raises Refused, never
quoting the text. Python's reader lets three things pass that would lose or break something
later: a key given twice (the first is lost), NaN and infinities (no other program reads
them), and nesting so deep that writing it back overflows the stack.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from memorybank.formats.volume import Refused

MAX_DEPTH = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(text: str) -> Any:
    """Parse one JSON value."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        # What follows a colon in these messages quotes the text.
        reason = exc.msg.partition(":")[0].strip().removesuffix(" at")
        why = f"not valid JSON at character {exc.colno} ({reason}): repair it there"
        raise Refused(why, line=exc.lineno) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer of thousands of digits
        raise Refused("it holds a number too long to read: write it as a string") from None
    # Counting brackets is quick and spares nearly all rows of JSON Lines the walk.
    if text.count("[") + text.count("{") > MAX_DEPTH and not _shallow(value):
        raise _too_deep()
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write JSON readable in any language; a lone surrogate stays an escape, as it came."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return True
    return False


def _too_deep() -> Refused:
    return Refused(f"nested deeper than {MAX_DEPTH} levels: flatten it")


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("an object has a key twice: keep one of them, or rename it")
    return result


def _constant(_: str) -> NoReturn:
    raise Refused("NaN and Infinity are not JSON: write null instead")


def _float(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _constant(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
