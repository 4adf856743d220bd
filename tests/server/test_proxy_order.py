"""What was said is stored while the model begins, and nothing of a reply is shown before that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from memorybank import MemoryBank
from memorybank.errors import DiskFull
from server.serving import Model, free_port
from server.talking import client_of, hang_up, openai, said, speaking_for, streamed, user, whole
from siliconfriend.server.chat import passing
from siliconfriend.server.keys import KEY_FILE, KeyRing

SAID = pytest.mark.parametrize("text", ["My sister called.", "我妹妹打电话来了。"])


@pytest.fixture(autouse=True)
def talk(tenant: str) -> Iterator[None]:
    speaking_for(tenant)
    yield
    hang_up()


@pytest.fixture
def storing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Lets something happen right before what the user said is stored."""
    begin = passing.begin

    def before(happens: Callable[[], None]) -> None:
        def later(*given: Any) -> Any:
            happens()
            return begin(*given)

        monkeypatch.setattr(passing, "begin", later)

    return before


def wait_for(true: Callable[[], object]) -> None:
    """Wait until something is so, and fail if it never is."""
    pause = threading.Event()
    for _ in range(500):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("that has not happened")


@SAID
@pytest.mark.parametrize("ask", [streamed, whole])
def test_the_model_is_asked_meanwhile_and_nothing_shown_before(proxied, model, storing, ask, text):
    shown, order = threading.Event(), []

    def slow() -> None:
        wait_for(lambda: model.asked)
        shown.wait(0.3)  # a reply that does not wait is there by now
        order.append("stored")

    storing(slow)
    chunks = client_of(proxied).chat.completions.create(
        model="echo", messages=[user(text)], stream=ask is streamed
    )
    for _ in chunks:
        order.append("shown")
        shown.set()
    assert order[0] == "stored" and order.count("stored") == 1
    assert said(proxied) == [(text, f"You said: {text}")]


@SAID
@pytest.mark.parametrize("ask", [streamed, whole])
@pytest.mark.parametrize("name", ["endless", "echo", "html", "500"])
def test_where_it_cannot_be_stored_nothing_is_shown(proxied, model, storing, ask, name, text):
    if name == "endless" and ask is whole:
        name = "echo"

    def full() -> None:
        wait_for(lambda: model.asked)
        raise DiskFull("no space left: free some", "磁盘满了：请腾出空间")

    storing(full)
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client_of(proxied), [user(text)], name)
    assert failed.value.status_code == 507 and "free some" in str(failed.value)
    if name == "endless":
        assert model.hung_up.wait(5), "the model is not kept busy for nobody"


@pytest.mark.parametrize("ask", [streamed, whole])
def test_a_mistake_of_ours_shows_nothing_either(proxied, storing, ask):
    def mistaken() -> None:
        raise KeyError("of ours")

    storing(mistaken)
    with pytest.raises(openai.InternalServerError) as failed:
        ask(client_of(proxied), [user("Good morning!")])
    assert failed.value.status_code == 500 and "of ours" not in str(failed.value)


@SAID
def test_who_leaves_before_it_is_stored_loses_nothing(proxied, model, storing, text):
    left = threading.Event()
    storing(lambda: wait_for(left.is_set))
    client = client_of(proxied).with_options(timeout=0.5)
    with pytest.raises(openai.APITimeoutError):
        streamed(client, [user(text)], "waiting")
    assert model.hung_up.wait(5), "the server has seen it leave"
    left.set()
    wait_for(lambda: said(proxied))
    assert said(proxied) == [(text, None)]


@SAID
def test_a_kill_after_the_first_byte_takes_nothing_that_was_said(
    tmp_path: Path, model: Model, text: str
):
    ring = KeyRing(tmp_path / KEY_FILE)
    token = ring.make("test").token
    ring.close()
    port = free_port()
    command = [sys.executable, "-m", "siliconfriend.bench.stubs", "server"]
    server = subprocess.Popen([*command, str(tmp_path), str(port), model.url])
    client = openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key=token, max_retries=100, timeout=20,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )  # fmt: skip
    try:
        chunks = client.chat.completions.create(model="waiting", messages=[user(text)], stream=True)
        next(iter(chunks))
    finally:
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        client.close()
    with MemoryBank.open(tmp_path / "memory.db", bank="me", create=False) as bank:
        assert [(turn.text, turn.reply) for turn in bank.recent()] == [(text, None)]
