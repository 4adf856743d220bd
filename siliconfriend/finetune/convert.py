"""An adapter of others becomes one of peft's, as safetensors, and is proven on its base model.

Proven means: logits of the base with the tensors as they were found, computed here by hand from
their papers' formulas (`verify`), equal those of the base with the converted adapter in peft.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PrefixTuningConfig
from safetensors.torch import save_file

from memorybank.adapters.transformers.adapters import FILES, with_adapter
from memorybank.adapters.transformers.opening import Wish, open_model, quiet, saveable
from memorybank.errors import BadInput, BadSetting, ModelError
from siliconfriend.finetune.recognise import Foreign, Pair, recognise
from siliconfriend.finetune.verify import Reference, difference, shape_of, source_logits

ALPHA = 32
"""What the original's ChatGLM trainer had; its bare dictionaries do not say."""
TOLERANCE = 1e-4
"""Of the largest logit: what the order of additions may change in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What came of it; `difference` is relative to the largest logit, None if nothing was run."""

    out: str
    kind: str
    layers: int
    rank: int
    alpha: float
    alpha_guessed: bool
    difference: float | None
    effect: float | None
    merged: str


def convert(
    source: Path, out: Path, *, base: Wish | None, alpha: float = 0, merged: Path | None = None
) -> Converted:
    """Convert the adapter at `source` into the new folder `out`, and prove it on `base`.

    `merged` also writes the base with the adapter worked into its weights, for programs that know
    no adapters.

    Raises:
        BadInput, BadSetting: what is missing, or is there already.
        ModelError: refused or damaged, for another base, or the proof failed: nothing is kept.
    """
    for folder in filter(None, (out, merged)):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(
                f"{folder}: there is something already: choose a new folder",
                f"{folder}：已有内容：请换一个新文件夹",
            )
    foreign = recognise(source)
    if base is None and (foreign.kind == "prefix" or merged):
        raise BadSetting(
            "name the base model with --base: its layers and heads are needed",
            "请用 --base 指明底座模型：需要知道它的层数和头数",
        )
    opened = open_model(base) if base else None
    given = float(alpha or foreign.config.get("lora_alpha") or 0)
    ready = (
        _prefix(foreign, opened.model.config if opened else None)
        if foreign.kind == "prefix"
        else _lora(foreign, given or ALPHA)
    )
    out.mkdir(parents=True, exist_ok=True)
    try:
        _write(out, ready, base)
        error, effect = None, None
        if opened:
            error, effect = _proven(opened.model, foreign, ready, out)
            if merged:
                _merge(opened, out, merged)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    return Converted(
        out=str(out), kind=foreign.kind, layers=ready.layers, rank=ready.rank,
        alpha=given or ALPHA if foreign.kind == "lora" else 0,
        alpha_guessed=foreign.kind == "lora" and not given,
        difference=error, effect=effect, merged=str(merged or ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ready:
    """peft's configuration and tensors, and the source's formula for the proof."""

    config: Any
    tensors: dict[str, Any]
    layers: int
    rank: int
    reference: Reference


def _lora(foreign: Foreign, alpha: float) -> _Ready:
    config = foreign.config
    groups = {
        name: groups_of(pair, config.get("enable_lora")) for name, pair in foreign.pairs.items()
    }
    ranks = {pair.a.shape[0] // sum(groups[name]) for name, pair in foreign.pairs.items()}
    if len(ranks) != 1 or len({sum(g) for g in groups.values()}) != 1:
        raise ModelError(
            "the adapter's layers have several ranks: it must be converted by hand",
            "适配器各层的秩不同：只能手动转换",
        )
    rank, parts = ranks.pop(), sum(next(iter(groups.values())))
    tensors: dict[str, Any] = {}
    for name, pair in foreign.pairs.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = pair.a.contiguous()
        tensors[f"base_model.model.{name}.lora_B.weight"] = spread(pair, groups[name])
    leaves = sorted({name.rpartition(".")[2] for name in foreign.pairs})
    made = LoraConfig(
        # A joined projection's groups stand side by side: rank and alpha grow alike, so the
        # scale alpha / rank stays.
        r=rank * parts,
        lora_alpha=alpha * parts,
        lora_dropout=float(config.get("lora_dropout") or 0),
        target_modules=leaves,
        fan_in_fan_out=bool(config.get("fan_in_fan_out")),
        task_type="CAUSAL_LM",
        inference_mode=True,
    )
    reference = Reference(scale=alpha / rank, groups=groups)
    return _Ready(made, tensors, len(foreign.pairs), rank, reference)


def groups_of(pair: Pair, enabled: Any) -> tuple[bool, ...]:
    """Return which of a joined projection's groups are adapted; (True,) for a plain layer."""
    if pair.b.dim() != 3:
        return (True,)
    adapted = pair.a.shape[0] // pair.b.shape[1]
    if isinstance(enabled, list) and sum(map(bool, enabled)) == adapted:
        return tuple(map(bool, enabled))
    # What the first peft did where nobody chose: query and value of query, key, value.
    return (True, False, True) if adapted == 2 else (True,) * adapted


def spread(pair: Pair, groups: tuple[bool, ...]) -> Any:
    """Return B of a joined projection as one matrix (out, rank x groups), zero off its blocks."""
    if pair.b.dim() != 3:
        return pair.b.contiguous()
    adapted, rank = sum(groups), pair.b.shape[1]
    rows = pair.b.shape[0] // adapted
    whole = torch.zeros(rows * len(groups), rank * adapted, dtype=pair.b.dtype)
    for nth, group in enumerate(i for i, there in enumerate(groups) if there):
        block = pair.b[nth * rows : (nth + 1) * rows, :, 0]
        whole[group * rows : (group + 1) * rows, nth * rank : (nth + 1) * rank] = block
    return whole


def _prefix(foreign: Foreign, config: Any) -> _Ready:
    flat = flattened(foreign.prefix)
    shape = shape_of(config)
    if flat.shape[1] != shape.layers * 2 * shape.heads * shape.size:
        raise BadSetting(
            f"the prefix is {flat.shape[1]:,} wide, this base needs "
            f"{shape.layers * 2 * shape.heads * shape.size:,}: it was made for another base model",
            f"前缀宽 {flat.shape[1]:,}，而这个底座需要 "
            f"{shape.layers * 2 * shape.heads * shape.size:,}：它属于别的底座模型",
        )
    made = PrefixTuningConfig(
        num_virtual_tokens=flat.shape[0],
        num_layers=shape.layers,
        num_attention_heads=shape.heads,
        token_dim=shape.heads * shape.size,
        num_transformer_submodules=1,
        prefix_projection=False,
        task_type="CAUSAL_LM",
        inference_mode=True,
    )
    reference = Reference(prefix=flat)
    return _Ready(made, {"prompt_embeddings": flat}, shape.layers, flat.shape[0], reference)


def flattened(prefix: dict[str, Any]) -> Any:
    """Return a prefix encoder's outcome, (tokens, layers x 2 x width): its network can go."""
    table = prefix["embedding.weight"]
    if "trans.0.weight" in prefix:
        first, second = (prefix[f"trans.{n}.weight"].float() for n in (0, 2))
        hidden = torch.tanh(table.float() @ first.T + prefix["trans.0.bias"].float())
        table = hidden @ second.T + prefix["trans.2.bias"].float()
    return table.detach().contiguous()


def _write(out: Path, ready: _Ready, base: Wish | None) -> None:
    ready.config.base_model_name_or_path = base.model if base else None
    ready.config.save_pretrained(str(out))
    save_file(ready.tensors, out / FILES[0], metadata={"format": "pt"})


def _proven(model: Any, foreign: Foreign, ready: _Ready, out: Path) -> tuple[float, float]:
    """Return how far converted and source are apart, and how far both are from the bare base."""
    model = model.float()
    bare = source_logits(model, foreign, Reference())
    before = source_logits(model, foreign, ready.reference)
    tuned = with_adapter(model, out)
    after = source_logits(tuned, foreign, Reference())
    unload: Callable[[], Any] | None = getattr(tuned, "unload", None)
    if unload and foreign.kind == "lora":
        unload()
    error = difference(after, before)
    if not error <= TOLERANCE:
        raise ModelError(
            f"the converted adapter does not do what the source does (logits differ by {error:.1e} "
            "of the largest): nothing was kept",
            f"转换后的适配器与原来的不一致（logits 相差最大值的 {error:.1e}）：没有保留任何结果",
        )
    return error, difference(before, bare)


def _merge(opened: Any, out: Path, merged: Path) -> None:
    with quiet():
        try:
            whole = with_adapter(opened.model, out).merge_and_unload()
        except AttributeError as error:
            raise BadSetting(
                "a prefix cannot be worked into weights: leave --merged out",
                "前缀无法并入权重：请去掉 --merged",
            ) from error
        saveable(whole).save_pretrained(str(merged))
        opened.tokenizer.save_pretrained(str(merged))
