"""What an adapter did where it came from, computed without peft, from its source's formulas.

LoRA (Hu et al. 2021): y + alpha / rank * B A x; for the joined projection of its first library a
convolution over groups, its outcome put where the groups stand. P-tuning v2 (Liu et al. 2021), as
in ChatGLM's code: the table's row of a prefix token holds key and value of every layer in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional
from transformers import DynamicCache

from memorybank.adapters.transformers.opening import quiet
from memorybank.errors import BadSetting
from siliconfriend.finetune.recognise import Foreign, Pair

PROBES = (2, 16)
"""So many texts of so many tokens, drawn by a fixed seed."""


@dataclass(frozen=True, slots=True)
class Reference:
    """How the source applies its tensors; empty for a model that has the adapter, or none."""

    scale: float = 0.0
    groups: dict[str, tuple[bool, ...]] = field(default_factory=dict)
    prefix: Any = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Layers, key-value heads and the size of one."""

    layers: int
    heads: int
    size: int


def shape_of(config: Any) -> Shape:
    """Return the shape of a model's cache, from its configuration."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Shape(config.num_hidden_layers, heads, size)


def source_logits(model: Any, foreign: Foreign, how: Reference) -> Any:
    """Return the model's logits on the probes, shape (texts, tokens, vocabulary)."""
    torch.manual_seed(0)
    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = torch.randint(0, vocabulary, PROBES).to(next(model.parameters()).device)
    more: dict[str, Any] = {}
    if how.prefix is not None:
        past = _prefix_cache(how.prefix, shape_of(model.config), len(ids))
        tokens = how.prefix.shape[0] + ids.shape[1]
        more = {"past_key_values": past, "attention_mask": torch.ones(len(ids), tokens)}
    with torch.inference_mode(), quiet(), _hooked(model, foreign, how):
        return model(input_ids=ids, **more).logits.float()


def difference(one: Any, other: Any) -> float:
    """Return the largest difference, as a share of the largest value."""
    return float((one - other).abs().max() / other.abs().max())


def _prefix_cache(table: Any, shape: Shape, batch: int) -> Any:
    """Return keys and values as ChatGLM's own code reads them from the table."""
    past = table.float().expand(batch, *table.shape)
    past = past.view(batch, table.shape[0], shape.layers * 2, shape.heads, shape.size)
    past = past.permute(2, 0, 3, 1, 4)
    cache = DynamicCache()
    for layer in range(shape.layers):
        cache.update(past[2 * layer], past[2 * layer + 1], layer)
    return cache


@contextmanager
def _hooked(model: Any, foreign: Foreign, how: Reference) -> Iterator[None]:
    modules = dict(model.named_modules()) if how.scale else {}
    handles = []
    try:
        for name, pair in foreign.pairs.items() if how.scale else ():
            if name not in modules:
                raise BadSetting(
                    f"the base model has no layer {name}: the adapter was made for another one",
                    f"底座模型没有 {name} 这一层：适配器属于别的底座",
                )
            hook = _hook(pair, how.groups[name], how.scale)
            handles.append(modules[name].register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(pair: Pair, groups: tuple[bool, ...], scale: float) -> Callable[[Any, Any, Any], Any]:
    a, b = pair.a.float(), pair.b.float()

    def add(module: Any, given: Any, out: Any) -> Any:
        low = functional.linear(given[0], a)
        if b.dim() != 3:
            return out + scale * functional.linear(low, b)
        joined = functional.conv1d(low.transpose(-2, -1), b, groups=sum(groups)).transpose(-2, -1)
        place = torch.tensor(groups).repeat_interleave(b.shape[0] // sum(groups))
        whole = torch.zeros_like(out)
        whole[..., place] = joined
        return out + scale * whole

    return add
