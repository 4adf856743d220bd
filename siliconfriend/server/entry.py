"""Signing a browser in: the printed link trades a key for a session's cookie.

The answer is a page with a link, not a redirect: a strict cookie is not sent along a redirect
when the link was clicked on a page of another site.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse

from memorybank.records import Lang
from siliconfriend.server.guard import cookie_name
from siliconfriend.server.keys import SESSION_SECONDS, Key, KeyRing
from siliconfriend.server.problems import lang_of
from siliconfriend.server.refusals import NoKey
from siliconfriend.server.settings import Serving

_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "title": "SiliconFriend",
        "in": "You are signed in on this browser.",
        "go": "Open",
        "here": "The server runs, without a page of its own. What it answers to:",
        "out": "This page needs a sign-in link.",
        "how": "The server printed one when it first started. For another, run:",
        "wrong": "This link is not known here, or has expired. For another, run:",
    },
    "zh": {
        "title": "SiliconFriend",
        "in": "这个浏览器已登录。",
        "go": "打开",
        "here": "服务器正在运行，没有安装网页。它应答：",
        "out": "打开这个页面需要登录链接。",
        "how": "服务器第一次启动时打印过一个。要另一个，请运行：",
        "wrong": "这里不认识这个链接，或它已过期。要另一个，请运行：",
    },
}
_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;"
    "color-scheme:light dark}a,code{font-weight:600}"
)


def router(serving: Serving, keys: KeyRing) -> APIRouter:
    """Return the routes that sign a browser in and out."""
    routes = APIRouter()
    name = cookie_name(serving)

    @routes.get("/enter", include_in_schema=False)
    def enter(
        token: Annotated[str, Query(max_length=200)] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        lang = lang_of(accept_language)
        try:
            session = keys.session(keys.find(token, entering=True))
        except NoKey:
            return no_key_page(lang, "wrong" if token else "how")
        words = _WORDS[lang]
        answer = _page(lang, f'<p>{words["in"]}</p><p><a href="/">{words["go"]} →</a></p>')
        answer.headers["Refresh"] = "1; url=/"
        answer.set_cookie(
            name, session.token, max_age=SESSION_SECONDS, path="/", httponly=True,
            samesite="strict", secure=bool(serving.cert),
        )  # fmt: skip
        return answer

    @routes.post("/leave", include_in_schema=False, status_code=204)
    def leave(request: Request) -> Response:
        key: Key = request.state.key
        keys.end(key)
        answer = Response(status_code=204)
        answer.delete_cookie(name, path="/", httponly=True, samesite="strict")
        return answer

    return routes


def no_page(accept_language: Annotated[str, Header()] = "") -> Response:
    """Say what there is where no page is installed."""
    lang = lang_of(accept_language)
    paths = ("/v1", "/mcp", "/openapi.json")
    listed = "".join(f"<li><code>{path}</code></li>" for path in paths)
    return _page(lang, f"<p>{_WORDS[lang]['here']}</p><ul>{listed}</ul>")


def no_key_page(lang: Lang, why: str = "how") -> Response:
    """Return the page for a browser that is not signed in."""
    words = _WORDS[lang]
    first = f"<p>{words['out']}</p>" if why == "how" else ""
    body = f"{first}<p>{words[why]}</p><p><code>siliconfriend keys link</code></p>"
    return _page(lang, body, 401)


def _page(lang: Lang, body: str, status: int = 200) -> HTMLResponse:
    title = escape(_WORDS[lang]["title"])
    return HTMLResponse(
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body>",
        status,
        {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        },
    )
