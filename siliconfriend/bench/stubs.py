"""The processes of a measurement: `python -m siliconfriend.bench.stubs server|paged|model …`.

The server is ours, with an embedder that costs nothing; the model replies at once, in pieces.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from siliconfriend.server.app import Mount

DIM = 384
PIECES = 5


class CheapEmbedder:
    """Satisfies `Embedder`: a direction drawn from the hash of the text."""

    name, dim, max_chars = "bench:cheap", DIM, 2_000

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a direction, shape (dim,)."""
        return np.random.default_rng(crc32(text.encode())).standard_normal(DIM).astype(np.float32)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return directions, shape (len(texts), dim)."""
        return np.stack([self.embed_query(text) for text in texts])


def serve(home: str, port: str, upstream: str, *, paged: bool = False) -> None:
    """Run our server on a folder, in front of a model's address; with its page or without."""
    from memorybank.settings import Settings
    from siliconfriend.server.app import build
    from siliconfriend.server.house import House
    from siliconfriend.server.run import run
    from siliconfriend.server.settings import Serving

    options = {"openai": {"base_url": upstream, "api_key": "none"}}
    settings = Settings(home=Path(home), zone="UTC", llm="openai:stub", options=options)
    serving = Serving(port=int(port), rate=100_000.0)
    house = House.open(settings, serving, embedder=CheapEmbedder(), llm=None)
    run(build(house, worker=False, page=_page() if paged else None))


def _page() -> Mount:
    from siliconfriend.web import mount

    return mount


def serve_page(home: str, port: str, upstream: str) -> None:
    """Run it with its page."""
    serve(home, port, upstream, paged=True)


def model(port: str) -> None:
    """Run a model's server that replies at once."""
    import uvicorn

    body = b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub","choices":'
    pieces = [
        b"data: " + body + b'[{"index":0,"delta":{"content":"well "},"finish_reason":null}]}\n\n'
    ] * PIECES
    end = b"data: " + body + b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in _each([*pieces, end]):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(app, port=int(port), lifespan="off", log_config=None, access_log=False)


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


if __name__ == "__main__":
    parts: dict[str, Callable[..., None]] = {
        "server": serve, "paged": serve_page, "model": model,
    }  # fmt: skip
    parts[sys.argv[1]](*sys.argv[2:])
