"""Traces with OpenTelemetry, where its SDK is installed and an OTEL_… variable says where to.

One span a request, named by its route; no path, id, header or text ever stands in one. Without
the extra, or without an endpoint, nothing is loaded and nothing is sent. The provider is our own
and never the process's: by a global one the frameworks below would send spans, counters and logs
of theirs, with paths, queries and the messages of errors in them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from time import time_ns
from typing import Any

from starlette.types import Scope

from siliconfriend.server.guard import Watch
from siliconfriend.server.metrics import method_of, route_of

LOG = logging.getLogger(__name__)
_ASKED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SDK = "opentelemetry.sdk.trace"
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
FLUSH_MS = 3_000
"""So long a server that stops waits for its last spans to be taken."""


def watched(watch: Watch, environment: Mapping[str, str] | None = None) -> Watch:
    """Return the watch, one that also traces where that is asked for."""
    env = os.environ if environment is None else environment
    off = env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if off or not any(env.get(name) for name in _ASKED):
        return watch
    if not (_there(_SDK) and _there(_EXPORTER)):
        LOG.warning("traces are asked for: pip install 'siliconfriend[otel]'")
        return watch
    return Traced(watch, _provider(named=bool(env.get("OTEL_SERVICE_NAME"))))


class Traced:
    """Satisfies `Watch`: passes everything on, and makes a span of each request at its end."""

    def __init__(self, inner: Watch, provider: Any) -> None:
        self.inner, self.provider = inner, provider
        self.tracer = provider.get_tracer("siliconfriend.server")

    def began(self) -> None:
        """Note that a request has begun."""
        self.inner.began()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Note that it has ended."""
        self.inner.ended(scope, status, seconds)
        end = time_ns()
        method, route = method_of(scope), route_of(scope)
        span = self.tracer.start_span(f"{method} {route}", start_time=end - int(seconds * 1e9))
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.end(end)

    def close(self) -> None:
        """Send what has not been sent yet, for a bounded time."""
        self.provider.force_flush(FLUSH_MS)
        self.provider.shutdown()


def _there(name: str) -> bool:
    """Say whether a module can be imported; its parents may be missing as well."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _provider(*, named: bool) -> Any:
    """Return a provider that sends to where the variables say; `named`: they name us too."""
    sdk, otlp = import_module(_SDK), import_module(_EXPORTER)
    export = import_module("opentelemetry.sdk.trace.export")
    resources = import_module("opentelemetry.sdk.resources")
    name = {} if named else {"service.name": "siliconfriend"}
    provider = sdk.TracerProvider(resource=resources.Resource.create(name))
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    return provider
