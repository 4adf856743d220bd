"""Keys of one's own tenant: list, make with no more than one's own rights, revoke."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from siliconfriend.server.access import Admin, Known, TheHouse
from siliconfriend.server.answers import answer
from siliconfriend.server.bodies import KeyWish
from siliconfriend.server.keys import Key
from siliconfriend.server.problems import RESPONSES
from siliconfriend.server.refusals import NotAllowed

routes = APIRouter(prefix="/v1/keys", tags=["keys"], responses=RESPONSES)


class ShownKey(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    bank: str
    scopes: list[str]
    rate: float
    created_at: int
    expires_at: int
    used_at: int


class MadeKey(ShownKey):
    """A key with its secret, which is shown this once."""

    token: str


def shown(key: Key) -> dict[str, Any]:
    """Return what may be seen of a key."""
    return {
        "id": key.id, "name": key.name, "bank": key.bank, "scopes": sorted(key.scopes),
        "rate": key.rate, "created_at": key.created_at, "expires_at": key.expires_at,
        "used_at": key.used_at,
    }  # fmt: skip


@routes.get("", response_model=list[ShownKey])
def list_keys(house: TheHouse, key: Admin) -> Response:
    """List the keys of this key's tenant, never their secrets."""
    found = house.keys.all(key.tenant)
    return answer([shown(k) for k in found if not key.bank or k.bank == key.bank])


@routes.get("/mine", response_model=ShownKey)
def my_key(key: Known) -> Response:
    """Show what the key that asks may do."""
    return answer(shown(key))


@routes.post("", response_model=MadeKey, status_code=201)
def make_key(house: TheHouse, key: Admin, body: KeyWish) -> Response:
    """Make a key for the same tenant; it can neither do more nor last longer than this one."""
    for scope in body.scopes:
        if not key.may(scope):
            raise NotAllowed(scope)
    left = key.expires_at - house.keys.clock() if key.expires_at else None
    seconds = min(filter(None, (left, body.seconds)), default=None)
    made = house.keys.make(
        body.name, tenant=key.tenant, bank=key.bank or body.bank, scopes=body.scopes,
        rate=min(filter(None, (key.rate, body.rate)), default=0.0), seconds=seconds,
    )  # fmt: skip
    return answer({**shown(made.key), "token": made.token}, 201)


@routes.delete("/{key_id}", status_code=204)
def revoke_key(house: TheHouse, key: Admin, key_id: str) -> Response:
    """Take a key back, and every browser session that came of it."""
    house.keys.revoke(key_id, key.tenant, key.bank)
    return Response(status_code=204)
