"""`POST /v1/chat/completions` and `GET /v1/models` for any OpenAI client, unchanged.

Recalls for the newest message, adds the notes, forwards, passes the answer through as it comes,
and stores what was said before the client sees any of it, the exchange with what it recalled
before it sees the end. A client that leaves in the middle has heard half a reply: it is kept as
that. Headers of ours, all optional:

    X-Memory: on | read | off      read recalls and stores nothing; off passes everything by
    X-Memory-Bank                  whose; else the key's own, else the `user` field, else "me"
    X-Memory-Conversation          a client's own name for the conversation, if it has one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any, Literal
from urllib.parse import unquote

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from memorybank.errors import BadInput, MemoryBankError, UnknownBank
from memorybank.rendering import is_blank
from siliconfriend.server import problems
from siliconfriend.server.access import Known, TheHouse
from siliconfriend.server.chat import dialogue as dialogues
from siliconfriend.server.chat.asides import is_aside
from siliconfriend.server.chat.dialogue import Dialogue
from siliconfriend.server.chat.notes import notes_for, with_notes
from siliconfriend.server.chat.passing import Desk, Mode, Passing, Plan, both_forms
from siliconfriend.server.house import House
from siliconfriend.server.keys import Key
from siliconfriend.server.refusals import Crowded, NotAllowed


def router(desk: Desk) -> APIRouter:
    """Return the two routes."""
    routes = APIRouter(prefix="/v1", tags=["chat"], responses=problems.RESPONSES)

    @routes.post("/chat/completions", openapi_extra=_SCHEMA, response_model=dict[str, Any])
    async def completions(request: Request, house: TheHouse, key: Known) -> Response:
        """Complete a chat with memory; the body is OpenAI's, and everything in it passes."""
        began = perf_counter()
        try:
            upstream = desk.model()
            if desk.going_on >= house.serving.streams:
                raise Crowded
            body = await _body(request)
            plan = await anyio.to_thread.run_sync(
                partial(_plan, house, key, body, dict(request.headers))
            )
        except MemoryBankError as error:
            return _refused(error, request)
        if plan.dialogue is not None:
            messages = with_notes(body["messages"], plan.dialogue, plan.notes)
            body = {**body, "messages": messages}
        return Passing(desk, upstream, plan, body, began, request.headers.get("accept-language"))

    @routes.get("/models", response_model=dict[str, Any])
    async def models(request: Request, key: Known) -> Response:
        """List the models that may be asked for."""
        try:
            listed = await desk.model().models()
        except MemoryBankError as error:
            return _refused(error, request)
        return Response(json.dumps(listed), media_type="application/json")

    return routes


async def _body(request: Request) -> dict[str, Any]:
    """Return the request's JSON, of which only the message list must have a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = json.loads(await request.body()) if kind == "application/json" else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadInput(
            "the body is not a JSON object: send `Content-Type: application/json` and one",
            "请求体不是 JSON 对象：请以 `Content-Type: application/json` 发送",
        )
    messages = body.get("messages")
    fits = isinstance(messages, list) and 0 < len(messages) <= dialogues.MOST_MESSAGES
    if not fits or not all(isinstance(message, dict) for message in messages or ()):
        raise BadInput(
            'the body needs "messages", a list of {"role", "content"}',
            '请求体要有 "messages"：由 {"role", "content"} 组成的列表',
        )
    return body


def _plan(house: House, key: Key, body: Mapping[str, Any], headers: Mapping[str, str]) -> Plan:
    """Decide what memory does for a request, and recall."""
    mode = _mode(headers.get("x-memory", "on"))
    conversation = headers.get("x-memory-conversation", "")[:200]
    dialogue = dialogues.read(body["messages"], conversation)
    if mode == "off" or dialogue is None or _is_aside(body["messages"], dialogue):
        return Plan("off")
    needed: tuple[Literal["read", "write"], ...] = ("read", "write") if mode == "on" else ("read",)
    for scope in needed:
        if not key.may(scope):
            raise NotAllowed(scope)
    try:
        bank = house.bank(key, _bank_name(key, body, headers), create=mode == "on")
    except UnknownBank:
        if mode == "read" and not headers.get("x-memory-bank"):
            return Plan("off")  # nobody has said anything yet
        raise
    notes = notes_for(bank, dialogue, house.help_lines)
    silent = is_blank(dialogue.newest.said) and not _shows_something(body["messages"][dialogue.at])
    return Plan(mode, dialogue, notes, bank if mode == "on" and not silent else None)


def _shows_something(message: Mapping[str, Any]) -> bool:
    """Say whether a message without words holds anything else."""
    return isinstance(message.get("content"), list) and bool(message["content"])


def _mode(header: str) -> Mode:
    mode = header.strip().lower()
    if mode == "on":
        return "on"
    if mode == "read":
        return "read"
    if mode == "off":
        return "off"
    raise BadInput("X-Memory is on, read or off", "X-Memory 只能是 on、read 或 off")


def _is_aside(messages: list[Mapping[str, Any]], dialogue: Dialogue) -> bool:
    alone = len(dialogue.steps) == 1
    systems = [dialogues.plain(m.get("content")) for m in messages if m.get("role") == "system"]
    return is_aside(dialogue.newest.said, "\n".join(systems) if alone else "")


def _bank_name(key: Key, body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """Return whose memory it is; a key of one bank opens that one, whatever `user` says."""
    if named := headers.get("x-memory-bank"):
        return _header_text(named)
    user = body.get("user")
    return user[:200] if isinstance(user, str) and not key.bank else ""


def _header_text(value: str) -> str:
    """Return a header as text: names in Chinese come as UTF-8 or percent-encoded."""
    try:
        return unquote(value.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return unquote(value)


def _refused(error: MemoryBankError, request: Request) -> Response:
    accept = request.headers.get("accept-language", "")
    return problems.response(both_forms(error, accept))


_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["messages"],
                    "properties": {
                        "model": {"type": "string"},
                        "messages": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "object", "additionalProperties": True},
                        },
                        "stream": {"type": "boolean"},
                        "user": {"type": "string", "description": "Whose memory."},
                    },
                    "additionalProperties": True,
                },
                "example": {
                    "model": "siliconfriend",
                    "messages": [{"role": "user", "content": "What is my cat called?"}],
                },
            }
        },
    }
}
