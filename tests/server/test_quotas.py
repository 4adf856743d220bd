"""What a tenant may keep at most, whichever way it comes, and that others are not touched by it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from memorybank.errors import BadSetting
from server.serving import Model, free_port, on_air
from siliconfriend.server.app import Served, build
from siliconfriend.server.house import House
from siliconfriend.server.settings import Serving

TEXTS = {"en": "My sister called.", "zh": "我妹妹打电话来了。"}
Client = Callable[..., TestClient]
Limited = Callable[..., Client]


@pytest.fixture
def limited(open_house: Callable[..., House]) -> Iterator[Limited]:
    """Serves with quotas; gives what makes a client for a tenant."""
    open_clients: list[TestClient] = []

    def serving(**quotas: int) -> Client:
        house = open_house(serving=quotas)
        served = build(house, worker=False)
        first = TestClient(served.asgi, base_url=house.serving.url)
        open_clients.append(first.__enter__())

        def client(tenant: str = "a") -> TestClient:
            one = TestClient(served.asgi, base_url=house.serving.url)
            token = house.keys.make(tenant=tenant).token
            one.headers["Authorization"] = f"Bearer {token}"
            return one

        return client

    yield serving
    for one in open_clients:
        one.__exit__(None, None, None)


def told(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 507, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == "OverQuota" and problem["cure"]
    return problem


def say(client: TestClient, text: str, bank: str = "emily", **more: Any) -> Any:
    return client.post(f"/v1/banks/{bank}/remember", json={"text": text, **more})


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_more_turns_than_may_be_kept_in_all_banks_together(limited: Limited, lang: str):
    connect = limited(tenant_turns=2)
    client, other = connect("a"), connect("b")
    (first,) = say(client, TEXTS[lang], external_id="1").json()["ids"]
    say(client, "Hello.", bank="zoe")
    headers = {"Accept-Language": lang}
    ways: list[tuple[str, Any]] = [
        ("remember", {"text": TEXTS[lang] + "!"}),
        ("turns", {"turns": [{"text": "One more."}]}),
        ("messages", {"messages": [{"role": "user", "content": "One more."}]}),
        (f"memories/{first}/correct", {"text": "It was my aunt."}),
    ]
    for path, body in ways:
        problem = told(client.post(f"/v1/banks/emily/{path}", json=body, headers=headers))
        assert {"en": "erase what is no longer needed", "zh": "删除不再需要的"}[lang] in problem[
            "detail"
        ]
        assert "tenant_turns" in problem["detail"] and "…/erase" in problem["cure"]
    assert say(client, TEXTS[lang], external_id="1").status_code == 201, "known: nothing is added"
    answered = client.post(f"/v1/banks/emily/memories/{first}/answer", json={"reply": "How nice."})
    assert answered.status_code == 200, "a reply to what was let in"
    assert client.get("/v1/banks/emily").json()["turns"] == 1
    recalled = client.post("/v1/banks/emily/recall", json={"message": TEXTS[lang]}).json()["hits"]
    assert [hit["id"] for hit in recalled] == [first], "what was refused left no trace"
    for _ in range(2):
        assert say(other, TEXTS[lang]).status_code == 201, "another tenant has its own"
    told(say(other, "One more."))
    assert client.delete(f"/v1/banks/emily/memories/{first}").status_code == 200
    assert say(client, "There is room again.").status_code == 201


def test_a_batch_is_let_in_whole_or_not_at_all(limited: Limited):
    client = limited(tenant_turns=3)()
    say(client, "Hello.")
    batch = {"turns": [{"text": f"Turn {i}."} for i in range(3)]}
    told(client.post("/v1/banks/emily/turns", json=batch))
    assert client.get("/v1/banks/emily").json()["turns"] == 1
    batch["turns"].pop()
    assert client.post("/v1/banks/emily/turns", json=batch).status_code == 201


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_more_bytes_than_may_be_kept(limited: Limited, lang: str):
    text = TEXTS[lang]
    client = limited(tenant_bytes=len(text.encode()) + 20)()
    assert say(client, text, reply="x" * 20).status_code == 201
    assert "tenant_bytes" in told(say(client, "x"))["detail"]
    assert say(limited(tenant_bytes=len(text.encode()) - 1)("c"), text).status_code == 507


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_more_banks_than_may_be_kept(limited: Limited, lang: str):
    connect = limited(tenant_banks=1)
    client = connect("a")
    assert say(client, TEXTS[lang]).status_code == 201
    headers = {"Accept-Language": lang}
    for path, body in (
        ("", {"name": "zoe"}), ("/zoe/remember", {"text": "x"}),
        ("/zoe/turns", {"turns": [{"text": "x"}]}),
        ("/zoe/messages", {"messages": [{"role": "user", "content": "x"}]}),
    ):  # fmt: skip
        problem = told(client.post(f"/v1/banks{path}", json=body, headers=headers))
        assert {"en": "1 banks", "zh": "1 个记忆库"}[lang] in problem["detail"]
    assert [bank["name"] for bank in client.get("/v1/banks").json()] == ["emily"]
    known = client.get("/v1/banks/emily").json()
    for name in ("emily", known["id"]):
        assert say(client, f"Known by {name}.", bank=name).status_code == 201
    assert say(connect("b"), TEXTS[lang], bank="zoe").status_code == 201, "others have their own"
    assert client.delete("/v1/banks/emily").status_code == 204
    assert say(client, TEXTS[lang], bank="zoe").status_code == 201


def test_many_at_once_do_not_go_past(open_house: Callable[..., House]):
    house = open_house(serving={"tenant_banks": 2, "tenant_turns": 3})
    refused: list[str] = []
    start = threading.Barrier(8)

    def come(number: int) -> None:
        start.wait()
        try:
            house.open_bank("a", f"bank {number}", create=True).remember("Hello.")
        except Exception as error:  # noqa: BLE001
            refused.append(type(error).__name__)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["OverQuota"] * 6
    (one, _) = house.banks(house.keys.make(tenant="a").key)
    bank = house.open_bank("a", one.name)
    bank.remember("The third.")
    with pytest.raises(Exception, match="no more than 3 turns"):
        bank.remember("The fourth.")


def test_they_are_off_by_default_and_no_number_below_0_is_taken():
    assert (Serving().tenant_banks, Serving().tenant_turns, Serving().tenant_bytes) == (0, 0, 0)
    assert Serving.read({"tenant_turns": 0}).tenant_turns == 0
    assert Serving.read({"tenant_turns": 9}).tenant_turns == 9
    for table in ({"tenant_turns": -1}, {"tenant_bytes": "much"}, {"rate": 0}):
        with pytest.raises(BadSetting):
            Serving.read(table)


@pytest.fixture
def chatting(model: Model, open_house: Callable[..., House]) -> Iterator[Served]:
    options = {"openai": {"base_url": model.url, "api_key": "sk-upstream"}}
    house = open_house(
        {"llm": "openai:echo", "options": options},
        {"port": free_port(), "tenant_turns": 1, "stop_seconds": 3.0},
    )
    served = build(house, worker=False)
    with on_air(served):
        yield served


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_chat_says_why_it_does_not_go_on_and_how_it_does(
    chatting: Served, lang: str, stream: bool
):
    from server.talking import client_of, hang_up, openai, said, speaking_for, streamed, user, whole

    speaking_for("a")
    client, ask = client_of(chatting), streamed if stream else whole
    ask(client, [user(TEXTS[lang])])
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client, [user("Good morning!")], extra_headers={"Accept-Language": lang})
    problem = failed.value.response.json()
    assert failed.value.status_code == 507 and "X-Memory: read" in problem["cure"]
    assert problem["error"]["code"] == "OverQuota"
    assert ask(client, [user("Hi.")], extra_headers={"X-Memory": "read"}) == "You said: Hi."
    assert said(chatting) == [(TEXTS[lang], f"You said: {TEXTS[lang]}")]
    hang_up()


def test_an_agent_over_mcp_is_told_as_well(open_house: Callable[..., House]):
    pytest.importorskip("mcp", reason="the package mcp is not installed")
    import anyio
    from mcp.client.client import Client as Agent

    from siliconfriend.mcp import server_for

    house = open_house(serving={"tenant_turns": 1})
    server = server_for(
        lambda ctx, name, scope, create: house.open_bank("a", name or "me", create=create)
    )

    async def talk() -> None:
        async with Agent(server) as agent:
            assert not (await agent.call_tool("remember", {"text": TEXTS["zh"]})).is_error
            refused = await agent.call_tool("remember", {"text": TEXTS["en"]})
            told = refused.content[0].text
            assert refused.is_error and "no more than 1 turns" in told and "erase" in told

    anyio.run(talk)
    assert house.open_bank("a", "me").info().turns == 1
