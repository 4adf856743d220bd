"""An open model that talks: prompt, window, streaming, stop strings; satisfies `LLM`."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import torch
from transformers import TextIteratorStreamer

from memorybank.adapters.thinking import without_thoughts
from memorybank.adapters.transformers.device import is_out_of_memory, no_memory
from memorybank.adapters.transformers.families import (
    PLAIN,
    Format,
    Template,
    TemplateRefused,
    family_of,
)
from memorybank.adapters.transformers.opening import Opened
from memorybank.adapters.transformers.stops import until_stop
from memorybank.errors import BadSetting, ModelError, PromptTooLong, ReplyCut
from memorybank.models import Messages, Style

WINDOWS = ("max_position_embeddings", "max_sequence_length", "seq_length", "n_positions")
UNBOUNDED = 10**6
"""A tokenizer that does not know its window says 10^30."""


class TransformersLLM:
    """Talks through one model; one reply at a time, others wait for their turn."""

    def __init__(
        self,
        opened: Opened,
        *,
        form: str = "auto",
        window: int = 0,
        max_tokens: int = 512,
        template: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.device = opened.name, opened.device
        self.model, self.tokenizer = opened.model, opened.tokenizer
        self.window = window or window_of(self.model.config, self.tokenizer)
        self.max_tokens = max_tokens
        self.format = format_of(self.tokenizer, self.model.config.model_type, form, template)
        self.ends = end_tokens(self.model, self.tokenizer, self.format)
        self._busy = threading.Lock()

    def count(self, text: str) -> int:
        """Return how many tokens a text has."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def stream(self, messages: Messages, style: Style) -> Iterator[str]:
        """Yield the reply as it comes; closing the iterator stops the model after its next token.

        Raises PromptTooLong before the model is asked, ReplyCut where `max_tokens` or the window
        ended the reply, ModelError where memory did.
        """
        given = self._tokens(messages)
        room = style.max_tokens or self.max_tokens
        if self.window:
            room = min(room, self.window - given.shape[1])
        run = _Run(self, given, room, style)
        pieces = run.pieces()
        try:
            stops = (*style.stop, *self.format.stops)
            yield from without_thoughts(until_stop(pieces, stops))
        finally:
            pieces.close()
        run.check()

    def _tokens(self, messages: Messages) -> Any:
        try:
            prompt = self.format.prompt(messages)
        except TemplateRefused as error:
            raise ModelError(
                f"{self.name}: its chat template refuses this conversation: set format = "
                '"belle" or "chatglm" in [transformers]',
                f"{self.name}：它的对话模板不接受这段对话：请在 [transformers] 里设 format 为 "
                "belle 或 chatglm",
            ) from error
        opening, closing = frame_of(self.tokenizer, self.format)
        bare = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        given = torch.tensor([[*opening, *bare, *closing]])
        if self.window and given.shape[1] >= self.window:
            raise PromptTooLong(
                f"the prompt has {given.shape[1]:,} tokens, {self.name} reads {self.window:,}: "
                "lower the budget of the context",
                f"提示有 {given.shape[1]:,} 个词元，{self.name} 最多读 {self.window:,} 个："
                "请减小上下文的预算",
            )
        return given


class _Run:
    """One reply: the model generates in a thread of its own, we listen."""

    def __init__(self, llm: TransformersLLM, given: Any, room: int, style: Style) -> None:
        self.llm, self.given, self.room, self.style = llm, given, room, style
        self.stopped = threading.Event()
        self.error: BaseException | None = None
        self.made: list[int] = []
        self.whole = False
        """Whether all that was made has been heard: no stop string came before."""
        self.streamer = TextIteratorStreamer(
            llm.tokenizer, skip_prompt=True, skip_special_tokens=True
        )

    def pieces(self) -> Generator[str, None, None]:
        """Yield what the model writes; stop it when nobody listens any more."""
        worker = threading.Thread(target=self._generate, name="reply", daemon=True)
        worker.start()
        try:
            yield from self.streamer
            self.whole = True
        finally:
            self.stopped.set()
            worker.join()

    def check(self) -> None:
        """Raise what went wrong; nothing if the reply ended by its own end mark or a stop."""
        if self.error is not None:
            if is_out_of_memory(self.error):
                raise no_memory("replying", "回复") from self.error
            raise ModelError(
                f"{self.llm.name} failed with {type(self.error).__name__}: check the model, "
                "or its settings",
                f"{self.llm.name} 出错了（{type(self.error).__name__}）：请检查模型或它的设置",
            ) from self.error
        if self.whole and len(self.made) >= self.room and self.made[-1] not in self.llm.ends:
            raise ReplyCut(
                f"the reply reached {self.room:,} tokens before its end: raise max_tokens, or "
                "lower the budget of the context",
                f"回复到 {self.room:,} 个词元还没说完：请调大 max_tokens，或减小上下文的预算",
            )

    def _generate(self) -> None:
        llm = self.llm
        try:
            with llm._busy, torch.inference_mode():
                given = self.given.to(llm.device.name)
                out = llm.model.generate(
                    input_ids=given,
                    attention_mask=torch.ones_like(given),
                    max_new_tokens=self.room,
                    eos_token_id=sorted(llm.ends) or None,
                    pad_token_id=pad_of(llm.tokenizer, llm.ends),
                    streamer=self.streamer,
                    stopping_criteria=[self._done],
                    **self._choice(),
                )
            # Whoever listens has heard the end by now, and waits for this thread.
            self.made = out[0, given.shape[1] :].tolist()
        except BaseException as error:  # noqa: BLE001 - told to whoever listens, in `check`
            self.error = error
            self.streamer.text_queue.put(self.streamer.stop_signal)

    def _done(self, ids: Any, scores: Any, **_: Any) -> Any:
        return torch.full((ids.shape[0],), self.stopped.is_set(), device=ids.device)

    def _choice(self) -> dict[str, Any]:
        """Return how the next token is chosen; what the style leaves open is the model's own."""
        temperature, top_p = self.style.temperature, self.style.top_p
        if temperature == 0:
            return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        given = {"temperature": temperature, "top_p": top_p}
        chosen: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        return {**chosen, "do_sample": True} if chosen else {}


def window_of(config: Any, tokenizer: Any) -> int:
    """Return how many tokens a model reads; 0 where nobody knows."""
    sizes = [getattr(config, name, None) for name in WINDOWS]
    known = [size for size in sizes if isinstance(size, int) and size > 0][:1]
    limit = getattr(tokenizer, "model_max_length", None)
    if isinstance(limit, int) and 0 < limit < UNBOUNDED:
        known.append(limit)
    return min(known, default=0)


def format_of(
    tokenizer: Any, model_type: str, form: str = "auto", extra: Mapping[str, Any] | None = None
) -> Format:
    """Return how to write conversations for a model: its template, its family's, or `form`."""
    if form in PLAIN:
        return PLAIN[form]
    if form != "auto":
        raise BadSetting(
            f"format {form}: choose auto, {', '.join(PLAIN)}",
            f"format {form}：请选 auto、{'、'.join(PLAIN)}",
        )
    if not getattr(tokenizer, "chat_template", None):
        return family_of(model_type)
    from jinja2 import TemplateError

    def render(messages: Messages, opened: bool) -> str:
        try:
            return str(
                tokenizer.apply_chat_template(
                    list(messages), tokenize=False, add_generation_prompt=opened, **(extra or {})
                )
            )
        except (TemplateError, TypeError) as error:
            raise TemplateRefused from error

    return Template(render, tuple(s for s in tokenizer.all_special_tokens if s.strip()))


def end_tokens(model: Any, tokenizer: Any, form: Format) -> set[int]:
    """Return the tokens that end a reply: the model's, the tokenizer's and the template's own.

    Checkpoints often forget to list the mark with which their template ends a turn.
    """
    known = getattr(model.generation_config, "eos_token_id", None)
    ends = set(known) if isinstance(known, list) else {known, tokenizer.eos_token_id}
    if isinstance(form, Template):
        try:
            last = form.parts(
                [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
            )
            tail = last[-1].text.split("b", 1)[-1]
        except TemplateRefused:
            tail = ""
        ids = tokenizer(tail, add_special_tokens=False)["input_ids"][:1] if tail else []
        ends |= set(ids) & set(tokenizer.all_special_ids)
    return {end for end in ends if isinstance(end, int)}


def frame_of(tokenizer: Any, form: Format) -> tuple[list[int], list[int]]:
    """Return the marks that belong before and after a prompt.

    A template writes its own; a plain format leaves them to the tokenizer, the first ChatGLM's
    among them, which puts its two at the end. An end of text is no beginning of a reply.
    """
    if isinstance(form, Template):
        return [], []
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    after = [i for i in whole[at + len(bare) :] if i != tokenizer.eos_token_id]
    return whole[:at], after


def pad_of(tokenizer: Any, ends: set[int]) -> int:
    """Return the token to pad with; any will do, since it is masked."""
    pad = tokenizer.pad_token_id
    return int(pad) if pad is not None else min(ends, default=0)
