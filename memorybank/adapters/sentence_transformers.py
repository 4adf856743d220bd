"""Embedders of the sentence-transformers kind: "sentence-transformers:name-or-folder".

Settings in `[sentence-transformers]`. A folder is read as it is; a name is looked up in the
library's own cache, and downloaded only with `download = true`. Code that comes with a model is
never run, weights come from safetensors alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from memorybank.adapters.options import Section
from memorybank.errors import BadSetting, MissingExtra, ModelError
from memorybank.models import Options, Vectors
from memorybank.rendering import clean

_OPTIONS = frozenset(
    {"device", "download", "max_chars", "batch", "query_prefix", "passage_prefix"}
)  # fmt: skip


class SentenceTransformers:
    """Satisfies `Embedder`; the model is read at the first need, `dim` is 0 until then."""

    def __init__(
        self,
        model: str,
        *,
        device: str = "cpu",
        download: bool = False,
        max_chars: int = 500,
        batch: int = 16,
        prefixes: tuple[str, str] = ("", ""),
    ) -> None:
        # A folder is known by its own name: paths change, and are nobody else's business.
        folder = Path(model).expanduser()
        self._model = str(folder) if folder.is_dir() else model
        known_as = folder.resolve().name if folder.is_dir() else model
        self.name, self.dim, self.max_chars = f"sentence-transformers:{known_as}", 0, max_chars
        self._device, self._download, self._batch = device, download, batch
        self._query_prefix, self._passage_prefix = prefixes
        self._engine: Any = None
        self._working = threading.Lock()

    def embed_query(self, text: str) -> Vectors:
        """Return the direction of a question, shape (dim,)."""
        direction: Vectors = self._embed([self._query_prefix + text])[0]
        return direction

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the directions of texts to be found, shape (len(texts), dim)."""
        return self._embed([self._passage_prefix + text for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        with self._working:  # the tokenizers below are not made for two threads
            self._engine = self._engine or self._started()
            vectors = np.asarray(
                self._engine.encode(
                    [clean(text) for text in texts], batch_size=self._batch,
                    convert_to_numpy=True, show_progress_bar=False,
                ),
                np.float32,
            )  # fmt: skip
        self.dim = self.dim or int(vectors.shape[-1])
        return vectors

    def _started(self) -> Any:
        try:
            return import_module("sentence_transformers").SentenceTransformer(
                self._model, device=self._device, trust_remote_code=False,
                local_files_only=not self._download, model_kwargs={"use_safetensors": True},
            )  # fmt: skip
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise ModelError(
                f"{self.name} cannot be opened: give the folder of a model kept in safetensors, or "
                "set download = true in [sentence-transformers] to fetch it by its name",
                f"打不开 {self.name}：请给出一个以 safetensors 存放的模型文件夹，"
                "或在 [sentence-transformers] 里设 download = true，按名字下载",
            ) from error


def load(model: str = "", options: Options | None = None) -> SentenceTransformers:
    """Return the embedder "sentence-transformers:`model`".

    Raises:
        BadSetting: no model named, or an option unknown or of the wrong kind.
        MissingExtra: the package is not installed.
    """
    section = Section("sentence-transformers", options or {}, _OPTIONS)
    if not model.strip():
        raise BadSetting(
            '"sentence-transformers:" needs a model: write "sentence-transformers:NAME", or a '
            "folder in place of the name",
            "“sentence-transformers:”后面还要写模型：请写“sentence-transformers:名字”，"
            "名字也可以是文件夹",
        )
    if find_spec("sentence_transformers") is None:
        raise MissingExtra("sentence-transformers", "sentence-transformers")
    return SentenceTransformers(
        model.strip(), device=section.text("device", "cpu"), download=section.flag("download"),
        max_chars=section.whole("max_chars", 500, 32), batch=section.whole("batch", 16, 1),
        prefixes=(section.raw("query_prefix"), section.raw("passage_prefix")),
    )  # fmt: skip
