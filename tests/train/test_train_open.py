"""Open models talk: each family in its format, and what cannot be opened says why."""

from __future__ import annotations

import json
import shutil
import threading
import warnings
from contextlib import suppress
from importlib.util import find_spec

import pytest
import tiny
import torch

from memorybank.adapters.transformers import device as devices
from memorybank.adapters.transformers.model import TransformersLLM, window_of
from memorybank.adapters.transformers.opening import Wish, open_model
from memorybank.errors import BadSetting, ModelError, PromptTooLong, ReplyCut
from memorybank.models import LLM, Style, load_llm, replying

ASKED = [{"role": "user", "content": "我的猫叫什么？ What is it called?"}]
GREEDY = Style(temperature=0, max_tokens=12)


def opened(folder, **options) -> TransformersLLM:
    return load_llm(f"transformers:{folder}", {"transformers": options})


def heard(llm, style=GREEDY, messages=ASKED):
    """What a model says, up to where it is cut."""
    pieces = []
    with suppress(ReplyCut):
        pieces += llm.stream(messages, style)
    return "".join(pieces)


def by_hand(llm, prompt, tokens):
    """The same reply, token by token, by the model alone."""
    ids = llm.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
    start = ids.shape[1]
    for _ in range(tokens):
        with torch.no_grad():
            best = llm.model(input_ids=ids).logits[0, -1].argmax().view(1, 1)
        ids = torch.cat([ids, best], dim=1)
        if best.item() in llm.ends:
            break
    return llm.tokenizer.decode(ids[0, start:], skip_special_tokens=True)


@pytest.mark.parametrize("family", [*tiny.FAMILIES, "llama+"])
def test_each_family_talks_in_its_own_format(family, bases):
    llm = opened(bases[family])
    assert isinstance(llm, LLM)
    assert llm.name == f"transformers:{family}" and llm.window == 256
    prompt = llm.format.prompt(ASKED)
    expected = {"glm": "[Round 1]\n\n问：", "glm4": "[Round 1]", "llama+": "<|user|>\n"}
    assert prompt.startswith(expected.get(family, "Human: "))
    reply = heard(llm)
    wanted = by_hand(llm, prompt, GREEDY.max_tokens)
    for stop in llm.format.stops:
        wanted = wanted.split(stop)[0]
    assert reply == wanted and reply
    assert llm.count("") == 0 < llm.count("豆豆") <= 6


def test_the_end_mark_of_a_template_ends_a_reply_although_no_config_names_it(bases):
    llm = opened(bases["llama+"])
    assert llm.tokenizer.convert_tokens_to_ids("<|end|>") in llm.ends
    assert llm.tokenizer.eos_token_id in llm.ends


def test_a_reply_at_its_limit_is_cut_and_says_so(bases):
    llm = opened(bases["bloom"], max_tokens=5)
    llm.ends, real = set(), llm.model.generate

    def late(**given):
        """Return only after the listener has heard the end, as happens on a busy machine."""
        out = real(**given)
        given["stopping_criteria"][0].__self__.stopped.wait(60)
        return out

    llm.model.generate = late
    with pytest.raises(ReplyCut, match="5 tokens") as caught:
        list(llm.stream(ASKED, Style(temperature=0)))
    assert "max_tokens" in caught.value.say("zh")


def test_a_stop_string_ends_a_reply(bases):
    llm = opened(bases["llama"])
    whole = heard(llm)
    middle = whole[len(whole) // 2]
    pieces = list(replying(llm, ASKED, Style(temperature=0, max_tokens=12, stop=(middle,))))
    assert "".join(pieces) == whole.split(middle)[0] or whole.startswith(middle)


def test_closing_stops_the_model(bases):
    llm = opened(bases["bloom"], window=100_000)
    llm.ends = set()
    steps = []
    llm.model.register_forward_hook(lambda *_: steps.append(1))
    torch.manual_seed(0)
    reply = llm.stream(ASKED, Style(max_tokens=50_000, temperature=5.0))
    next(reply)  # a word is heard once a space ends it; so hot, one soon does
    reply.close()
    assert len(steps) < 5_000
    assert not any(thread.name == "reply" for thread in threading.enumerate())


def test_a_prompt_longer_than_the_window_is_refused_before_the_model_is_asked(bases):
    llm = opened(bases["glm"])
    llm.model.forward = None
    with pytest.raises(PromptTooLong, match="256") as caught:
        list(llm.stream([{"role": "user", "content": "豆" * 300}], GREEDY))
    assert "预算" in caught.value.say("zh")


def test_a_window_of_ones_own_and_of_a_tokenizer(bases):
    assert opened(bases["glm"], window=64).window == 64
    llm = opened(bases["bloom"])
    llm.tokenizer.model_max_length = 77
    assert window_of(llm.model.config, llm.tokenizer) == 77


def test_two_talk_at_once_and_hear_what_each_would_alone(bases):
    llm = opened(bases["llama"])
    others = [{"role": "user", "content": "something else"}]
    alone = [heard(llm), heard(llm, messages=others)]
    first, second = llm.stream(ASKED, GREEDY), llm.stream(others, GREEDY)
    together = ["", ""]
    for n, reply in enumerate((first, second)):
        with suppress(ReplyCut):
            for piece in reply:
                together[n] += piece
    assert together == alone


# -- what cannot be opened ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "says"),
    [("", "name a folder"), ("/not/there", "no such folder"), ("nobody/nothing", "download")],
)
def test_a_model_that_is_not_there(model, says):
    with pytest.raises(BadSetting, match=says) as caught:
        load_llm(f"transformers:{model}", {})
    assert caught.value.zh


def test_an_unknown_option_is_refused(bases):
    with pytest.raises(BadSetting, match="adaptor"):
        opened(bases["glm"], adaptor="x")


def test_old_bin_weights_load_as_plain_tensors(bases, tmp_path):
    folder = shutil.copytree(bases["llama"], tmp_path / "old")
    (folder / "model.safetensors").unlink()
    torch.save(tiny.model("llama").state_dict(), folder / "pytorch_model.bin")
    assert heard(opened(folder)) == heard(opened(bases["llama"]))


def test_a_pickle_in_the_place_of_weights_is_refused_and_never_runs(bases, tmp_path, bomb):
    folder = shutil.copytree(bases["llama"], tmp_path / "bad")
    (folder / "model.safetensors").unlink()
    shutil.copy(bomb, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="refused") as caught:
        opened(folder)
    assert "拒绝" in caught.value.say("zh")


def test_damaged_and_incomplete_weights(bases, tmp_path):
    folder = shutil.copytree(bases["llama"], tmp_path / "cut")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        opened(folder)
    from safetensors.torch import load, save_file

    tensors = load(whole)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights are missing.*up_proj"):
        opened(folder)


def remote(bases, tmp_path):
    """A checkpoint with code of its own, as the first ChatGLM was; the code leaves a mark."""
    folder = shutil.copytree(bases["llama"], tmp_path / "remote")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "homemade", "auto_map": {
        "AutoConfig": "homemade.C", "AutoModel": "homemade.M"}}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "homemade.py").write_text(
        "import pathlib\n"
        f"pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        "class C(LlamaConfig):\n    model_type = 'homemade'\n"
        "class M(LlamaForCausalLM):\n    config_class = C\n"
    )
    return folder


def test_code_that_comes_with_a_checkpoint_runs_only_where_it_was_asked_for(bases, tmp_path):
    folder = remote(bases, tmp_path)
    with pytest.raises(BadSetting, match="trust_remote_code = true") as caught:
        opened(folder)
    assert "原生类" in caught.value.say("zh")
    assert not (tmp_path / "ran").exists()
    with pytest.warns(RuntimeWarning, match="with your rights.*权限"):
        llm = opened(folder, trust_remote_code=True)
    assert (tmp_path / "ran").exists()
    assert heard(llm) == heard(opened(bases["llama"]))


def test_devices_say_why_and_refuse_what_is_not_there(bases):
    chosen = devices.choose()
    assert chosen.reason
    if not torch.cuda.is_available():
        with pytest.raises(BadSetting, match="cpu") as caught:
            opened(bases["glm"], device="cuda")
        assert "没有这种设备" in caught.value.say("zh")
    assert devices.choose("cpu", "bfloat16").dtype is torch.bfloat16
    with pytest.raises(BadSetting, match="float16"):
        devices.choose("cpu", "int4")


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_eight_bits_need_bitsandbytes(bases):
    with pytest.raises(BadSetting, match="pip install bitsandbytes"):
        opened(bases["llama"], eight_bit=True)


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_eight_bits_talk(bases):
    assert heard(opened(bases["llama"], eight_bit=True))


def test_out_of_memory_is_said_plainly(bases):
    llm = opened(bases["glm"])

    def hungry(**_):
        torch.empty(1 << 60, dtype=torch.uint8)  # what torch really says

    llm.model.generate = hungry
    with pytest.raises(ModelError, match="out of memory") as caught:
        list(llm.stream(ASKED, GREEDY))
    assert "内存不足" in caught.value.say("zh")


def test_nothing_of_a_quiet_opening_stays(bases, capfd):
    before = list(warnings.filters)
    open_model(Wish(model=str(bases["llama"])))
    assert warnings.filters == before
    assert capfd.readouterr().out == ""
