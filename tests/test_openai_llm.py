"""`openai:` against a real server that speaks the protocol, and against all its misbehaviour."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import fakemodel as fake
import pytest
from fakemodel import FakeModel, delta, streamed

from memorybank import models
from memorybank.adapters import openai_client, openai_errors
from memorybank.errors import (
    BadReply,
    BadSetting,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelUnreachable,
    PromptTooLong,
    ReplyCut,
    UnknownModel,
)
from memorybank.models import LLM, Style, complete, load_llm, replying

pytestmark = pytest.mark.usefixtures("loopback")
SECRET = "my sister Tess, whom nobody may hear of"
ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": SECRET}]


def opened(server: FakeModel, model: str = "fake", **options: Any) -> LLM:
    llm = load_llm(f"openai:{model}", {"openai": {**server.options, **options}})
    assert llm is not None
    return llm


def failing(step: fake.Step, **options: Any) -> tuple[ModelError, list[str]]:
    """The error that a step of the script makes, and what was said before it."""
    with FakeModel([step]) as server:
        said: list[str] = []
        with pytest.raises(ModelError) as caught:
            said.extend(replying(opened(server, **options), ASKED))
    return caught.value, said


def test_a_reply_streams_in_both_languages_and_the_request_is_as_asked():
    style = Style(temperature=0.5, top_p=0.9, max_tokens=50, stop=("\n",))
    with FakeModel(["Good morning, Emily.", "早上好，曼婷。"]) as server:
        llm = opened(server, api_key="k", headers={"X-Team": "blue"}, organization="org-1")
        assert llm.name == "openai:fake"
        assert list(replying(llm, ASKED, style)) == ["Good ", "morning, ", "Emily."]
        assert complete(llm, ASKED) == "早上好，曼婷。"
        first, second = server.requests
    assert first.key == "k"
    assert first.headers["x-team"] == "blue"
    assert first.headers["openai-organization"] == "org-1"
    assert first.body == {
        "model": "fake", "messages": ASKED, "stream": True,
        "temperature": 0.5, "top_p": 0.9, "max_tokens": 50, "stop": ["\n"],
    }  # fmt: skip
    assert second.body.keys() == {"model", "messages", "stream"}


FAULTS: dict[str, tuple[fake.Step, type[ModelError]]] = {
    "refuses": (fake.REFUSES, ModelUnreachable),
    "hangs": (fake.HANGS, ModelUnreachable),
    "stalls": (fake.STALLS, ModelUnreachable),
    "busy": (fake.BUSY, ModelBusy),
    "overloaded": (fake.error(503, "loading"), ModelBusy),
    "broken": (fake.BROKEN, ModelUnreachable),
    "page": (fake.PAGE, BadReply),
    "page as a stream": (fake.Fault(200, fake.HTML), ReplyCut),
    "cut": (fake.CUT, ReplyCut),
    "cut by length": (fake.CUT_BY_LENGTH, ReplyCut),
    "empty": (fake.EMPTY, BadReply),
    "refusal": (fake.REFUSAL, BadReply),
    "filtered": (fake.FILTERED, BadReply),
    "broken JSON": (fake.BROKEN_JSON, BadReply),
    "not UTF-8": (fake.NOT_UTF8, BadReply),
    "nothing but None": (fake.NONES, ReplyCut),
    "a number": (streamed(3, "[DONE]"), ReplyCut),
    "a list": (streamed([1, 2], "[DONE]"), ReplyCut),
    "content of a wrong kind": (streamed(delta({"a": 1})), BadReply),
    "wrong key": (fake.WRONG_KEY, ModelDenied),
    "forbidden": (fake.error(403, "no"), ModelDenied),
    "no credit": (fake.NO_CREDIT, ModelDenied),
    "no balance": (fake.error(402, "Insufficient Balance"), ModelDenied),
    "no model": (fake.NO_MODEL, UnknownModel),
    "no model, in another's words": (fake.error(400, "Model Not Exist"), UnknownModel),
    "too long": (fake.TOO_LONG, PromptTooLong),
    "too long, llama.cpp": (
        fake.error(400, "the request exceeds the available context size", "exceed_context_size"),
        PromptTooLong,
    ),
    "too long, in Chinese": (fake.error(400, "Prompt 超长"), PromptTooLong),
    "too long, told in the stream": (
        streamed({"error": {"message": "maximum context length is 10", "code": None}}),
        PromptTooLong,
    ),
    "an error in the stream": (streamed(delta("Half "), {"error": "oh"}), ModelUnreachable),
    "refused": (fake.error(400, "temperature must be 1", "unsupported_value"), ModelError),
    "sent elsewhere": (fake.ELSEWHERE, ModelError),
    "compressed unasked": (
        fake.Fault(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}), BadReply,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_an_error_of_ours_that_quotes_nobody(fault: str):
    step, expected = FAULTS[fault]
    patience = 0.05 if step in (fake.HANGS, fake.STALLS) else 30
    error, _ = failing(step, api_key="sk-very-secret", timeout=patience)
    assert type(error) is expected
    for message in (str(error), error.zh):
        assert "fake" in message
        for hidden in ("sk-very", "Tess", "slow down", "internal", "Welcome"):
            assert hidden not in message
    assert any("\u4e00" <= c <= "\u9fff" for c in error.zh)
    assert error.__cause__ is None, "a traceback would print the server's words"


@pytest.mark.parametrize("fault", ["cut", "cut by length", "stalls", "filtered"])
def test_what_was_said_before_a_fault_stays_said(fault: str):
    _, said = failing(FAULTS[fault][0], timeout=1)
    assert said and "".join(said) in "Half a sentence and Well, "


def test_a_server_that_is_not_there_is_unreachable():
    with FakeModel() as server:
        options = server.options
    llm = load_llm("openai:fake", {"openai": options})
    assert llm is not None
    with pytest.raises(ModelUnreachable, match="base_url"):
        complete(llm, ASKED)


@pytest.mark.parametrize("name", ["FLOOD", "ONE_LINE"])
def test_fifty_megabytes_stop_early(name: str):
    fault: fake.Fault = getattr(fake, name)
    with FakeModel([fault]) as server:
        tracemalloc.start()
        with pytest.raises(ReplyCut):
            complete(opened(server), ASKED)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert server.sent < 10_000_000, "the line was closed, not read to its end"
    assert peak < 20_000_000


def test_an_error_of_any_length_is_read_in_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("memorybank.adapters.openai_wire.LONGEST_BODY", 300_000)
    error, _ = failing(fake.endless(lambda: fake.LONG_LINE, "application/json"))
    assert isinstance(error, ReplyCut)


def test_a_stream_that_only_drips_is_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(models, "LONGEST_WAIT", 0.05)
    error, said = failing(fake.DRIP)
    assert isinstance(error, ReplyCut) and said == []


def test_a_listener_may_leave_and_the_line_is_closed():
    with FakeModel([fake.endless(lambda: fake.event(delta("la ")))]) as server:
        reply = replying(opened(server), ASKED)
        assert list(itertools.islice(reply, 3)) == ["la ", "la ", "la "]
        reply.close()  # type: ignore[attr-defined]
    assert server.sent < 10_000_000


@pytest.mark.parametrize("broken", ["WRONG_KEY", "BUSY", "NO_CREDIT"])
def test_keys_are_tried_in_turn_and_the_good_one_is_kept(broken: str):
    with FakeModel([getattr(fake, broken), "Hello.", "Again."]) as server:
        llm = opened(server, api_key="first, second")
        assert complete(llm, ASKED) == "Hello."
        assert complete(llm, ASKED) == "Again."
        assert [request.key for request in server.requests] == ["first", "second", "second"]


def test_keys_are_not_tried_for_ever_and_the_shortest_wait_is_told():
    steps = [fake.BUSY, fake.error(429, "no", "x", Retry_After="1800"), fake.WRONG_KEY]
    with FakeModel(steps) as server:
        with pytest.raises(ModelBusy) as caught:
            complete(opened(server, api_key=["a", "b", "c"]), ASKED)
        assert [request.key for request in server.requests] == ["a", "b", "c"]
    assert caught.value.retry_after == 1800


def test_no_other_fault_asks_the_next_key():
    with FakeModel([fake.BROKEN, "Hello."]) as server:
        with pytest.raises(ModelUnreachable):
            complete(opened(server, api_key="a,b"), ASKED)
        assert len(server.requests) == 1


def test_a_short_wait_is_waited_once(monkeypatch: pytest.MonkeyPatch):
    waited: list[float] = []
    monkeypatch.setattr(openai_client.time, "sleep", waited.append)
    busy = fake.error(429, "no", "x", Retry_After="2")
    with FakeModel([busy, "Hello.", busy, busy, "never"]) as server:
        llm = opened(server)
        assert complete(llm, ASKED) == "Hello."
        with pytest.raises(ModelBusy):
            complete(llm, ASKED)
    assert waited == [2.0, 2.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_us_to_wait(headers: dict[str, str], seconds: float | None):
    assert openai_errors.retry_after(headers, now=100.0) == seconds


def test_a_server_elsewhere_needs_a_key_before_anything_is_sent():
    llm = load_llm("openai:m", {"openai": {"base_url": "https://models.example.org/v1"}})
    assert llm is not None
    with pytest.raises(ModelDenied, match="OPENAI_API_KEY"):
        complete(llm, ASKED)


def test_keys_come_from_a_file_too(tmp_path: Path):
    file = tmp_path / "keys.txt"
    file.write_text("# mine\nfirst\n\nsecond  # the other one\n", "utf-8")
    with FakeModel(keys=["second"]) as server:
        complete(opened(server, api_key_file=str(file), api_key="not used"), ASKED)
        assert [request.key for request in server.requests] == ["first", "second"]


def test_nothing_of_the_environment_is_sent_or_followed(monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-outside")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    with FakeModel(["Hello."]) as server:
        assert complete(opened(server), ASKED) == "Hello."
        assert "from-outside" not in repr(server.requests[0].headers)


def test_a_proxy_is_used_where_one_is_set():
    with FakeModel(["Hello."]) as proxy:
        address = proxy.url.removesuffix("/v1")
        llm = load_llm("openai:fake", {"openai": {
            "base_url": "http://models.example.org/v1", "api_key": "k", "proxy": address,
        }})  # fmt: skip
        assert llm is not None and complete(llm, ASKED) == "Hello."
        assert proxy.requests[0].path == "http://models.example.org/v1/chat/completions"


def test_thoughts_are_not_said():
    events = [
        delta(None, reasoning_content="She greets me."), delta("<thi"), delta("nk>She gr"),
        delta("eets.</th"), delta("ink>\n\nHel"), delta("lo."), delta(None, "stop"),
    ]  # fmt: skip
    with FakeModel([streamed(*events)]) as server:
        assert list(replying(opened(server), ASKED)) == ["Hel", "lo."]


def test_a_server_that_does_not_stream_is_understood():
    with FakeModel([_plain("Hello."), _plain("Hel", "length")]) as server:
        llm = opened(server)
        assert complete(llm, ASKED) == "Hello."
        with pytest.raises(ReplyCut):
            complete(llm, ASKED)


def _plain(text: str, end: str = "stop") -> fake.Fault:
    import json

    choice = {"message": {"content": text}, "finish_reason": end}
    body = json.dumps({"choices": [choice]}).encode()
    return fake.Fault(200, body, {"Content-Type": "application/json"})


def test_some_servers_want_more_and_some_less():
    with FakeModel(["Hello."]) as server:
        llm = opened(server, extra={"enable_thinking": False}, omit="temperature, top_p")
        complete(llm, ASKED, Style(temperature=1.0, top_p=0.5, max_tokens=9))
        body = server.requests[0].body
    assert body["enable_thinking"] is False and body["max_tokens"] == 9
    assert not body.keys() & {"temperature", "top_p"}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"base_ulr": "http://localhost/v1"}, "base_url"),
        ({"base_url": "localhost:1234"}, "base_url"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "http://[::1"}, "base_url"),
        ({"base_url": 3}, "base_url"),
        ({"timeout": "long"}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"window": -1}, "window"),
        ({"api_key": "sk-very secret"}, "api_key"),
        ({"api_key": "密钥"}, "api_key"),
        ({"api_key": [3]}, "api_key"),
        ({"api_key_file": "/not/there"}, "api_key_file"),
        ({"headers": {"X": "两"}}, "headers"),
        ({"headers": {"X": "a\nb"}}, "headers"),
        ({"extra": "x"}, "extra"),
        ({"thinking": "yes"}, "thinking"),
        ({"proxy": "ftp://very"}, "proxy"),
    ],
)
def test_an_option_that_is_wrong_is_named(options: dict[str, Any], named: str):
    with pytest.raises(BadSetting) as caught:
        load_llm("openai:m", {"openai": options})
    for message in (str(caught.value), caught.value.zh):
        assert named in message and "very" not in message


@pytest.mark.parametrize("name", ["openai", "openai:", "openai: "])
def test_a_model_must_be_named(name: str):
    with pytest.raises(BadSetting, match="openai:MODEL"):
        load_llm(name, {})


def test_a_window_is_told_and_tokens_are_counted(monkeypatch: pytest.MonkeyPatch):
    import sys
    from types import SimpleNamespace

    llm = load_llm("openai:m", {"openai": {"window": 8192}})
    assert llm is not None and llm.window == 8192
    assert llm.count("你好吗") == 3 and llm.count("twelve chars") == 3
    encoding = SimpleNamespace(encode_ordinary=lambda text: text.split())
    stand_in = SimpleNamespace(get_encoding={"words": encoding}.__getitem__)
    monkeypatch.setitem(sys.modules, "tiktoken", stand_in)
    counting = load_llm("openai:m", {"openai": {"tokenizer": "words"}})
    assert counting is not None and counting.count("three short words") == 3
    with pytest.raises(BadSetting, match="tokenizer"):
        load_llm("openai:m", {"openai": {"tokenizer": "none such"}})
