"""Files of plain tensors in: safetensors, or torch's older `.bin` and `.pt`, never as pickles.

A pickle is a program. `weights_only` runs none of it: whatever is more than tensors in dicts and
lists is refused before anything happens.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from memorybank.errors import BadSetting, ModelError

Tensors = dict[str, Any]


def read_tensors(path: Path) -> Tensors:
    """Return the tensors of a file by name, on the CPU.

    Raises:
        BadSetting: there is no such file.
        ModelError: damaged, or more than a dictionary of tensors: refused.
    """
    if not path.is_file():
        raise BadSetting(f"{path}: there is no such file", f"{path}：没有这个文件")
    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            with warnings.catch_warnings():  # how old a pickle is concerns nobody here
                warnings.simplefilter("ignore", UserWarning)
                found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _unsafe(path) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{path.name}: damaged or cut off ({type(error).__name__}): copy it again",
            f"{path.name}：已损坏或不完整（{type(error).__name__}）：请重新复制",
        ) from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not (
        isinstance(found, dict)
        and found
        and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in found.items())
    ):
        raise _unsafe(path)
    return found


def _unsafe(path: Path) -> ModelError:
    return ModelError(
        f"{path.name}: refused: it holds more than plain tensors, and could run code of its own. "
        "Get the weights as safetensors, from somebody you trust",
        f"{path.name}：已拒绝：里面不只是张量，可能会执行代码。"
        "请向可信的人索取 safetensors 格式的权重",
    )
