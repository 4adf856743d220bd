"""Embedders behind an OpenAI-compatible server: "openai:MODEL", settings in `[openai]`.

What an embedder needs otherwise than the language model stands in `[openai.embedder]`, so that
each may have a server of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from memorybank.adapters.openai_client import (
    CLIENT_OPTIONS,
    Client,
    Endpoint,
    endpoint,
    model_named,
)
from memorybank.adapters.openai_errors import failing, nonsense
from memorybank.adapters.options import Section
from memorybank.errors import PromptTooLong
from memorybank.models import Options, Vectors
from memorybank.rendering import clean

_OPTIONS = CLIENT_OPTIONS | {"dimensions", "max_chars", "batch", "query_prefix", "passage_prefix"}
_FOR_THE_LLM = {"window", "omit", "thinking", "tokenizer"}
"""Options of the language model that may stand in the same table, as may `extra`."""
_SHORTEST = 32


class OpenAIEmbedder:
    """Satisfies `Embedder`; `dim` is 0 until the first answer, unless `dimensions` says it.

    A text that the server finds too long is cut by halves until it fits.
    """

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        *,
        dimensions: int = 0,
        max_chars: int = 500,
        batch: int = 10,
        prefixes: tuple[str, str] = ("", ""),
    ) -> None:
        self.name = f"openai:{model}" + (f"@{dimensions}" if dimensions else "")
        self.dim, self.max_chars = dimensions, max_chars
        self._model, self._dimensions, self._batch = model, dimensions, batch
        self._query_prefix, self._passage_prefix = prefixes
        self._client = Client(self.name, endpoint)

    def embed_query(self, text: str) -> Vectors:
        """Return the direction of a question, shape (dim,)."""
        direction: Vectors = self._embed([self._query_prefix + text])[0]
        return direction

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the directions of texts to be found, shape (len(texts), dim)."""
        return self._embed([self._passage_prefix + text for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        sound = [clean(text) or "-" for text in texts]  # servers refuse what is empty
        batches = (sound[i : i + self._batch] for i in range(0, len(sound), self._batch))
        rows = [row for batch in batches for row in self._fitting(batch)]
        if not rows:
            return np.zeros((0, self.dim), np.float32)
        with np.errstate(over="ignore"):  # what is too big for a float is refused with the rest
            vectors = np.array(rows, np.float32)
        self.dim = self.dim or vectors.shape[1]
        return vectors

    def _fitting(self, batch: list[str]) -> Iterator[list[float]]:
        """Yield a vector for each text, cutting the one that is too long."""
        try:
            yield from self._client.ask(lambda client: self._asked(client, batch))
        except PromptTooLong:
            if len(batch) > 1:
                for text in batch:
                    yield from self._fitting([text])
            elif len(batch[0]) > _SHORTEST:
                yield from self._fitting([batch[0][: len(batch[0]) // 2]])
            else:
                raise

    def _asked(self, client: Any, batch: list[str]) -> list[list[float]]:
        more = {"dimensions": self._dimensions} if self._dimensions else {}
        raw = client.embeddings.with_raw_response.create(
            model=self._model, input=batch, encoding_format="float", **more
        )  # fmt: skip
        answer = json.loads(raw.http_response.content)
        if isinstance(answer, dict) and answer.get("error"):
            raise failing(answer, self._client.server)
        try:
            data = sorted(answer["data"], key=lambda item: int(item["index"]))
            rows = [[float(x) for x in item["embedding"]] for item in data]
        except (KeyError, TypeError, ValueError) as error:
            raise nonsense(self._client.server) from error
        if len(rows) != len(batch) or len({len(row) for row in rows}) != 1 or not rows[0]:
            raise nonsense(self._client.server)
        return rows


def load(model: str = "", options: Options | None = None) -> OpenAIEmbedder:
    """Return the embedder "openai:`model`".

    Raises:
        BadSetting: no model named, or an option unknown or of the wrong kind.
        MissingExtra: the package `openai` is not installed.
    """
    section = Section("openai", options or {}, _OPTIONS | _FOR_THE_LLM)
    return OpenAIEmbedder(
        model_named(model, "an embedding model", "向量模型"), endpoint(section),
        dimensions=section.whole("dimensions", 0),
        max_chars=section.whole("max_chars", 500, _SHORTEST),
        batch=section.whole("batch", 10, 1),
        prefixes=(section.raw("query_prefix"), section.raw("passage_prefix")),
    )  # fmt: skip
