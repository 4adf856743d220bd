"""Filling a folder, starting the processes, asking, and counting."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError
from memorybank.records import Turn
from memorybank.store.sqlite import SQLiteStore
from siliconfriend.bench import paint
from siliconfriend.bench.row import Row
from siliconfriend.bench.stubs import CheapEmbedder
from siliconfriend.server.keys import KEY_FILE, KeyRing

CLIENTS, ASKED = 8, 150
"""So many clients, each of which asks so often."""
TURNS, BANKS, TURNS_A_BANK = 1_000, 1_000, 60
CHATS = 60
LEAST_A_SECOND, SLOWEST, MOST_ADDED, MOST_MEMORY = 200.0, 60.0, 15.0, 500.0
WORDS = tuple(
    [
        "river",
        "garden",
        "kettle",
        "winter",
        "letter",
        "orange",
        "market",
        "violin",
        "window",
        "harbour",
    ]
)


def bench(say: Callable[[str], None] = lambda what: None, *, scale: float = 1.0) -> list[Row]:
    """Measure everything; `scale` below 1 asks less, for a quick look."""
    banks, asked = max(2, int(BANKS * scale)), max(5, int(ASKED * scale))
    with tempfile.TemporaryDirectory(prefix="siliconfriend-bench-") as folder:
        home = Path(folder)
        say("filling")
        token = _fill(home, banks)
        with _process("model") as (model, _), _process("server", folder, model) as (port, pid):
            say("recall")
            rows = _recall(port, token, pid, asked)
            say("proxy")
            rows += _proxy(port, token, model, max(5, int(CHATS * scale)))
            say("banks")
            rows.append(_open_all(port, token, pid, banks))
        say("page")
        rows += _page(folder, token, scale)
    return rows


def _page(folder: str, token: str, scale: float) -> list[Row]:
    """Measure the page's first paint, where there is a browser."""
    if lacking := paint.missing():
        return [Row("page, first paint", 0.0, "ms", note=f"not measured, without {lacking}")]
    with _process("paged", folder, 9) as (port, _):
        return paint.first_paint(port, token, max(3, int(paint.VISITS * scale)))


def said(number: int) -> str:
    """Return a sentence that no other number has."""
    a, b, c = (WORDS[(number * step + step) % len(WORDS)] for step in (1, 5, 7))
    return f"On day {number} the {a} and the {b} stood beside the {c}."


def _fill(home: Path, banks: int) -> str:
    """Fill one large bank and many small ones; returns a key to them."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    store = SQLiteStore.open(home / "memory.db")
    for name, count in [("large", TURNS), *((f"b{i}", TURNS_A_BANK) for i in range(banks))]:
        bank = MemoryBank.open(store, bank=name, embedder=CheapEmbedder(), zone="UTC")
        turns = [
            Turn(text=said(i), reply="I see.", occurred_at=start + timedelta(hours=i))
            for i in range(count)
        ]
        bank.remember_turns(turns, now=start + timedelta(days=300))
    store.close()
    ring = KeyRing(home / KEY_FILE)
    token = ring.make("bench").token
    ring.close()
    return token


@contextmanager
def _process(what: str, *more: Any) -> Iterator[tuple[int, int]]:
    """Run one of the stubs until the block ends; gives its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    given = (
        [str(port)] if what == "model" else [more[0], str(port), f"http://127.0.0.1:{more[1]}/v1"]
    )
    command = [sys.executable, "-m", "siliconfriend.bench.stubs", what, *given]
    process = subprocess.Popen(command)  # noqa: S603  our own interpreter, our own words
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise MemoryBankError("the server to be measured did not start", "要测量的服务器没有启动")


class _Client:
    """One client on one connection."""

    def __init__(self, port: int, token: str) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> float:
        """Return how many milliseconds a request took to the first byte of its body."""
        content = json.dumps(body).encode() if body is not None else None
        began = time.perf_counter()
        self.line.request(method, path, content, self.headers)
        answer = self.line.getresponse()
        answer.read(1)
        took = (time.perf_counter() - began) * 1000
        answer.read()
        if answer.status >= 300:
            raise MemoryBankError(
                f"{path} answered {answer.status}", f"{path} 返回 {answer.status}"
            )
        return took


def _recall(port: int, token: str, pid: int, asked: int) -> list[Row]:
    def question(number: int) -> dict[str, Any]:
        return {"message": said(number * 37 % TURNS).replace("stood", "was"), "k": 5}

    path = "/v1/banks/large/recall"
    _Client(port, token).ask("POST", path, question(0))  # the index is loaded once
    floor, _ = _many(port, token, asked, lambda client, n: client.ask("GET", "/healthz"))
    before = _computed(pid)
    rate, times = _many(port, token, asked, lambda client, n: client.ask("POST", path, question(n)))
    p95 = _p95(times)
    return [
        Row("/healthz, 8 clients", floor, "/s"),
        Row("recall, 8 clients", rate, "/s", f">= {LEAST_A_SECOND:.0f}", rate >= LEAST_A_SECOND),
        Row("recall, computing", (_computed(pid) - before) / len(times) * 1000, "ms each"),
        Row("recall, p50", statistics.median(times), "ms"),
        Row("recall, p95", p95, "ms", f"<= {SLOWEST:.0f}", p95 <= SLOWEST),
    ]


def _many(
    port: int, token: str, asked: int, ask: Callable[[_Client, int], float]
) -> tuple[float, list[float]]:
    """Ask from all clients at once; returns requests a second and the time of each."""

    def one(first: int) -> list[float]:
        client = _Client(port, token)
        return [ask(client, first + i) for i in range(asked)]

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = [t for some in pool.map(one, range(0, CLIENTS * asked, asked)) for t in some]
    return len(times) / (time.perf_counter() - began), times


def _proxy(port: int, token: str, model: int, chats: int) -> list[Row]:
    """Compare the first streamed byte, in turns, so that both see the same weather."""
    ours, direct = _Client(port, token), _Client(model, "none")
    body = partial(_chat, bank="large")
    through, straight = [], []
    for number in range(-3, chats):
        slow = ours.ask("POST", "/v1/chat/completions", body(number))
        fast = direct.ask("POST", "/v1/chat/completions", body(number))
        if number >= 0:
            through.append(slow)
            straight.append(fast)
    added = _p95(through) - _p95(straight)
    return [
        Row("model, first byte, p95", _p95(straight), "ms"),
        Row("proxy, first byte, p95", _p95(through), "ms"),
        Row("proxy adds, p50", statistics.median(through) - statistics.median(straight), "ms"),
        Row("proxy adds, p95", added, "ms", f"<= {MOST_ADDED:.0f}", added <= MOST_ADDED),
    ]


def _chat(number: int, bank: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"{said(number + 5000)} What stood there?"}]
    return {"model": "stub", "stream": True, "user": bank, "messages": messages}


def _open_all(port: int, token: str, pid: int, banks: int) -> Row:
    client = _Client(port, token)
    for number in range(banks):
        client.ask("POST", f"/v1/banks/b{number}/recall", {"message": said(number), "k": 3})
    used = _resident(pid)
    return Row(f"memory, {banks} banks", used, "MB", f"<= {MOST_MEMORY:.0f}", used <= MOST_MEMORY)


def _resident(pid: int) -> float:
    """Return how many MB a process holds; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _computed(pid: int) -> float:
    """Return how many seconds a process has computed; tells more on a busy machine."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
