"""The way out: recall, context, portrait, summaries, timeline. Reading never writes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator

from memorybank.records import Level
from siliconfriend.server import answers
from siliconfriend.server.access import Reader, TheHouse
from siliconfriend.server.answers import answer
from siliconfriend.server.bodies import (
    BankName,
    ContextWish,
    NowInQuery,
    Recall,
    day_only,
)
from siliconfriend.server.problems import RESPONSES

routes = APIRouter(prefix="/v1/banks/{bank}", tags=["recall"], responses=RESPONSES)
Weight = Annotated[
    float, Query(ge=0, le=1, allow_inf_nan=False, description="That matter at least so much.")
]
HowMany = Annotated[int, Query(ge=1, le=1_000)]
DayInQuery = Annotated[date | None, BeforeValidator(day_only), Query(examples=["2026-03-01"])]


@routes.post("/recall", response_model=answers.Recollection)
def recall(house: TheHouse, key: Reader, bank: BankName, body: Recall) -> Response:
    """Give the memories that a message calls for, best first, each with its reasons."""
    found = house.bank(key, bank).recall(
        body.message, k=body.k, now=body.now, until=body.until, faded=body.faded,
        kinds=body.kinds, neighbours=body.neighbours,
    )  # fmt: skip
    # A recollection reads as its hits; here what was withheld belongs to it as well.
    return answer({"hits": found.hits, "withheld": found.withheld, "notes": found.notes})


@routes.post("/context", response_model=answers.Context)
def context(house: TheHouse, key: Reader, bank: BankName, body: ContextWish) -> Response:
    """Give messages for any language model within a token budget, and what stands behind them."""
    return answer(
        house.bank(key, bank).context(
            body.message, budget=body.budget, k=body.k, recent=body.recent, lang=body.lang,
            now=body.now,
        )
    )  # fmt: skip


@routes.get("/portrait", response_model=answers.Portrait)
def portrait(house: TheHouse, key: Reader, bank: BankName, now: NowInQuery = None) -> Response:
    """Show who the user is, by dated statements that know their turns."""
    return answer(house.bank(key, bank).portrait(now=now))


@routes.get("/portrait-history", response_model=answers.PortraitDays)
def portrait_history(
    house: TheHouse,
    key: Reader,
    bank: BankName,
    last: DayInQuery = None,
    count: HowMany | None = None,
    now: NowInQuery = None,
) -> Response:
    """Show how the portrait came to be: the days that changed it, what came and what left."""
    found = house.bank(key, bank).portrait_history(last=last, count=count, now=now)
    return answer(found)


@routes.get("/statements", response_model=answers.Statements)
def statements(house: TheHouse, key: Reader, bank: BankName) -> Response:
    """Show every statement that stands, also those that the portrait leaves out."""
    return answer(house.bank(key, bank).statements())


@routes.get("/summaries/{level}", response_model=answers.Summaries)
def summaries(house: TheHouse, key: Reader, bank: BankName, level: Level) -> Response:
    """Show the summaries of a level."""
    return answer(house.bank(key, bank).summaries(level))


@routes.get("/recent", response_model=answers.Turns)
def recent(
    house: TheHouse,
    key: Reader,
    bank: BankName,
    count: HowMany = 6,
    now: NowInQuery = None,
) -> Response:
    """Show the last turns, oldest first."""
    return answer(house.bank(key, bank).recent(count, now=now))


@routes.get("/fading", response_model=answers.Memories)
def fading(
    house: TheHouse,
    key: Reader,
    bank: BankName,
    days: Annotated[float, Query(gt=0, le=36_500, allow_inf_nan=False)] = 30.0,
    significance: Weight = 0.0,
    k: HowMany = 20,
    now: NowInQuery = None,
) -> Response:
    """Show what will have faded within so many days, the next one first."""
    within = timedelta(days=days)
    found = house.bank(key, bank).fading(within=within, significance=significance, k=k, now=now)
    return answer(found)


@routes.get("/on-this-day", response_model=answers.Memories)
def on_this_day(
    house: TheHouse,
    key: Reader,
    bank: BankName,
    significance: Weight = 0.0,
    k: HowMany = 20,
    now: NowInQuery = None,
) -> Response:
    """Show what happened on this month and day in earlier years."""
    return answer(house.bank(key, bank).on_this_day(significance=significance, k=k, now=now))


@routes.get("/timeline", response_model=answers.Timeline)
def timeline(
    house: TheHouse,
    key: Reader,
    bank: BankName,
    first: DayInQuery = None,
    last: DayInQuery = None,
    count: HowMany | None = None,
    now: NowInQuery = None,
) -> Response:
    """Show the days of a bank, each with its summary, insight and memories; of those between
    `first` and `last` the newest `count`."""
    opened = house.bank(key, bank)
    return answer(opened.timeline(first=first, last=last, count=count, now=now))
