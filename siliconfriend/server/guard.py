"""The guard: one pure ASGI wrapper around everything the server answers, pages and sockets too.

In this order: Host exactly one of ours; Origin, if there is one, exactly our own, and nothing that
a browser says comes from another site; room left; a key or a session, but for the open paths;
its rate; a body of bounded size that arrives in time; a socket for as long as its key stands.
What passes carries its `Key` in `scope["state"]["key"]`. Every answer leaves with the security
headers. Paths are compared as the server received them, never as rebuilt from a Host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from memorybank.errors import MemoryBankError
from siliconfriend.server import problems
from siliconfriend.server.keys import Key, KeyRing
from siliconfriend.server.limits import Buckets
from siliconfriend.server.refusals import Crowded, Foreign, NoKey, TooLarge, TooSlow, WrongHost
from siliconfriend.server.settings import Serving
from siliconfriend.server.sockets import Watched

OPEN_PATHS = frozenset({"/healthz", "/enter"})
"""What may be asked without a key. Everything else needs one, pages of others' making too."""
SIGN_IN = "/enter"
HEADERS: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    b"form-action 'none'",
    b"cache-control": b"no-store",
}
"""On every answer that does not bring its own; a page brings its own policy."""


class Watch(Protocol):
    """Who is told of requests: the metrics."""

    def began(self) -> None:
        """Note that a request has begun."""
        ...

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Note that it has ended; status 0 where the sender left before an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """What the headers say of who sent a request."""

    host: str
    origin: str | None
    site: str | None
    token: str
    cookie: bool
    lang: str
    length: str | None

    @classmethod
    def of(cls, scope: Scope, cookie_name: str) -> Sender:
        """Read the headers of an http or websocket scope."""
        found: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        hosts, origins = found.get("host", []), found.get("origin")
        bearer = " ".join(found.get("authorization", [])).strip()
        scheme, _, token = bearer.partition(" ")
        carried = _cookie(found.get("cookie", []), cookie_name)
        return cls(
            host=hosts[0].lower() if len(hosts) == 1 else "",
            origin=",".join(origins).lower() if origins else None,
            site=found.get("sec-fetch-site", [None])[0],
            token=token.strip() if scheme.lower() == "bearer" else "" if bearer else carried,
            cookie=not bearer and bool(carried),
            lang=",".join(found.get("accept-language", [])),
            length=found.get("content-length", [None])[0],
        )


class Guard:
    """Wraps an app; see the module's docstring."""

    def __init__(
        self, app: ASGIApp, serving: Serving, keys: KeyRing, watch: Watch | None = None
    ) -> None:
        self.app, self.serving, self.keys, self.watch = app, serving, keys, watch
        self.buckets = Buckets()
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        sender = Sender.of(scope, cookie_name(self.serving))
        try:
            self._admit(scope, sender)
        except MemoryBankError as error:
            await self._refuse(error, scope, receive, send, sender)
            return
        self.running += 1
        try:
            if scope["type"] == "websocket":
                await self._hold(scope, receive, send)
            else:
                await self._pass(scope, receive, send, sender)
        finally:
            self.running -= 1

    def _admit(self, scope: Scope, sender: Sender) -> None:
        """Raise what speaks against a request; else leave the sender's key in its state."""
        if sender.host not in self.serving.hosts:
            raise WrongHost
        self._same_site(scope, sender)
        if self.running >= self.serving.at_once:
            raise Crowded
        key = None
        if scope["path"] not in OPEN_PATHS:
            key = self._key(scope, sender)
            self.buckets.take(f"key {key.id}", key.rate or self.serving.rate)
        elif scope["path"] == SIGN_IN:
            self.buckets.take(_address(scope), self.serving.stranger_rate)
        scope.setdefault("state", {})["key"] = key
        limit = self._limit(scope)
        length = sender.length or "0"
        if len(length) > 15 or not length.isdecimal() or int(length) > limit:
            raise TooLarge(limit)

    def _same_site(self, scope: Scope, sender: Sender) -> None:
        """Refuse what a page of another origin sends; other ports of this machine are others."""
        if sender.origin is not None and sender.origin not in self.serving.origins:
            raise Foreign
        entering = scope["path"] == SIGN_IN and scope.get("method") in ("GET", "HEAD")
        if sender.site not in (None, "none", "same-origin") and not entering:
            raise Foreign
        if scope["type"] == "websocket" and sender.cookie and sender.origin is None:
            raise Foreign  # browsers always say where a socket comes from
        changes = scope.get("method") not in ("GET", "HEAD", None)
        if changes and sender.cookie and sender.origin is None and sender.site is None:
            raise Foreign  # a cookie alone shows no will

    def _key(self, scope: Scope, sender: Sender) -> Key:
        try:
            if not sender.token:
                raise NoKey
            return self.keys.find(sender.token)
        except NoKey:
            self.buckets.take(_address(scope), self.serving.stranger_rate)
            raise

    def _limit(self, scope: Scope) -> int:
        chat = scope["path"].startswith("/v1/chat/")
        return self.serving.chat_body if chat else self.serving.body

    async def _hold(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep a socket open for as long as its key stands."""
        key: Key | None = scope["state"]["key"]
        if key is None:
            await self.app(scope, receive, send)
            return
        watched = Watched(receive, send, self.keys, key, self.serving.key_seconds)
        await self.app(scope, watched.receive, watched.send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, sender: Sender) -> None:
        body = _Body(receive, self._limit(scope), self.serving.body_seconds)
        answer = _Answer(send)
        began = perf_counter()
        if self.watch:
            self.watch.began()
        try:
            await self.app(scope, body, answer)
        except _Unfit as unfit:
            if not answer.status:
                await problems.refused(unfit.error, sender.lang)(scope, receive, answer)
        except Exception as error:  # noqa: BLE001  whatever it is: its text must not reach a log
            if answer.status != 500:  # else the app has said and logged it
                told = problems.broken(error, sender.lang)
            if not answer.status:
                await told(scope, receive, answer)
        finally:
            if self.watch:
                self.watch.ended(scope, answer.status, perf_counter() - began)

    async def _refuse(
        self,
        error: MemoryBankError,
        scope: Scope,
        receive: Receive,
        send: Send,
        sender: Sender,
    ) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send)
        if self.watch:
            self.watch.began()
            self.watch.ended(scope, error.status, 0.0)
        told = problems.refused(error, sender.lang)
        if isinstance(error, NoKey) and _wants_page(scope):
            from siliconfriend.server.entry import no_key_page

            told = no_key_page(problems.lang_of(sender.lang))
        await told(scope, receive, answer)


class _Unfit(BaseException):
    """A body that is too large or too slow, on its way past whoever was reading it, frameworks
    included that take any `Exception` for a body they cannot parse."""

    def __init__(self, error: MemoryBankError) -> None:
        super().__init__()
        self.error = error


class _Body:
    """Receives a request's body, of bounded size and within bounded time."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self.receive, self.limit, self.seconds = receive, limit, seconds
        self.taken, self.whole = 0, False
        self.until: float | None = None

    async def __call__(self) -> Message:
        """Return the next message of the body, or wait for the sender to leave."""
        if self.whole:
            return await self.receive()
        now = asyncio.get_running_loop().time()
        self.until = self.until or now + self.seconds
        try:
            message = await asyncio.wait_for(self.receive(), max(0.0, self.until - now))
        except TimeoutError:
            raise _Unfit(TooSlow()) from None
        if message["type"] == "http.request":
            self.taken += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self.taken > self.limit:
                raise _Unfit(TooLarge(self.limit))
        return message


class _Answer:
    """Sends an answer with the security headers; knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self.send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", []))
            there = {name.lower() for name, _ in headers}
            kept = [(n, v) for n, v in headers if n.lower() != b"server"]
            own = [(n, v) for n, v in HEADERS.items() if n not in there]
            message = {**message, "headers": kept + own}
        await self.send(message)


def cookie_name(serving: Serving) -> str:
    """Return the name of the session's cookie; browsers share cookies among ports."""
    return f"siliconfriend_{serving.port}"


def _cookie(headers: list[str], name: str) -> str:
    for part in "; ".join(headers).split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return f"from {client[0]}" if client else "from nowhere"


def _wants_page(scope: Scope) -> bool:
    accepts = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope.get("method") == "GET" and b"text/html" in accepts
