from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

pytest.importorskip("fastapi", reason="the server's packages are not installed")
from fastapi.testclient import TestClient

from memorybank.settings import Settings
from memorybank.testing import Clock, HashEmbedder
from server.serving import Model, free_port, on_air
from siliconfriend.server.app import Served, build
from siliconfriend.server.house import House
from siliconfriend.server.keys import Key
from siliconfriend.server.limits import Buckets
from siliconfriend.server.settings import Serving


@pytest.fixture(autouse=True)
def near(loopback: None) -> None:
    """Servers and clients of these tests speak over loopback, and over nothing else."""


@pytest.fixture
def open_house(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., House]]:
    """Opens houses on one file; closes them all."""
    opened: list[House] = []

    def opening(
        settings: dict[str, Any] | None = None,
        serving: dict[str, Any] | None = None,
        **given: Any,
    ) -> House:
        given.setdefault("embedder", HashEmbedder())
        given.setdefault("llm", None)
        given.setdefault("clock", clock)
        kept = Settings(home=tmp_path, zone="UTC", **(settings or {}))
        house = House.open(kept, Serving(**(serving or {})), **given)
        opened.append(house)
        return house

    yield opening
    for house in opened:
        house.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The guarded app, in process; building it takes longer than most tests."""
    home = tmp_path_factory.mktemp("served")
    settings = Settings(home=home, zone="UTC")
    house = House.open(settings, Serving(), embedder=HashEmbedder(), llm=None)
    served = build(house, worker=False)
    with TestClient(served.asgi, base_url=house.serving.url):
        yield served


@pytest.fixture
def served(built_once: Served, clock: Clock) -> Served:
    """The same app for each test, which is a tenant of its own: see `connect`."""
    built_once.house.clock = clock
    built_once.guard.buckets = Buckets()
    return built_once


@pytest.fixture
def connect(served: Served, tenant: str) -> Callable[..., TestClient]:
    """Makes clients of the guarded app, each with a key of its own."""

    def client(**wish: Any) -> TestClient:
        token = served.house.keys.make(**{"tenant": tenant, **wish}).token
        one = TestClient(served.asgi, base_url=served.house.serving.url)
        one.headers["Authorization"] = f"Bearer {token}"
        return one

    return client


@pytest.fixture
def client(connect: Callable[..., TestClient]) -> TestClient:
    return connect()


@pytest.fixture
def stranger(served: Served) -> TestClient:
    """A client without a key."""
    return TestClient(served.asgi, base_url=served.house.serving.url)


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server on loopback."""
    with Model().on_air() as found:
        yield found


@pytest.fixture(scope="module")
def on_air_once(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Our server in front of the model's, over real sockets."""
    options = {"openai": {"base_url": model.url, "api_key": "sk-upstream"}}
    home = tmp_path_factory.mktemp("proxied")
    house = House.open(
        Settings(home=home, zone="UTC", llm="openai:echo", options=options),
        Serving(port=free_port(), stop_seconds=3.0),
        embedder=HashEmbedder(), llm=None,
    )  # fmt: skip
    served = build(house, worker=False)
    with on_air(served):
        yield served


@pytest.fixture
def proxied(on_air_once: Served, model: Model, clock: Clock) -> Served:
    """The same server for each test, which is a tenant of its own: see `tenant`."""
    model.asked.clear()
    model.headers.clear()
    model.replies.clear()
    model.refused.clear()
    model.hung_up.clear()
    model.go_on.clear()
    on_air_once.house.clock = clock
    return on_air_once


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    return f"tenant-{crc32(request.node.name.encode())}"


@pytest.fixture
def owner(house: House) -> Key:
    return house.keys.make("owner").key
