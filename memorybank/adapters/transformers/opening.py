"""A model comes in: from a folder, a GGUF file or the local cache, with its tokenizer.

Weights as safetensors, or as older `.bin` read as plain tensors only. Code that comes with a
checkpoint runs only with `trust_remote_code`, and a warning; downloads happen only with `download`.
"""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorybank.adapters.transformers.device import Device, choose, is_out_of_memory, no_memory
from memorybank.errors import BadSetting, MissingExtra, ModelError

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which model, and how; `model` is a folder, a GGUF file or a name."""

    model: str
    device: str = "auto"
    dtype: str = "auto"
    eight_bit: bool = False
    download: bool = False
    trust_remote_code: bool = False


@dataclass(slots=True)
class Opened:
    """A model that is ready to talk or to learn, and its tokenizer."""

    name: str
    model: Any
    tokenizer: Any
    device: Device


def open_model(wish: Wish) -> Opened:
    """Open a model and its tokenizer; raises BadSetting, MissingExtra, ModelError."""
    device = choose(wish.device, wish.dtype)
    where, how = _place(wish)
    with quiet(), reading(wish.model):
        tokenizer = _tokenizer(where, how)
        model = _model(where, how | _numbers(wish, device))
    if not wish.eight_bit:
        model = _moved(model, device, wish.model)
    model.eval()
    name = Path(wish.model).name if Path(wish.model).expanduser().exists() else wish.model
    return Opened(f"transformers:{name}", model, tokenizer, device)


def open_tokenizer(wish: Wish) -> Any:
    """Open the tokenizer alone."""
    where, how = _place(wish)
    with quiet(), reading(wish.model):
        return _tokenizer(where, how)


def open_config(wish: Wish) -> Any:
    """Read a model's configuration alone."""
    from transformers import AutoConfig

    where, how = _place(wish)
    with quiet(), reading(wish.model):
        return AutoConfig.from_pretrained(where, **how)


def _place(wish: Wish) -> tuple[str, dict[str, Any]]:
    """Return where transformers should look, and its arguments."""
    if not wish.model:
        raise BadSetting(
            'name a folder, a GGUF file or a model: "transformers:/path/to/model"',
            "请写出文件夹、GGUF 文件或模型名：“transformers:/路径”",
        )
    if wish.trust_remote_code:
        warnings.warn(
            f"trust_remote_code: Python code that comes with {Path(wish.model).name} will run on "
            f"this machine with your rights / 将以你的权限运行 {Path(wish.model).name} 自带的代码",
            RuntimeWarning,
            stacklevel=2,
        )
    how = {"local_files_only": not wish.download, "trust_remote_code": wish.trust_remote_code}
    path = Path(wish.model).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise BadSetting(
                f"{path.name}: name the model's folder, or a GGUF file",
                f"{path.name}：请写模型所在的文件夹，或一个 GGUF 文件",
            )
        return str(path.parent), how | {"gguf_file": path.name}
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadSetting(
                f"{path}: there is no config.json, so this is no model's folder (an adapter goes "
                "in `adapter`, beside its base model)",
                f"{path}：里面没有 config.json，不是模型文件夹"
                "（适配器请写在 adapter 里，与底座模型并用）",
            )
        return str(path), how
    if path.is_absolute() or wish.model.startswith((".", "~")):
        raise BadSetting(f"{path}: there is no such folder", f"{path}：没有这个文件夹")
    return wish.model, how


def _tokenizer(where: str, how: dict[str, Any]) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(where, **how)


def _model(where: str, how: dict[str, Any]) -> Any:
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    plain = {k: v for k, v in how.items() if k not in ("dtype", "device_map")}
    plain.pop("quantization_config", None)
    config = AutoConfig.from_pretrained(where, **plain)
    own = getattr(config, "auto_map", None) or {}
    # The first ChatGLM calls itself a bare model, and yet it talks.
    bare = how["trust_remote_code"] and own and "AutoModelForCausalLM" not in own
    auto = AutoModel if bare else AutoModelForCausalLM
    model, found = auto.from_pretrained(where, weights_only=True, output_loading_info=True, **how)
    if "gguf_file" in how:
        model = saveable(model)
    missing = sorted(found["missing_keys"])
    if missing:
        raise ModelError(
            f"{Path(where).name}: {len(missing)} weights are missing, such as {missing[0]}: "
            "the checkpoint is incomplete, or of another kind of model",
            f"{Path(where).name}：缺少 {len(missing)} 个权重，例如 {missing[0]}："
            "检查点不完整，或属于另一种模型",
        )
    return model


def _numbers(wish: Wish, device: Device) -> dict[str, Any]:
    """Return the arguments that choose the numbers: a dtype, or eight bits."""
    if not wish.eight_bit:
        return {"dtype": device.dtype}
    from importlib.util import find_spec

    for package in ("bitsandbytes", "accelerate"):
        if find_spec(package) is None:
            raise BadSetting(
                f"eight_bit needs {package}: pip install {package}, or leave eight_bit out",
                f"eight_bit 需要 {package}：pip install {package}，或不用 eight_bit",
            )
    from transformers import BitsAndBytesConfig

    return {
        "dtype": device.dtype,
        "quantization_config": BitsAndBytesConfig(load_in_8bit=True),
        "device_map": {"": device.name},
    }


def _moved(model: Any, device: Device, name: str) -> Any:
    with reading(name):
        return model.to(device.name)


def saveable(model: Any) -> Any:
    """Return a model that can be saved and tuned: one from a GGUF file believes to be quantised.

    Its weights were unpacked on reading; only the label is left, which transformers trusts.
    """
    if getattr(model.config, "quantization_config", None) is None:
        return model
    from copy import deepcopy

    config = deepcopy(model.config)
    del config.quantization_config
    plain = type(model)(config).to(model.dtype)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    return plain.eval()


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what goes wrong while a model is read into errors that name a cure."""
    short = Path(name).name
    try:
        yield
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{short}: its weights are refused: they hold more than plain tensors, and could run "
            "code of their own. Get them as safetensors, from somebody you trust",
            f"{short}：已拒绝其权重：里面不只是张量，可能会执行代码。"
            "请向可信的人索取 safetensors 格式",
        ) from error
    except ImportError as error:
        package = "gguf" if "gguf" in str(error).lower() else error.name or "a package"
        raise MissingExtra("transformers", package) from error
    except MemoryError as error:
        raise no_memory("reading the model", "读取模型") from error
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise _explained(short, error) from error
    except Exception as error:
        if type(error).__name__ not in ("SafetensorError", "JSONDecodeError"):
            raise
        raise _damaged(short, error) from error


def _explained(short: str, error: Exception) -> Exception:
    text = str(error)
    if is_out_of_memory(error):
        return no_memory("reading the model", "读取模型")
    if "Weights only load failed" in text or "weights_only" in text:
        return ModelError(
            f"{short}: its weights are refused: they hold more than plain tensors",
            f"{short}：已拒绝其权重：里面不只是张量",
        )
    if "custom code" in text or "trust_remote_code" in text or "does not recognize this" in text:
        return BadSetting(
            f"{short}: transformers has no native class for it, only code that comes with the "
            "checkpoint. Take a checkpoint with native classes (for GLM those ending in -hf), or, "
            "if you have read that code and trust it, set trust_remote_code = true in "
            "[transformers]",
            f"{short}：transformers 没有它的原生类，只能运行检查点自带的代码。"
            "请换用有原生类的检查点（GLM 系列中名字以 -hf 结尾的），或在读过并信任那些代码后，"
            "在 [transformers] 里设 trust_remote_code = true",
        )
    if "cached files" in text or "is not a local folder" in text:
        return BadSetting(
            f"{short}: it is neither a folder nor in this machine's cache; give the folder, or "
            "set download = true in [transformers] to fetch it by name",
            f"{short}：既不是文件夹，也不在本机缓存里；请写文件夹，"
            "或在 [transformers] 里设 download = true 按名字下载",
        )
    return _damaged(short, error)


def _damaged(short: str, error: Exception) -> ModelError:
    return ModelError(
        f"{short}: it cannot be opened ({type(error).__name__}): files are missing or damaged, "
        "or the architecture is unknown to this version of transformers",
        f"{short}：打不开（{type(error).__name__}）：文件缺失或损坏，"
        "或此版本的 transformers 不认识该架构",
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from drawing bars and giving advice on somebody else's terminal.

    What they warn of here is for their own makers: names that will change, and the like.
    """
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            for kind in (FutureWarning, DeprecationWarning, UserWarning):
                warnings.simplefilter("ignore", kind)
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
