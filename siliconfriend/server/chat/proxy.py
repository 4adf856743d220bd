"""`POST /v1/chat/completions` and `GET /v1/models` for any OpenAI client, unchanged.

Recalls for the newest message, adds the notes, forwards, passes the answer through as it comes,
and stores the exchange with what it recalled before the client sees the end. A client that leaves
in the middle has heard half a reply: it is kept as that. Headers of ours, all optional:

    X-Memory: on | read | off      read recalls and stores nothing; off passes everything by
    X-Memory-Bank                  whose; else the key's own, else the `user` field, else "me"
    X-Memory-Conversation          a client's own name for the conversation, if it has one
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from memorybank.bank import MemoryBank
from memorybank.errors import BadInput, MemoryBankError, ReplyCut, UnknownBank
from siliconfriend.server import problems
from siliconfriend.server.access import Known, TheHouse
from siliconfriend.server.chat import dialogue as dialogues
from siliconfriend.server.chat.asides import is_aside
from siliconfriend.server.chat.dialogue import Dialogue
from siliconfriend.server.chat.notes import Notes, notes_for, with_notes
from siliconfriend.server.chat.reply import Gathered, event
from siliconfriend.server.chat.threads import keep
from siliconfriend.server.chat.upstream import Answer, Upstream
from siliconfriend.server.house import House
from siliconfriend.server.keys import Key
from siliconfriend.server.metrics import Metrics
from siliconfriend.server.refusals import Crowded, NoModel, NotAllowed

LOG = logging.getLogger(__name__)
Mode = Literal["on", "read", "off"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What memory does for one request."""

    mode: Mode
    bank: MemoryBank | None = None
    dialogue: Dialogue | None = None
    notes: Notes = field(default_factory=Notes)

    def keep(self, gathered: Gathered) -> str:
        """Store the exchange as far as it came; returns its id, "" where nothing is stored."""
        if self.mode != "on" or self.bank is None or self.dialogue is None:
            return ""
        return keep(
            self.bank, self.dialogue, gathered.text, used=self.notes.used, whole=gathered.whole,
            lang=self.notes.lang,
        )  # fmt: skip


class Desk:
    """What all chats of a server share: the model, and how many are going on."""

    def __init__(self, house: House, upstream: Upstream | None, metrics: Metrics) -> None:
        self.house, self.upstream, self.metrics = house, upstream, metrics
        self.going_on = 0

    def model(self) -> Upstream:
        """Return the model; raises NoModel where none is configured."""
        if self.upstream is None:
            raise NoModel
        return self.upstream


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
        return _Passing(desk, upstream, plan, body, began, request.headers.get("accept-language"))

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
    return Plan(mode, bank, dialogue, notes_for(bank, dialogue))


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
    from urllib.parse import unquote

    try:
        return unquote(value.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return unquote(value)


def _refused(error: MemoryBankError, request: Request) -> Response:
    accept = request.headers.get("accept-language", "")
    return problems.response(_both_forms(error, accept))


def _both_forms(error: MemoryBankError, accept: str) -> dict[str, Any]:
    """Return an error as problem details that OpenAI's clients understand as well."""
    told = problems.body_of(error, problems.lang_of(accept))
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    inner = {"message": told["detail"], "type": kind, "param": None, "code": told["code"]}
    return {**told, "error": inner}


class _Passing(Response):
    """Asks the model and passes its answer through; see the module's docstring."""

    def __init__(
        self,
        desk: Desk,
        upstream: Upstream,
        plan: Plan,
        body: Mapping[str, Any],
        began: float,
        accept: str | None,
    ) -> None:
        super().__init__()
        self.desk, self.upstream, self.plan = desk, upstream, plan
        self.asked, self.began, self.accept = body, began, accept or ""
        self.gathered = Gathered()
        self.kept = self.started = False
        self.end = "left"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; whatever happens on the way, what was said is stored."""
        self.desk.going_on += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, receive, group.cancel_scope)
                try:
                    await self._answer(scope, receive, send)
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._keep()
                group.cancel_scope.cancel()
        finally:
            self.desk.going_on -= 1
            self.desk.metrics.chats.labels(self.end).inc()

    async def _watch(self, receive: Receive, going_on: anyio.CancelScope) -> None:
        """Hang up on the model when the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        going_on.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with anyio.fail_after(self.desk.house.serving.reply_seconds):
                async with self.upstream.ask(self.asked) as answer:
                    if answer.streams:
                        await self._stream(answer, send)
                    else:
                        await self._whole(answer, scope, receive, send)
        except TimeoutError:
            await self._fail(_endless(), scope, receive, send)
        except MemoryBankError as error:
            await self._fail(error, scope, receive, send)

    async def _stream(self, answer: Answer, send: Send) -> None:
        """Pass a stream on, piece by piece; its end only once the exchange is stored."""
        await self._start(send, 200, {"content-type": "text/event-stream; charset=utf-8"})
        first = True
        async for piece in answer.pieces:
            self.gathered.feed(piece)
            if first:
                self.desk.metrics.first_piece.observe(perf_counter() - self.began)
                first = False
            if self.gathered.done:
                await self._keep()
            await _send(send, piece)
        self.gathered.close()
        await self._keep()
        if not self.gathered.done and self.gathered.finish is None:
            self.end = "broken"
            await _send(send, event({"error": _inner(_broken(), self.accept)}))
        else:
            self.end = "whole" if self.gathered.whole else "cut"
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _whole(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an answer on that comes at once, or an error of the model's own."""
        content = b"".join([piece async for piece in answer.pieces])
        try:
            told = json.loads(content)
        except (ValueError, RecursionError):
            told = None
        if answer.status != 200:
            self.end = "refused"
            if not isinstance(told, dict):
                await self._fail(_failed(answer.status), scope, receive, send)
                return
        elif not self.gathered.take(told):
            await self._fail(_nonsense(), scope, receive, send)
            return
        else:
            self.end = "whole" if self.gathered.whole else "cut"
        await self._keep()
        await self._start(send, answer.status, answer.headers)
        await send({"type": "http.response.body", "body": content, "more_body": False})

    async def _fail(
        self, error: MemoryBankError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.end = type(error).__name__
        self.gathered.failed = True
        LOG.warning("a chat failed with %s", self.end)
        await self._keep()
        if self.started:
            await _send(send, event({"error": _inner(error, self.accept)}))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await problems.response(_both_forms(error, self.accept))(scope, receive, send)

    async def _start(self, send: Send, status: int, headers: Mapping[str, str]) -> None:
        ours = {
            "x-memory": self.plan.mode, "x-memory-recalled": str(len(self.plan.notes.used)),
            "x-accel-buffering": "no",
        }  # fmt: skip
        raw = [(n.encode(), v.encode("latin-1")) for n, v in {**headers, **ours}.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        self.started = True

    async def _keep(self) -> None:
        """Store the exchange, once; a store that fails takes no reply from the client."""
        if self.kept:
            return
        self.kept = True
        try:
            await anyio.to_thread.run_sync(self.plan.keep, self.gathered)
        except MemoryBankError as error:
            LOG.error("an exchange could not be stored, %s: %s", type(error).__name__, error)
        else:
            self.desk.house.nudge()


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _inner(error: MemoryBankError, accept: str) -> Any:
    return _both_forms(error, accept)["error"]


def _endless() -> ReplyCut:
    return ReplyCut(
        "the language model took too long: it was stopped", "语言模型用时太久：已将它停下"
    )


def _broken() -> ReplyCut:
    return ReplyCut("the reply broke off before its end: try again", "回复在结束前中断了：请重试")


def _failed(status: int) -> MemoryBankError:
    error = ReplyCut(
        f"the language model's server failed with status {status}: try again",
        f"语言模型的服务器出错了（状态 {status}）：请重试",
    )
    error.status = status
    return error


def _nonsense() -> ReplyCut:
    return ReplyCut(
        "the language model's server answered with something else than a chat completion",
        "语言模型的服务器返回的不是聊天回复",
    )


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
