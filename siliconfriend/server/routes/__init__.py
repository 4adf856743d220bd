"""Every verb of the library under /v1, one file for each kind; plain functions all of them."""

from fastapi import APIRouter

from siliconfriend.server.routes import banks, keys, look, one, put


def routers() -> list[APIRouter]:
    """Return all of them."""
    return [banks.routes, put.routes, look.routes, one.routes, keys.routes]
