"""Running the server: sockets that are not held by those who send nothing, and a clean stop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from siliconfriend.server.app import Served
from siliconfriend.server.settings import Serving

KEEP_ALIVE = 15
BACKLOG = 512
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    b"Retry-After: 1\r\nConnection: close\r\nContent-Length: 117\r\n\r\n"
    b'{"title":"Service Unavailable","status":503,"code":"Crowded","cure":"the server is full: '
    b'try again in a second"}'
)
_FULL = _FULL.replace(b"117", str(len(_FULL.partition(b"\r\n\r\n")[2])).encode())


def config_for(served: Served) -> uvicorn.Config:
    """Return how uvicorn should run: quiet, bounded, with no header that says what it is."""
    serving = served.house.serving
    return uvicorn.Config(
        served.asgi, host=serving.host, port=serving.port, http=patient(serving), ws="auto",
        lifespan="on", log_config=None, access_log=False, server_header=False,
        proxy_headers=False, backlog=BACKLOG, timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(serving.stop_seconds),
        ssl_certfile=serving.cert or None, ssl_keyfile=serving.cert_key or None,
    )  # fmt: skip


class Patient(H11Protocol):
    """A connection that is not held open by who sends no request, nor taken past a number.

    `serving` is set by `patient`; `_waiting` runs while the head of a request is awaited.
    """

    serving = Serving()
    _waiting: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is room."""
        if len(self.connections) >= self.serving.connections:
            self._refused = True
            transport.write(_FULL)
            transport.close()
            return
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the wait is over once a request is being answered."""
        if self._refused:
            return
        super().data_received(data)
        if self._answering():
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._stop_waiting()
        if not self._refused:
            super().connection_lost(exc)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.serving.header_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.close()


def patient(serving: Serving) -> type[Patient]:
    """Return the protocol with the limits of these settings."""
    return type("Patient", (Patient,), {"serving": serving})


def log_to_stderr() -> None:
    """Send warnings and what matters of the run to standard error, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("siliconfriend").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).addFilter(_without_traces)


def _without_traces(record: logging.LogRecord) -> bool:
    """Take tracebacks out: the values in an error's message may be what people said."""
    record.exc_info = record.exc_text = None
    return True


def more_files() -> None:
    """Ask the system for as many open files as it allows, one for each connection."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 65_536) if hard > 0 else 65_536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run(served: Served, started: Callable[[], None] = lambda: None) -> None:
    """Serve until told to stop; calls `started` once connections are taken."""
    more_files()
    server = _Server(config_for(served), started)
    server.run()


class _Server(uvicorn.Server):
    """Says when it has started."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._say = started

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Open the sockets, then say so."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._say()
