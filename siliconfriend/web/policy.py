"""The Content-Security-Policy of the page: scripts by a nonce alone, nothing from elsewhere.

The framework evaluates its templates in the browser, so `'unsafe-eval'` stays; inline scripts
must carry a nonce that is new with each answer. Inline style *attributes* are allowed, since the
framework places things with them; they can fetch nothing that `img-src` and `font-src` do not
allow.
"""

from __future__ import annotations

import re
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAGS = re.compile(rb"<(script)(?=[\s>])")


def policy(nonce: str) -> str:
    """Return the policy of a page whose own scripts carry `nonce`."""
    return (
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


class PagePolicy:
    """Adds the policy to every HTML answer without one of its own, and a nonce to its scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; rewrite the answer where it is a page."""
        if scope["type"] != "http" or scope["path"] == "/enter":
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Page(send))


class _Page:
    """Sends one answer; one that is a page is held until it is whole."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        """Take one message of an answer."""
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
            return
        if self.start is None:
            await self.send(message)
            return
        self.body += message.get("body", b"")
        if message.get("more_body"):
            return
        nonce = secrets.token_urlsafe(16)
        body = _TAGS.sub(rb'<\1 nonce="' + nonce.encode() + rb'"', self.body)
        kept = [(n, v) for n, v in self.start["headers"] if n.lower() != b"content-length"]
        own = [
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", policy(nonce).encode()),
        ]
        await self.send({**self.start, "headers": kept + own})
        await self.send({"type": "http.response.body", "body": body})


def _is_page(message: Message) -> bool:
    headers = {name.lower(): value for name, value in message.get("headers", [])}
    page = headers.get(b"content-type", b"").startswith(b"text/html")
    return page and b"content-security-policy" not in headers
