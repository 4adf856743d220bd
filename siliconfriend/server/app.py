"""The app: every part put together; and the guard around it.

    served = build(House.open(read_settings(), Serving()))
    uvicorn.run(served.asgi, ...)         # the guard, and the FastAPI app inside

`served.app` is the FastAPI app on which a page may be mounted; whatever is mounted there stands
behind the same guard, key and cookie. The house is closed when the app ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from memorybank.errors import MissingExtra
from siliconfriend.server import entry, problems
from siliconfriend.server.access import Admin
from siliconfriend.server.chat import passing, proxy
from siliconfriend.server.chat.upstream import upstream_of
from siliconfriend.server.guard import Guard
from siliconfriend.server.house import House
from siliconfriend.server.metrics import Metrics
from siliconfriend.server.routes import routers
from siliconfriend.server.telemetry import Traced, watched
from siliconfriend.server.worker import Worker

Mount = Callable[[FastAPI, House], None]
"""What adds a page: called with the app, before the guard closes around it."""
_NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
"""The framework's own would hold paths, queries and the messages of errors."""
_ABOUT = """Long-term memory for language models. Every verb of the library, the chat proxy at
`/v1/chat/completions`, MCP at `/mcp`. Errors are problem details (RFC 9457) with a `cure`."""


@dataclass(frozen=True, slots=True)
class Served:
    """The app, and what stands around it."""

    app: FastAPI
    guard: Guard
    house: House
    metrics: Metrics

    @property
    def asgi(self) -> ASGIApp:
        """What a server should run: the guard, and the app inside."""
        return self.guard


def build(house: House, *, worker: bool = True, page: Mount | None = None) -> Served:
    """Put the app together; `worker` says whether background work is done here."""
    metrics = Metrics(house)
    app = FastAPI(
        title="SiliconFriend", version=version("siliconfriend"), description=_ABOUT,
        docs_url=None, redoc_url=None,  # their pages fetch scripts from elsewhere
        lifespan=_lifespan(house, worker), telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    app.state.house, app.state.metrics = house, metrics
    problems.install(app)
    app.include_router(entry.router(house.serving, house.keys))
    for routes in routers():
        app.include_router(routes)
    _mount_chat(app, house, metrics)
    _add_care(app)
    _mount_mcp(app, house)
    if page:
        page(app, house)
    else:
        app.get("/", include_in_schema=False)(entry.no_page)
    _describe(app)
    watch = watched(metrics)
    if isinstance(watch, Traced):
        app.state.parts.append(partial(_sending, watch))
    return Served(app, Guard(app, house.serving, house.keys, watch), house, metrics)


@asynccontextmanager
async def _sending(traced: Traced) -> AsyncIterator[None]:
    """Send the last traces when the app ends."""
    yield
    await anyio.to_thread.run_sync(traced.close)


def _lifespan(house: House, worker: bool) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        background = Worker(house) if worker else None
        async with AsyncExitStack() as open_parts:
            for part in app.state.parts:
                await open_parts.enter_async_context(part())
            if background:
                background.start()
            try:
                yield
            finally:
                if background:
                    background.stop(house.serving.stop_seconds)
        house.close()

    return lifespan


def _mount_chat(app: FastAPI, house: House, metrics: Metrics) -> None:
    upstream = upstream_of(house)
    desk = passing.Desk(house, upstream, metrics)
    app.include_router(proxy.router(desk))

    @asynccontextmanager
    async def hanging_up() -> AsyncIterator[None]:
        yield
        await desk.quiet()
        if upstream:
            await upstream.close()

    app.state.parts = [hanging_up]


def _mount_mcp(app: FastAPI, house: House) -> None:
    """Add MCP where its package is installed."""
    try:
        from siliconfriend.mcp import over_http
    except MissingExtra:
        return
    mounted, part = over_http(house)

    async def without_slash(scope: Scope, receive: Receive, send: Send) -> None:
        root = f"{scope.get('root_path', '')}/mcp"
        await mounted({**scope, "path": f"{root}/", "root_path": root}, receive, send)

    app.mount("/mcp/", mounted)
    app.router.routes.insert(0, Route("/mcp", _Asgi(without_slash), include_in_schema=False))
    app.state.parts.append(part)


class _Asgi:
    """An ASGI function as a route takes it: a plain function would be taken for a handler."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _add_care(app: FastAPI) -> None:
    @app.get("/healthz", tags=["care"], response_model=dict[str, str])
    def healthz() -> Response:
        """Say that the server answers and its file can be read."""
        house: House = app.state.house
        with house.store.read() as tx:
            tx.rows("any_bank")
        return Response(b'{"status":"ok"}', media_type="application/json")

    @app.get(
        "/metrics", tags=["care"], response_class=Response, responses={
            **problems.RESPONSES, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
        },
    )  # fmt: skip
    def metrics(key: Admin) -> Response:
        """Give the counters in the form that Prometheus reads."""
        return Response(app.state.metrics.text(), media_type="text/plain; version=0.0.4")


def _describe(app: FastAPI) -> None:
    """Put the form of problems into the OpenAPI document; no page answers in another."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas["Problem"] = schema
            for path in document["paths"].values():
                for operation in path.values():
                    unfit = operation.get("responses", {}).get("422", {})
                    unfit.get("content", {}).pop("application/json", None)
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
