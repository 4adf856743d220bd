"""Talking with a server over its proxy as the official client does, and looking at what it kept."""

from __future__ import annotations

from typing import Any

import pytest

from memorybank.records import Turn
from memorybank.store.tables import memories, turns_by_number
from memorybank.verbs.read import turn_record
from siliconfriend.server.app import Served

openai = pytest.importorskip("openai")
_clients: list[Any] = []
_tenant = [""]


def speaking_for(tenant: str) -> None:
    """Say whose keys the next clients get."""
    _tenant[0] = tenant


def hang_up() -> None:
    """Close every client."""
    while _clients:
        _clients.pop().close()


def client_of(served: Served, **more: Any) -> Any:
    token = served.house.keys.make(tenant=_tenant[0], **more).token
    client = openai.OpenAI(
        base_url=f"{served.house.serving.url}/v1", api_key=token, max_retries=0, timeout=20,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )  # fmt: skip
    _clients.append(client)
    return client


def turns(served: Served, bank: str = "me", *, standing: bool = True) -> list[Turn]:
    """What is stored, oldest first; by default without what was superseded."""
    desk = served.house.open_bank(_tenant[0], bank).desk
    with desk.store.read() as tx:
        rows = [m for m in memories(tx.rows("memories_all", bank=desk.key)) if not m.kind]
        rows = [m for m in rows if m.superseded_by is None or not standing]
        texts = turns_by_number(tx, desk.key, [m.number for m in rows])
        rows.sort(key=lambda m: m.number)
        return [turn_record(desk.bank(), m, texts[m.number]) for m in rows]


def said(served: Served, bank: str = "me") -> list[tuple[str | None, str | None]]:
    return [(turn.text, turn.reply) for turn in turns(served, bank)]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def streamed(client: Any, messages: list[Any], model: str = "echo", **more: Any) -> str:
    chunks = client.chat.completions.create(model=model, messages=messages, stream=True, **more)
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def whole(client: Any, messages: list[Any], model: str = "echo", **more: Any) -> str:
    made = client.chat.completions.create(model=model, messages=messages, **more)
    return str(made.choices[0].message.content)
