"""One visit: who looks at which bank, in which language, and what they may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from nicegui import ui

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError
from memorybank.records import Lang
from siliconfriend.server.house import DEFAULT_BANK, House
from siliconfriend.server.keys import Key
from siliconfriend.server.keys import Scope as Right
from siliconfriend.server.problems import lang_of
from siliconfriend.server.refusals import NoKey, NotAllowed
from siliconfriend.web.words import word

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SHORT, _LONG = CapacityLimiter(16), CapacityLimiter(64)
"""Threads for looking and for listening."""
LANG = "page lang"
"""Where the bank keeps the language that its pages were last read in."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page needs to know; `named` is the bank in the address, "" for the key's own."""

    house: House
    key: Key
    bank: MemoryBank
    named: str
    lang: Lang
    zone: ZoneInfo

    def say(self, key: str, *values: object) -> str:
        """Return a phrase in the language of this visit."""
        return word(key, self.lang, *values)

    def now(self) -> datetime:
        """Return the time in the bank's zone."""
        return self.house.clock().astimezone(self.zone)

    def to(self, path: str, **more: str) -> str:
        """Return the address of another page of this visit."""
        asked = {"lang": self.lang, "bank": self.named, **more}
        return f"{path}?{urlencode({k: v for k, v in asked.items() if v})}"

    def may(self, right: Right) -> bool:
        """Say whether this browser's key has a right."""
        return self.key.may(right)

    def needs(self, right: Right) -> None:
        """Raise NotAllowed without a right, NoKey where all were taken back meanwhile."""
        self.stands()
        if not self.key.may(right):
            raise NotAllowed(right)

    def stands(self) -> None:
        """Raise NoKey where the key behind this page was taken back or has expired."""
        if not self.house.keys.stands(self.key):
            raise NoKey

    def tried(self, what: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return a handler that tells an error instead of letting it pass."""

        async def handler() -> None:
            try:
                self.stands()
                await what()
            except NoKey:
                ui.notify(self.say("signed out"), type="warning", timeout=8000)
            except MemoryBankError as error:
                ui.notify(error.say(self.lang), type="warning", timeout=8000)

        return handler


async def in_thread(what: Callable[_P, _T], *args: _P.args, **named: _P.kwargs) -> _T:
    """Call a plain function in a thread; what it returns comes back."""
    return await to_thread.run_sync(partial(what, *args, **named), limiter=_SHORT)


async def in_long_thread(what: Callable[_P, _T], *args: _P.args, **named: _P.kwargs) -> _T:
    """Do the same for what may take minutes; such waits never hold up what is short."""
    return await to_thread.run_sync(partial(what, *args, **named), limiter=_LONG)


async def visit(house: House, request: Request) -> Visit:
    """Find out who asks for which bank; makes the key's own bank if it may. Raises UnknownBank."""
    key: Key | None = getattr(request.state, "key", None)
    if key is None:
        raise NoKey
    named = request.query_params.get("bank", "")
    asked = request.query_params.get("lang", "")
    fallback = lang_of(request.headers.get("accept-language", ""))
    wanted: Lang | None = "zh" if asked == "zh" else "en" if asked == "en" else None
    return await in_thread(_opened, house, key, named, wanted, fallback)


def _opened(house: House, key: Key, named: str, wanted: Lang | None, fallback: Lang) -> Visit:
    key_needs_read(key)
    name = named or _first(house, key)
    create = not named and key.may("write")
    bank = house.bank(key, name, create=create, lang=wanted or fallback)
    info = bank.info()
    kept = info.extra.get(LANG)
    if wanted and wanted != kept and key.may("write"):
        bank.set_extra(LANG, wanted)
    lang: Lang = wanted or ("zh" if kept == "zh" else "en" if kept == "en" else fallback)
    return Visit(house, key, bank, named, lang, ZoneInfo(info.zone))


def key_needs_read(key: Key) -> None:
    """Raise NotAllowed where a key may not even look."""
    if not key.may("read"):
        raise NotAllowed("read")


def _first(house: House, key: Key) -> str:
    """Return the bank to open where none is named: the key's, the default, or the only one."""
    if key.bank:
        return key.bank
    names = [info.name for info in house.banks(key)]
    return names[0] if len(names) == 1 else DEFAULT_BANK
