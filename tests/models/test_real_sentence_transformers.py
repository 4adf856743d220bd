"""`sentence-transformers:` with the real package and a tiny model built on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memorybank.errors import ModelError
from memorybank.models import load_embedder, passages, question

WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("heron", "lake", "tea", "cat", "a", "the", "by", "鹭", "湖", "茶", "猫"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of two layers that never learnt anything, as a folder on disk."""
    package = pytest.importorskip("sentence_transformers", reason="it needs torch: not installed")
    transformers = pytest.importorskip("transformers")
    parts = pytest.importorskip("sentence_transformers.models")
    base = tmp_path_factory.mktemp("base")
    (base / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    transformers.set_seed(0)
    transformers.BertModel(config).save_pretrained(base)
    transformers.BertTokenizerFast(str(base / "vocab.txt")).save_pretrained(base)
    word = parts.Transformer(str(base), max_seq_length=64)
    pooling = parts.Pooling(32)
    whole = tmp_path_factory.mktemp("models") / "tiny"
    package.SentenceTransformer(modules=[word, pooling], device="cpu").save(str(whole))
    return whole


@pytest.mark.filterwarnings("ignore")
def test_a_folder_embeds_both_languages(folder: Path):
    embedder = load_embedder(f"sentence-transformers:{folder}", {})
    assert embedder is not None and embedder.name == "sentence-transformers:tiny"
    texts = ["a heron by the lake", "tea", "湖 鹭", "", "cat " * 500]
    found = passages(embedder, texts)
    assert found.shape == (5, 32) == (5, embedder.dim)
    np.testing.assert_allclose(question(embedder, texts[0]), found[0], atol=2e-3)
    assert not np.allclose(found[0], found[1], atol=1e-2)


@pytest.mark.filterwarnings("ignore")
def test_a_name_is_not_fetched_unasked(folder: Path):
    embedder = load_embedder("sentence-transformers:nobody/nothing", {})
    assert embedder is not None
    with pytest.raises(ModelError, match="download = true"):
        question(embedder, "x")
