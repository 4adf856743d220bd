"""One memory: explain, pin, unpin, fade, revive, correct, erase."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from memorybank.verbs.would_erase import would_erase
from siliconfriend.server import answers
from siliconfriend.server.access import Eraser, Reader, TheHouse, Writer
from siliconfriend.server.answers import answer
from siliconfriend.server.bodies import (
    Answered,
    BankName,
    Correction,
    IdInPath,
    NowInQuery,
    Used,
    WhatToErase,
)
from siliconfriend.server.problems import RESPONSES

routes = APIRouter(prefix="/v1/banks/{bank}", tags=["one memory"], responses=RESPONSES)


_WOULD_ERASE = {
    "turns": 1, "summaries": 1, "statements": 1, "ids": ["0199f1b2-7c1a-7000-8000-000000000001"],
    "along": [
        {"id": "0199f1b2-7c1a-7000-8000-000000000002", "level": "day", "period": "2026-03-01"},
        {"id": "0199f1b2-7c1a-7000-8000-000000000003", "level": "statement",
         "period": "2026-03-01"},
    ],
    "stand_again": [],
}  # fmt: skip


class Corrected(BaseModel):
    """The id of the memory that counts from now on."""

    id: str


@routes.get("/memories/{memory_id}", response_model=answers.Explanation)
def explain(
    house: TheHouse, key: Reader, bank: BankName, memory_id: IdInPath, now: NowInQuery = None
) -> Response:
    """Show all that is known about one memory: significance, curve, log, kin."""
    return answer(house.bank(key, bank).explain(memory_id, now=now))


@routes.post("/memories/{memory_id}/pin", status_code=204)
def pin(house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath) -> Response:
    """Keep a memory from ever fading."""
    house.bank(key, bank).pin(memory_id)
    return Response(status_code=204)


@routes.post("/memories/{memory_id}/unpin", status_code=204)
def unpin(house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath) -> Response:
    """Let a pinned memory follow its curve again."""
    house.bank(key, bank).unpin(memory_id)
    return Response(status_code=204)


@routes.post("/memories/{memory_id}/fade", status_code=204)
def fade(house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath) -> Response:
    """Put a memory out of ordinary recall; nothing is lost."""
    house.bank(key, bank).fade(memory_id)
    return Response(status_code=204)


@routes.post("/memories/{memory_id}/revive", status_code=204)
def revive(house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath) -> Response:
    """Bring a faded memory back."""
    house.bank(key, bank).revive(memory_id)
    return Response(status_code=204)


@routes.post("/memories/{memory_id}/correct", response_model=Corrected, status_code=201)
def correct(
    house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath, body: Correction
) -> Response:
    """Replace what a memory says; the old one stays visible as such."""
    opened = house.bank(key, bank)
    new = opened.correct(memory_id, body.text, reply=body.reply, now=body.now)
    house.nudge()
    return answer({"id": new}, 201)


@routes.post("/memories/{memory_id}/answer", response_model=Corrected)
def answer_turn(
    house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath, body: Answered
) -> Response:
    """Give a turn that was stored when it was said its reply, or another one."""
    told = house.bank(key, bank).answer(memory_id, body.reply, used=body.used, now=body.now)
    house.nudge()
    return answer({"id": told})


@routes.post("/memories/{memory_id}/strengthen", status_code=204)
def strengthen(
    house: TheHouse, key: Writer, bank: BankName, memory_id: IdInPath, body: Used
) -> Response:
    """Let memories grow stronger that a turn has called to mind, once each."""
    house.bank(key, bank).strengthen(memory_id, body.used)
    return Response(status_code=204)


@routes.delete("/memories/{memory_id}", response_model=answers.ErasedShape)
def erase(house: TheHouse, key: Eraser, bank: BankName, memory_id: IdInPath) -> Response:
    """Erase a turn for good, with everything derived from it; answers with a receipt."""
    erased = house.bank(key, bank).erase(memory_id)
    house.nudge()
    return answer(erased)


@routes.post("/erase", response_model=answers.ErasedShape)
def erase_many(house: TheHouse, key: Eraser, bank: BankName, body: WhatToErase) -> Response:
    """Erase turns by id, day or source, for good; `/erase/preview` says what would go along."""
    erased = house.bank(key, bank).erase(
        *body.ids, day=body.day, source=body.source, versions=body.versions
    )
    house.nudge()
    return answer(erased)


# A path of its own and no option of the other: a misspelt option would erase.
@routes.post(
    "/erase/preview",
    response_model=answers.WouldEraseShape,
    responses={200: {"content": {"application/json": {"example": _WOULD_ERASE}}}},
)
def erase_preview(house: TheHouse, key: Reader, bank: BankName, body: WhatToErase) -> Response:
    """Say what erasing the same would take along; nothing is erased."""
    opened = house.bank(key, bank)
    told = would_erase(
        opened.desk, ids=body.ids, day=body.day, source=body.source, versions=body.versions
    )
    return answer(told)
