"""What goes wrong with an OpenAI-compatible server, as our errors, each naming its cure.

Servers tell one trouble from another by status, code and wording, each a little differently; the
wording is read for that and never quoted, since it may hold the prompt or the key.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

from memorybank.errors import (
    BadReply,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelUnreachable,
    PromptTooLong,
    ReplyCut,
    UnknownModel,
)

_TOO_LONG = re.compile(
    r"context_length|exceed_context|context (?:length|size|window)|maximum context|max_model_len"
    r"|prompt is too long|too many (?:input )?tokens|input length|input is too long"
    r"|max_seq_len|prompt.{0,8}超长|输入.{0,12}(?:过长|超长|超过)|上下文",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_?not_?found|model.{0,80}(?:not exist|not found|not available|no access)|no such model"
    r"|unknown model|invalid model|模型.{0,40}不存在|did not match any model",
    re.IGNORECASE | re.DOTALL,
)
_NO_CREDIT = re.compile(
    r"insufficient_(?:quota|balance|funds)|insufficient balance|exceeded your current quota"
    r"|arrearage|billing|余额|欠费",
    re.IGNORECASE,
)
_PARTS = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "messages")
_READ = 4_000
"""Characters of a server's words that are looked at."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who is spoken of in a message: the model by its name, the server by its host."""

    name: str
    host: str


def failures() -> tuple[type[Exception], ...]:
    """Return what the package `openai` raises: its own errors, and whatever nonsense makes it."""
    own: type[Exception] = import_module("openai").OpenAIError
    return (own, ModelError, ValueError, TypeError, AttributeError, LookupError)


def translated(error: BaseException, server: Server, *, said: bool = False) -> ModelError:
    """Return the error of ours for one that the package `openai` or its wire raised.

    `said`: pieces of the reply had come already, so that a dead line means a reply cut off.
    """
    openai = import_module("openai")
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ModelError):
            return below
        below = below.__cause__
    if isinstance(error, openai.APITimeoutError):
        return unreachable(server, "does not answer in time", "迟迟没有回应")
    if isinstance(error, openai.APIConnectionError):
        if said:
            return cut(server)
        return unreachable(server, "cannot be reached", "连不上")
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, server)
    if isinstance(error, openai.APIError):
        return failing(error.body, server)
    if isinstance(error, ValueError):  # broken JSON, broken UTF-8
        return nonsense(server)
    kind = type(error).__name__
    return ModelError(
        f"{server.name} failed with {kind}: check the model and [openai] in the settings",
        f"{server.name} 出错了（{kind}）：请检查模型和设置里的 [openai]",
    )


def _of_status(error: Any, server: Server) -> ModelError:
    status, words = int(error.status_code), _words(error.body)
    if _TOO_LONG.search(words) and status in (400, 413, 422, 500):
        return too_long(server)
    if status == 402 or (status in (401, 403, 429) and _NO_CREDIT.search(words)):
        return denied(server, "no credit")
    if status == 404 or (status in (400, 403, 422) and _NO_MODEL.search(words)):
        return UnknownModel(
            f"{server.host} does not have {server.name}: check the model's name, and base_url "
            "in [openai], which often ends in /v1",
            f"{server.host} 没有 {server.name}：请检查模型名，以及 [openai] 里的 base_url"
            "（多以 /v1 结尾）",
        )
    if status in (401, 403):
        return denied(server, "wrong key")
    if status == 413:
        return too_long(server)
    if status in (429, 503, 529):
        return _busy(server, retry_after(error.response.headers))
    if status >= 500:
        return unreachable(server, f"failed ({status})", f"出了故障（{status}）")
    if 300 <= status < 400:
        return ModelError(
            f"{server.host} sends {server.name} elsewhere, which is not followed: write the final "
            "address as base_url in [openai]",
            f"{server.host} 把 {server.name} 转到了别处，我们不跟过去："
            "请把最终地址写进 [openai] 的 base_url",
        )
    param = getattr(error, "param", None)
    which = f" because of {param}" if param in _PARTS else ""
    zh = f"（问题出在 {param}）" if which else ""
    return ModelError(
        f"{server.host} refused the request to {server.name} ({status}){which}: what it does not "
        "take can be named in `omit` in [openai]",
        f"{server.host} 拒绝了给 {server.name} 的请求（{status}）{zh}："
        "它不接受的参数可写进 [openai] 的 omit",
    )


def failing(body: Any, server: Server) -> ModelError:
    """Return the error for a server that reports one in the middle of an answer it began well."""
    words = _words(body)
    if _TOO_LONG.search(words):
        return too_long(server)
    if _NO_CREDIT.search(words):
        return denied(server, "no credit")
    return unreachable(server, "reported an error of its own", "自己报了错")


def denied(server: Server, why: str) -> ModelDenied:
    """Return the error for a key that is missing, wrong, or without credit."""
    english, zh = {
        "no key": (
            f"{server.host} needs a key for {server.name}: set OPENAI_API_KEY, or api_key or "
            'api_key_file in [openai]; for a server without keys write api_key = "none"',
            f"{server.host} 的 {server.name} 需要密钥：请设 OPENAI_API_KEY，或 [openai] 里的 "
            'api_key、api_key_file；服务器若不用密钥，写 api_key = "none"',
        ),
        "wrong key": (
            f"{server.host} does not accept the key for {server.name}: check OPENAI_API_KEY, or "
            "api_key in [openai], and that it belongs to this base_url",
            f"{server.host} 不接受用于 {server.name} 的密钥：请检查 OPENAI_API_KEY 或 [openai] "
            "里的 api_key，以及它是否属于这个 base_url",
        ),
        "no credit": (
            f"the account at {server.host} has no credit left for {server.name}: top it up, or "
            "give another key",
            f"{server.host} 的账户已没有额度可用于 {server.name}：请充值，或换一个密钥",
        ),
    }[why]
    return ModelDenied(english, zh)


def unreachable(server: Server, what: str, zh: str) -> ModelUnreachable:
    """Return the error for a server that is away, silent or broken."""
    return ModelUnreachable(
        f"{server.host} {what} ({server.name}): check that it runs and base_url in [openai], or "
        "try again later",
        f"{server.host} {zh}（{server.name}）：请检查它是否在运行、[openai] 里的 base_url 对不对，"
        "或稍后再试",
    )


def _busy(server: Server, wait: float | None) -> ModelBusy:
    when, zh = ("later", "请稍后") if wait is None else (f"in {wait:.0f} s", f"请 {wait:.0f} 秒后")
    return ModelBusy(
        f"{server.host} has too much to do for {server.name}: try again {when}, or give several "
        "keys",
        f"{server.host} 太忙，顾不上 {server.name}：{zh}再试，或多给几个密钥",
        retry_after=wait,
    )


def too_long(server: Server) -> PromptTooLong:
    """Return the error for a prompt that the model cannot take in whole."""
    return PromptTooLong(
        f"the prompt is longer than {server.name} can read: set `window` in [openai] to what it "
        "can, in tokens, or take a model that reads more",
        f"提示比 {server.name} 能读的还长：请把 [openai] 的 window 设为它能读的词元数，"
        "或换一个能读更多的模型",
    )


def nonsense(server: Server) -> BadReply:
    """Return the error for an answer that is not of the protocol."""
    return BadReply(
        f"{server.host} answers, but not as a model does ({server.name}): check base_url in "
        "[openai], which often ends in /v1",
        f"{server.host} 有回应，但不像模型的回应（{server.name}）：请检查 [openai] 里的 base_url"
        "（多以 /v1 结尾）",
    )


def cut(server: Server) -> ReplyCut:
    """Return the error for a reply whose end never came."""
    return ReplyCut(
        f"the reply of {server.name} broke off before its end: try again",
        f"{server.name} 的回复没说完就断了：请重试",
    )


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return how many seconds a server asks us to wait, from its headers; None if it does not."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return float(value) * unit
    try:
        when = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, when - (time.time() if now is None else now))


def _words(body: Any) -> str:
    """Return a server's words on what went wrong, for us to read, never to print."""
    if isinstance(body, Mapping):
        error = body.get("error")
        inner = error if isinstance(error, Mapping) else body
        parts = [inner.get(key) for key in ("code", "type", "message")]
        parts += [error] if isinstance(error, str) else []
        return " ".join(str(part)[:_READ] for part in parts if part)
    return str(body or "")[:_READ]
