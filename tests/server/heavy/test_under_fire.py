"""The server in a process of its own, under connections that misbehave, signals and kills."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.serving import Model, free_port, raw


class Ours:
    """Our server as people start it."""

    def __init__(self, home: Path, process: subprocess.Popen[str], port: int, token: str) -> None:
        self.home, self.process, self.port, self.token = home, process, port, token
        self.url = f"http://127.0.0.1:{port}"

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    def stop(self, how: signal.Signals) -> str:
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)[0]


@contextmanager
def ours(home: Path, settings: str = "", **environment: str) -> Iterator[Ours]:
    port = free_port()
    (home / "settings.toml").write_text(settings)
    env = {**os.environ, "MEMORYBANK_HOME": str(home), "MEMORYBANK_EMBEDDER": "none", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "siliconfriend.cli", "serve", "--port", str(port)],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        told = ""
        assert process.stdout
        until = time.monotonic() + 90
        while "memory works" not in told and "another browser" not in told:
            line = process.stdout.readline()
            assert line and time.monotonic() < until, told
            told += line
            if "token=" in told and environment.get("MEMORYBANK_LLM"):
                break
        token = told.partition("token=")[2].split("\n")[0]
        kept = home / "token"
        if token:
            kept.write_text(token)
        yield Ours(home, process, port, token or kept.read_text())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def server(home: Path) -> Iterator[Ours]:
    with ours(home, "[serve]\nconnections = 40\nheader_seconds = 1\nbody_seconds = 1\n") as found:
        yield found


def alive(server: Ours) -> bool:
    with server.client() as client:
        return client.get("/healthz").status_code == 200


def test_a_thousand_connections_are_refused_gracefully(server: Ours) -> None:
    codes: list[bytes] = []
    lines: list[socket.socket] = []
    with ExitStack() as stack:
        for _ in range(1_000):
            line = stack.enter_context(socket.socket())
            line.settimeout(5)
            lines.append(line)
            with suppress(TimeoutError, ConnectionError):
                line.connect(("127.0.0.1", server.port))
        for line in lines[500:520]:
            with suppress(TimeoutError, ConnectionError):
                codes.append(line.recv(300))
        assert any(code.startswith(b"HTTP/1.1 503") and b"Retry-After" in code for code in codes)
        assert server.process.poll() is None
    for _ in range(100):  # those who send nothing are hung up on, and there is room again
        with suppress(httpx2.HTTPError):
            if alive(server):
                return
        time.sleep(0.1)
    pytest.fail("the server has not come back")


def test_who_sends_nothing_is_hung_up_on(server: Ours) -> None:
    for start in (b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: "):
        began = time.monotonic()
        assert raw(server.port, start, wait=30).startswith((b"", b"HTTP/1.1 4"))
        assert time.monotonic() - began < 25, start


def test_a_body_that_drips_is_not_waited_for(server: Ours) -> None:
    head = (
        f"POST /v1/banks HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 50\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\n\r\n{{"
    )
    assert raw(server.port, head.encode(), wait=30).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"\x00" * 500,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/banks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(server: Ours, request_: bytes) -> None:
    answer = raw(server.port, request_, wait=20)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:100]
    assert alive(server)


def test_what_was_answered_survives_a_kill(home: Path) -> None:
    kept: list[str] = []
    for round_ in range(3):
        with ours(home) as server, server.client() as client:
            for number in range(20):
                body = {"text": f"On day {round_}-{number} it rained on the harbour."}
                kept += client.post("/v1/banks/me/remember", json=body).json()["ids"]
            server.stop(signal.SIGKILL)
    with ours(home) as server, server.client() as client:
        lines = client.get("/v1/banks/me/export").text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == kept


def chat(server: Ours, name: str, stream: bool = True) -> Any:
    body = {"model": name, "stream": stream, "messages": [
        {"role": "user", "content": "One two three four five six."},
    ]}  # fmt: skip
    return server.client().stream("POST", "/v1/chat/completions", json=body)


@pytest.mark.parametrize(
    ("how", "reply"),
    [(signal.SIGTERM, "You said: One … [broke off here]"), (signal.SIGKILL, None)],
)
def test_a_stop_in_the_middle_of_a_reply_loses_nothing_that_was_said(
    home: Path, how: signal.Signals, reply: str | None
) -> None:
    with Model().on_air() as model:
        settings = "[serve]\nstop_seconds = 1\n"
        names = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-x"}
        with (
            ours(home, settings, MEMORYBANK_LLM="openai:echo", **names) as server,
            chat(server, "waiting") as answer,
        ):
            pieces = answer.iter_lines()
            said = ""
            while "One" not in said:
                said += next(pieces)
            server.stop(how)
        with ours(home) as server, server.client() as client:
            (line,) = client.get("/v1/banks/me/export").text.splitlines()
            turn = json.loads(line)
            assert (turn["text"], turn["reply"]) == ("One two three four five six.", reply)


def test_endless_streams_starve_nobody(home: Path) -> None:
    kept: list[Any] = []
    with Model().on_air() as model:
        settings = "[serve]\nstreams = 50\nstop_seconds = 1\n"
        names = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-x"}
        with (
            ours(home, settings, MEMORYBANK_LLM="openai:echo", **names) as server,
            ExitStack() as stack,
        ):
            for _ in range(50):
                stream = stack.enter_context(chat(server, "waiting"))
                lines = stream.iter_lines()
                kept.append(lines)  # closing it would end the stream
                next(lines)
            with server.client() as client:
                refused = client.post(
                    "/v1/chat/completions", json={"messages": [{"role": "user", "content": "x"}]}
                )
                assert refused.status_code == 503 and refused.headers["retry-after"]
                for _ in range(20):
                    body = {"message": "what rained?"}
                    assert client.post("/v1/banks/me/recall", json=body).status_code == 200


def test_many_at_once_are_all_answered_and_all_kept(server: Ours) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> list[int]:
        with server.client() as client:
            bodies = [{"text": f"Client {number} saw gull {i} at the harbour."} for i in range(10)]
            return [client.post("/v1/banks/me/remember", json=b).status_code for b in bodies]

    with ThreadPoolExecutor(16) as pool:
        codes = [code for some in pool.map(one, range(16)) for code in some]
    assert codes == [201] * 160
    with server.client() as client:
        assert client.get("/v1/banks/me").json()["turns"] == 160
