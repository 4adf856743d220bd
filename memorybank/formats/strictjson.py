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
REASONS = {
    "Expecting property name enclosed in double quotes": "应为双引号里的键",
    "Expecting value": "应为一个值",
    "Expecting ',' delimiter": "应为逗号",
    "Expecting '": "应为冒号",  # what is left of "Expecting ':' delimiter"
    "Unterminated string starting": "字符串没有结束",
    "Invalid control character": "非法的控制字符",
    "Invalid \\escape": "非法的 \\ 转义",
    "Invalid \\uXXXX escape": "非法的 \\uXXXX 转义",
    "Illegal trailing comma before end of object": "对象末尾多了逗号",
    "Illegal trailing comma before end of array": "列表末尾多了逗号",
    "Extra data": "后面还有多余的内容",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(text: str) -> Any:
    """Parse one JSON value."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        # What follows a colon in these messages quotes the text.
        reason = exc.msg.partition(":")[0].strip().removesuffix(" at")
        why = f"not valid JSON at character {exc.colno} ({reason}): repair it there"
        known = REASONS.get(reason, reason)
        zh = f"第 {exc.colno} 个字符处不是合法的 JSON（{known}）：请在那里改正"
        raise Refused(why, zh, line=exc.lineno) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer of thousands of digits
        raise Refused(
            "it holds a number too long to read: write it as a string",
            "有个数字长得读不了：请写成字符串",
        ) from None
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
    return Refused(
        f"nested deeper than {MAX_DEPTH} levels: flatten it", f"嵌套超过 {MAX_DEPTH} 层：请减少层数"
    )


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused(
            "an object has a key twice: keep one of them, or rename it",
            "一个对象里有重复的键：请只留一个，或改名",
        )
    return result


def _constant(_: str) -> NoReturn:
    raise Refused(
        "NaN and Infinity are not JSON: write null instead",
        "NaN 和 Infinity 不是 JSON：请改写成 null",
    )


def _float(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _constant(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
