"""The wire to an OpenAI-compatible server: nothing followed, nothing unasked, nothing endless.

Imported at the first request only, since it needs what comes with the package `openai`. The
package itself bounds neither the length of an answer nor of one event in it, nor its time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx2

from memorybank import models
from memorybank.adapters.openai_errors import Server, cut, nonsense
from memorybank.errors import MissingExtra

if TYPE_CHECKING:
    from memorybank.adapters.openai_client import Endpoint

LONGEST_EVENT = 1_000_000
"""Bytes between two blank lines of a stream: a single piece of a reply."""
LONGEST_STREAM = 200_000_000
"""Bytes of a stream: a reply of 100,000 one-letter pieces at 400 bytes each, and its thoughts."""
LONGEST_BODY = 32_000_000
"""Bytes of any other answer: a batch of vectors written out in digits."""


def http_client(endpoint: Endpoint, server: Server) -> httpx2.Client:
    """Return a client that goes where it is told, by the proxy it is told, and no further."""
    try:
        wire = httpx2.HTTPTransport(trust_env=False, proxy=endpoint.proxy or None)
    except ImportError as error:
        raise MissingExtra("openai", "httpx2[socks]") from error
    return httpx2.Client(
        transport=_Guarded(wire, server), follow_redirects=False, trust_env=False,
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(endpoint.timeout, connect=endpoint.connect_timeout),
    )  # fmt: skip


class _Guarded(httpx2.BaseTransport):
    def __init__(self, wire: httpx2.BaseTransport, server: Server) -> None:
        self.wire, self.server = wire, server

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        deadline = time.monotonic() + models.LONGEST_WAIT
        response = self.wire.handle_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()  # unasked for; a few bytes could unfold to gigabytes
            raise nonsense(self.server)
        events = response.headers.get("content-type", "").startswith("text/event-stream")
        response.stream = _Bounded(response.stream, self.server, deadline, events=events)
        return response

    def close(self) -> None:
        self.wire.close()


class _Bounded(httpx2.SyncByteStream):
    """A body that ends, in bytes and in time, whatever the server would like."""

    def __init__(self, body: object, server: Server, deadline: float, *, events: bool) -> None:
        self.body, self.server, self.deadline, self.events = body, server, deadline, events

    def __iter__(self) -> Iterator[bytes]:
        whole, since_blank, tail = 0, 0, b""
        for chunk in self.body:  # type: ignore[attr-defined]
            whole += len(chunk)
            since_blank += len(chunk)
            if self.events:
                seen = tail + chunk
                end = max(seen.rfind(b"\n\n"), seen.rfind(b"\r\n\r\n"))
                since_blank = len(seen) - end if end >= 0 else since_blank
                tail = seen[-3:]
            too_much = (
                since_blank > LONGEST_EVENT or whole > LONGEST_STREAM
                if self.events
                else whole > LONGEST_BODY
            )
            if too_much or time.monotonic() > self.deadline:
                raise cut(self.server)
            yield chunk

    def close(self) -> None:
        close = getattr(self.body, "close", None)
        if close:
            close()
