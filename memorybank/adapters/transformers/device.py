"""Where a model runs and in which numbers, each choice with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from memorybank.errors import BadSetting, ModelError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Device:
    """A device ("cpu", "cuda", "mps"), the type of its numbers, and why."""

    name: str
    dtype: Any
    reason: str


def choose(wanted: str = "auto", dtype: str = "auto") -> Device:
    """Return the device and number type to use; raises BadSetting on what is not there."""
    if dtype not in ("auto", *DTYPES):
        raise BadSetting(
            f"dtype {dtype}: choose auto, {', '.join(DTYPES)}",
            f"dtype {dtype}：请选 auto、{'、'.join(DTYPES)}",
        )
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        name = next((name for name, here in there.items() if here), "cpu")
        reason = f"{name} is there" if name != "cpu" else "neither CUDA nor MPS is there"
    elif wanted == "cpu" or there.get(wanted):
        name, reason = wanted, "asked for"
    else:
        raise BadSetting(
            f"device {wanted}: this machine's torch has none; choose auto or cpu, or install a "
            "torch built for it",
            f"device {wanted}：本机的 torch 没有这种设备；请选 auto 或 cpu，或安装相应的 torch",
        )
    usual = {"cpu": "float32", "mps": "float16", "cuda": "float16"}[name]
    if name == "cuda" and torch.cuda.is_bf16_supported():
        usual = "bfloat16"
    return Device(name, DTYPES[usual if dtype == "auto" else dtype], reason)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a failure was for want of memory; torch says so in several ways."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        sign in text for sign in ("not enough memory", "can't allocate memory", "out of memory")
    )


def no_memory(what: str, zh: str) -> ModelError:
    """Return the error for a machine whose memory did not suffice for `what`."""
    return ModelError(
        f"out of memory while {what}: take a smaller model, eight_bit (with bitsandbytes), "
        "a smaller batch or a shorter length",
        f"{zh}时内存不足：请换小一些的模型，用 eight_bit（需 bitsandbytes），或减小批量、缩短长度",
    )
