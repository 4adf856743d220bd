"""Settings of a tuning run: the original project's two, and one for models of today. Pure.

`chatglm` and `belle` are the settings of the original's two training scripts. `default` follows
what is good practice for LoRA by now: every linear layer, a tenfold learning rate, a cosine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from memorybank.errors import BadSetting

ALL_LINEAR = ("all-linear",)
HEADS = frozenset({"lm_head", "output_layer", "embed_out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How to tune. `targets`: names of layers to adapt, the first group that the model has.

    `max_length` is in tokens of a whole dialogue; `reply_length` of one reply, 0 for no limit of
    its own. A batch is `batch` dialogues `accumulation` times. Of the dialogues at most
    `held_out` and at most `held_out_share` are kept for validation.
    """

    name: str
    rank: int
    alpha: int
    dropout: float
    targets: tuple[tuple[str, ...], ...]
    learning_rate: float
    max_length: int
    epochs: float
    batch: int
    accumulation: int
    reply_length: int = 0
    warmup: float = 0.0  # steps, or a share of all if below one
    schedule: str = "linear"
    held_out: int = 1000
    held_out_share: float = 0.1


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="chatglm",
            rank=8,
            alpha=32,
            dropout=0.1,
            targets=(("query_key_value",), ("q_proj", "k_proj", "v_proj")),
            learning_rate=1e-4,
            max_length=1024 + 256,
            reply_length=256,
            epochs=4,
            batch=6,
            accumulation=8,
        ),
        Preset(
            name="belle",
            rank=8,
            alpha=16,
            dropout=0.05,
            targets=(
                ("query_key_value",),
                ("q_proj", "k_proj", "v_proj", "down_proj", "gate_proj", "up_proj"),
                ("q_proj", "k_proj", "v_proj", "down_proj", "gate_up_proj"),
            ),
            learning_rate=2e-5,
            max_length=1024,
            epochs=3,
            batch=1,
            accumulation=16,
            warmup=10,
        ),
        Preset(
            name="default",
            rank=16,
            alpha=32,
            dropout=0.05,
            targets=(ALL_LINEAR,),
            learning_rate=2e-4,
            max_length=2048,
            epochs=2,
            batch=2,
            accumulation=8,
            warmup=0.03,
            schedule="cosine",
            held_out=200,
            held_out_share=0.05,
        ),
    )
}


def preset_named(name: str) -> Preset:
    """Return a preset; raises BadSetting."""
    if name not in PRESETS:
        raise BadSetting(
            f"--preset {name}: choose {', '.join(PRESETS)}",
            f"--preset {name}：请选 {'、'.join(PRESETS)}",
        )
    return PRESETS[name]


def targets_of(preset: Preset, linear: Collection[str]) -> list[str]:
    """Return which layers to adapt in a model whose linear layers are called `linear`."""
    for group in preset.targets:
        names = sorted(set(linear) - HEADS) if group == ALL_LINEAR else list(group)
        if names and set(names) <= set(linear):
            return names
    wanted = " / ".join(", ".join(group) for group in preset.targets)
    raise BadSetting(
        f"the model has none of the layers that preset {preset.name} adapts ({wanted}); it has "
        f"{', '.join(sorted(set(linear)))}: name some with --targets, or take --preset default",
        f"模型里没有预设 {preset.name} 要调的层（{wanted}），只有 "
        f"{'、'.join(sorted(set(linear)))}：请用 --targets 指定，或用 --preset default",
    )


def held_out_of(preset: Preset, count: int) -> int:
    """Return how many of `count` dialogues to keep for validation; never all of them."""
    return min(preset.held_out, int(count * preset.held_out_share + 0.5), count - 1)
