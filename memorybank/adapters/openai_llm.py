"""Language models behind an OpenAI-compatible server: "openai:MODEL", settings in `[openai]`.

OpenAI, DeepSeek, Qwen, Ollama, vLLM, the llama.cpp server and many more; docs/models.md has the
recipes. What a server sends is checked field by field: the package `openai` fills what is missing
with None and takes a page of HTML for an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from memorybank.adapters.openai_client import (
    CLIENT_OPTIONS,
    HOME,
    Client,
    Endpoint,
    endpoint,
    model_named,
)
from memorybank.adapters.openai_errors import cut, failing, failures, nonsense, translated
from memorybank.adapters.options import Section
from memorybank.adapters.thinking import without_thoughts
from memorybank.compose import estimate_tokens
from memorybank.errors import BadReply, BadSetting, MissingExtra, ReplyCut
from memorybank.models import Messages, Options, Style

_OPTIONS = CLIENT_OPTIONS | {"window", "omit", "thinking", "tokenizer"}
_CUT = {"length", "max_tokens", "insufficient_system_resource", "network_error", "abort", "error"}
_REFUSED = {"content_filter", "sensitive", "refusal"}
Count = Callable[[str], int]


class OpenAILLM:
    """Satisfies `LLM`. Safe to use from several threads."""

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        *,
        window: int = 0,
        omit: frozenset[str] = frozenset(),
        thinking: bool = False,
        count: Count = estimate_tokens,
    ) -> None:
        self.name, self.window = f"openai:{model}", window
        self._model, self._omit, self._thinking, self._count = model, omit, thinking, count
        self._client = Client(self.name, endpoint)

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the reply without its thoughts; closing the iterator hangs up."""
        server, said = self._client.server, False
        stream = self._client.ask(lambda client: self._asked(client, messages, style))
        try:
            for piece in without_thoughts(self._pieces(stream), thinking=self._thinking):
                said = True
                yield piece
        except failures() as error:
            raise translated(error, server, said=said) from None
        finally:
            stream.close()

    def count(self, text: str) -> int:
        """Return how many tokens a text has, or a guess from above."""
        return self._count(text)

    def _asked(self, client: Any, messages: Messages, style: Style) -> Any:
        at_home = self._client.endpoint.base_url == HOME
        asked = {
            "temperature": style.temperature,
            "top_p": style.top_p,
            "max_completion_tokens" if at_home else "max_tokens": style.max_tokens,
            "stop": list(style.stop) or None,
        }
        sent = {k: v for k, v in asked.items() if v is not None and k not in self._omit}
        return client.chat.completions.create(
            model=self._model, messages=list(map(_sendable, messages)), stream=True,
            extra_body=dict(self._client.endpoint.extra) or None, **sent,
        )  # fmt: skip

    def _pieces(self, stream: Any) -> Iterator[str]:
        """Yield the pieces of an answer up to its end, which must be told."""
        kind = str(stream.response.headers.get("content-type") or "text/event-stream")
        if not kind.startswith("text/event-stream"):
            yield self._whole(stream.response)
            return
        for chunk in stream:
            choice = _first(getattr(chunk, "choices", None))
            if choice is None:  # usage, a heartbeat
                continue
            yield from self._said(getattr(choice, "delta", None))
            if self._is_end(getattr(choice, "finish_reason", None)):
                return
        raise cut(self._client.server)

    def _whole(self, response: Any) -> str:
        """Return the reply of a server that does not stream, though asked to."""
        answer = json.loads(response.read().decode("utf-8"))
        if not isinstance(answer, Mapping):
            raise nonsense(self._client.server)
        if answer.get("error"):
            raise failing(answer, self._client.server)
        choice = _first(answer.get("choices"))
        if not isinstance(choice, Mapping) or not isinstance(choice.get("message"), Mapping):
            raise nonsense(self._client.server)
        text = "".join(self._said(_Fields(choice["message"])))
        if not self._is_end(choice.get("finish_reason")):
            raise cut(self._client.server)
        return text

    def _said(self, delta: Any) -> Iterator[str]:
        """Yield the text of a delta; what a model only thinks (`reasoning_content`) is left."""
        if getattr(delta, "refusal", None):
            raise self._refusal()
        content = getattr(delta, "content", None)
        if content is None:
            return
        if not isinstance(content, str):
            raise nonsense(self._client.server)
        yield content

    def _is_end(self, reason: Any) -> bool:
        """Say whether a reply ends with this reason; raises where it is no good end."""
        if not reason:
            return False
        if reason in _CUT:
            raise ReplyCut(
                f"{self.name} stopped before the end of its reply: allow it more tokens",
                f"{self.name} 没说完就停了：请允许它用更多词元",
            )
        if reason in _REFUSED:
            raise self._refusal()
        return True

    def _refusal(self) -> BadReply:
        return BadReply(
            f"{self.name} refused to reply to this: say it otherwise, or take another model",
            f"{self.name} 拒绝回复：请换个说法，或换一个模型",
        )


class _Fields:
    """A JSON object read by attributes, as the package's own objects are."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.content, self.refusal = fields.get("content"), fields.get("refusal")


def _sendable(message: Mapping[str, str]) -> dict[str, str]:
    """Return a message without halves of characters, which JSON on a wire cannot hold."""
    return {key: value.encode("utf-8", "replace").decode() for key, value in message.items()}


def _first(choices: Any) -> Any:
    return choices[0] if isinstance(choices, list) and choices else None


def load(model: str = "", options: Options | None = None) -> OpenAILLM:
    """Return the language model "openai:`model`".

    Raises:
        BadSetting: no model named, or an option unknown or of the wrong kind.
        MissingExtra: the package `openai` is not installed.
    """
    section = Section("openai", options or {}, _OPTIONS)
    model = model_named(model, "a model", "模型")
    return OpenAILLM(
        model, endpoint(section), window=section.whole("window", 0),
        omit=frozenset(section.texts("omit")), thinking=section.flag("thinking"),
        count=_counter(section.text("tokenizer")),
    )  # fmt: skip


def _counter(encoding: str) -> Count:
    """Return the counter of a tiktoken encoding, or the guess where none is named.

    Only by name, never by itself: tiktoken may fetch an encoding's table from its makers.
    """
    if not encoding:
        return estimate_tokens
    try:
        tiktoken = import_module("tiktoken")
    except ImportError as error:
        raise MissingExtra("openai", "tiktoken") from error
    try:
        known = tiktoken.get_encoding(encoding)
    except Exception as error:
        raise BadSetting(
            "tokenizer in [openai] must be an encoding that tiktoken knows and can load, "
            'e.g. "o200k_base"',
            '[openai] 里的 tokenizer 必须是 tiktoken 认得并能载入的编码，例如 "o200k_base"',
        ) from error
    return lambda text: len(known.encode_ordinary(text))
