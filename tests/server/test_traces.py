"""Traces over a real line to a collector: one span a request, and no word of anybody in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip(
    "opentelemetry.sdk.trace",
    reason="the extra otel is not installed: pip install 'siliconfriend[otel]'",
)
import httpx2

from server.collecting import Collector
from server.serving import Model, free_port, on_air, raw
from siliconfriend.server.app import Served, build
from siliconfriend.server.house import House

CANARY = {"en": "xylocarp", "zh": "鸊鷉"}
OURS = {"http.request.method", "http.route", "http.response.status_code"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    with Collector().on_air() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        # What would make the framework send traces, counters and logs of its own:
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        yield found


@pytest.fixture
def traced(open_house: Callable[..., House], collector: Collector, model: Model) -> Served:
    """Our server in front of a model; its spans have come when it has stopped."""
    options = {"openai": {"base_url": model.url, "api_key": "sk-upstream"}}
    house = open_house(
        {"llm": "openai:echo", "options": options}, {"port": free_port(), "stop_seconds": 3.0}
    )
    return build(house, worker=False)


def client_of(served: Served) -> httpx2.Client:
    token = served.house.keys.make().token
    return httpx2.Client(
        base_url=served.house.serving.url, headers={"Authorization": f"Bearer {token}"},
        trust_env=False, timeout=20,
    )  # fmt: skip


def mcp_call(client: httpx2.Client, tool: str, arguments: dict[str, object]) -> None:
    call = {
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }  # fmt: skip
    headers = {"Accept": "application/json, text/event-stream"}
    client.post("/mcp/", json=call, headers=headers)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_request_is_one_span_without_a_word_of_anybody(
    traced: Served, collector: Collector, model: Model, lang: str, monkeypatch: pytest.MonkeyPatch
):
    word = CANARY[lang]
    model.replies[:] = [f"A {word}!"]
    with on_air(traced), client_of(traced) as client:
        at = f"/v1/banks/{word}"
        said = {"text": f"I love my {word}.", "reply": word, "source": word, "conversation": word}
        memory = client.post(f"{at}/remember", json=said).json()["ids"][0]
        client.post(f"{at}/recall", json={"message": word})
        client.get(f"{at}/memories/{memory}", params={"now": word, "q": word})
        client.get(f"/v1/banks/{word}-unknown")
        client.get(f"/{word}", headers={"User-Agent": "xylocarp", "traceparent": "00-" + "1" * 32})
        chat = {"model": word, "messages": [{"role": "user", "content": word}], "user": word}
        client.post("/v1/chat/completions", json=chat)
        client.post("/v1/chat/completions", json={**chat, "stream": True})
        mcp_call(client, "recall", {"message": word, "bank": word})
        mcp_call(client, word, {word: word})

        def broken(*_: object, **__: object) -> None:
            raise KeyError(f"a mistake of ours with {word} in it")

        monkeypatch.setattr(House, "bank", broken)
        client.get(at)
        key = client.headers["Authorization"]
        strange = f"XYLOCARP /xylocarp HTTP/1.1\r\nHost: 127.0.0.1:{traced.house.serving.port}\r\n"
        raw(traced.house.serving.port, f"{strange}Authorization: {key}\r\n\r\n".encode(), wait=0.3)
    spans = collector.spans()
    assert len(spans) == 11, [name for name, _ in spans]
    assert all(set(attributes) == OURS for _, attributes in spans)
    names = [name for name, _ in spans]
    assert "POST /v1/banks/{bank}/recall" in names and "POST /v1/chat/completions" in names
    assert names[-2:] == ["GET /v1/banks/{bank}", "other other"]
    assert ("GET /v1/banks/{bank}", 500) in [
        (name, attributes["http.response.status_code"]) for name, attributes in spans
    ]
    sent = b"".join(collector.bodies).lower()
    for secret in (word, memory, *key.split("-")[1:], "sk-upstream"):
        assert secret.encode() not in sent


def test_the_spans_are_ours_alone_and_name_the_program(
    traced: Served, collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    with on_air(traced), client_of(traced) as client:
        client.get("/healthz")
        client.get("/v1/banks")
    assert {scope.scope.name for scope in collector.scopes()} == {"siliconfriend.server"}
    (resource,) = {json.dumps(found) for found in collector.resources()}
    told = json.loads(resource)
    assert told["service.name"] == "siliconfriend"
    assert not any(name.startswith(("host", "process", "os")) for name in told)


def test_the_variables_of_the_standard_hold(
    open_house: Callable[..., House], collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-friend")
    served = build(open_house(serving={"port": free_port()}), worker=False)
    with on_air(served), client_of(served) as client:
        client.get("/healthz")
    assert collector.resources()[0]["service.name"] == "my-friend"
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    seen = len(collector.bodies)
    served = build(open_house(serving={"port": free_port()}), worker=False)
    with on_air(served), client_of(served) as client:
        assert client.get("/healthz").status_code == 200
    assert len(collector.bodies) == seen


@pytest.mark.parametrize("status", [0, 400, 503])
def test_a_collector_that_is_away_or_refuses_disturbs_nobody(
    open_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, status: int, caplog
):
    collector = Collector(status)
    with collector.on_air():
        url = collector.url if status else f"http://127.0.0.1:{free_port()}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        served = build(open_house(serving={"port": free_port()}), worker=False)
        with on_air(served), client_of(served) as client:
            client.post("/v1/banks/emily/remember", json={"text": "I love my xylocarp."})
            hits = client.post("/v1/banks/emily/recall", json={"message": "xylocarp"}).json()
            assert len(hits["hits"]) == 1
    assert "xylocarp" not in caplog.text
