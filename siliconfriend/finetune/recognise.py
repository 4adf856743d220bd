"""Adapters that others have made: what kind it is, and its tensors under plain names.

Known are the original project's released LoRA checkpoints (`adapter_config.json` with
`adapter_model.bin`), the bare dictionary of tensors that its ChatGLM trainer saved, the joined
projections ("MergedLinear") of the first peft, and the prefix encoders of P-tuning v2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from memorybank.adapters.transformers.adapters import CONFIG, FILES
from memorybank.adapters.transformers.tensors import Tensors, read_tensors
from memorybank.errors import BadSetting, ModelError
from siliconfriend.finetune.checkpoints import read_json

BARE = ("pytorch_model.bin", "chatglm-lora.pt", "model.safetensors")
_LORA = re.compile(r"(?P<module>.+)\.lora_(?P<side>[AB])(?:\.(?!weight$)[^.]+)?\.weight")
_PREFIX = re.compile(r".*prefix_encoder\.(?P<name>(?:embedding|trans\.[02])\.(?:weight|bias))")
_WRAPPERS = ("base_model.model.", "module.", "model.base_model.model.")


@dataclass(frozen=True, slots=True)
class Pair:
    """The two matrices of one adapted layer, as the file has them.

    A is (rank x groups, in). B is (out, rank), or, of a joined projection, (out of the adapted
    groups, rank, 1), to be applied group by group.
    """

    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Foreign:
    """An adapter as found: `pairs` by module for LoRA, `prefix` tensors for P-tuning v2."""

    kind: Literal["lora", "prefix"]
    config: dict[str, Any]
    pairs: dict[str, Pair] = field(default_factory=dict)
    prefix: Tensors = field(default_factory=dict)


def recognise(source: Path) -> Foreign:
    """Read a folder or a file; raises BadSetting, ModelError."""
    source = source.expanduser()
    config: dict[str, Any] = {}
    file = source
    if source.is_dir():
        found = [source / name for name in (*FILES, *BARE) if (source / name).is_file()]
        if not found:
            raise BadSetting(
                f"{source}: there is none of {', '.join((*FILES, *BARE))}: name the file itself",
                f"{source}：里面没有 {'、'.join((*FILES, *BARE))}：请直接写出文件名",
            )
        file = found[0]
    if (file.parent / CONFIG).is_file():
        config = read_json(file.parent / CONFIG) or {}
    return sorted_out(read_tensors(file), config, file.name)


def sorted_out(tensors: Tensors, config: dict[str, Any], name: str) -> Foreign:
    """Tell what kind of adapter the tensors make; raises ModelError if none, or not a whole one."""
    prefix = {m["name"]: t for key, t in tensors.items() if (m := _PREFIX.fullmatch(key))}
    if prefix:
        if "embedding.weight" not in prefix or len(prefix) not in (1, 5):
            raise ModelError(
                f"{name}: the prefix encoder is incomplete: it has {', '.join(sorted(prefix))}",
                f"{name}：前缀编码器不完整：只有 {'、'.join(sorted(prefix))}",
            )
        return Foreign("prefix", config, prefix=prefix)
    sides: dict[str, dict[str, Any]] = {}
    odd: list[str] = []
    for key, tensor in tensors.items():
        match = _LORA.fullmatch(key)
        if match is None:
            odd.append(key)
            continue
        sides.setdefault(_module(match["module"]), {})[match["side"]] = tensor
    half = [module for module, both in sides.items() if len(both) != 2]
    if not sides or odd or half:
        what = (odd or half or ["?"])[0]
        raise ModelError(
            f"{name}: no adapter that we know: {len(odd)} tensors are neither LoRA nor prefix, "
            f"{len(half)} layers have one of two matrices; such as {what}",
            f"{name}：不是认识的适配器：{len(odd)} 个张量既非 LoRA 也非前缀，"
            f"{len(half)} 层只有两个矩阵之一；例如 {what}",
        )
    return Foreign("lora", config, {module: Pair(b["A"], b["B"]) for module, b in sides.items()})


def _module(name: str) -> str:
    """Return a layer's name in the base model, without what training wrapped around it."""
    while wrapper := next((w for w in _WRAPPERS if name.startswith(w)), ""):
        name = name.removeprefix(wrapper)
    return name
