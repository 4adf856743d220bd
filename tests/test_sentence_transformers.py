"""`sentence-transformers:` with a stand-in for the package; tests/models has a real one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from memorybank.adapters import sentence_transformers as adapter
from memorybank.errors import BadSetting, MissingExtra, ModelError
from memorybank.models import Embedder, load_embedder, passages, question
from memorybank.testing import HashEmbedder

NAME = "sentence-transformers"


class StandIn:
    made: list[dict[str, Any]]

    def __init__(self, name: str, **options: Any) -> None:
        if "missing" in name:
            raise OSError("no such model")
        self.made.append({"name": name, **options})

    def encode(self, texts: list[str], **options: Any) -> Any:
        self.made.append({"texts": texts, **options})
        return HashEmbedder(16).embed_passages(texts)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    StandIn.made = []
    module = SimpleNamespace(SentenceTransformer=StandIn)
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(adapter, "find_spec", lambda name: module)
    return StandIn.made


def opened(model: str, **options: Any) -> Embedder:
    embedder = load_embedder(f"{NAME}:{model}", {NAME: options})
    assert embedder is not None
    return embedder


def test_texts_become_directions(made: list[dict[str, Any]]):
    embedder = opened("maker/small", query_prefix="query: ", batch=4)
    assert isinstance(embedder, Embedder)
    assert (embedder.name, embedder.dim, made) == (f"{NAME}:maker/small", 0, [])
    assert passages(embedder, ["一只鹭", "a heron"]).shape == (2, 16) and embedder.dim == 16
    np.testing.assert_allclose(
        question(embedder, "鹭"), passages(embedder, ["query: 鹭"])[0], atol=1e-3
    )
    assert made[1]["batch_size"] == 4


def test_no_code_no_pickle_and_no_download_unasked(made: list[dict[str, Any]]):
    question(opened("maker/small"), "x")
    assert made[0]["trust_remote_code"] is False and made[0]["local_files_only"] is True
    assert made[0]["model_kwargs"] == {"use_safetensors": True}
    made.clear()
    question(opened("maker/small", download=True), "x")
    assert made[0]["local_files_only"] is False


def test_a_folder_is_known_by_its_own_name(made: list[dict[str, Any]], tmp_path: Path):
    (tmp_path / "mine").mkdir()
    embedder = opened(f"{tmp_path}/mine/")
    assert embedder.name == f"{NAME}:mine"
    question(embedder, "x")
    assert made[0]["name"] == str(tmp_path / "mine")


def test_what_is_wrong_is_named(made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BadSetting, match="NAME"):
        opened("")
    with pytest.raises(BadSetting, match="colour"):
        opened("x", colour="red")
    with pytest.raises(ModelError, match="download = true") as caught:
        question(opened("missing"), "x")
    assert "safetensors" in caught.value.zh
    monkeypatch.setattr(adapter, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"siliconfriend\[sentence-transformers\]"):
        opened("x")
