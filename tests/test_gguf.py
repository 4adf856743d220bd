"""`gguf:` without a model: what is refused before xllamacpp sees it. tests/models has the rest."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memorybank.adapters import gguf
from memorybank.errors import (
    BadReply,
    BadSetting,
    MissingExtra,
    ModelError,
    PromptTooLong,
    ReplyCut,
)
from memorybank.models import Style, complete, load_llm, replying

ASKED = [{"role": "user", "content": "hello"}]


class StandIn:
    """What xllamacpp offers, as far as it is used; `chunks` is what its server streams."""

    def __init__(self, chunks: Iterable[Any] = (), error: Exception | None = None) -> None:
        self.chunks, self.error = chunks, error
        self.params: Any = None
        self.stopped = False
        self.listening_address = "http://127.0.0.1:9"

    def CommonParams(self) -> Any:
        parts = {name: SimpleNamespace() for name in ("model", "cpuparams", "cpuparams_batch")}
        return SimpleNamespace(**parts)

    def CommonAdapterLoraInfo(self, path: str, scale: float) -> tuple[str, float]:
        return path, scale

    def Server(self, params: Any) -> StandIn:
        if self.error:
            raise self.error
        self.params = params
        return self

    def handle_chat_completions(self, asked: dict[str, Any], heard: Callable[[Any], bool]) -> None:
        self.asked = asked
        for chunk in self.chunks:
            if heard(chunk):
                self.stopped = True
                return


def said(text: str | None, end: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": end}]}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "small.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00")
    return file


@pytest.fixture
def standing_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[StandIn], StandIn]:
    def stand_in(engine: StandIn) -> StandIn:
        monkeypatch.setitem(sys.modules, "xllamacpp", engine)  # type: ignore[arg-type]
        monkeypatch.setattr(gguf, "find_spec", lambda name: engine)
        monkeypatch.setattr(gguf._Engine, "_tokens_by", lambda self, server, text: None)
        return engine

    return stand_in


Standing = Callable[[StandIn], StandIn]


def test_a_file_speaks_and_its_settings_reach_it(model: Path, standing_in: Standing):
    engine = standing_in(StandIn([said(None), said("<think>hm</think>Hel"), said("lo."),
                                  said(None, "stop")]))  # fmt: skip
    adapter = model.with_name("a.gguf")
    adapter.write_bytes(b"GGUF rest")
    options = {"context": 2048, "threads": 3, "seed": 7,
               "lora": [str(adapter), {"path": str(adapter), "scale": 0.5}]}  # fmt: skip
    llm = load_llm(f"gguf:{model}", {"gguf": options})
    assert llm is not None and (llm.name, llm.window) == ("gguf:small.gguf", 2048)
    assert complete(llm, ASKED, Style(temperature=0.0, max_tokens=5, stop=("x",))) == "Hello."
    assert engine.asked == {
        "messages": ASKED, "stream": True, "temperature": 0.0, "max_tokens": 5, "stop": ["x"],
        "seed": 7,
    }  # fmt: skip
    params = engine.params
    assert (params.model.path, params.n_ctx) == (str(model), 2048)
    assert params.cpuparams.n_threads == 3 and params.verbosity == -1
    assert params.lora_adapters == [(str(adapter), 1.0), (str(adapter), 0.5)]
    assert len(params.api_keys[0]) > 40 and params.cors_origins != "*"
    assert llm.count("你好吗") == 3, "a guess where the server does not say"


def test_a_listener_who_leaves_stops_it(model: Path, standing_in: Standing):
    engine = standing_in(StandIn(itertools.repeat(said("la "))))
    llm = load_llm(f"gguf:{model}", {})
    assert isinstance(llm, gguf.GGUF)
    reply = replying(llm, ASKED)
    assert next(reply) == "la "  # type: ignore[call-overload]
    reply.close()  # type: ignore[attr-defined]
    llm.close()
    assert engine.stopped


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([said("Half "), said("a", "length")], ReplyCut),
        ([said("Half ")], ReplyCut),
        ([], ReplyCut),
        ([{"error": {"type": "exceed_context_size_error", "message": "Tess"}}], PromptTooLong),
        ([{"error": {"type": "server_error", "message": "Tess"}}], BadReply),
        ([{"error": "Tess"}], BadReply),
        (["Tess"], BadReply),
        ([{"choices": None}], ReplyCut),
        ([said(None, "stop")], BadReply),
    ],
)
def test_every_fault_is_an_error_of_ours(
    chunks: list[Any], expected: type[ModelError], model: Path, standing_in: Standing
):
    standing_in(StandIn(chunks))
    llm = load_llm(f"gguf:{model}", {})
    assert llm is not None
    with pytest.raises(expected) as caught:
        complete(llm, ASKED)
    assert "Tess" not in str(caught.value) + caught.value.zh


def test_a_file_that_cannot_be_opened_after_all_says_so(model: Path, standing_in: Standing):
    standing_in(StandIn(error=RuntimeError("Failed to init server")))
    llm = load_llm(f"gguf:{model}", {})
    assert llm is not None
    with pytest.raises(ModelError, match=r"small\.gguf cannot be opened"):
        complete(llm, ASKED)
    with pytest.raises(ModelError):
        llm.count("hello")


@pytest.mark.parametrize(
    ("name", "options", "named"),
    [
        ("gguf:", {}, "gguf:/path/model.gguf"),
        ("gguf:/not/there.gguf", {}, "/not/there.gguf"),
        ("gguf:{folder}", {}, "no file"),
        ("gguf:{folder}/text.gguf", {}, "is not a GGUF file"),
        ("gguf:{folder}/empty.gguf", {}, "is not a GGUF file"),
        ("gguf:a\x00b", {}, "no file"),
        ("gguf:{folder}/small.gguf", {"lora": "/not/there.gguf"}, "/not/there.gguf"),
        ("gguf:{folder}/small.gguf", {"lora": ["{folder}/text.gguf"]}, "is not a GGUF file"),
        ("gguf:{folder}/small.gguf", {"lora": [{"file": "x"}]}, "lora"),
        ("gguf:{folder}/small.gguf", {"lora": [{"path": "x", "scale": "big"}]}, "lora"),
        ("gguf:{folder}/small.gguf", {"lora": 3}, "lora"),
        ("gguf:{folder}/small.gguf", {"context": 0}, "context"),
        ("gguf:{folder}/small.gguf", {"ctx": 2048}, "context"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_opened(
    name: str, options: dict[str, Any], named: str, model: Path, standing_in: Standing
):
    standing_in(StandIn())
    (model.parent / "text.gguf").write_text("just a text")
    (model.parent / "empty.gguf").touch()
    folder = str(model.parent)
    filled = {
        key: [v.replace("{folder}", folder) if isinstance(v, str) else v for v in value]
        if isinstance(value, list)
        else value
        for key, value in options.items()
    }
    with pytest.raises(BadSetting) as caught:
        load_llm(name.replace("{folder}", folder), {"gguf": filled})
    assert named in str(caught.value)
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.zh)


def test_without_the_package_the_extra_is_named(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gguf, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"siliconfriend\[gguf\]"):
        load_llm(f"gguf:{model}", {})
