"""Adapters of others, converted: equal logits before and after, and everything wrong refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from memorybank.adapters.transformers.adapters import with_adapter
from memorybank.adapters.transformers.opening import Wish, open_model
from memorybank.errors import BadInput, BadSetting, ModelError
from siliconfriend.finetune import convert as converting
from siliconfriend.finetune.convert import TOLERANCE, convert
from siliconfriend.finetune.verify import shape_of

JOINED = (True, False, True)


def lora(family, leaves, *, rank=4, style="", joined=()):
    """The tensors that a trainer of those days would have left, drawn by a seed."""
    torch.manual_seed(1)
    made = {}
    for name, module in tiny.model(family).named_modules():
        if name.rpartition(".")[2] not in leaves:
            continue
        out, size = module.weight.shape
        key, groups = f"base_model.model.{name}", sum(joined) or 1
        made[f"{key}.lora_A{style}.weight"] = torch.randn(rank * groups, size) * 0.3
        b = torch.randn(out // (len(joined) or 1) * groups, rank) * 0.3
        made[f"{key}.lora_B{style}.weight"] = b.unsqueeze(-1) if joined else b
    return made


def released(folder: Path, tensors, **config) -> Path:
    """A checkpoint as the original released them: adapter_config.json and adapter_model.bin."""
    folder.mkdir()
    torch.save(tensors, folder / "adapter_model.bin")
    old = {"peft_type": "LORA", "r": 4, "lora_alpha": 16, "lora_dropout": 0.05, "bias": "none"}
    old |= {"merge_weights": False, "enable_lora": None, "fan_in_fan_out": False}
    (folder / "adapter_config.json").write_text(json.dumps(old | config))
    return folder


def by_hand(family, tensors, scale, joined=()):
    """The base with the source's change worked into its weights, block by block."""
    model = tiny.model(family)
    modules = dict(model.named_modules())
    for key, a in tensors.items():
        if ".lora_A" not in key:
            continue
        b = tensors[key.replace(".lora_A", ".lora_B")]
        weight = modules[key.removeprefix("base_model.model.").split(".lora_A")[0]].weight
        with torch.no_grad():
            if not joined:
                weight += scale * b @ a
                continue
            blocks = weight.view(len(joined), -1, weight.shape[1])
            spots = [n for n, there in enumerate(joined) if there]
            for spot, part_a, part_b in zip(
                spots, a.chunk(len(spots)), b.squeeze(-1).chunk(len(spots)), strict=True
            ):
                blocks[spot] += scale * part_b @ part_a
    return model


def close(one, other):
    return torch.allclose(one, other, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("family", "leaves"),
    [
        ("llama", ["q_proj", "v_proj", "down_proj"]),
        ("bloom", ["query_key_value"]),
        ("glm", ["q_proj", "k_proj"]),
        ("glm4", ["o_proj"]),
    ],
)
@pytest.mark.parametrize("style", ["", ".default"])
def test_released_checkpoints_and_bare_dictionaries(family, leaves, style, bases, tmp_path):
    tensors = lora(family, leaves, style=style)
    if style:  # the ChatGLM trainer's: names of its own, no configuration
        source = tmp_path / "chatglm-lora.pt"
        torch.save(tensors, source)
    else:
        source = released(tmp_path / "source", tensors)
    out, merged = tmp_path / "out", tmp_path / "merged"
    done = convert(source, out, base=Wish(model=str(bases[family])), merged=merged)
    assert done.kind == "lora" and done.layers == len(tensors) // 2 and done.rank == 4
    assert done.alpha == (32 if style else 16) and done.alpha_guessed == bool(style)
    assert done.difference <= TOLERANCE < 0.1 < done.effect
    assert {path.suffix for path in out.iterdir()} <= {".json", ".safetensors", ".md"}

    wanted = tiny.logits(by_hand(family, tensors, done.alpha / 4))
    assert not close(wanted, tiny.logits(tiny.model(family)))
    assert close(wanted, tiny.logits(with_adapter(tiny.model(family), out)))
    assert close(wanted, tiny.logits(open_model(Wish(model=str(merged))).model))


def test_the_joined_projection_of_the_first_peft(bases, tmp_path):
    tensors = lora("bloom", ["query_key_value"], joined=JOINED)
    source = released(tmp_path / "source", tensors, enable_lora=list(JOINED))
    done = convert(source, tmp_path / "out", base=Wish(model=str(bases["bloom"])))
    assert done.difference <= TOLERANCE < done.effect
    tuned = with_adapter(tiny.model("bloom"), tmp_path / "out")
    assert close(tiny.logits(by_hand("bloom", tensors, 4, JOINED)), tiny.logits(tuned))


@pytest.mark.parametrize("family", ["glm", "glm4", "llama"])
@pytest.mark.parametrize("projected", [False, True])
def test_prefix_encoders(family, projected, bases, tmp_path):
    shape = shape_of(tiny.config(family))
    width = shape.layers * 2 * shape.heads * shape.size
    torch.manual_seed(2)
    at = "transformer.prefix_encoder."
    tensors = {f"{at}embedding.weight": torch.randn(5, 32 if projected else width)}
    if projected:
        tensors |= {
            f"{at}trans.0.weight": torch.randn(32, 32) * 0.3,
            f"{at}trans.0.bias": torch.randn(32),
            f"{at}trans.2.weight": torch.randn(width, 32) * 0.3,
            f"{at}trans.2.bias": torch.randn(width),
        }
    (tmp_path / "source").mkdir()
    torch.save(tensors, tmp_path / "source" / "pytorch_model.bin")
    out = tmp_path / "out"
    done = convert(tmp_path / "source", out, base=Wish(model=str(bases[family])))
    assert (done.kind, done.layers, done.rank) == ("prefix", 2, 5)
    assert done.difference <= TOLERANCE < 0.1 < done.effect
    saved = load_file(out / "adapter_model.safetensors")["prompt_embeddings"]
    if not projected:
        assert torch.equal(saved, tensors[f"{at}embedding.weight"])
    tuned = with_adapter(tiny.model(family), out)
    assert not close(tiny.logits(tuned), tiny.logits(tiny.model(family)))


def test_a_conversion_that_went_wrong_is_seen_and_leaves_nothing(bases, tmp_path, monkeypatch):
    source = released(tmp_path / "source", lora("llama", ["q_proj"]))
    monkeypatch.setattr(converting, "spread", lambda pair, groups: pair.b.contiguous() * 1.01)
    with pytest.raises(ModelError, match="nothing was kept") as caught:
        convert(source, tmp_path / "out", base=Wish(model=str(bases["llama"])))
    assert "没有保留" in caught.value.say("zh")
    assert not (tmp_path / "out").exists()


def test_without_a_base_it_is_converted_and_called_unproven(tmp_path):
    done = convert(released(tmp_path / "s", lora("llama", ["q_proj"])), tmp_path / "out", base=None)
    assert done.difference is None and (tmp_path / "out" / "adapter_config.json").exists()


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ("another base", BadSetting, "another"),
        ("half a pair", ModelError, "one of two"),
        ("a stranger", ModelError, "neither LoRA nor prefix"),
        ("two ranks", ModelError, "several ranks"),
        ("damaged", ModelError, "damaged"),
        ("not there", BadSetting, "none of"),
        ("occupied", BadInput, "new folder"),
    ],
)
def test_what_cannot_be_converted_says_why(change, error, says, bases, tmp_path):
    tensors = lora("llama", ["q_proj"])
    first = next(iter(tensors))
    if change == "half a pair":
        del tensors[first]
    if change == "a stranger":
        tensors["model.norm.weight"] = torch.ones(3)
    if change == "two ranks":
        tensors[first], twin = tensors[first][:2], first.replace("lora_A", "lora_B")
        tensors[twin] = tensors[twin][:, :2].contiguous()
    source = released(tmp_path / "source", tensors)
    if change == "damaged":
        file = source / "adapter_model.bin"
        file.write_bytes(file.read_bytes()[:-400])
    if change == "not there":
        (source / "adapter_model.bin").unlink()
    if change == "occupied":
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").touch()
    base = bases["bloom" if change == "another base" else "llama"]
    with pytest.raises(error, match=says) as caught:
        convert(source, tmp_path / "out", base=Wish(model=str(base)))
    assert caught.value.zh
    assert (tmp_path / "out").exists() == (change == "occupied")


def test_a_prefix_for_another_base(bases, tmp_path):
    torch.save({"prefix_encoder.embedding.weight": torch.randn(5, 999)}, tmp_path / "p.bin")
    with pytest.raises(BadSetting, match="999 wide"):
        convert(tmp_path / "p.bin", tmp_path / "out", base=Wish(model=str(bases["glm"])))
    with pytest.raises(BadSetting, match="--base"):
        convert(tmp_path / "p.bin", tmp_path / "out", base=None)


def test_a_pickle_is_refused_and_never_runs(bases, tmp_path, bomb):
    with pytest.raises(ModelError, match="refused"):
        convert(bomb, tmp_path / "out", base=None)
    source = released(tmp_path / "source", lora("llama", ["q_proj"]))
    shutil.copy(bomb, source / "adapter_model.bin")
    with pytest.raises(ModelError, match="refused") as caught:
        with_adapter(tiny.model("llama"), source)
    assert "safetensors" in caught.value.say("zh")


# -- adapters on a model ------------------------------------------------------------------------


def test_an_old_bin_adapter_loads_as_it_is(tmp_path):
    tensors = lora("llama", ["q_proj"])
    source = released(tmp_path / "source", tensors, target_modules=["q_proj"])
    tuned = with_adapter(tiny.model("llama"), source)
    assert close(tiny.logits(tuned), tiny.logits(by_hand("llama", tensors, 4)))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ("missing", ModelError, "lacks 1 tensors.*another base"),
        ("extra", ModelError, "1 that belong nowhere"),
        ("shapes", BadSetting, "shapes do not fit"),
        ("layers", BadSetting, "layers do not fit"),
        ("no config", BadSetting, "convert-adapter"),
        ("no weights", BadSetting, "neither"),
    ],
)
def test_an_adapter_that_does_not_fit_says_so(change, error, says, tmp_path):
    tensors = lora("llama", ["q_proj"])
    first = next(iter(tensors))
    if change == "missing":
        del tensors[first]
    if change == "extra":
        tensors[first.replace("layers.0", "layers.7")] = tensors[first].clone()
    if change == "shapes":
        tensors[first] = torch.randn(4, 99)
    target = ["c_attn"] if change == "layers" else ["q_proj"]
    source = released(tmp_path / "source", tensors, target_modules=target)
    (source / "adapter_model.bin").unlink()
    if change != "no weights":
        save_file(tensors, source / "adapter_model.safetensors", metadata={"format": "pt"})
    if change == "no config":
        (source / "adapter_config.json").unlink()
    with pytest.raises(error, match=says) as caught:
        with_adapter(tiny.model("llama"), source)
    assert caught.value.zh
