"""REST: every verb over HTTP, errors with cures in both languages, keys and their limits."""

from __future__ import annotations

import inspect
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memorybank import MemoryBank
from memorybank.errors import BadInput, NotFound
from siliconfriend.server.keys import KEY_FILE, KeyRing
from siliconfriend.server.refusals import NoKey

MISO = {"text": "I adopted a cat called Miso.", "reply": "Congratulations!"}


def kept(client, bank="emily", **more):
    answer = client.post(f"/v1/banks/{bank}/remember", json=MISO | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["ids"][0]


def test_an_exchange_is_kept_and_recalled_with_its_reasons(client):
    memory = kept(client)
    hits = client.post("/v1/banks/emily/recall", json={"message": "my cat"}).json()["hits"]
    assert [hit["id"] for hit in hits] == [memory]
    assert "Miso" in hits[0]["text"] and {"signals", "notes"} <= hits[0]["why"].keys()


def test_chinese_goes_in_and_out_unescaped(client):
    client.post(
        "/v1/banks/曼婷/remember", json={"text": "我养了一只猫，叫米粒。", "reply": "恭喜！"}
    )
    answer = client.post("/v1/banks/曼婷/recall", json={"message": "我的猫叫什么？"})
    assert "米粒" in answer.text
    assert client.get("/v1/banks/曼婷").json()["name"] == "曼婷"


def test_storing_is_idempotent_by_external_id(client):
    first = kept(client, external_id="a1")
    again = client.post("/v1/banks/emily/remember", json=MISO | {"external_id": "a1"}).json()
    assert again == {"ids": [first], "new": 0}


def test_what_was_used_grows_stronger(client):
    first = kept(client)
    kept(client, text="What is my cat called?", reply="Miso!", used=[first])
    events = client.get(f"/v1/banks/emily/memories/{first}").json()["events"]
    assert [event["kind"] for event in events] == ["recall"]


def test_the_life_of_one_memory(client):
    memory = kept(client)
    at = f"/v1/banks/emily/memories/{memory}"
    assert client.post(f"{at}/pin").status_code == 204
    assert client.get(at).json()["memory"]["pinned"]
    assert client.post(f"{at}/unpin").status_code == 204
    assert client.post(f"{at}/fade").status_code == 204
    assert client.get(at).json()["memory"]["faded"]
    assert client.post(f"{at}/revive").status_code == 204
    new = client.post(f"{at}/correct", json={"text": "My cat is called Mochi."}).json()["id"]
    assert client.get(at).json()["replaced_by"] == new
    assert client.get(f"/v1/banks/emily/memories/{new[-8:]}").json()["replaces"] == [memory]
    receipt = client.delete(f"/v1/banks/emily/memories/{new}").json()
    assert receipt["turns"] == 1
    assert client.get(f"/v1/banks/emily/memories/{new}").status_code == 404


def test_days_are_digested_and_seen(client):
    kept(client, at="2026-03-01T21:00:00+00:00")
    assert client.post("/v1/banks/emily/digest").status_code == 202
    assert [job["kind"] for job in client.get("/v1/banks/emily/jobs").json()] == ["digest"]
    assert client.post("/v1/banks/emily/digest?wait=true").json()["days"] == 1
    assert client.get("/v1/banks/emily/jobs").json() == []
    (day,) = client.get("/v1/banks/emily/timeline?first=2026-03-01&last=2026-03-01").json()
    assert day["day"] == "2026-03-01" and "Miso" in day["summary"]["text"]
    assert client.get("/v1/banks/emily/timeline?first=2026-03-02").json() == []
    assert client.get("/v1/banks/emily/timeline?count=1").json() == [day]
    (came,) = client.get("/v1/banks/emily/portrait-history?count=3").json()
    assert came["day"] == "2026-03-01" and came["left"] == []
    assert "Miso" in str(client.get("/v1/banks/emily/portrait").json())
    assert len(client.get("/v1/banks/emily/statements").json()) == 1
    assert client.get("/v1/banks/emily/summaries/global").json()[0]["period"] == "all"


def test_batches_lists_and_export_go_round(client):
    turns = [{"text": f"Day {n} was fine.", "at": f"2026-02-0{n}T08:00:00Z"} for n in (1, 2, 3)]
    assert client.post("/v1/banks/a/turns", json={"turns": turns}).json()["new"] == 3
    messages = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi."}]
    assert len(client.post("/v1/banks/a/messages", json={"messages": messages}).json()["ids"]) == 1
    lines = [json.loads(line) for line in client.get("/v1/banks/a/export").text.splitlines()]
    assert [line["text"] for line in lines][:3] == [turn["text"] for turn in turns]
    assert client.post("/v1/banks/a/embed").json()["made"] == 3


def test_one_bad_turn_stores_none(client):
    turns = [{"text": "Good morning!"}, {"text": "   "}]
    answer = client.post("/v1/banks/a/turns", json={"turns": turns})
    assert answer.status_code == 400 and answer.json()["code"] == "EmptyText"
    assert client.get("/v1/banks/a").json()["turns"] == 0


def test_a_bank_is_made_looked_at_held_otherwise_and_erased(client):
    body = {"name": "z", "lang": "zh", "zone": "Asia/Shanghai"}
    assert client.post("/v1/banks", json=body).status_code == 201
    assert client.post("/v1/banks", json=body).status_code == 200
    made = client.get("/v1/banks/z").json()
    assert (made["lang"], made["zone"], made["preset"]) == ("zh", "Asia/Shanghai", "gentle")
    assert client.get(f"/v1/banks/{made['id']}").json() == made
    changed = client.put("/v1/banks/z/preset", json={"preset": "paper"}).json()
    assert changed["preset"] == "paper"
    assert client.delete("/v1/banks/z").status_code == 204
    assert client.get("/v1/banks/z").status_code == 404


@pytest.mark.parametrize("text", ["I adopted a cat called Miso.", "我养了一只猫，叫米粒。"])
def test_what_an_erasure_takes_along_is_told_before(client, clock, text):
    memory = kept(client, text=text)
    kept(client, text="Good morning!", source="diary")
    clock.forward(days=1)
    assert client.post("/v1/banks/emily/digest?wait=true").status_code == 200
    new = client.post(
        f"/v1/banks/emily/memories/{memory}/correct", json={"text": f"{text} !"}
    ).json()["id"]  # fmt: skip
    ask = {"ids": [new[-8:]]}
    told = client.post("/v1/banks/emily/erase/preview", json=ask).json()
    assert (told["turns"], told["ids"], told["stand_again"]) == (1, [new], [memory])
    ask["versions"] = True
    told = client.post("/v1/banks/emily/erase/preview", json=ask).json()
    assert set(told["ids"]) == {memory, new} and told["stand_again"] == []
    assert {"day", "statement", "global"} <= {taken["level"] for taken in told["along"]}
    assert all(taken["id"] and taken["period"] for taken in told["along"])
    assert client.get("/v1/banks/emily").json()["turns"] == 3, "nothing has been erased"
    gone = client.post("/v1/banks/emily/erase", json=ask).json()
    assert {name: told[name] for name in ("turns", "summaries", "statements")} == {
        name: gone[name] for name in ("turns", "summaries", "statements")
    }
    assert client.get("/v1/banks/emily").json()["turns"] == 1
    assert client.post("/v1/banks/emily/erase/preview", json=ask).status_code == 404


def test_the_preview_is_described_with_examples(served):
    document = served.app.openapi()
    described = document["paths"]["/v1/banks/{bank}/erase/preview"]["post"]
    answer = described["responses"]["200"]["content"]["application/json"]
    schema = document["components"]["schemas"][answer["schema"]["$ref"].rpartition("/")[2]]
    assert set(answer["example"]) == set(schema["properties"])
    assert set(schema["properties"]) >= {"turns", "along", "stand_again"}


def test_context_travels_in_time(client):
    kept(client, at="2026-03-01T21:00:00+00:00", now="2026-03-01T21:00:00+00:00")
    asked = {"message": "what is my cat called?", "recent": 0}
    now = client.post("/v1/banks/emily/context", json=asked).json()
    assert "Miso" in now["messages"][-1]["content"]
    before = client.post("/v1/banks/emily/context", json=asked | {"now": "2026-02-01T00:00:00Z"})
    assert "Miso" not in before.text


def test_every_verb_of_the_library_has_its_path(served):
    paths = {path.rpartition("/")[2] for path in served.app.openapi()["paths"]}
    elsewhere = {
        "remember_turns": "turns", "remember_messages": "messages", "info": "{bank}",
        "embed_pending": "embed", "change_embedder": "reembed", "change_preset": "preset",
        "explain": "{memory_id}", "erase_bank": "{bank}", "summaries": "{level}",
    }  # fmt: skip
    inside = {"open", "other", "desk", "close", "set_extra"}
    verbs = {name for name, _ in inspect.getmembers(MemoryBank) if not name.startswith("_")}
    told = {elsewhere.get(verb, verb.replace("_", "-")) for verb in verbs - inside}
    assert told - paths == set()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/banks/nobody", None, 404, "UnknownBank"),
        ("POST", "/v1/banks/nobody/recall", {"message": "x"}, 404, "UnknownBank"),
        ("GET", "/v1/banks/emily/memories/00000000", None, 404, "UnknownMemory"),
        ("DELETE", "/v1/banks/emily/memories/00000000", None, 404, "UnknownMemory"),
        ("POST", "/v1/banks/emily/remember", {"text": " "}, 400, "EmptyText"),
        ("POST", "/v1/banks/emily/remember", {"text": 5}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/remember", {"text": "x", "tenant": "b"}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/remember", MISO | {"at": "2026-03-01T21:00"}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/remember", {"text": "x", "at": 1772398800}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/remember", MISO | {"at": "9999-12-31T23:59:59Z"}, 400, "BadTime"),
        ("POST", "/v1/banks/emily/remember", {"text": "x" * 1_000_001}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/recall", {"message": "x", "k": 0}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/recall", {"message": "x", "k": True}, 422, "Invalid"),
        ("POST", "/v1/banks/emily/recall", {"message": " "}, 400, "EmptyText"),
        ("POST", "/v1/banks/emily/recall", "not an object", 422, "Invalid"),
        ("POST", "/v1/banks/emily/erase", {}, 400, "BadInput"),
        ("POST", "/v1/banks/emily/erase/preview", {}, 400, "BadInput"),
        ("POST", "/v1/banks/nobody/erase/preview", {"day": "2026-03-01"}, 404, "UnknownBank"),
        ("POST", "/v1/banks/emily/erase/preview", {"ids": ["00000000"]}, 404, "UnknownMemory"),
        ("POST", "/v1/banks/emily/erase/preview", {"day": 5}, 422, "Invalid"),
        ("GET", "/v1/banks/emily/timeline?first=1", None, 422, "Invalid"),
        ("GET", "/v1/banks/emily/summaries/decade", None, 422, "Invalid"),
        ("PUT", "/v1/banks/emily/preset", {"preset": "x"}, 422, "Invalid"),
        ("POST", "/v1/banks", {"name": "x", "zone": "Mars/Olympus"}, 400, "BadSetting"),
        ("POST", "/v1/banks", {"name": "\u0001"}, 400, "BadInput"),
        ("PATCH", "/v1/banks", None, 405, "Method"),
        ("GET", "/v1/banks/../../etc/passwd", None, 404, "Path"),
        ("GET", "/v1/banks/%2e%2e%2f%2e%2e%2fetc%2fpasswd", None, 404, "Path"),
        ("GET", "/v1/banks/..%5c..%5cx", None, 404, "UnknownBank"),
        ("GET", "/v1/banks/a%00b", None, 404, "UnknownBank"),
        ("POST", "/v1/chat/completions", {"messages": []}, 503, "NoModel"),
    ],
)  # fmt: skip
def test_bad_input_is_a_clear_status_with_a_cure_in_both_languages(
    client, method, path, body, status, code
):
    kept(client)
    told = {}
    for lang in ("en", "zh"):
        answer = client.request(method, path, json=body, headers={"Accept-Language": lang})
        assert answer.status_code == status, answer.text[:200]
        assert answer.headers["content-type"] == "application/problem+json"
        told[lang] = answer.json()
        assert told[lang]["code"] == code and told[lang]["status"] == status
        assert told[lang]["cure"] and told[lang]["detail"]
    assert told["en"]["detail"] != told["zh"]["detail"]
    assert client.get("/v1/banks/emily").json()["turns"] == 1


def test_what_was_sent_is_not_quoted_back(client, caplog):
    secret = "my sister's secret"
    for body in (
        {"message": [secret]},
        {"message": "x", "k": secret},
        {"message": "x", "faded": secret},
    ):
        answer = client.post("/v1/banks/emily/recall", json=body)
        assert answer.status_code == 422 and secret not in answer.text
    assert secret not in caplog.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_read(client, kind):
    body = json.dumps(MISO).encode()
    answer = client.post("/v1/banks/e/remember", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)
    assert client.get("/v1/banks/e").status_code == 404


@pytest.mark.parametrize("body", [b'{"message":"x"', b"\xff\xfe", b"[" * 50_000, b'{"k":1e999}'])
def test_malformed_json_is_refused(client, body):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/banks/emily/recall", content=body, headers=headers)
    assert answer.status_code in (400, 422)


# -- keys ---------------------------------------------------------------------------------------

READS = [
    ("GET", ""),
    ("POST", "/recall"),
    ("GET", "/export"),
    ("GET", "/jobs"),
    ("GET", "/timeline"),
    ("GET", "/portrait-history"),
    ("POST", "/erase/preview"),
]
WRITES = [("POST", "/remember"), ("POST", "/digest"), ("POST", "/memories/00000000/pin")]
ERASES = [("DELETE", ""), ("DELETE", "/memories/00000000"), ("POST", "/erase")]
ADMINS = [("PUT", "/preset"), ("POST", "/reembed")]
BODIES = {
    "/recall": {"message": "x"}, "/remember": MISO, "/erase": {"day": "2026-03-01"},
    "/erase/preview": {"day": "2026-03-01"}, "/preset": {"preset": "paper"},
}  # fmt: skip


@pytest.mark.parametrize("scope", ["read", "write", "erase", "admin"])
def test_a_key_may_do_what_its_scopes_say_and_no_more(connect, client, scope):
    kept(client)
    mine = connect(scopes=[scope])
    for needed, calls in (("read", READS), ("write", WRITES), ("erase", ERASES), ("admin", ADMINS)):
        for method, path in calls if needed != scope else ():
            answer = mine.request(method, f"/v1/banks/emily{path}", json=BODIES.get(path))
            assert answer.status_code == 403, (method, path)
            assert needed in answer.json()["detail"]
    assert client.get("/v1/banks/emily").json()["turns"] == 1
    assert mine.get("/metrics").status_code == (200 if scope == "admin" else 403)
    assert mine.get("/v1/keys").status_code == (200 if scope == "admin" else 403)


def test_another_tenants_ids_are_nowhere(connect, client):
    memory = kept(client, source="diary")
    other = connect(tenant="other")
    kept(other, text="I have a dog.")
    bank = client.get("/v1/banks/emily").json()["id"]
    for name in ("emily", bank):
        for method in ("GET", "DELETE"):
            answer = other.request(method, f"/v1/banks/{name}/memories/{memory}")
            assert answer.status_code == 404
            missing = other.request(method, f"/v1/banks/{name}/memories/{memory[:-1]}x")
            assert missing.json()["code"] == answer.json()["code"]
    assert other.get(f"/v1/banks/{bank}").status_code == 404
    for path in ("erase", "erase/preview"):
        for wish in ({"ids": [memory]}, {"ids": [memory[-8:]], "versions": True}):
            answer = other.post(f"/v1/banks/emily/{path}", json=wish)
            assert answer.status_code == 404, "not by an id in a bank of the same name either"
            assert other.post(f"/v1/banks/{bank}/{path}", json=wish).status_code == 404
    theirs = other.post("/v1/banks/emily/erase/preview", json={"source": "diary"}).json()
    assert theirs["turns"] == 0 and theirs["ids"] == []
    assert "Miso" not in other.post("/v1/banks/emily/recall", json={"message": "my cat"}).text
    assert "Miso" not in other.get("/v1/banks/emily/export").text
    assert client.get(f"/v1/banks/emily/memories/{memory}").status_code == 200


def test_a_key_of_one_bank_opens_no_other(connect, client):
    kept(client)
    kept(client, bank="zoe")
    mine = connect(bank="zoe")
    assert [bank["name"] for bank in mine.get("/v1/banks").json()] == ["zoe"]
    assert mine.get("/v1/banks/emily").status_code == 404
    assert mine.post("/v1/banks", json={"name": "new"}).status_code == 404
    assert mine.post("/v1/banks/emily/remember", json=MISO).status_code == 404


def test_a_key_makes_keys_no_greater_than_itself(connect):
    boss = connect(scopes=["admin", "read"], bank="zoe", rate=5.0)
    assert boss.post("/v1/keys", json={"scopes": ["write"]}).status_code == 403
    made = boss.post("/v1/keys", json={"scopes": ["read"], "bank": "emily", "rate": 50.0}).json()
    assert (made["bank"], made["scopes"], made["rate"]) == ("zoe", ["read"], 5.0)
    assert made["token"] not in boss.get("/v1/keys").text
    assert boss.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert boss.delete(f"/v1/keys/{made['id']}").status_code == 404


def test_keys_of_other_tenants_are_neither_seen_nor_revoked(connect, served):
    mine, other = connect(), connect(tenant="other")
    key = other.get("/v1/keys/mine").json()["id"]
    assert key not in mine.get("/v1/keys").text
    assert mine.delete(f"/v1/keys/{key}").status_code == 404
    assert other.get("/v1/keys/mine").status_code == 200


def test_secrets_are_kept_nowhere(tmp_path):
    ring = KeyRing(tmp_path / KEY_FILE)
    made = ring.make("mine")
    session = ring.session(made.key)
    ring.close()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    for file in filter(Path.is_file, tmp_path.iterdir()):
        for token in (made.token, session.token):
            assert token[16:].encode() not in file.read_bytes()


def test_a_key_expires_and_its_sessions_with_it(tmp_path):
    now = [1_000_000.0]
    ring = KeyRing(tmp_path / KEY_FILE, clock=lambda: now[0])
    made = ring.make(seconds=60)
    session = ring.session(made.key)
    link = ring.make(seconds=60, kind="link")
    signed_in = ring.session(ring.find(link.token, entering=True))
    assert ring.find(made.token) and ring.find(session.token)
    now[0] += 61
    for token in (made.token, session.token, link.token):
        with pytest.raises(NoKey):
            ring.find(token, entering=True)
    assert ring.find(signed_in.token).kind == "session"
    assert not ring.usable()
    now[0] += 31 * 86_400
    with pytest.raises(NoKey, match="expired"):
        ring.find(signed_in.token)
    ring.close()


def test_keys_that_cannot_be_are_refused(tmp_path):
    ring = KeyRing(tmp_path / KEY_FILE)
    for wish in (
        {"scopes": []},
        {"scopes": ["root"]},
        {"rate": -1},
        {"seconds": 0},
        {"name": "x" * 201},
    ):
        with pytest.raises(BadInput):
            ring.make(**wish)
    with pytest.raises(NotFound):
        ring.revoke("nobody")
    assert ring.all() == []
    ring.close()


def test_use_of_a_key_is_noted(tmp_path):
    when = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    ring = KeyRing(tmp_path / KEY_FILE, clock=lambda: when)
    made = ring.make()
    ring.find(made.token)
    assert ring.all()[0].used_at == int(when)
    ring.close()


@pytest.mark.parametrize(
    ("path", "sent", "where", "zh"),
    [
        ("recall", {"json": {}}, "body.message", "缺少这一项"),
        ("recall", {"json": {"message": "x", "k": "a"}}, "body.k", "应是整数"),
        ("recall", {"json": {"message": "x", "zzz": 1}}, "body.zzz", "不认识这一项"),
        ("recall", {"json": {"message": "x", "k": 0}}, "body.k", "应不小于 1"),
        ("recall", {"json": {"message": "x", "now": "yesterday"}}, "body.now", "带时区的时间"),
        ("recall", {"json": {"message": "x", "now": "2026-01-01T00:00:00"}}, "body.now", "时区"),
        ("recall", {"content": b'{"message": "x"}'}, "body", "application/json"),
    ],
)
def test_what_does_not_fit_is_told_in_the_language_asked_for(client, path, sent, where, zh):
    kept(client)
    answer = client.post(
        f"/v1/banks/emily/{path}", headers={"Accept-Language": "zh-CN"}, **sent
    ).json()
    (wrong,) = answer["wrong"]
    assert wrong["where"] == where and zh in wrong["what"]
    english = client.post(f"/v1/banks/emily/{path}", **sent).json()["wrong"][0]["what"]
    assert english.isascii() and english != wrong["what"]
