"""Records as answers: the shapes that OpenAPI shows are drawn from the library's own records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from fastapi import Response
from pydantic import BaseModel, Field, create_model

from memorybank import records
from memorybank.records import plain
from memorybank.verbs.digest import Digested
from memorybank.verbs.erase import Erased
from memorybank.verbs.would_erase import WouldErase


def answer(value: Any, status: int = 200) -> Response:
    """Return records as JSON, not escaped; what was cleaned on its way in needs no second look."""
    content = json.dumps(plain(value), ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, media_type="application/json")


@cache
def shape(record: type) -> type[BaseModel]:
    """Return a record's class as a model for OpenAPI, with everything that it holds."""
    hints = get_type_hints(record)
    made: dict[str, Any] = {
        f.name: (_shown(hints[f.name]), Field()) for f in fields(record) if f.repr
    }
    return create_model(record.__name__, __doc__=record.__doc__, **made)


def _shown(hint: Any) -> Any:
    """Return a field's type as JSON shows it: no tuples, and null for an infinite number."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is float:
        return float | None
    if isinstance(hint, type) and is_dataclass(hint):
        return shape(hint)
    if origin is tuple:
        items = [item for item in inside if item is not Ellipsis]
        return list[_shown(items[0])]  # type: ignore[misc]
    if origin is list or origin is Sequence:
        return list[_shown(inside[0])]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Union[tuple(_shown(item) for item in inside)]  # noqa: UP007
    if origin is Mapping:
        return dict[str, Any]
    return {datetime: datetime, date: date}.get(hint, hint)


def _many(record: type) -> Any:
    return list[shape(record)]  # type: ignore[misc]


# Any, since these are made at run time: mypy would have them as variables, not as types.
Recollection: Any = shape(records.Recollection)
Context: Any = shape(records.Context)
Portrait: Any = shape(records.Portrait)
Statements: Any = _many(records.Statement)
PortraitDays: Any = _many(records.PortraitDay)
Summaries: Any = _many(records.Summary)
Timeline: Any = _many(records.Day)
Memories: Any = _many(records.Memory)
Turns: Any = _many(records.Turn)
Explanation: Any = shape(records.Explanation)
BankInfo: Any = shape(records.BankInfo)
BankInfos: Any = _many(records.BankInfo)
Jobs: Any = _many(records.Job)
DigestedShape: Any = shape(Digested)
ErasedShape: Any = shape(Erased)
WouldEraseShape: Any = shape(WouldErase)
