"""`openai:` as an embedder, and how a bank changes over to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import fakemodel as fake
import numpy as np
import pytest
from fakemodel import DIM, FakeModel, direction

from memorybank import MemoryBank
from memorybank.errors import (
    BadReply,
    BadSetting,
    BadVector,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelUnreachable,
    PromptTooLong,
    UnknownModel,
)
from memorybank.models import Embedder, load_embedder, passages, question
from memorybank.testing import Clock, HashEmbedder

pytestmark = pytest.mark.usefixtures("loopback")
TEXTS = [f"I saw heron number {i} by the lake. 湖边第{i}只鹭。" for i in range(25)]


def opened(server: FakeModel, **options: Any) -> Embedder:
    embedder = load_embedder("openai:fake", {"openai": {**server.options, **options}})
    assert embedder is not None
    return embedder


def unit(texts: list[str], dim: int = DIM) -> Any:
    rows = np.array([direction(text, dim) for text in texts], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_directions_come_in_order_and_in_batches():
    with FakeModel() as server:
        embedder = opened(server, api_key="k", batch=10)
        assert isinstance(embedder, Embedder) and embedder.name == "openai:fake"
        assert embedder.dim == 0, "nobody has said it yet"
        np.testing.assert_allclose(passages(embedder, TEXTS), unit(TEXTS), atol=2e-3)
        assert embedder.dim == DIM
        np.testing.assert_allclose(question(embedder, TEXTS[3]), unit(TEXTS)[3], atol=2e-3)
        assert [len(request.body["input"]) for request in server.requests] == [10, 10, 5, 1]
        assert {request.path for request in server.requests} == {"/v1/embeddings"}
        assert passages(embedder, []).shape == (0, DIM)


def test_a_server_may_answer_out_of_order():
    rows = [{"index": i, "embedding": [float(i), 1.0]} for i in (2, 0, 1)]
    with FakeModel([_answer({"data": rows})]) as server:
        found = passages(opened(server), ["a", "b", "c"])
    assert (np.argsort(found[:, 0]) == [0, 1, 2]).all()


def test_prefixes_dimensions_and_a_server_of_its_own():
    with FakeModel() as server, FakeModel() as elsewhere:
        own = {"base_url": server.url, "query_prefix": "query: ", "passage_prefix": "passage: ",
               "dimensions": 4}  # fmt: skip
        options = {**elsewhere.options, "window": 8192, "extra": {"x": 1}, "embedder": own}
        embedder = load_embedder("openai:fake", {"openai": options})
        assert embedder is not None
        assert (embedder.name, embedder.dim) == ("openai:fake@4", 4)
        question(embedder, "Q")
        passages(embedder, ["P", "", "\ud800"])
        bodies = [request.body for request in server.requests]
        assert [b["input"] for b in bodies] == [
            ["query: Q"], ["passage: P", "passage:", "passage: \ufffd"],
        ]  # fmt: skip
        assert {b["dimensions"] for b in bodies} == {4} and "x" not in bodies[0]
        assert elsewhere.requests == []


def test_a_text_too_long_for_the_server_is_cut_until_it_fits():
    def strict(body: dict[str, Any]) -> str | fake.Fault:
        return fake.TOO_LONG if max(map(len, body["input"])) > 100 else ""

    with FakeModel([strict] * 9) as server:
        found = passages(opened(server), ["short", "long " * 60])
    np.testing.assert_allclose(found, unit(["short", ("long " * 60)[:75]]), atol=2e-3)
    with FakeModel([fake.TOO_LONG] * 50) as server:
        with pytest.raises(PromptTooLong):
            passages(opened(server), ["long " * 60])
        assert len(server.requests) < 10


FAULTS: dict[str, tuple[fake.Step, type[ModelError]]] = {
    "refuses": (fake.REFUSES, ModelUnreachable),
    "hangs": (fake.HANGS, ModelUnreachable),
    "busy": (fake.BUSY, ModelBusy),
    "page": (fake.PAGE, BadReply),
    "wrong key": (fake.WRONG_KEY, ModelDenied),
    "no model": (fake.NO_MODEL, UnknownModel),
    "an error with status 200": (fake.error(200, "insufficient_quota"), ModelDenied),
}


def _answer(value: Any) -> fake.Fault:
    return fake.Fault(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_an_error_of_ours(fault: str):
    step, expected = FAULTS[fault]
    with FakeModel([step]) as server, pytest.raises(ModelError) as caught:
        passages(opened(server, timeout=0.05 if fault == "hangs" else 30), ["Tess"])
    assert type(caught.value) is expected
    assert "Tess" not in str(caught.value) + caught.value.zh


@pytest.mark.parametrize(
    "answer",
    [
        None, [], {}, {"data": None}, {"data": []}, {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": None}]}, {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": "AAAA"}]},
        {"data": [{"index": i, "embedding": [1.0]} for i in range(2)]},
    ],
)  # fmt: skip
def test_nonsense_is_no_direction(answer: Any):
    with FakeModel([_answer(answer)]) as server, pytest.raises(BadReply):
        passages(opened(server), ["a"])


@pytest.mark.parametrize("numbers", [[0.0, 0.0], [float("nan"), 1.0], [1e39, 1.0]])
def test_numbers_that_point_nowhere_are_refused(numbers: list[float]):
    answer = _answer({"data": [{"index": 0, "embedding": numbers}]})
    with FakeModel([answer]) as server, pytest.raises(BadVector):
        passages(opened(server), ["a"])


@pytest.mark.parametrize("options", [{"batch": 0}, {"max_chars": 3}, {"colour": "red"}])
def test_an_option_that_is_wrong_is_named(options: dict[str, Any]):
    with pytest.raises(BadSetting, match=next(iter(options))):
        load_embedder("openai:m", {"openai": {"embedder": options}})


# -- changing over --------------------------------------------------------------------------


def bank_of(path: Path, embedder: Embedder | None, clock: Clock, **more: Any) -> MemoryBank:
    return MemoryBank.open(path, bank="emily", embedder=embedder, clock=clock, **more)


def test_a_bank_opens_and_recalls_whether_its_embedder_answers_or_not(tmp_path: Path, clock: Clock):
    path = tmp_path / "m.db"
    with FakeModel() as server:
        with bank_of(path, opened(server), clock, lang="en") as bank:
            assert not list(bank.recall("herons"))
            for text in TEXTS[:3]:
                bank.remember(text)
            assert "meaning" in {s.name for s in bank.recall("heron")[0].why.signals}
        with bank_of(path, opened(server), clock) as bank:
            # Before anything is asked of the server, the vectors' length comes from the file.
            assert len(bank.timeline()[0].memories) == 3
            assert "meaning" in {s.name for s in bank.recall("heron")[0].why.signals}
    with bank_of(path, opened(server), clock) as bank:
        found = bank.recall("heron number 2")
        assert "number 2" in found[0].text and found.notes
        bank.remember("The server is away, and this stays.")
        assert "stays" in bank.recall("server away")[0].text


def test_reembedding_is_killed_midway_and_goes_on_where_it_stopped(tmp_path: Path, clock: Clock):
    path = tmp_path / "m.db"
    texts = [f"Heron number {i} stood by the lake." for i in range(70)]
    with bank_of(path, HashEmbedder(), clock, lang="en") as bank:
        for text in texts:
            bank.remember(text)
    # 32 texts a transaction, ten a request: the sixth request comes in the second transaction
    with FakeModel(["", "", "", "", "", fake.HANGS]) as server:
        settings = tmp_path / "home" / "settings.toml"
        settings.write_text(f'[openai]\nbase_url = "{server.url}"\n', "utf-8")
        command = [sys.executable, "-m", "memorybank.cli", "reembed", "--bank", "emily",
                   "--file", str(path), "--lang", "en"]  # fmt: skip
        env = {"MEMORYBANK_EMBEDDER": "openai:fake"}
        import os

        process = subprocess.Popen(command, env={**os.environ, **env})
        server.wait_for(6)
        process.kill()
        process.wait()
    with FakeModel() as server, bank_of(path, opened(server), clock) as bank:
        assert "number 61" in bank.recall("heron number 61")[0].text, "by words meanwhile"
        server.requests.clear()
        seen: list[tuple[int, int]] = []
        assert bank.change_embedder(progress=lambda _, done, all: seen.append((done, all))) == 38
        assert sum(len(request.body["input"]) for request in server.requests) == 38
        assert seen[-1] == (38, 38)
        assert bank.change_embedder() == 0
        signals = bank.recall("heron number 61")[0].why.signals
        assert "meaning" in {signal.name for signal in signals}
