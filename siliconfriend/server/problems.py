"""Errors as problem details (RFC 9457), in the reader's language, each with its cure.

    {"type": "about:blank", "title": "Not Found", "status": 404, "code": "UnknownBank",
     "detail": "no bank named …", "cure": "…", "retry_after": 1.0}

`detail` is the error's own message; `cure` says what to do over HTTP. Neither quotes what a
person said; what was wrong with a body is named by its place, not by its value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from memorybank.errors import MemoryBankError
from memorybank.records import Lang
from siliconfriend.server.unfit import told

LOG = logging.getLogger(__name__)
MEDIA = "application/problem+json"
_CURES: Mapping[str, tuple[str, str]] = {
    "UnknownBank": (
        "GET /v1/banks lists the banks of this key; POST …/remember makes a new one",
        "GET /v1/banks 会列出这个密钥的记忆库；POST …/remember 会新建一个",
    ),
    "UnknownMemory": (
        "GET …/timeline and POST …/recall give the ids of this bank",
        "GET …/timeline 和 POST …/recall 会给出这个记忆库的编号",
    ),
    "EmptyText": ("send a text, a reply, or both", "请给出 text、reply，或两者都给"),
    "TextTooLong": ("send it as several turns", "请分成几轮发送"),
    "BadTime": (
        "send times with a zone, such as 2026-03-01T21:00:00+08:00",
        "请发送带时区的时间，例如 2026-03-01T21:00:00+08:00",
    ),
    "Invalid": (
        "compare the body with GET /openapi.json, which holds an example of each",
        "请对照 GET /openapi.json，那里每一种都有例子",
    ),
    "Method": ("GET /openapi.json lists paths and methods", "GET /openapi.json 列出了路径和方法"),
    "Path": ("GET /openapi.json lists the paths", "GET /openapi.json 列出了全部路径"),
    "OverQuota": (
        "POST …/erase or DELETE a bank to make room, or ask whoever runs the server for more; a "
        "chat with `X-Memory: read` stores nothing and goes on",
        "用 POST …/erase 或删除一个记忆库来腾出空间，或请管理服务器的人放宽；带 `X-Memory: read` 的"
        "聊天什么也不存，可以继续",
    ),
    "Internal": (
        "try again; if it stays, run `memorybank doctor` and look at the server's log",
        "请重试；如果还是这样，请运行 `memorybank doctor` 并查看服务器日志",
    ),
}
_TITLES: Mapping[int, str] = {421: "Misdirected Request"}


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(examples=["body.k"])
    what: str = Field(examples=["Input should be a valid integer"])


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["UnknownBank"])
    detail: str = Field(examples=["no bank named 'emly' in this file; did you mean 'emily'?"])
    cure: str = Field(examples=["GET /v1/banks lists the banks of this key"])
    wrong: list[Wrong] | None = None
    retry_after: float | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (400, 401, 403, 404, 408, 409, 413, 415, 421, 422, 429, 500, 502, 503, 507)
}


def lang_of(accept: str) -> Lang:
    """Return the language of an Accept-Language header: zh if it stands before en."""
    for part in accept.lower().split(","):
        if part.strip().startswith("zh"):
            return "zh"
        if part.strip().startswith("en"):
            return "en"
    return "en"


def body_of(error: MemoryBankError, lang: Lang) -> dict[str, Any]:
    """Return an error as problem details."""
    code = type(error).__name__
    said = error.say(lang)
    cure = _CURES[code][lang == "zh"] if code in _CURES else said
    wait = getattr(error, "retry_after", None)
    return problem(error.status, code, said, cure, retry_after=wait)


def problem(status: int, code: str, detail: str, cure: str, **more: Any) -> dict[str, Any]:
    """Return problem details; what is None is left out."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    told = {
        "type": "about:blank", "title": title, "status": status, "code": code,
        "detail": detail, "cure": cure, **more,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value is not None}


def response(told: Mapping[str, Any]) -> Response:
    """Return problem details as an answer."""
    headers = {"Cache-Control": "no-store"}
    if told.get("retry_after") is not None:
        headers["Retry-After"] = str(ceil(told["retry_after"]))
    if told["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    content = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, told["status"], headers, media_type=MEDIA)


def refused(error: MemoryBankError, accept_language: str) -> Response:
    """Return an error of ours as an answer."""
    return response(body_of(error, lang_of(accept_language)))


def broken(error: BaseException, accept_language: str) -> Response:
    """Return an answer for what nobody foresaw; the log gets its place, never its message."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    LOG.error("unforeseen %s at %s", type(error).__name__, " < ".join(reversed(frames[-6:])))
    return _named("Internal", 500, "something here went wrong", "这里出了点问题", accept_language)


def install(app: FastAPI) -> None:
    """Make an app answer every error with problem details."""

    @app.exception_handler(MemoryBankError)
    def _ours(request: Request, error: MemoryBankError) -> Response:
        if error.status >= 500:
            LOG.warning("%s: %s", type(error).__name__, error)
        return refused(error, _accepts(request))

    @app.exception_handler(Exception)
    def _any(request: Request, error: Exception) -> Response:
        return broken(error, _accepts(request))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        return _unfit(error.errors(), _accepts(request))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        return _plain(error, _accepts(request))


def _accepts(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _unfit(errors: Sequence[Mapping[str, Any]], accept: str) -> Response:
    """Say which places do not fit; a body that is no JSON at all is a 400."""
    syntax = any(error["type"] == "json_invalid" for error in errors)
    zh = lang_of(accept) == "zh"
    detail = (
        ("请求不是合法的 JSON" if zh else "the body is not valid JSON")
        if syntax
        else ("请求不合规定的形式" if zh else "the request does not have the form asked for")
    )
    wrong = [
        {"where": ".".join(map(str, error["loc"]))[:200], "what": told(error, zh=zh)}
        for error in errors[:20]
    ]
    cure = _CURES["Invalid"][zh]
    return response(problem(400 if syntax else 422, "Invalid", detail, cure, wrong=wrong))


def _plain(error: HTTPException, accept: str) -> Response:
    """Answer for what the framework itself refuses: no such path, no such method, no body."""
    told: Mapping[int, tuple[str, str, str]] = {
        404: ("Path", "there is nothing at this path", "这个路径下什么也没有"),
        405: ("Method", "this path does not take this method", "这个路径不接受这种方法"),
        400: ("Invalid", "the body cannot be read", "请求体无法读取"),
    }
    code, en, zh = told.get(error.status_code, ("Invalid", "the request is refused", "请求被拒绝"))
    answer = _named(code, error.status_code, en, zh, accept)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _named(code: str, status: int, en: str, zh: str, accept: str) -> Response:
    chinese = lang_of(accept) == "zh"
    cure = _CURES[code][chinese]
    return response(problem(status, code, zh if chinese else en, cure))
