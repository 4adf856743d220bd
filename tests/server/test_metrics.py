"""What is counted and traced, and that nothing of what people say is in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from siliconfriend.server.metrics import Metrics
from siliconfriend.server.telemetry import Traced, watched


def test_requests_are_counted_by_route_and_jobs_by_kind(client):
    client.post("/v1/banks/emily/remember", json={"text": "My secret cat."})
    client.get("/v1/banks/secretbank")
    text = client.get("/metrics").text
    assert 'method="POST",route="/v1/banks/{bank}/remember",status="201"' in text
    assert 'route="/v1/banks/{bank}",status="404"' in text
    assert 'siliconfriend_jobs_waiting{kind="digest"}' in text
    assert "secret" not in text


def test_no_trace_without_being_asked(house):
    metrics = Metrics(house)
    assert watched(metrics, {}) is metrics


def test_a_request_is_a_span_without_names(house):
    spans: list[Any] = []

    class Provider:
        def get_tracer(self, name: str) -> Provider:
            return self

        def start_span(self, name: str, start_time: int) -> Any:
            told: dict[str, Any] = {"name": name, "start": start_time}
            spans.append(told)
            return SimpleNamespace(
                set_attribute=told.__setitem__, end=lambda at: told.update(end=at)
            )

    traced = Traced(Metrics(house), Provider())
    scope = {"method": "GET", "path": "/v1/banks/emily", "route": SimpleNamespace(path="/v1/x")}
    traced.began()
    traced.ended(scope, 200, 0.5)
    (span,) = spans
    assert span["name"] == "GET /v1/x" and span["http.response.status_code"] == 200
    assert span["end"] - span["start"] == 500_000_000
    assert "emily" not in str(span)
