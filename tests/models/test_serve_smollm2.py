"""A real model behind the proxy: what is said to one server process, the next one remembers.

The official client, of which only address and key are ours; the real command line; the real
embedder. The model is small: what it was given to read is asserted, not what it makes of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from server.serving import free_port

openai = pytest.importorskip("openai", reason="the package openai is not installed")
pytest.importorskip("fastapi", reason="the server's packages are not installed")
pytestmark = pytest.mark.usefixtures("loopback")
TALK = {
    "en": ("I adopted a grey cat called Miso today.", "What is my cat called?"),
    "zh": ("我今天领养了一只叫米索的灰猫。", "我的猫叫什么名字？"),
}


@pytest.fixture(params=["in the server's process", "behind a server of its own"])
def model(request: pytest.FixtureRequest, home: Path, smollm2: Path) -> dict[str, str]:
    """The settings that put the model behind our server, as its environment."""
    if request.param.startswith("in"):
        (home / "settings.toml").write_text("[gguf]\ncontext = 2048\nthreads = 1\n", "utf-8")
        return {"MEMORYBANK_LLM": f"gguf:{smollm2}"}
    url = request.getfixturevalue("llama_server")
    keys = "wrong-key,secret-key"  # the first is refused, and the next one taken
    return {
        "MEMORYBANK_LLM": "openai:smollm2", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": keys,
    }  # fmt: skip


@contextmanager
def serving(model: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Run `siliconfriend serve` until the block ends; gives its address and what it printed."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "siliconfriend.cli",
        "serve",
        "--port",
        str(port),
        "--lang",
        "en",
    ]
    with subprocess.Popen(
        command, env={**os.environ, **model}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while not said.endswith("siliconfriend keys link\n") and "enter?token=" not in said:
            line = process.stdout.readline()
            assert line, f"the server did not start: {said}"
            said += line
        try:
            yield f"http://127.0.0.1:{port}", said
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)


@contextmanager
def client_of(url: str, key: str) -> Iterator[Any]:
    with openai.DefaultHttpxClient(trust_env=False, timeout=300) as line:
        yield openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, http_client=line)


def asked(client: Any, text: str, *, stream: bool) -> tuple[str, int]:
    """Return the model's reply and how many memories stood in its prompt."""
    raw = client.chat.completions.with_raw_response.create(
        model="siliconfriend", messages=[{"role": "user", "content": text}], max_tokens=24,
        temperature=0, stream=stream,
    )  # fmt: skip
    made = raw.parse()
    if stream:
        reply = "".join(c.choices[0].delta.content or "" for c in made if c.choices)
    else:
        reply = made.choices[0].message.content
    return reply, int(raw.headers["x-memory-recalled"])


@pytest.mark.parametrize(("lang", "stream"), [("en", True), ("zh", False)])
def test_the_next_process_remembers(model: dict[str, str], lang: str, stream: bool):
    told, question = TALK[lang]
    with serving(model) as (url, printed):
        key = re.search(r"token=(sf-\S+)", printed)
        assert key, "the first start prints the key"
        with client_of(url, key[1]) as client:
            reply, recalled = asked(client, told, stream=stream)
            assert reply and recalled == 0, "there was nothing to remember yet"

    with serving(model) as (url, printed), client_of(url, key[1]) as client:
        assert key[1] not in printed
        reply, recalled = asked(client, question, stream=stream)
        assert reply and recalled == 1
        first, second = client.get("/banks/me/recent", cast_to=list[dict[str, Any]])
        assert (first["text"], second["text"]) == (told, question)
        assert first["reply"] and second["reply"].startswith(reply.strip()[:10])
        explained = client.get(f"/banks/me/memories/{first['id']}", cast_to=dict[str, Any])
        recalls = [e["turn_id"] for e in explained["events"] if e["kind"] == "recall"]
        assert recalls == [second["id"]], "what was recalled for the question grew stronger"
