"""`siliconfriend serve` and `keys` as the README has them: without any option."""

from __future__ import annotations

import sys

import pytest

from siliconfriend.cli import main
from siliconfriend.server import run as running
from siliconfriend.server.app import Served


@pytest.fixture
def call(monkeypatch, capsys, home):
    monkeypatch.setenv("MEMORYBANK_EMBEDDER", "none")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["siliconfriend", *arguments])
        capsys.readouterr()
        try:
            main()
        except SystemExit as end:
            assert not end.code, capsys.readouterr().err
        return capsys.readouterr().out

    return call


def test_a_link_is_made_for_the_port_that_is_served(call):
    assert "http://127.0.0.1:8377/enter?token=" in call("keys", "link")
    assert "http://127.0.0.1:9000/enter?token=" in call("keys", "link", "--port", "9000")


def test_serving_needs_no_option(call, monkeypatch):
    served: list[Served] = []
    monkeypatch.setattr(running, "log_to_stderr", lambda: None)
    monkeypatch.setattr(running, "run", lambda built, say: (served.append(built), say()))
    assert "http://127.0.0.1:8377" in call("serve")
    assert len(served) == 1
    served[0].house.close()
