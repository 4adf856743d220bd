"""Traces with OpenTelemetry, where its SDK is installed and an OTEL_… variable says where to.

One span a request, named by its route; no path, id, header or text ever stands in one. Without
the extra, or without an endpoint, nothing is loaded and nothing is sent.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib.util import find_spec
from time import time_ns
from typing import Any

from starlette.types import Scope

from siliconfriend.server.guard import Watch

LOG = logging.getLogger(__name__)
_ASKED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def watched(watch: Watch, environment: Mapping[str, str] | None = None) -> Watch:
    """Return the watch, one that also traces where that is asked for."""
    env = os.environ if environment is None else environment
    if not any(env.get(name) for name in _ASKED):
        return watch
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        LOG.warning("traces are asked for: pip install 'siliconfriend[otel]'")
        return watch
    return Traced(watch, _tracer())


class Traced:
    """Satisfies `Watch`: passes everything on, and makes a span of each request at its end."""

    def __init__(self, inner: Watch, tracer: Any) -> None:
        self.inner, self.tracer = inner, tracer

    def began(self) -> None:
        """Note that a request has begun."""
        self.inner.began()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Note that it has ended."""
        self.inner.ended(scope, status, seconds)
        end = time_ns()
        method = str(scope.get("method", ""))
        route = str(getattr(scope.get("route"), "path", "") or "other")
        span = self.tracer.start_span(f"{method} {route}", start_time=end - int(seconds * 1e9))
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.end(end)


def _tracer() -> Any:
    from importlib import import_module

    trace = import_module("opentelemetry.trace")
    sdk = import_module("opentelemetry.sdk.trace")
    export = import_module("opentelemetry.sdk.trace.export")
    otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    resources = import_module("opentelemetry.sdk.resources")
    resource = resources.Resource.create({"service.name": "siliconfriend"})
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return trace.get_tracer("siliconfriend.server")
