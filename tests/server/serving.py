"""Real servers on loopback for tests: ours behind uvicorn, and a model's that fails on order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from siliconfriend.server.app import Served
from siliconfriend.server.run import config_for


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def running(config: uvicorn.Config) -> Iterator[uvicorn.Server]:
    """Run a server in a thread until the block ends."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive() and time.monotonic() < until, "the server did not start"
        time.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def on_air(served: Served) -> Iterator[str]:
    """Serve, and give the address."""
    with running(config_for(served)):
        yield served.house.serving.url


class Model:
    """A model's server: replies with what it was asked, and misbehaves as its model's name says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.hung_up = threading.Event()
        self.go_on = threading.Event()
        self.replies: list[str] = []
        self.refused: dict[str, tuple[int, str]] = {}
        """By key: the status, and how many seconds to wait."""
        self.port = free_port()
        self.app = FastAPI()
        self.app.post("/v1/chat/completions")(self._complete)
        self.app.get("/v1/models")(self._models)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @contextmanager
    def on_air(self) -> Iterator[Model]:
        config = uvicorn.Config(
            self.app, port=self.port, log_config=None, access_log=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        with running(config):
            yield self

    def _models(self, request: Request) -> Any:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.headers.append(dict(request.headers))
        if key in self.refused:
            return JSONResponse({"error": {"message": "no"}}, self.refused[key][0])
        return {"object": "list", "data": [{"id": "echo", "object": "model", "owned_by": "x"}]}

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        name = body["model"]
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key in self.refused:
            status, wait = self.refused[key]
            error = {"error": {"message": f"not {key}", "type": "x", "code": None}}
            return JSONResponse(error, status, headers={"Retry-After": wait} if wait else {})
        if name.isdecimal():
            error = {"error": {"message": "as ordered", "type": "x", "code": None}}
            return JSONResponse(error, int(name), headers={"Retry-After": "7"})
        if name == "html":
            return HTMLResponse("<h1>It works!</h1>")
        if name == "moved":
            return Response(status_code=307, headers={"Location": "http://127.0.0.1:9/v1"})
        if name == "hang":
            await asyncio.sleep(60)
        reply = self.replies.pop(0) if self.replies else "You said: " + _last(body)
        if body.get("stream"):
            return StreamingResponse(self._stream(name, reply), media_type="text/event-stream")
        return JSONResponse(_whole(name, "" if name == "empty" else reply, body))

    async def _stream(self, name: str, reply: str) -> Any:
        words = [] if name == "empty" else reply.split(" ")
        try:
            for i, word in enumerate(words):
                yield _chunk({"content": word if i == 0 else f" {word}"})
                if name == "truncated" and i == 2:
                    return
                if name == "waiting" and i == 2:
                    while not self.go_on.is_set():
                        await asyncio.sleep(0.005)
            while name == "endless":
                yield _chunk({"content": " and"})
                await asyncio.sleep(0.001)
            if name == "tools":
                call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
                yield _chunk({"tool_calls": [call]}, "tool_calls")
            else:
                yield _chunk({}, "length" if name == "cut" else "stop")
            yield b"data: [DONE]\n\n"
        except (asyncio.CancelledError, GeneratorExit):
            self.hung_up.set()
            raise


def _last(body: dict[str, Any]) -> str:
    content = [m for m in body["messages"] if m.get("role") == "user"][-1].get("content")
    text = content if isinstance(content, str) else content[-1].get("text", "")
    return text.split("\n\n")[-1].encode("utf-8", "replace").decode()


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "echo"}
    return b"data: " + json.dumps({**data, "choices": [choice], "mine": 1}).encode() + b"\n\n"


def _whole(name: str, reply: str, body: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply}
    finish = "length" if name == "cut" else "stop"
    if name == "tools" and not any(m.get("role") == "tool" for m in body["messages"]):
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        message, finish = {**message, "content": None, "tool_calls": [call]}, "tool_calls"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    data = {"id": "c", "object": "chat.completion", "created": 1, "model": name, "mine": 1}
    return {**data, "choices": [choice], "usage": {"total_tokens": 3}}


def raw(port: int, request: bytes, *, wait: float = 5.0) -> bytes:
    """Send bytes as they are and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as s:
        s.sendall(request)
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := s.recv(65536):
                got += piece
        return got
