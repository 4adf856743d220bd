"""The way in: one exchange, many turns, a message list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from memorybank.records import Turn
from memorybank.verbs.remember import remember as store
from siliconfriend.server.access import TheHouse, Writer
from siliconfriend.server.answers import answer
from siliconfriend.server.bodies import BankName, Remember, RememberMessages, RememberTurns, Said
from siliconfriend.server.problems import RESPONSES

routes = APIRouter(prefix="/v1/banks/{bank}", tags=["remember"], responses=RESPONSES)


class Stored(BaseModel):
    """The ids under which turns are kept, in their order."""

    ids: list[str] = Field(examples=[["0199f1b2-7c1a-7000-8000-000000000001"]])
    new: int = Field(examples=[1])


@routes.post("/remember", response_model=Stored, status_code=201)
def remember(house: TheHouse, key: Writer, bank: BankName, body: Remember) -> Response:
    """Remember one exchange, durably; makes the bank if there is none of this name."""
    opened = house.bank(key, bank, create=True)
    now = body.now or house.clock()
    turn = _turn(body, now, "chat")
    (told,) = store(opened.desk, [turn], now=now, used=body.used, vectors=body.vectors)
    house.nudge()
    return answer({"ids": [told.id], "new": int(not told.known)}, 201)


@routes.post("/turns", response_model=Stored, status_code=201)
def remember_turns(house: TheHouse, key: Writer, bank: BankName, body: RememberTurns) -> Response:
    """Remember turns with times of their own, all or none."""
    opened = house.bank(key, bank, create=True)
    now = body.now or house.clock()
    turns = [_turn(said, now, body.channel) for said in body.turns]
    results = opened.remember_turns(
        turns, now=now, curve_from=body.curve_from, vectors=body.vectors
    )
    house.nudge()
    new = sum(not told.known for told in results)
    return answer({"ids": [told.id for told in results], "new": new}, 201)


@routes.post("/messages", response_model=Stored, status_code=201)
def remember_messages(
    house: TheHouse, key: Writer, bank: BankName, body: RememberMessages
) -> Response:
    """Remember a message list as turns: each user message with the replies that follow it."""
    opened = house.bank(key, bank, create=True)
    messages = [{"role": m.role, "content": m.content} for m in body.messages]
    ids = opened.remember_messages(messages, at=body.at, now=body.now)
    house.nudge()
    return answer({"ids": ids, "new": len(ids)}, 201)


def _turn(said: Said, now: datetime, channel: Any) -> Turn:
    return Turn(
        text=said.text, reply=said.reply, occurred_at=said.at or now, precision=said.precision,
        conversation=said.conversation, speaker=said.speaker, replier=said.replier,
        author=said.author, channel=channel, source=said.source, trusted=said.trusted,
        external_id=said.external_id,
    )  # fmt: skip
