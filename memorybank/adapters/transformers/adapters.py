"""A tuned adapter on its base model: LoRA or prefix, through peft, every tensor accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memorybank.adapters.transformers.opening import quiet, reading
from memorybank.adapters.transformers.tensors import Tensors, read_tensors
from memorybank.errors import BadSetting, ModelError

CONFIG = "adapter_config.json"
FILES = ("adapter_model.safetensors", "adapter_model.bin")


def with_adapter(model: Any, folder: Path) -> Any:
    """Return `model` with the adapter in `folder` on it.

    Raises:
        BadSetting: not a folder of an adapter, or one for another base model.
        ModelError: its weights are refused, damaged, too few or too many.
    """
    tensors = adapter_tensors(folder)
    from peft import PeftModel

    with quiet(), reading(str(folder)):
        try:
            tuned = PeftModel.from_pretrained(model, str(folder))
        except (ValueError, RuntimeError) as error:
            if "size mismatch" in str(error) or "not found in the base model" in str(error):
                raise _misfit(folder, str(error)) from error
            raise
    check_keys(tuned, tensors, folder)
    tuned.eval()
    return tuned


def adapter_tensors(folder: Path) -> Tensors:
    """Return the tensors of an adapter's folder, refusing what is no plain tensor."""
    if not (folder / CONFIG).is_file():
        raise BadSetting(
            f"{folder}: there is no {CONFIG}; for a bare file of tensors, or one of ChatGLM's "
            "prefix encoders, run `siliconfriend convert-adapter` first",
            f"{folder}：里面没有 {CONFIG}；若是只有张量的文件或 ChatGLM 的前缀编码器，"
            "请先运行 `siliconfriend convert-adapter`",
        )
    found = [folder / name for name in FILES if (folder / name).is_file()]
    if not found:
        raise BadSetting(
            f"{folder}: there is neither {' nor '.join(FILES)}",
            f"{folder}：里面既没有 {FILES[0]}，也没有 {FILES[1]}",
        )
    return read_tensors(found[0])


def check_keys(tuned: Any, tensors: Tensors, folder: Path) -> None:
    """Raise ModelError unless the file has all tensors of the adapter and no others.

    peft skips what it does not know and starts afresh what it does not find: the model then talks,
    but not as it was taught.
    """
    from peft import get_peft_model_state_dict

    # "auto" would ask the hub about a base that is known by its name.
    embeddings = any("embed" in key and key != "prompt_embeddings" for key in tensors)
    wanted = set(get_peft_model_state_dict(tuned, save_embedding_layers=embeddings))
    missing, extra = sorted(wanted - tensors.keys()), sorted(tensors.keys() - wanted)
    if not missing and not extra:
        return
    lacks = f"lacks {len(missing)} tensors, such as {missing[0]}" if missing else ""
    has = f"has {len(extra)} that belong nowhere, such as {extra[0]}" if extra else ""
    lacks_zh = f"缺少 {len(missing)} 个张量，例如 {missing[0]}" if missing else ""
    has_zh = f"多出 {len(extra)} 个对不上的张量，例如 {extra[0]}" if extra else ""
    raise ModelError(
        f"{folder.name}: the adapter {' and '.join(filter(None, (lacks, has)))}: it was made for "
        "another base model, or must go through `siliconfriend convert-adapter`",
        f"{folder.name}：适配器{'，'.join(filter(None, (lacks_zh, has_zh)))}："
        "它属于别的底座模型，或需先用 `siliconfriend convert-adapter` 转换",
    )


def _misfit(folder: Path, text: str) -> BadSetting:
    kind = "shapes" if "size mismatch" in text else "layers"
    zh = "形状" if kind == "shapes" else "层"
    return BadSetting(
        f"{folder.name}: the adapter's {kind} do not fit this model: it was made for another "
        "base (its adapter_config.json names it)",
        f"{folder.name}：适配器的{zh}与这个模型对不上：它属于别的底座（见其 adapter_config.json）",
    )
