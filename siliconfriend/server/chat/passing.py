"""The way of one chat: ask the model, pass its answer through, and keep what was said.

What the user said is stored while the model begins to think, and nothing of a reply is shown
before that is done: whoever has seen a word of it can be sure. The client sees the end of a reply
only once the exchange is stored. One that leaves in the middle has heard half a reply, which is
kept as that, and the model is hung up on. Where there is concern the note with help lines stands
before the reply, and alone where the model fails.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter, time
from typing import Any, Literal

import anyio
import anyio.to_thread
from fastapi import Response
from starlette.types import Receive, Scope, Send

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError, ReplyCut
from siliconfriend.server import problems
from siliconfriend.server.chat.dialogue import Dialogue
from siliconfriend.server.chat.notes import Notes
from siliconfriend.server.chat.reply import Gathered, event
from siliconfriend.server.chat.threads import Thread, begin, finish
from siliconfriend.server.chat.upstream import Answer, Upstream
from siliconfriend.server.house import House
from siliconfriend.server.metrics import Metrics
from siliconfriend.server.refusals import NoModel

LOG = logging.getLogger(__name__)
Mode = Literal["on", "read", "off"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What memory does for one request."""

    mode: Mode
    dialogue: Dialogue | None = None
    notes: Notes = field(default_factory=Notes)
    bank: MemoryBank | None = None
    """Where the exchange is stored; None where it is not."""

    def begin(self) -> Thread | None:
        """Store what the user said."""
        if self.bank is None or self.dialogue is None:
            return None
        return begin(self.bank, self.dialogue, self.notes.lang)

    def keep(self, thread: Thread, gathered: Gathered) -> None:
        """Store the reply as far as it came; what the user said is stored already."""
        text = gathered.text
        if "<memory>" not in text:  # a model that only repeats its notes
            finish(thread, text, used=self.notes.used, whole=gathered.whole)


class Desk:
    """What all chats of a server share: the model, and how many are going on."""

    def __init__(self, house: House, upstream: Upstream | None, metrics: Metrics) -> None:
        self.house, self.upstream, self.metrics = house, upstream, metrics
        self.going_on = 0

    async def quiet(self, seconds: float = 5.0) -> None:
        """Wait until every chat that was broken off has stored what was said of it."""
        with anyio.move_on_after(seconds):
            while self.going_on:
                await anyio.sleep(0.02)

    def model(self) -> Upstream:
        """Return the model; raises NoModel where none is configured."""
        if self.upstream is None:
            raise NoModel
        return self.upstream


def both_forms(error: MemoryBankError, accept: str) -> dict[str, Any]:
    """Return an error as problem details that OpenAI's clients understand as well."""
    told = problems.body_of(error, problems.lang_of(accept))
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    inner = {"message": told["detail"], "type": kind, "param": None, "code": told["code"]}
    return {**told, "error": inner}


class Passing(Response):
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
        self.thread: Thread | None = None
        self.stored = anyio.Event()
        self.unstored: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; whatever happens on the way, what was said is stored."""
        self.desk.going_on += 1
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._begin)
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

    async def _begin(self) -> None:
        """Store what the user said, whether or not they wait for the reply."""
        with anyio.CancelScope(shield=True):
            try:
                if self.plan.bank is not None:
                    self.thread = await anyio.to_thread.run_sync(self.plan.begin)
            except Exception as error:  # noqa: BLE001  told by whoever waits for it
                self.unstored = error
            finally:
                self.stored.set()

    async def _sure(self) -> None:
        """Wait until what the user said is stored; raises why it cannot be."""
        await self.stored.wait()
        if self.unstored:
            raise self.unstored

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
        await self._sure()
        await self._start(send, 200, {"content-type": "text/event-stream; charset=utf-8"})
        if self.plan.notes.help and not self.plain_json:
            await _send(send, event(_said(self.plan.notes.help + "\n\n", self.asked)))
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
        await self._sure()
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
            content = self._with_help(told, content)
        await self._keep()
        await self._start(send, answer.status, answer.headers)
        await send({"type": "http.response.body", "body": content, "more_body": False})

    @property
    def plain_json(self) -> bool:
        """Whether a program reads the reply, to whom a note would be no JSON."""
        form = self.asked.get("response_format")
        return isinstance(form, Mapping) and form.get("type") in ("json_object", "json_schema")

    def _with_help(self, told: dict[str, Any], content: bytes) -> bytes:
        """Return an answer with the note of help before the reply, where there is concern."""
        if not self.plan.notes.help or self.plain_json:
            return content
        for choice in told["choices"]:
            message = choice.get("message") if isinstance(choice, dict) else None
            if isinstance(message, dict):
                parts = (self.plan.notes.help, message.get("content") or "")
                message["content"] = "\n\n".join(filter(None, parts))
        return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")

    async def _help_alone(self, send: Send) -> None:
        """Answer with the note of help where the model has failed: it must not be missing."""
        text = self.plan.notes.help
        if self.asked.get("stream"):
            await self._start(send, 200, {"content-type": "text/event-stream; charset=utf-8"})
            end = _said("", self.asked, "stop")
            body = event(_said(text, self.asked)) + event(end) + b"data: [DONE]\n\n"
        else:
            await self._start(send, 200, {"content-type": "application/json"})
            body = json.dumps(_answer_of(text, self.asked), ensure_ascii=False).encode()
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _fail(
        self, error: MemoryBankError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            await self._sure()
        except MemoryBankError as ours:
            error = ours
        self.end = type(error).__name__
        self.gathered.failed = True
        LOG.warning("a chat failed with %s", self.end)
        await self._keep()
        if self.started:
            await _send(send, event({"error": _inner(error, self.accept)}))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif self.plan.notes.help and not self.plain_json:
            await self._help_alone(send)
        else:
            await problems.response(both_forms(error, self.accept))(scope, receive, send)

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
        await self.stored.wait()
        if self.kept or self.thread is None:
            return
        self.kept = True
        try:
            await anyio.to_thread.run_sync(self.plan.keep, self.thread, self.gathered)
        except MemoryBankError as error:
            LOG.error("an exchange could not be stored, %s: %s", type(error).__name__, error)
        else:
            self.desk.house.nudge()


def _frame(asked: Mapping[str, Any], kind: str) -> dict[str, Any]:
    model = asked.get("model")
    return {
        "id": "chatcmpl-help", "object": kind, "created": int(time()),
        "model": model if isinstance(model, str) else "",
    }  # fmt: skip


def _said(text: str, asked: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Return a piece of a stream that says something of ours."""
    delta = {"role": "assistant", "content": text} if text else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {**_frame(asked, "chat.completion.chunk"), "choices": [choice]}


def _answer_of(text: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_frame(asked, "chat.completion"), "choices": [choice]}


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _inner(error: MemoryBankError, accept: str) -> Any:
    return both_forms(error, accept)["error"]


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
