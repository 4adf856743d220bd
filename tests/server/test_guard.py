"""The guard: Host, Origin, keys, sizes, rates; and what every answer carries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.testclient import TestClient

from memorybank.errors import MemoryBankError
from siliconfriend.server import problems
from siliconfriend.server.app import build
from siliconfriend.server.cli import check_address, welcome
from siliconfriend.server.guard import HEADERS, Guard
from siliconfriend.server.limits import Buckets
from siliconfriend.server.refusals import BareAddress, TooMany
from siliconfriend.server.settings import Serving

OWN = "http://127.0.0.1:8377"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8377.evil.example", "localhost:8378",
     "evil.example:8377", "127.0.0.1:8377@evil.example", "", " ", "127.0.0.2:8377", "0.0.0.0:8377"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/healthz", "/v1/banks", "/enter", "/mcp/"])
def test_another_host_is_refused_everywhere(client, host, path):
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "WrongHost"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8377", "localhost:8377", "LOCALHOST:8377", "[::1]:8377"]
)
def test_our_own_names_are_answered_to(client, host):
    assert client.get("/v1/banks", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("second", [b"evil.example", b"127.0.0.1:8377"])
def test_two_hosts_are_none(served, client, second):
    """Whoever stands before us may have looked at the other one."""
    token = client.headers["authorization"].split()[1]
    sent = talk(served.asgi, token, more=[(b"host", second)])
    assert sent[0]["status"] == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8377",
     "http://127.0.0.1:8377.evil.example", "http://localhost", f"{OWN},http://evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_another_origin_is_refused_with_every_method(client, origin, method):
    answer = client.request(method, "/v1/banks", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_elsewhere_is_refused(client, site):
    assert client.get("/v1/banks", headers={"Sec-Fetch-Site": site}).status_code == 403


def test_a_link_clicked_elsewhere_may_sign_in(client, stranger):
    token = client.headers["authorization"].split()[1]
    answer = stranger.get(f"/enter?token={token}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(client, stranger):
    token = client.headers["authorization"].split()[1]
    answer = stranger.get(f"/enter?token={token}")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert token not in cookie and token not in answer.text
    assert stranger.get("/v1/banks").status_code == 200


def test_a_cookie_alone_changes_nothing(client, stranger):
    stranger.get(f"/enter?token={client.headers['authorization'].split()[1]}")
    body = {"name": "emily"}
    assert stranger.post("/v1/banks", json=body).status_code == 403
    assert stranger.post("/v1/banks", json=body, headers={"Origin": OWN}).status_code == 201
    assert client.post("/v1/banks", json=body).status_code == 200  # a key shows the will


def test_leaving_ends_the_session_and_nothing_else(client, stranger):
    stranger.get(f"/enter?token={client.headers['authorization'].split()[1]}")
    cookies = dict(stranger.cookies)
    assert stranger.post("/leave", headers={"Origin": OWN}).status_code == 204
    stranger.cookies.update(cookies)
    assert stranger.get("/v1/banks").status_code == 401
    assert client.get("/v1/banks").status_code == 200


def test_a_session_dies_with_its_key(served, client, stranger, tenant):
    stranger.get(f"/enter?token={client.headers['authorization'].split()[1]}")
    served.house.keys.revoke(served.house.keys.all(tenant)[0].id)
    assert stranger.get("/v1/banks").status_code == 401
    assert client.get("/v1/banks").status_code == 401


def test_a_link_signs_in_and_is_no_key(served, stranger):
    token = served.house.keys.make("browser", seconds=600, kind="link").token
    bearer = {"Authorization": f"Bearer {token}"}
    assert stranger.get("/v1/banks", headers=bearer).status_code == 401
    assert stranger.get(f"/enter?token={token}").status_code == 200
    assert stranger.get("/v1/banks").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer sf-aaaaaaaaaaaa-" + "A" * 43,
     "Bearer sf-'; DROP TABLE keys-", "bearer null", "Bearer " + "A" * 5000],
)  # fmt: skip
def test_without_a_known_key_there_is_nothing(stranger, authorization):
    answer = stranger.get("/v1/banks", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert len(authorization) < 12 or authorization[:40] not in answer.text


def test_a_key_with_one_letter_changed_is_wrong(client, stranger):
    good = client.headers["authorization"]
    for at in (7, 12, -20, -1):
        letters = list(good)
        letters[at] = "a" if letters[at] != "a" else "b"
        answer = stranger.get("/v1/banks", headers={"Authorization": "".join(letters)})
        assert answer.status_code == 401


def test_every_path_needs_a_key_but_two(served, stranger):
    paths = [*served.app.openapi()["paths"], "/openapi.json", "/docs", "/", "/mcp/", "/nope", "//x"]
    assert len(paths) > 30
    for path in paths:
        expected = 200 if path == "/healthz" else 401
        served.guard.buckets = Buckets()
        assert stranger.get(path.replace("{", "").replace("}", "")).status_code == expected, path


def test_a_browser_without_a_key_is_told_how_in_its_language(stranger):
    for lang, words in (("zh-CN,zh;q=0.9", "登录链接"), ("en-GB", "sign-in link")):
        answer = stranger.get("/", headers={"Accept": "text/html", "Accept-Language": lang})
        assert answer.status_code == 401
        assert words in answer.text and "siliconfriend keys link" in answer.text


def test_every_answer_carries_the_security_headers(client, stranger):
    token = client.headers["authorization"].split()[1]
    answers = [
        client.get("/v1/banks"), client.get("/nope"), stranger.get("/v1/banks"),
        client.get("/v1/banks", headers={"Host": "evil.example"}), stranger.get("/healthz"),
        stranger.get(f"/enter?token={token}"),
    ]  # fmt: skip
    for answer in answers:
        for name in HEADERS:
            assert name.decode() in answer.headers, (answer.url, name)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_a_body_past_the_limit_is_refused_however_it_comes(open_house):
    house = open_house(serving={"body": 1000, "chat_body": 2000})
    served = build(house, worker=False)
    with TestClient(served.asgi, base_url=OWN) as client:
        client.headers["Authorization"] = f"Bearer {house.keys.make().token}"
        for body in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
            answer = client.post("/v1/banks", content=body)
            assert answer.status_code == 413
            assert answer.json()["code"] == "TooLarge"
        for length in ("-1", "1e3", "9" * 40, "٣"):
            headers = {"Content-Length": length.encode()}
            assert client.post("/v1/banks", content=b"{}", headers=headers).status_code == 413
        answer = client.post("/v1/chat/completions", content=b" " * 1500)
        assert answer.status_code == 503  # within the limit for chats: there is only no model


def test_a_body_that_does_not_arrive_is_not_waited_for(open_house):
    house = open_house(serving={"body_seconds": 0.02})
    served = build(house, worker=False)
    token = house.keys.make().token
    sent = talk(served.asgi, token, never=True)
    assert sent[0]["status"] == 408


def test_a_key_has_a_rate_and_is_told_when_to_come_back(open_house):
    house = open_house()
    served = build(house, worker=False)
    with TestClient(served.asgi, base_url=OWN) as client:
        client.headers["Authorization"] = f"Bearer {house.keys.make(rate=2.0).token}"
        codes = [client.get("/v1/keys/mine").status_code for _ in range(12)]
        assert codes[:4] == [200] * 4 and 429 in codes
        answer = client.get("/v1/keys/mine")
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
        other = {"Authorization": f"Bearer {house.keys.make().token}"}
        assert client.get("/v1/keys/mine", headers=other).status_code == 200


def test_strangers_may_not_try_keys_without_end(stranger):
    codes: list[int] = []
    while codes[-1:] != [429] and len(codes) < 1000:  # the slower we are, the more they may try
        codes.append(stranger.get("/v1/banks").status_code)
    assert codes[0] == 401 and codes[-1] == 429


def test_signing_in_has_its_rate_too(stranger):
    codes: list[int] = []
    while codes[-1:] != [429] and len(codes) < 1000:
        codes.append(stranger.get("/enter?token=sf-guess").status_code)
    assert codes[0] == 401 and codes[-1] == 429


def test_buckets_fill_again_and_are_bounded():
    now = [0.0]
    buckets = Buckets(lambda: now[0], most=3)
    for _ in range(4):
        buckets.take("a", 2.0)
    with pytest.raises(TooMany) as refused:
        buckets.take("a", 2.0)
    assert refused.value.retry_after == pytest.approx(0.5)
    now[0] += 0.5
    buckets.take("a", 2.0)
    for sender in "bcde":
        buckets.take(sender, 2.0)
    assert len(buckets._levels) == 3


def test_more_at_once_than_there_is_room_for_is_refused(open_house):
    house = open_house(serving={"at_once": 1})
    served = build(house, worker=False)
    token = house.keys.make().token
    served.guard.running = 1
    sent = talk(served.asgi, token)
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_what_nobody_foresaw_is_a_500_without_a_word_of_it(house, caplog):
    app = FastAPI()

    @app.get("/boom")
    def boom() -> None:
        raise ValueError("my sister's secret")

    problems.install(app)
    guard = Guard(app, house.serving, house.keys)
    client = TestClient(guard, base_url=OWN, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {house.keys.make().token}"
    answer = client.get("/boom")
    assert answer.status_code == 500
    assert answer.json()["code"] == "Internal"
    assert "secret" not in answer.text + caplog.text
    assert "ValueError" in caplog.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": OWN, "Authorization": True}, True),
        ({"Origin": OWN, "Cookie": True}, True),
        ({"Cookie": True}, False),
        ({"Authorization": True}, True),
        ({"Origin": "http://evil.example", "Cookie": True}, False),
        ({"Origin": OWN}, False),
        ({"Origin": OWN, "Cookie": True, "Host": "evil.example"}, False),
    ],
)
def test_sockets_are_guarded_like_pages(house, headers: dict[str, Any], allowed):
    app = FastAPI()

    @app.websocket("/ws")
    async def socket(ws: WebSocket) -> None:
        await ws.accept()
        await ws.send_text("hello")
        await ws.close()

    made = house.keys.make()
    session = house.keys.session(made.key)
    if headers.pop("Authorization", None):
        headers["Authorization"] = f"Bearer {made.token}"
    if headers.pop("Cookie", None):
        headers["Cookie"] = f"siliconfriend_8377={session.token}"
    client = TestClient(Guard(app, house.serving, house.keys), base_url=OWN)
    headers.setdefault("Host", "127.0.0.1:8377")
    if allowed:
        with client.websocket_connect("/ws", headers=headers) as ws:
            assert ws.receive_text() == "hello"
    else:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws", headers=headers):
            pass


@pytest.mark.parametrize("silent", [True, False])
def test_a_socket_ends_with_its_key(house, silent):
    app, heard = FastAPI(), []

    @app.websocket("/ws")
    async def socket(ws: WebSocket) -> None:
        await ws.accept()
        async for text in ws.iter_text():
            heard.append(text)
            await ws.send_text(text)

    made = house.keys.make()
    serving = replace(house.serving, key_seconds=0.05 if silent else 3600.0)
    client = TestClient(Guard(app, serving, house.keys), base_url=OWN)
    headers = {"Host": "127.0.0.1:8377", "Authorization": f"Bearer {made.token}"}
    with client.websocket_connect("/ws", headers=headers) as ws:
        ws.send_text("before")
        assert ws.receive_text() == "before"
        house.keys.revoke(made.key.id)
        if not silent:
            ws.send_text("after")
        with pytest.raises(WebSocketDisconnect) as ended:
            ws.receive_text()
        assert ended.value.code == 1008
    assert heard == ["before"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_a_public_address_needs_keys_first(house, host):
    serving = Serving(host=host)
    with pytest.raises(BareAddress, match="siliconfriend keys new") as refused:
        check_address(serving, house.keys)
    assert "siliconfriend keys new" in refused.value.say("zh")
    house.keys.make("mine")
    check_address(serving, house.keys)
    lines = "\n".join(welcome(serving, house.keys, "en", "none"))
    assert "token=" not in lines and "--cert" in lines


def test_the_first_link_is_printed_once(house):
    first = "\n".join(welcome(house.serving, house.keys, "zh", "none"))
    again = "\n".join(welcome(house.serving, house.keys, "zh", "none"))
    token = first.split("token=")[1].split()[0]
    assert house.keys.find(token).scopes == {"read", "write", "erase", "admin"}
    assert "token=" not in again and "keys link" in again


def test_hosts_are_those_that_were_named():
    serving = Serving(host="0.0.0.0", port=8377, allow_hosts=("friend.example:8377",))
    assert serving.hosts == {"friend.example:8377"}
    assert serving.origins == {"http://friend.example:8377", "https://friend.example:8377"}


@pytest.mark.parametrize(
    "table", [{"prot": 1}, {"port": "8377"}, {"rate": -1}, {"rate": True}, {"allow_hosts": "x"}]
)
def test_settings_that_do_not_fit_are_named(table):
    with pytest.raises(MemoryBankError, match=next(iter(table))):
        Serving.read(table)


def talk(
    app: Any, token: str, *, never: bool = False, more: Sequence[tuple[bytes, bytes]] = ()
) -> list[dict[str, Any]]:
    """Speak ASGI by hand: a POST whose body never comes, or an empty one."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if never:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [
        (b"host", b"127.0.0.1:8377"), (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"), *more,
    ]  # fmt: skip
    scope = {
        "type": "http", "method": "POST", "path": "/v1/banks", "raw_path": b"/v1/banks",
        "query_string": b"", "headers": headers, "client": ("127.0.0.1", 5), "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 8377), "http_version": "1.1", "state": {},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert json.loads(sent[1]["body"])["cure"]
    return sent


def test_without_a_page_the_server_says_what_there_is(client):
    for lang, words in (("zh", "正在运行"), ("en", "The server runs")):
        answer = client.get("/", headers={"Accept-Language": lang})
        assert answer.status_code == 200 and words in answer.text
