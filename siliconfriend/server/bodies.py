"""What may be sent: request bodies and parameters, strict, each with an example."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)

from memorybank.records import Author, FadedPolicy, Kind, Lang, Precision

LONGEST = 1_000_000
MOST_TURNS = 1_000


def text_only(value: Any) -> Any:
    """Refuse numbers, which could be seconds or milliseconds, where a time is asked for."""
    if not isinstance(value, (str, datetime)):
        raise ValueError("a time is a text such as 2026-03-01T21:00:00+08:00")
    return value


def day_only(value: Any) -> Any:
    """Refuse whatever else than 2026-03-01 where a day is asked for."""
    if value is not None and not (isinstance(value, str) and len(value) == 10):
        raise ValueError("a day is written as 2026-03-01")
    return value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(text_only),
    Field(examples=["2026-03-01T21:00:00+08:00"]),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Text = Annotated[str, Field(max_length=LONGEST, examples=["I adopted a cat called Miso."])]
Name = Annotated[str, Field(max_length=200)]
MemoryId = Annotated[str, Field(min_length=4, max_length=64)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000)]

BankName = Annotated[
    str,
    Path(min_length=1, max_length=200, description="A bank's name or id.", examples=["emily"]),
]
IdInPath = Annotated[
    str,
    Path(
        min_length=4, max_length=64, description="A memory's id, or at least 4 letters of its end."
    ),
]
NowInQuery = Annotated[
    Moment | None, Query(description="Look from another moment: nothing later is seen.")
]


class Body(BaseModel):
    """What all bodies share: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class NewBank(Body):
    """A bank to make; what is left out comes from the settings."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "emily", "lang": "en", "zone": "Europe/Paris"}]}
    )
    name: Annotated[str, Field(min_length=1, max_length=200)]
    lang: Lang | None = None
    zone: Name = ""
    preset: Literal["gentle", "paper", "paper-chance", "off"] | None = None


class Said(Body):
    """One exchange: what one said, what the other replied; either side may be absent."""

    text: Text | None = None
    reply: Text | None = None
    at: Moment | None = Field(None, description="When it happened; now if left out.")
    precision: Precision = "instant"
    conversation: Name = ""
    speaker: Name | None = None
    replier: Name | None = None
    author: Author = "user"
    source: Name | None = None
    trusted: StrictBool = True
    external_id: Name | None = Field(None, description="Storing is idempotent by it.")


class Remember(Said):
    """An exchange to remember, and the memories that entered the prompt of its reply."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "I adopted a cat called Miso.", "reply": "Congratulations!"},
                {
                    "text": "我养了一只猫，叫米粒。",
                    "reply": "恭喜！",
                    "at": "2026-03-01T21:00:00+08:00",
                },
            ]
        }
    )
    used: list[MemoryId] = Field(default=[], max_length=100)
    vectors: Literal["inline", "later"] = "inline"
    now: Moment | None = None


class RememberTurns(Body):
    """Turns with times of their own, all or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"turns": [{"text": "Hello.", "at": "2026-03-01T21:00:00+08:00"}]}]
        }
    )
    turns: list[Said] = Field(min_length=1, max_length=MOST_TURNS)
    channel: Literal["chat", "import", "tool"] = "import"
    curve_from: Literal["arrival", "occurred"] = "arrival"
    vectors: Literal["inline", "later"] = "later"
    now: Moment | None = None


class ChatMessage(Body):
    """One message of a list."""

    role: Literal["system", "user", "assistant"]
    content: Text


class RememberMessages(Body):
    """A message list to remember as turns."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "messages": [
                        {"role": "user", "content": "Good morning!"},
                        {"role": "assistant", "content": "Good morning, Emily."},
                    ]
                }
            ]
        }
    )
    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_TURNS)
    at: Moment | None = None
    now: Moment | None = None


class Recall(Body):
    """A message, and how to answer it from memory."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"message": "what is my cat called?"},
                {"message": "我的猫叫什么？", "k": 3},
            ]
        }
    )
    message: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    k: Count = 10
    now: Moment | None = None
    until: Moment | None = None
    faded: FadedPolicy | None = None
    kinds: list[Kind] = Field(default=["turn", "day"], min_length=1, max_length=2)
    neighbours: Annotated[StrictInt, Field(ge=0, le=20)] = 0


class ContextWish(Body):
    """A message that a language model should answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "what is my cat called?", "budget": 1500}]}
    )
    message: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    budget: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 2000
    k: Count = 8
    recent: Annotated[StrictInt, Field(ge=0, le=100)] = 6
    lang: Lang | None = None
    now: Moment | None = None


class Correction(Body):
    """What a memory should have said."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "I adopted a cat called Mochi."}]}
    )
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    reply: Text | None = None
    now: Moment | None = None


class Answered(Body):
    """A reply to a turn that was stored when it was said."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reply": "Your cat is called Miso.", "used": []}]}
    )
    reply: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    used: list[MemoryId] = Field(default=[], max_length=100)
    now: Moment | None = None


class Used(Body):
    """Memories that a stored turn has called to mind."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"used": ["33c15f5a"]}]})
    used: list[MemoryId] = Field(min_length=1, max_length=100)


class WhatToErase(Body):
    """Turns by id, by day, or by the source they came from: at least one of these."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"day": "2026-03-01"}, {"ids": ["33c15f5a"], "versions": True}]
        }
    )
    ids: list[MemoryId] = Field(default=[], max_length=1_000)
    day: Annotated[date, BeforeValidator(day_only)] | None = None
    source: Name | None = None
    versions: StrictBool = Field(
        False, description="Also what they replaced and what replaced them."
    )


class PresetName(Body):
    """A forgetting curve."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"preset": "paper"}]})
    preset: Literal["gentle", "paper", "paper-chance", "off"]


class KeyWish(Body):
    """A key to make for one's own tenant, with no more than one's own scopes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "phone", "scopes": ["read", "write"]}]}
    )
    name: Name = ""
    bank: Name = ""
    scopes: list[Literal["read", "write", "erase", "admin"]] = Field(min_length=1, max_length=4)
    rate: Annotated[float, Field(ge=0, le=10_000, strict=True)] = 0.0
    seconds: Annotated[StrictInt, Field(ge=1, le=315_360_000)] | None = None
