"""A tiny collector of traces on loopback: takes what OTLP over HTTP sends, and reads it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector:
    """Everything that was sent to it, as it came."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def on_air(self) -> Iterator[Collector]:
        """Take what is sent until the block ends."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.paths.append(self.path)
                collector.bodies.append(body)
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)

    def scopes(self) -> list[Any]:
        """Return the groups of spans that came, each with the library that made them."""
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

        found = []
        for path, body in zip(self.paths, self.bodies, strict=True):
            assert path == "/v1/traces", "nothing but traces is sent"
            request = trace_service_pb2.ExportTraceServiceRequest()
            request.ParseFromString(body)
            found += [scope for of in request.resource_spans for scope in of.scope_spans]
        return found

    def resources(self) -> list[dict[str, str]]:
        """Return what is told of the program that sent them."""
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

        found = []
        for body in self.bodies:
            request = trace_service_pb2.ExportTraceServiceRequest()
            request.ParseFromString(body)
            found += [
                {a.key: a.value.string_value for a in of.resource.attributes}
                for of in request.resource_spans
            ]
        return found

    def spans(self) -> list[tuple[str, dict[str, Any]]]:
        """Return every span: its name, and its attributes."""
        return [
            (span.name, {a.key: a.value.string_value or a.value.int_value for a in span.attributes})
            for scope in self.scopes()
            for span in scope.spans
        ]
