"""Who is asking, and what they may: the dependencies of every route.

The guard has found the key already; here it is matched with the scope that a route names. A
route without one of these does not exist: `tests/server/test_guard.py` goes through them all.
They are coroutines, though they wait for nothing: each plain one would be a trip to a thread.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from siliconfriend.server.house import House
from siliconfriend.server.keys import Key, Scope
from siliconfriend.server.refusals import NoKey, NotAllowed

_scheme = HTTPBearer(auto_error=False, description="A key of `siliconfriend keys new`.")


async def the_house(request: Request) -> House:
    """Return what is open while the server runs."""
    house: House = request.app.state.house
    return house


async def key_of(request: Request, _: Annotated[object, Depends(_scheme)] = None) -> Key:
    """Return the key that the guard has found."""
    key: Key | None = getattr(request.state, "key", None)
    if key is None:
        raise NoKey
    return key


class Needs:
    """A dependency: the key, if it has a scope, else NotAllowed."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, key: Annotated[Key, Depends(key_of)]) -> Key:
        """Return the key if it may."""
        if not key.may(self.scope):
            raise NotAllowed(self.scope)
        return key


TheHouse = Annotated[House, Depends(the_house)]
Known = Annotated[Key, Depends(key_of)]
Reader = Annotated[Key, Depends(Needs("read"))]
Writer = Annotated[Key, Depends(Needs("write"))]
Eraser = Annotated[Key, Depends(Needs("erase"))]
Admin = Annotated[Key, Depends(Needs("admin"))]
