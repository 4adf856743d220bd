"""A language model in one file, in this process: "gguf:/path/model.gguf", settings in `[gguf]`.

By xllamacpp, which is llama.cpp; its own server is told to write nothing and, since it opens a
door on 127.0.0.1 in any case, to let in whoever holds a key that only this object knows.

Law of this file: xllamacpp is given nothing that was not looked at (it tells a missing file from
a broken one by the same words), and is called from worker threads alone, so that Ctrl-C and a
listener who leaves are heard while it works. A process that ends while it generates would abort:
`close`, which also runs at exit, stops it first. A forked child hangs: start children by spawn.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from memorybank.adapters.options import Section
from memorybank.adapters.thinking import without_thoughts
from memorybank.compose import estimate_tokens
from memorybank.errors import (
    BadReply,
    BadSetting,
    MissingExtra,
    ModelError,
    PromptTooLong,
    ReplyCut,
)
from memorybank.models import Messages, Options, Style

_OPTIONS = frozenset({"context", "threads", "lora", "seed", "thinking"})
_MAGIC = b"GGUF"
PROMPTS_KEPT = 256
"""MiB of earlier prompts that are kept to be read faster; llama.cpp would take 8 GiB."""
GRACE = 30.0
"""Seconds given to a running reply to notice that it should stop; it looks after each token."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a file is to be run. `context` is in tokens; `lora` pairs adapter files with scales."""

    path: Path
    context: int = 4096
    threads: int = 1
    lora: tuple[tuple[Path, float], ...] = ()
    seed: int | None = None
    thinking: bool = False


class GGUF:
    """Satisfies `LLM`. Safe to use from several threads; replies are made one after another."""

    def __init__(self, recipe: Recipe) -> None:
        self.name, self.window = f"gguf:{recipe.path.name}", recipe.context
        self._recipe = recipe
        self._engine = _Engine(recipe, self.name)
        self.close = weakref.finalize(self, self._engine.stop)
        """Stop generating and free the model; runs by itself at exit. Once is enough."""
        self._counted = lru_cache(4096)(self._engine.count)

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the reply without its thoughts; closing the iterator stops the model."""
        asked: dict[str, Any] = {
            "temperature": style.temperature, "top_p": style.top_p,
            "max_tokens": style.max_tokens, "stop": list(style.stop) or None,
            "seed": self._recipe.seed,
        }  # fmt: skip
        request = {key: value for key, value in asked.items() if value is not None}
        request |= {"messages": [dict(message) for message in messages], "stream": True}
        chunks = self._engine.generate(request)
        try:
            yield from without_thoughts(self._said(chunks), thinking=self._recipe.thinking)
        finally:
            chunks.close()

    def count(self, text: str) -> int:
        """Return how many tokens a text has by the model's own tokenizer."""
        return self._counted(text)

    def _said(self, chunks: Iterator[Any]) -> Iterator[str]:
        for chunk in chunks:
            if not isinstance(chunk, Mapping):
                raise self._odd()
            if chunk.get("error"):
                raise self._failure(chunk["error"])
            choice = (chunk.get("choices") or [{}])[0]
            yield (choice.get("delta") or {}).get("content") or ""
            if choice.get("finish_reason") == "length":
                raise ReplyCut(
                    f"{self.name} stopped before the end of its reply: allow it more tokens, or "
                    "set a larger context in [gguf]",
                    f"{self.name} 没说完就停了：请允许它用更多词元，或把 [gguf] 的 context 调大",
                )
            if choice.get("finish_reason"):
                return
        raise ReplyCut(
            f"the reply of {self.name} broke off before its end: try again",
            f"{self.name} 的回复没说完就断了：请重试",
        )

    def _failure(self, error: Any) -> ModelError:
        if isinstance(error, Mapping) and error.get("type") == "exceed_context_size_error":
            return PromptTooLong(
                f"the prompt is longer than the {self.window:,} tokens that {self.name} was given: "
                "set a larger context in [gguf]",
                f"提示超过了给 {self.name} 的 {self.window:,} 个词元：请把 [gguf] 的 context 调大",
            )
        return self._odd()

    def _odd(self) -> BadReply:
        return BadReply(
            f"{self.name} could not make a reply: its chat template may not know these roles; try "
            "another model",
            f"{self.name} 没能给出回复：它的对话模板可能不认这些角色；请换一个模型",
        )


@dataclass
class _Engine:
    """The model while it runs: opened at the first need, called from worker threads alone."""

    recipe: Recipe
    name: str
    server: Any = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    opening: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)
    workers: set[threading.Thread] = field(default_factory=set)

    def generate(self, request: dict[str, Any]) -> Any:
        """Yield what the model's server streams; closing the generator stops it."""
        left = threading.Event()

        def work(give: Callable[[Any], None]) -> None:
            def heard(chunk: Any) -> bool:
                give(chunk)
                return left.is_set() or self.stopping.is_set()

            self._opened().handle_chat_completions(request, heard)

        try:
            yield from self._at_work(work)
        finally:
            left.set()

    def count(self, text: str) -> int:
        """Return how many tokens a text has; a guess if the model's server will not say."""
        tokens = next(self._at_work(lambda give: give(self._tokens(text))))
        return int(tokens)

    def stop(self) -> None:
        """Let running replies end at their next token, then free the model."""
        self.stopping.set()
        for worker in [*self.workers]:
            worker.join(GRACE)
        self.server = None

    def _at_work(self, work: Callable[[Callable[[Any], None]], None]) -> Iterator[Any]:
        """Yield what `work` gives, from a thread of its own; errors come over too."""
        given: SimpleQueue[tuple[str, Any]] = SimpleQueue()

        def run() -> None:
            try:
                work(lambda item: given.put(("item", item)))
                given.put(("end", None))
            except BaseException as error:
                given.put(("error", error))
                if not isinstance(error, Exception):
                    raise
            finally:
                self.workers.discard(worker)

        worker = threading.Thread(target=run, daemon=True, name=self.name)
        self.workers.add(worker)
        worker.start()
        while True:
            kind, item = given.get()
            if kind == "error":
                raise item
            if kind == "end":
                return
            yield item

    def _opened(self) -> Any:
        with self.opening:
            if self.server is None:
                try:
                    self.server = import_module("xllamacpp").Server(_params(self.recipe, self.key))
                except RuntimeError as error:
                    raise _unusable(self.recipe) from error
                self._tokens_by(self.server, "")  # it must not be freed before it is ready
            return self.server

    def _tokens(self, text: str) -> int:
        found = self._tokens_by(self._opened(), text)
        return estimate_tokens(text) if found is None else found

    def _tokens_by(self, server: Any, text: str) -> int | None:
        door = urlsplit(server.listening_address)
        line = http.client.HTTPConnection(door.hostname or "127.0.0.1", door.port, timeout=GRACE)
        try:
            line.request(
                "POST", "/tokenize", json.dumps({"content": text}).encode("utf-8"),
                {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
            )  # fmt: skip
            answer = json.loads(line.getresponse().read())
            return len(answer["tokens"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return None
        finally:
            line.close()


def _params(recipe: Recipe, key: str) -> Any:
    xllamacpp = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(recipe.path)
    params.n_ctx, params.n_parallel = recipe.context, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = recipe.threads
    params.verbosity = -1  # not a word on the terminal, not even of what goes wrong
    params.ui = params.warmup = params.endpoint_slots = False
    params.cache_ram_mib = PROMPTS_KEPT
    params.api_keys, params.cors_origins = [key], "http://127.0.0.1"
    params.lora_adapters = [
        xllamacpp.CommonAdapterLoraInfo(str(path), scale) for path, scale in recipe.lora
    ]
    return params


def load(model: str = "", options: Options | None = None) -> GGUF:
    """Return the language model in the file `model`; it is read at the first need.

    Raises:
        BadSetting: no such file, a file of another kind, or an option unknown or wrong.
        MissingExtra: xllamacpp is not installed.
    """
    section = Section("gguf", options or {}, _OPTIONS)
    if not model.strip():
        raise BadSetting(
            '"gguf:" needs a file: write "gguf:/path/model.gguf"',
            "“gguf:”后面还要写文件：请写“gguf:/路径/模型.gguf”",
        )
    if find_spec("xllamacpp") is None:
        raise MissingExtra("gguf", "xllamacpp")
    seed = section.whole("seed", -1, -1)
    return GGUF(Recipe(
        path=_sound(model), context=section.whole("context", 4096, 16),
        threads=section.whole("threads", max(1, (os.cpu_count() or 2) // 2), 1),
        lora=tuple(_adapters(section)), seed=None if seed < 0 else seed,
        thinking=section.flag("thinking"),
    ))  # fmt: skip


def _adapters(section: Section) -> Iterator[tuple[Path, float]]:
    """Yield the adapters of `lora`: a path, or a list of paths and of tables {path, scale}."""
    given = section.options.get("lora", [])
    for one in given if isinstance(given, list) else [given]:
        table = {"path": one} if isinstance(one, str) else one
        path, scale = (table.get("path"), table.get("scale", 1.0)) if _is_lora(table) else (0, 0)
        if not isinstance(path, str) or not isinstance(scale, (int, float)):
            raise section.wrong(
                "lora", 'a list of paths, or of tables such as {path = "a.gguf", scale = 0.5}',
                '一列路径，或 {path = "a.gguf", scale = 0.5} 这样的表',
            )  # fmt: skip
        yield _sound(path), float(scale)


def _is_lora(table: Any) -> bool:
    return isinstance(table, Mapping) and table.keys() <= {"path", "scale"}


def _sound(name: str) -> Path:
    """Return the path of a file that begins as a GGUF file must; raises BadSetting."""
    path = Path(name.strip()).expanduser()
    try:
        with path.open("rb") as file:
            is_gguf = file.read(4) == _MAGIC
    except (OSError, ValueError) as error:
        raise BadSetting(
            f"no file can be read at {path}: check the path, and who may read it",
            f"读不到 {path} 这个文件：请检查路径和读取权限",
        ) from error
    if not is_gguf:
        raise BadSetting(
            f"{path} is not a GGUF file: models and adapters in other formats must be converted",
            f"{path} 不是 GGUF 文件：其他格式的模型和适配器要先转换",
        )
    return path


def _unusable(recipe: Recipe) -> ModelError:
    adapters, zh = (" or its adapters", "或它的适配器") if recipe.lora else ("", "")
    return ModelError(
        f"{recipe.path}{adapters} cannot be opened though they begin as GGUF files do: a file "
        "broken off, of a newer kind, or too big for the memory; or an adapter of another model",
        f"{recipe.path}{zh}开头是 GGUF，却打不开：文件不完整、版本太新、内存放不下，"
        "或适配器属于另一个模型",
    )
