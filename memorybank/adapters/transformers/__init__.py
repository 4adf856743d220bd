"""Open models in this process: "transformers:/path-or-name", with LoRA adapters through peft.

ChatGLM and GLM by their native classes, BELLE on LLaMA and on BLOOM, any other causal model.
Read in this order: `families` (how a conversation is written) and `stops` are pure; `device`,
`tensors`, `opening` and `adapters` bring a model in; `model` talks.

Law of this folder: torch is imported by nothing before `load` is called; no weights are unpickled
except as plain tensors; no code that comes with a checkpoint runs unless it was asked for; nothing
is downloaded unless it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorybank.adapters.options import Section
from memorybank.errors import MissingExtra
from memorybank.models import LLM

KNOWN = frozenset(
    {
        "adapter", "device", "dtype", "download", "eight_bit", "format", "max_tokens", "template",
        "trust_remote_code", "window",
    }
)  # fmt: skip


def load(model: str, options: Mapping[str, Any] | None = None) -> LLM:
    """Return the model "transformers:`model`": a folder, a GGUF file, or a name in the cache.

    Options: `adapter` (a folder), `device` (auto, cpu, cuda, mps), `dtype` (auto, float32,
    bfloat16, float16), `eight_bit`, `format` (auto, chatglm, belle), `window`, `max_tokens` (512),
    `template` (a table for the chat template), `download`, `trust_remote_code`.

    Raises:
        BadSetting: no such model or option, or an adapter that does not fit.
        MissingExtra: torch, transformers or peft is not installed.
        ModelError: the weights are refused, damaged or too large for this machine.
    """
    chosen = Section("transformers", options or {}, KNOWN)
    require()
    from memorybank.adapters.transformers.adapters import with_adapter
    from memorybank.adapters.transformers.model import TransformersLLM
    from memorybank.adapters.transformers.opening import Wish, open_model

    wish = Wish(
        model=model,
        device=chosen.text("device", "auto"),
        dtype=chosen.text("dtype", "auto"),
        eight_bit=chosen.flag("eight_bit"),
        download=chosen.flag("download"),
        trust_remote_code=chosen.flag("trust_remote_code"),
    )
    opened = open_model(wish)
    if adapter := chosen.text("adapter"):
        opened.model = with_adapter(opened.model, Path(adapter).expanduser())
    return TransformersLLM(
        opened,
        form=chosen.text("format", "auto"),
        window=chosen.whole("window", 0),
        max_tokens=chosen.whole("max_tokens", 512, least=1),
        template=chosen.table("template"),
    )


def require() -> None:
    """Raise MissingExtra where torch, transformers or peft is not installed."""
    from importlib.util import find_spec

    for package in ("torch", "transformers", "peft"):
        if find_spec(package) is None:
            raise MissingExtra("transformers", package)
