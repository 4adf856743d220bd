"""A small real HTTP server that speaks the OpenAI protocol, by a script, and misbehaves on demand.

    with FakeModel(replies=["Hello.", Busy(retry_after=3600), "Again."]) as server:
        llm = load_llm("openai:fake", {"openai": {"base_url": server.url}})

Each request takes the next step of the script: a text is a reply; a `Fault` goes wrong; a function
of the request's body returns either. Past its end the server quotes the last message. Every
request is kept in `requests`. Tests that use it ask for the fixture `loopback`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "fake"
DIM = 8


@dataclass(frozen=True)
class Fault:
    """An answer as it stands: status, headers, pieces of the body; then perhaps silence."""

    status: int = 200
    body: Callable[[], Iterator[bytes]] | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    """Send no more, but keep the line open until the server stops."""
    drops: bool = False
    """Close the line without a word."""

    def pieces(self) -> Iterator[bytes]:
        if isinstance(self.body, bytes):
            yield self.body
        else:
            yield from self.body()


def error(status: int, message: str = "no", code: str = "error", **headers: str) -> Fault:
    """Return an answer that is an error in the protocol's form."""
    body = json.dumps({"error": {"message": message, "code": code, "type": code}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, body, {"Content-Type": "application/json", **named})


def event(data: Any) -> bytes:
    """Return one event of a stream; bytes and texts go as they are."""
    if isinstance(data, bytes):
        return b"data: " + data + b"\n\n"
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


def delta(text: Any = None, end: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a chunk of a streamed reply."""
    said = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "delta": said, "finish_reason": end}
    return {"id": "x", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]}


def streamed(*events: Any, **more: Any) -> Fault:
    """Return a stream of these events and no others."""
    return Fault(200, b"".join(map(event, events)), {"Content-Type": "text/event-stream"}, **more)


def endless(piece: Callable[[], bytes], headers: str = "text/event-stream") -> Fault:
    """Return a body that repeats a piece until nobody listens any more."""

    def body() -> Iterator[bytes]:
        while True:
            yield piece()

    return Fault(200, body, {"Content-Type": headers})


HTML = b"<!doctype html><html><body>Welcome to the gateway</body></html>"
LONG_LINE = b"x" * 65536
REFUSES = Fault(drops=True)
HANGS = Fault(hangs=True)
BUSY = error(429, "slow down", "rate_limit_exceeded", Retry_After="3600")
BUSY_A_MOMENT = error(429, "slow down", "rate_limit_exceeded", Retry_After="0")
NO_CREDIT = error(429, "You exceeded your current quota", "insufficient_quota")
BROKEN = error(500, "internal")
WRONG_KEY = error(401, "Incorrect API key provided: sk-very-secret", "invalid_api_key")
NO_MODEL = error(404, "The model `fake` does not exist", "model_not_found")
TOO_LONG = error(
    400, "This model's maximum context length is 4096 tokens.", "context_length_exceeded"
)
PAGE = Fault(200, HTML, {"Content-Type": "text/html"})
CUT = streamed(delta("Half a "), delta("sentence and"))
CUT_BY_LENGTH = streamed(delta("Half a "), delta("sentence", "length"))
EMPTY = streamed(delta(""), delta(None, "stop"), "[DONE]")
REFUSAL = streamed(delta(None, refusal="I cannot help with that."), delta(None, "stop"), "[DONE]")
FILTERED = streamed(delta("Well, "), delta(None, "content_filter"), "[DONE]")
BROKEN_JSON = streamed(delta("Half "), '{"choices": [{"delta": {"content": ')
NOT_UTF8 = streamed(delta("Half "), b'{"choices": [{"delta": {"content": "\xff\xfe"}}]}')
NONES = streamed(
    {"choices": None}, {"id": None}, {"choices": [{"delta": None}]}, {"choices": [None]}
)
STALLS = streamed(delta("Half a "), hangs=True)
FLOOD = endless(lambda: event(delta("x" * 10_000)))
ONE_LINE = endless(lambda: LONG_LINE)
DRIP = endless(lambda: b": still thinking\n\n")
ELSEWHERE = Fault(307, b"", {"Location": "http://192.0.2.1/v1/chat/completions"})

Step = str | Fault | Callable[[dict[str, Any]], "str | Fault"]


@dataclass(frozen=True)
class Request:
    """What a client asked: path, headers in lower case, and the body as JSON."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def prompt(self) -> str:
        """All messages as one text."""
        return "\n".join(str(m.get("content")) for m in self.body.get("messages", ()))


def echo(body: dict[str, Any]) -> str:
    """Answer with the prompt, as a model does that has lost its way."""
    return str(body["messages"][-1]["content"])


class FakeModel:
    """The server; `url` is its base URL. With `keys`, others are refused."""

    def __init__(self, replies: Sequence[Step] = (), *, keys: Sequence[str] = ()) -> None:
        self.script, self.keys = list(replies), tuple(keys)
        self.requests: list[Request] = []
        self.sent = 0
        """Bytes of bodies that went out."""
        self.stopping = threading.Event()
        self._taking = threading.Lock()
        self._noted = threading.Condition()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
        self._http.daemon_threads = True
        self._http.RequestHandlerClass.fake = self  # type: ignore[attr-defined]
        # the poll is how long stopping takes
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def options(self) -> dict[str, Any]:
        """What a test's `[openai]` section needs; a test that hangs adds a timeout of .05."""
        return {"base_url": self.url, "timeout": 30}

    def note(self, request: Request) -> None:
        with self._noted:
            self.requests.append(request)
            self._noted.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come; AssertionError if they do not."""
        with self._noted:
            came = self._noted.wait_for(lambda: len(self.requests) >= count, timeout=60)
        assert came, f"only {len(self.requests)} of {count} requests came"

    def next_step(self, body: dict[str, Any]) -> str | Fault:
        with self._taking:
            step = self.script.pop(0) if self.script else echo
        return step if isinstance(step, (str, Fault)) else step(body)

    def __enter__(self) -> FakeModel:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeModel

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._note({})
        if self.path.endswith("/models"):
            self._json({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._fault(error(404, "no such page", "not_found"))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        asked = self._note(body)
        if self.fake.keys and asked.key not in self.fake.keys:
            self._fault(WRONG_KEY)
        elif self.path.endswith("/embeddings"):
            self._embeddings(body)
        elif self.path.endswith("/chat/completions"):
            step = self.fake.next_step(body)
            if isinstance(step, Fault):
                self._fault(step)
            else:
                self._reply(step, stream=bool(body.get("stream")))
        else:
            self._fault(error(404, "no such page", "not_found"))

    def _note(self, body: dict[str, Any]) -> Request:
        asked = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.fake.note(asked)
        return asked

    def _reply(self, text: str, *, stream: bool) -> None:
        if not stream:
            message = {"role": "assistant", "content": text}
            self._json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            return
        words = text.split(" ")
        pieces = [word + " " for word in words[:-1]] + words[-1:]
        events = [delta(piece) for piece in pieces]
        self._fault(streamed(*events, delta(None, "stop"), {"choices": [], "usage": {}}, "[DONE]"))

    def _embeddings(self, body: dict[str, Any]) -> None:
        step = self.fake.next_step(body) if self.fake.script else ""
        if isinstance(step, Fault):
            self._fault(step)
            return
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        dim = int(body.get("dimensions") or DIM)
        data = [
            {"object": "embedding", "index": i, "embedding": direction(text, dim)}
            for i, text in enumerate(texts)
        ]
        self._json({"object": "list", "model": MODEL, "data": data})

    def _json(self, value: Any) -> None:
        self._fault(Fault(200, json.dumps(value).encode(), {"Content-Type": "application/json"}))

    def _fault(self, fault: Fault) -> None:
        self.close_connection = True
        if not fault.drops:
            try:
                self._send(fault)
            except OSError:  # whoever asked has left
                return
        if fault.hangs:
            self.fake.stopping.wait()

    def _send(self, fault: Fault) -> None:
        if fault.hangs and not fault.body:
            return
        self.send_response(fault.status)
        for name, value in {"Connection": "close", **fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in fault.pieces():
            if self.fake.stopping.is_set():
                return
            self.wfile.write(piece)
            self.fake.sent += len(piece)


def direction(text: str, dim: int = DIM) -> list[float]:
    """Return a direction that texts with the same words share."""
    from memorybank.testing import HashEmbedder

    return [float(x) for x in HashEmbedder(dim).embed_query(text)]
