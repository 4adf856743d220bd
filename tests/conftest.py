"""What all tests share: no home, no network, and a bank whose clock, ids and seed stand still."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from terminal import Terminals

from memorybank import MemoryBank
from memorybank.testing import Clock, HashEmbedder, Ids

# A busy machine is no failure, and a test that passes today passes tomorrow.
settings.register_profile("here", deadline=None, derandomize=True, database=None)
settings.load_profile("here")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""
SETTINGS = (
    "MEMORYBANK_EMBEDDER", "MEMORYBANK_LLM", "MEMORYBANK_PRESET",
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "TZ",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for every test, and no settings from outside."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("MEMORYBANK_HOME", str(folder))
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def loopback() -> None:
    """Let a test speak to servers on this machine, such as `fakemodel.FakeModel`."""


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine's own files, or the machine (`loopback`)."""
    near = ("127.0.0.1", "::1", "localhost") if "loopback" in request.fixturenames else ()

    def guarded(name: str) -> Any:
        through = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in near:
                self.close()
                raise RuntimeError(f"a test reached for the network: {address!r}")
            return through(self, address)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(name))


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def bank(tmp_path: Path, clock: Clock) -> Iterator[MemoryBank]:
    with MemoryBank.open(
        tmp_path / "m.db", bank="emily", embedder=HashEmbedder(), clock=clock, new_id=Ids(),
        zone="UTC", lang="en", seed=b"seed",
    ) as opened:  # fmt: skip
        yield opened


@pytest.fixture
def bank_zh(tmp_path: Path, clock: Clock) -> Iterator[MemoryBank]:
    with MemoryBank.open(
        tmp_path / "zh.db", bank="张曼婷", embedder=HashEmbedder(), clock=clock, new_id=Ids(),
        zone="Asia/Shanghai", lang="zh", seed=b"seed",
    ) as opened:  # fmt: skip
        yield opened


@pytest.fixture
def terminals(tmp_path: Path, home: Path) -> Iterator[Terminals]:
    opened = Terminals(tmp_path, home)
    yield opened
    for each in opened.all:
        each.close()
