"""The configured model behind the proxy: an HTTP server that is forwarded to, or one in process.

Where it is and with which key is read from the settings and from nowhere else; no redirect is
followed, and no proxy but one that is set there, so that what people say goes to no other host.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import anyio
import anyio.to_thread
import httpx2

from memorybank.adapters.openai_client import CLIENT_OPTIONS, Endpoint, endpoint
from memorybank.adapters.openai_errors import retry_after
from memorybank.adapters.options import Section
from memorybank.errors import BadInput, BadReply, ModelDenied, ModelUnreachable, ReplyCut
from memorybank.lexical import detect
from memorybank.models import LLM, Style, replying
from memorybank.private import masked
from siliconfriend.server.chat.dialogue import plain
from siliconfriend.server.chat.reply import event
from siliconfriend.server.house import House
from siliconfriend.server.settings import Serving

LONGEST_BODY = 32 * 2**20
OWN_NAME = "siliconfriend"
"""Whoever asks for this model gets the configured one."""
_OTHER_KEY = frozenset((401, 402, 403, 429, 503, 529))
"""Refused, without credit, too often, too busy: another key may do better."""
_SOME_TIME = 1e9
"""Seconds that stand for a wait which a server has not put a number to."""
_PASSED = ("content-type", "retry-after", "x-request-id")
_IN_PROCESS = 4
"""So many replies of a model in process are made at once; each holds a thread meanwhile."""


@dataclass(slots=True)
class Answer:
    """What the model answers: status, headers to pass on, and bytes as they come."""

    status: int
    headers: dict[str, str]
    pieces: AsyncIterator[bytes]

    @property
    def streams(self) -> bool:
        """Whether this is a stream of events."""
        kind = self.headers.get("content-type", "").partition(";")[0]
        return self.status == 200 and kind == "text/event-stream"


class Upstream(Protocol):
    """A model that takes chat completions as JSON."""

    def ask(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[Answer]:
        """Ask; the answer is open inside the block. Raises ModelError before anything came."""
        ...

    async def models(self) -> dict[str, Any]:
        """Return the list of models."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


@dataclass(slots=True)
class HttpUpstream:
    """An OpenAI-compatible server."""

    endpoint: Endpoint
    model: str
    serving: Serving
    masks: bool = False
    """Whether personal data is masked before it leaves this machine (`memorybank.private`)."""
    _client: httpx2.AsyncClient | None = field(default=None, repr=False)
    _good: int = 0
    """Which key was taken last: the next request begins with it."""

    @property
    def client(self) -> httpx2.AsyncClient:
        """The connections, made when they are first needed."""
        if self._client is None:
            self._client = httpx2.AsyncClient(
                headers={**self.endpoint.headers, "Accept-Encoding": "identity"},
                timeout=httpx2.Timeout(
                    self.serving.first_piece_seconds, connect=self.endpoint.connect_timeout
                ),
                proxy=self.endpoint.proxy or None,
                limits=httpx2.Limits(max_connections=self.serving.streams + 8),
                follow_redirects=False, trust_env=False,
            )  # fmt: skip
        return self._client

    @asynccontextmanager
    async def ask(self, body: Mapping[str, Any]) -> AsyncIterator[Answer]:
        """Forward the body as it is, but for the model's name where it is ours."""
        asked = {**self.endpoint.extra, **body}
        if self.masks:
            asked["messages"] = [_masked(message) for message in body.get("messages", ())]
        if asked.get("model") in (None, "", OWN_NAME):
            asked["model"] = self.model
        content = json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")
        response = await self._answered("POST", "/chat/completions", content)
        try:
            _check_status(response.status_code)
            yield Answer(response.status_code, _passed(response.headers), _bytes_of(response))
        finally:
            await _let_go(response)

    async def _answered(self, method: str, path: str, content: bytes = b"") -> httpx2.Response:
        """Ask with one key after another, each once, until a key is taken.

        Where none is, the answer is that which asks for the shortest wait, else the first.
        """
        keys: tuple[str, ...] = self.endpoint.keys or ("",)
        first = self._good
        met: httpx2.Response | None = None
        for turn in range(len(keys)):
            index = (first + turn) % len(keys)
            try:
                response = await self._sent(method, path, content, keys[index])
            except BaseException:
                await _let_go(met)
                raise
            if response.status_code not in _OTHER_KEY:
                self._good = index
                await _let_go(met)
                return response
            if met is None or _wait(response) < _wait(met):
                met, response = response, met
            await _let_go(response)
        assert met is not None
        return met

    async def _sent(self, method: str, path: str, content: bytes, key: str) -> httpx2.Response:
        headers = {"Content-Type": "application/json"} if content else {}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        url = f"{self.endpoint.base_url}{path}"
        with _translated():
            request = self.client.build_request(method, url, content=content, headers=headers)
            return await self.client.send(request, stream=True)

    async def models(self) -> dict[str, Any]:
        """Return the server's own list; only the configured model where it keeps none."""
        response = await self._answered("GET", "/models")
        try:
            content = b"".join([piece async for piece in _bytes_of(response)])
            listed = json.loads(content) if response.status_code == 200 else None
        except (ValueError, RecursionError):
            listed = None
        finally:
            await _let_go(response)
        if isinstance(listed, dict) and isinstance(listed.get("data"), list):
            return listed
        return _list_of(self.model)

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()


class _translated:
    """Turns a line's failures into ours; none of them quotes what was sent."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx2.TimeoutException):
            raise ModelUnreachable(
                "the language model does not answer in time: try again, or another model",
                "语言模型没有及时应答：请重试，或换一个模型",
            ) from None
        if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)):
            raise ModelUnreachable(
                "the language model cannot be reached: is its server running, and its address in "
                "the settings right?",
                "连不上语言模型：它的服务器在运行吗？设置里的地址对吗？",
            ) from None


def _check_status(status: int) -> None:
    if status in (401, 403):
        raise ModelDenied(
            "the language model's server does not accept the key in the settings of this server",
            "语言模型的服务器不接受本服务器设置里的密钥",
        )
    if status < 200 or 300 <= status < 400:
        raise BadReply(
            "the language model's server points elsewhere, which is not followed: set its address",
            "语言模型的服务器指向别处，这里不会跟随：请在设置里写明地址",
        )


def _wait(response: httpx2.Response) -> float:
    """Return how long a server asks to wait, in seconds; for ever where a key is no good."""
    if response.status_code in (401, 402, 403):
        return float("inf")
    asked = retry_after(response.headers)
    return _SOME_TIME if asked is None else asked


async def _let_go(response: httpx2.Response | None) -> None:
    """Hang up, also where whoever asked has left."""
    if response is not None:
        with anyio.CancelScope(shield=True):
            await response.aclose()


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _PASSED if name in headers}


async def _bytes_of(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield what comes, as it comes, up to a bound."""
    taken = 0
    with _translated():
        async for piece in response.aiter_bytes():
            taken += len(piece)
            if taken > LONGEST_BODY:
                raise BadReply(
                    "the language model does not come to an end: it was stopped",
                    "语言模型的回复没完没了：已将它停下",
                )
            yield piece


class LocalUpstream:
    """A model in process, or any other that satisfies `LLM`, spoken to as if it were a server."""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self.model = llm.name.partition(":")[2] or llm.name
        self._threads = anyio.CapacityLimiter(_IN_PROCESS)

    @asynccontextmanager
    async def ask(self, body: Mapping[str, Any]) -> AsyncIterator[Answer]:
        """Ask the model; raises BadInput for what it cannot take, such as a picture."""
        messages, style = _messages(body["messages"]), _style(body)
        pieces = replying(self.llm, messages, style)
        try:
            first = await self._next(pieces)
            if body.get("stream"):
                yield Answer(
                    200, {"content-type": "text/event-stream"}, self._events(first, pieces)
                )
            else:
                whole = await self._whole(first, pieces)
                headers = {"content-type": "application/json"}
                yield Answer(200, headers, _once(json.dumps(whole, ensure_ascii=False)))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(partial(_close, pieces), limiter=self._threads)

    async def models(self) -> dict[str, Any]:
        """Return the one model there is."""
        return _list_of(self.model)

    async def close(self) -> None:
        """Nothing to hang up."""

    async def _next(self, pieces: Iterator[str]) -> str | None:
        return await anyio.to_thread.run_sync(
            partial(next, pieces, None), limiter=self._threads, abandon_on_cancel=True
        )

    async def _said(
        self, first: str | None, pieces: Iterator[str], end: dict[str, str]
    ) -> AsyncIterator[str]:
        """Yield the pieces; notes in `end` how the reply finished."""
        piece = first
        while piece is not None:
            yield piece
            try:
                piece = await self._next(pieces)
            except ReplyCut:
                piece, end["finish"] = None, "length"

    async def _events(self, first: str | None, pieces: Iterator[str]) -> AsyncIterator[bytes]:
        frame, end = self._frame("chat.completion.chunk"), {"finish": "stop"}
        yield event({**frame, "choices": [_choice({"role": "assistant", "content": ""})]})
        async for piece in self._said(first, pieces, end):
            yield event({**frame, "choices": [_choice({"content": piece})]})
        yield event({**frame, "choices": [_choice({}, end["finish"])]})
        yield b"data: [DONE]\n\n"

    async def _whole(self, first: str | None, pieces: Iterator[str]) -> dict[str, Any]:
        end = {"finish": "stop"}
        said = [piece async for piece in self._said(first, pieces, end)]
        message = {"role": "assistant", "content": "".join(said)}
        choice = {"index": 0, "message": message, "finish_reason": end["finish"]}
        return {**self._frame("chat.completion"), "choices": [{**choice, "logprobs": None}]}

    def _frame(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()),
            "model": self.model,
        }  # fmt: skip


def _choice(delta: Mapping[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": dict(delta), "finish_reason": finish, "logprobs": None}


async def _once(text: str) -> AsyncIterator[bytes]:
    yield text.encode("utf-8", "replace")


def _close(pieces: Iterator[str]) -> None:
    """Stop a generator; one that is in the middle of a piece ends by itself after it."""
    if isinstance(pieces, Generator):
        with suppress(ValueError):
            pieces.close()


def _messages(messages: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return messages as a model in process takes them: texts, no tools."""
    told = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        pictures = isinstance(content, list) and any(
            not isinstance(part, Mapping) or part.get("type") != "text" for part in content
        )
        if pictures or role in ("tool", "function"):
            raise BadInput(
                "this model takes text only, no pictures and no tools: set another in the settings",
                "这个模型只收文字，不收图片和工具：请在设置里换一个模型",
            )
        plainly = "system" if role == "developer" else str(role)
        told.append({"role": plainly, "content": plain(content)})
    return told


def _style(body: Mapping[str, Any]) -> Style:
    def number(name: str) -> float | None:
        value = body.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    most = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop")
    stops = (stop,) if isinstance(stop, str) else tuple(stop) if isinstance(stop, list) else ()
    return Style(
        temperature=number("temperature"), top_p=number("top_p"),
        max_tokens=most if isinstance(most, int) and most > 0 else None,
        stop=tuple(s for s in stops if isinstance(s, str) and s),
    )  # fmt: skip


def _list_of(model: str) -> dict[str, Any]:
    entry = {"id": model, "object": "model", "created": 0, "owned_by": OWN_NAME}
    return {"object": "list", "data": [entry]}


def _masked(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with personal data masked in its texts; all else as it was."""
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": masked(content, detect(content))}
    if not isinstance(content, list):
        return dict(message)
    parts = [
        {**part, "text": masked(part["text"], detect(part["text"]))}
        if isinstance(part, dict) and isinstance(part.get("text"), str)
        else part
        for part in content
    ]
    return {**message, "content": parts}


def upstream_of(house: House) -> Upstream | None:
    """Return the model that the settings name: forwarded to if it speaks OpenAI's language."""
    provider, _, model = house.settings.llm.partition(":")
    if provider != "openai" or not house.forwards:
        return LocalUpstream(house.llm) if house.llm else None
    options = house.settings.options.get("openai", {})
    shared = {name: value for name, value in options.items() if name in CLIENT_OPTIONS}
    return HttpUpstream(
        endpoint(Section("openai", shared, CLIENT_OPTIONS)), model, house.serving,
        masks=house.settings.personal_data == "mask",
    )  # fmt: skip
