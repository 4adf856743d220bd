"""Banks: list, make, look at, hold by another curve, digest, export, erase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from memorybank.bank import MemoryBank
from memorybank.errors import UnknownBank
from memorybank.intake import volumes
from siliconfriend.server.access import Admin, Eraser, Reader, TheHouse, Writer
from siliconfriend.server.answers import BankInfo, BankInfos, DigestedShape, Jobs, answer
from siliconfriend.server.bodies import BankName, NewBank, NowInQuery, PresetName
from siliconfriend.server.problems import RESPONSES

routes = APIRouter(prefix="/v1/banks", tags=["banks"], responses=RESPONSES)


@routes.get("", response_model=BankInfos)
def list_banks(house: TheHouse, key: Reader) -> Response:
    """List the banks that this key opens."""
    return answer(house.banks(key))


@routes.post("", response_model=BankInfo, status_code=201, responses={200: {"model": BankInfo}})
def make_bank(house: TheHouse, key: Writer, body: NewBank) -> Response:
    """Make a bank; one that is there already is returned as it is, with 200."""
    known = body.name in {info.name for info in house.banks(key)}
    bank = house.bank(
        key, body.name, create=True, lang=body.lang, zone=body.zone, preset=body.preset or ""
    )
    return answer(bank.info(), 200 if known else 201)


@routes.get("/{bank}", response_model=BankInfo)
def look_at_bank(house: TheHouse, key: Reader, bank: BankName) -> Response:
    """Show a bank's language, zone, curve and extent."""
    return answer(house.bank(key, bank).info())


@routes.delete("/{bank}", status_code=204)
def erase_bank(house: TheHouse, key: Eraser, bank: BankName) -> Response:
    """Erase a whole bank, for good."""
    house.bank(key, bank).erase_bank()
    return Response(status_code=204)


@routes.put("/{bank}/preset", response_model=BankInfo)
def change_preset(house: TheHouse, key: Admin, bank: BankName, body: PresetName) -> Response:
    """Hold every memory by another curve; the log stays, so this can be undone."""
    opened = house.bank(key, bank)
    opened.change_preset(body.preset)
    return answer(opened.info())


@routes.post(
    "/{bank}/digest",
    response_model=Jobs,
    status_code=202,
    responses={200: {"model": DigestedShape}},
)
def digest(
    house: TheHouse,
    key: Writer,
    bank: BankName,
    wait: Annotated[bool, Query(description="Do it now, instead of asking for it.")] = False,
    now: NowInQuery = None,
) -> Response:
    """Condense what has changed: asks the worker and answers with the queue, or does it now."""
    opened = house.bank(key, bank)
    if wait:
        return answer(house.digest_now(opened, now))
    house.ask_for(opened)
    return answer(opened.jobs(), 202)


@routes.post("/{bank}/embed", response_model=dict[str, int])
def embed_pending(house: TheHouse, key: Writer, bank: BankName) -> Response:
    """Make the vectors that were deferred."""
    return answer({"made": house.bank(key, bank).embed_pending()})


@routes.post("/{bank}/reembed", response_model=dict[str, int])
def change_embedder(house: TheHouse, key: Admin, bank: BankName) -> Response:
    """Make every vector anew with the embedder that the server runs with."""
    return answer({"made": house.bank(key, bank).change_embedder()})


@routes.get("/{bank}/jobs", response_model=Jobs)
def jobs(house: TheHouse, key: Reader, bank: BankName) -> Response:
    """Show the work that waits: days to digest, vectors to make, what failed and when next."""
    return answer(house.bank(key, bank).jobs())


@routes.get(
    "/{bank}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
def export(house: TheHouse, key: Reader, bank: BankName) -> Response:
    """Give all turns back, one JSON object a line; POST …/turns takes them again."""
    opened = house.bank(key, bank)
    lines = _lines(opened, opened.info().name)
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _lines(bank: MemoryBank, name: str) -> Iterator[bytes]:
    found = volumes(bank, only=name)
    if not found:
        raise UnknownBank(name)
    for turn in found[0].turns:
        yield json.dumps(turn.to_json(), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
