"""Generated requests over the whole OpenAPI document, by two tenants who know each other's ids.

Whatever is sent, no answer is a 500, every answer has the form it promises, and nothing of one
tenant ever reaches the other: each has said a word that no answer to the other may hold.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from memorybank.settings import Settings
from memorybank.testing import HashEmbedder, ScriptedLLM
from siliconfriend.server.app import build
from siliconfriend.server.house import House
from siliconfriend.server.settings import Serving

WORDS = {"a": "hpargolyx"[::-1], "b": "drehakkouq"[::-1]}
"""Backwards in the source, from which Hypothesis takes words to try."""
EXAMPLES = 25
_made: dict[str, Any] = {}


def house(tmp: Any) -> House:
    settings = Settings(home=tmp, zone="UTC", llm="scripted:")
    serving = Serving(rate=1e6, stranger_rate=1e6, body_seconds=5)
    return House.open(settings, serving, embedder=HashEmbedder(), llm=ScriptedLLM())


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Any:
    opened = house(tmp_path_factory.mktemp("two"))
    served = build(opened, worker=False)
    made: dict[str, Any] = {"served": served, "tokens": {}, "ids": {}}
    for tenant, word in WORDS.items():
        bank = opened.open_bank(tenant, "shared", create=True)
        turn = bank.remember(f"My {word} is in the shed.", reply=f"The {word}!")
        bank.remember(f"I bought another {word}.", reply="Fine.")
        bank.digest()
        made["ids"][tenant] = [turn, bank.info().id, bank.summaries()[0].id, "shared"]
        made["tokens"][tenant] = opened.keys.make(tenant=tenant).token
    yield made
    opened.close()


@pytest.fixture(scope="module")
def document(tenants: Any) -> Any:
    from starlette.testclient import TestClient

    token = tenants["tokens"]["a"]
    served = tenants["served"]
    with TestClient(served.asgi, base_url=served.house.serving.url) as client:
        raw = client.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()
        loaded = schemathesis.openapi.from_dict(raw)
        loaded.app = _without_life(served.asgi)
        loaded.location = "/openapi.json"
        yield loaded


load_all_checks()
CHOSEN = CHECKS.get_by_names([
    "status_code_conformance", "content_type_conformance", "response_schema_conformance",
])  # fmt: skip
(NEGATIVE,) = CHECKS.get_by_names(["negative_data_rejection"])
"""A body that does not fit must be refused; a parameter of a query that nobody knows may pass."""
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def test_nothing_of_one_tenant_reaches_the_other(document: Any, tenants: Any) -> None:
    """Every operation in turn; what is wrong with any of them is told of all."""
    wrong, tried = [], 0
    for found in document.get_all_operations():
        operation = found.ok()
        for mode in MODES:
            try:
                _try(operation, mode, tenants)
            except Unsatisfiable:
                continue  # nothing can be wrong with it
            except (AssertionError, FailureGroup) as error:
                wrong.append(f"{operation.label} ({mode.name}): {_told(error)}")
            tried += 1
    assert tried > 50
    assert wrong == [], "\n\n".join(wrong)


def _try(operation: Any, mode: GenerationMode, tenants: Any) -> None:
    turn, bank, summary, name = tenants["ids"]["b"]
    url = tenants["served"].house.serving.url
    headers = {"Authorization": f"Bearer {tenants['tokens']['a']}"}

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @SETTINGS
    def check(case: Case) -> None:
        for at in _forms(case, turn, bank, summary, name):
            answer = at.call(base_url=url, headers=headers)
            assert WORDS["b"] not in answer.text
            assert answer.status_code != 500, answer.text[:300]
            if at is case:
                strict = [NEGATIVE] if answer.status_code != 413 and case.method != "GET" else []
                at.validate_response(answer, checks=CHOSEN + strict, headers=headers)

    check()


def _without_life(app: Any) -> Any:
    """The app without its life cycle, which a client would otherwise run for every request."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})

    return answer


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", [error])
    return " | ".join(str(one)[:600] for one in inner)


def _forms(case: Case, turn: str, bank: str, statement: str, name: str) -> list[Case]:
    """The request as generated, and with the other tenant's ids in its path."""
    forms = [case]
    given = dict(case.path_parameters or {})
    if "memory_id" in given or "bank" in given:
        for swapped in ({"bank": name, "memory_id": turn}, {"bank": bank, "memory_id": statement}):
            other = {key: swapped.get(key, value) for key, value in given.items()}
            forms.append(case.operation.Case(
                method=case.method, path_parameters=other, query=case.query, body=case.body,
                media_type=case.media_type,
            ))  # fmt: skip
    return forms


def test_the_other_tenant_has_lost_nothing(tenants: Any) -> None:
    bank = tenants["served"].house.open_bank("b", "shared")
    assert bank.info().turns == 2
    assert all(WORDS["b"] in hit.text for hit in bank.recall(WORDS["b"]))
    assert WORDS["b"] in bank.summaries()[0].text
