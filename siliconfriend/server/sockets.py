"""A socket that stays open no longer than its key stands.

A request shows its key each time; a socket shows it once, and may then live for days. So the key
is looked up again with each message, in both directions, and every few seconds of silence; once
it is taken back or has expired, nothing passes any more and the socket is closed.
"""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Send

from siliconfriend.server.keys import Key, KeyRing

GONE = 1008
"""The close code for a broken rule."""


class Watched:
    """Stands between an app and one socket; `seconds` of silence pass between two looks."""

    def __init__(
        self, receive: Receive, send: Send, keys: KeyRing, key: Key, seconds: float
    ) -> None:
        self._receive, self._send = receive, send
        self._keys, self._key, self._seconds = keys, key, seconds
        self._over = False

    async def receive(self) -> Message:
        """Return the next message, or that the socket is closed."""
        coming = asyncio.ensure_future(self._receive())
        try:
            while await self._stands():
                done, _ = await asyncio.wait([coming], timeout=self._seconds)
                if done and await self._stands():
                    return coming.result()
        finally:
            if not coming.done():
                coming.cancel()
        return {"type": "websocket.disconnect", "code": GONE}

    async def send(self, message: Message) -> None:
        """Send a message, unless the key is gone."""
        if await self._stands():
            self._over = message["type"] == "websocket.close"
            await self._send(message)

    async def _stands(self) -> bool:
        """Say whether the key still stands; closes the socket when it is found not to."""
        if not self._over and not self._keys.stands(self._key):
            self._over = True
            await self._send({"type": "websocket.close", "code": GONE})
        return not self._over
