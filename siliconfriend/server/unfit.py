"""What is wrong with a place of a request, in Chinese; pydantic itself says it in English.

By the type of the error, with the bounds that its context names, never with a value that was
sent. A type that is not listed is told as pydantic tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ZH: Mapping[str, str] = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识这一项",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_from_float": "应是整数",
    "float_type": "应是数",
    "float_parsing": "应是数",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "string_type": "应是文本",
    "list_type": "应是列表",
    "dict_type": "应是对象",
    "model_type": "应是对象",
    "model_attributes_type": "应是 JSON 对象：请发送 Content-Type: application/json",
    "date_from_datetime_parsing": "应是日期，例如 2026-03-01",
    "date_parsing": "应是日期，例如 2026-03-01",
    "date_type": "应是日期，例如 2026-03-01",
    "datetime_parsing": "应是带时区的时间，例如 2026-03-01T21:00:00+08:00",
    "datetime_from_date_parsing": "应是带时区的时间，例如 2026-03-01T21:00:00+08:00",
    "datetime_type": "应是带时区的时间，例如 2026-03-01T21:00:00+08:00",
    "timezone_aware": "时间要带时区，例如 2026-03-01T21:00:00+08:00",
    "json_invalid": "不是合法的 JSON",
    "literal_error": "应是其中之一：{expected}",
    "enum": "应是其中之一：{expected}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "string_too_short": "至少要 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "too_short": "至少要 {min_length} 项",
    "too_long": "至多 {max_length} 项",
}
_FORM = "Input should be an object: send Content-Type: application/json"


def told(error: Mapping[str, Any], *, zh: bool) -> str:
    """Return what is wrong in a language; 200 characters at most."""
    kind = str(error["type"])
    if not zh:
        return _FORM if kind == "model_attributes_type" else str(error["msg"])[:200]
    try:
        return _ZH[kind].format(**error.get("ctx", {}))[:200]
    except (KeyError, IndexError):
        return str(error["msg"])[:200]
