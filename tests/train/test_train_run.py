"""Tuning runs on tiny models: what is learnt, what is left behind, and every way to be stopped."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from memorybank.adapters.transformers.adapters import with_adapter
from memorybank.adapters.transformers.opening import Wish
from memorybank.errors import BadInput, DiskFull, ModelError
from memorybank.models import Style, load_llm
from siliconfriend.cli import app
from siliconfriend.finetune import train as training
from siliconfriend.finetune.losses import held_out_loss
from siliconfriend.finetune.prepare import DataPlan
from siliconfriend.finetune.presets import PRESETS
from siliconfriend.finetune.render import IGNORED, Sample
from siliconfriend.finetune.train import Plan, train

PRESET_OF = {"glm": "chatglm", "glm4": "chatglm", "llama": "belle", "bloom": "belle"}


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "talks.jsonl"
    rows = [
        {"messages": [
            {"role": "user", "content": f"我今天有点累 {n}"},
            {"role": "assistant", "content": "辛苦了，早点休息。"},
            {"role": "user", "content": "thank you"},
            {"role": "assistant", "content": "I am glad you told me."},
        ]}
        for n in range(16)
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def plan(base: Path, data: Path, out: Path, preset: str = "default", **more) -> Plan:
    steps = {"max_steps": 4, "save_steps": 2} | more
    quick = replace(PRESETS[preset], learning_rate=2e-2, batch=4, accumulation=1, warmup=0)
    return Plan(
        base=Wish(model=str(base)), data=DataPlan(files=(data,)), preset=quick, out=out, **steps
    )


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_each_family_learns_is_saved_loaded_merged_and_talks(family, bases, data, tmp_path, capfd):
    out = tmp_path / "out"
    report = train(plan(bases[family], data, out, PRESET_OF[family], data_licence="CC0"))
    assert report.after < report.before and report.steps == 4
    assert 0 < report.trained < report.whole
    assert capfd.readouterr().out == "", "standard output is the user's"

    left = {path.name for path in out.rglob("*")}
    assert left == {"README.md", "adapter_config.json", "adapter_model.safetensors", DONE}
    card, facts = (out / "README.md").read_text("utf-8"), json.loads((out / DONE).read_text())
    for said in ("CC0", "talks.jsonl", str(bases[family]), f"{report.after:.3f}", "不是临床建议"):
        assert said in card
    assert facts["report"]["after"] == report.after and len(facts["loss_by_step"]) == 4

    tuned = with_adapter(tiny.model(family), out)
    alone = tiny.logits(tuned)
    assert not torch.allclose(alone, tiny.logits(tiny.model(family)), atol=1e-3)
    merged = tuned.merge_and_unload()
    assert torch.allclose(tiny.logits(merged), alone, atol=1e-3)
    name, options = f"transformers:{bases[family]}", {"adapter": str(out), "max_tokens": 400}
    llm = load_llm(name, {"transformers": options})
    assert llm.format.name == ("chatglm" if family.startswith("glm") else "belle")
    asked = [{"role": "user", "content": "我今天有点累"}]
    assert next(llm.stream(asked, Style(temperature=0)))


DONE = training.DONE


def test_the_held_out_loss_is_the_mean_over_learnt_tokens():
    model = tiny.model("llama")
    torch.manual_seed(0)
    samples = []
    for size in (5, 9, 3):
        ids = torch.randint(0, 300, (size,)).tolist()
        samples.append(Sample(ids, [IGNORED, IGNORED, *ids[2:]]))
    total = count = 0
    for sample in samples:  # one by one, token by token
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([sample.ids])).logits[0]
        for at, label in enumerate(sample.labels):
            if label != IGNORED:
                total -= torch.log_softmax(logits[at - 1], -1)[label].item()
                count += 1
    for batch in (1, 2, 3):
        assert held_out_loss(model, samples, batch=batch) == pytest.approx(total / count, rel=1e-4)


KILLED = """
import sys
sys.path[:0] = [{here!r}]
import torch; torch.set_num_threads(1)
from pathlib import Path
from test_train_run import plan
from siliconfriend.finetune.train import train
def told(what, done, total, loss):
    print(what, done, file=sys.stderr, flush=True)
    if (what, done) == ("train", 5):
        sys.stderr.write("now\\n"); sys.stderr.flush()
        import signal; signal.pause()  # until the parent kills us
train(plan(Path({base!r}), Path({data!r}), Path({out!r}), max_steps=6), told)
"""


def test_killed_in_the_middle_it_goes_on_to_the_same_end(bases, data, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    train(plan(bases["llama"], data, whole, max_steps=6))
    names = {"here": str(Path(__file__).parent), "base": str(bases["llama"])}
    code = KILLED.format(**names, data=str(data), out=str(out))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stderr:
            if line.startswith("now"):
                break
        child.kill()
    assert child.returncode == -9

    torso = out / "checkpoints" / "checkpoint-5"
    torso.mkdir()
    (torso / "adapter_model.safetensors").write_bytes(b"half")
    report = train(plan(bases["llama"], data, out, max_steps=6))
    assert (report.resumed_at, report.steps) == (4, 6)
    ours, theirs = (load_file(f / "adapter_model.safetensors") for f in (out, whole))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.allclose(tensor, theirs[name], atol=1e-5), name
    one, other = (json.loads((f / DONE).read_text()) for f in (out, whole))
    assert one["report"]["before"] == pytest.approx(other["report"]["before"])
    assert one["report"]["after"] == pytest.approx(other["report"]["after"], rel=1e-3)


def test_a_full_disk_is_said_and_the_last_checkpoint_goes_on(bases, data, tmp_path, monkeypatch):
    """The writer fails as the system does, at the second checkpoint."""
    out, real = tmp_path / "out", training.Keep.mark

    def full(self, step):
        if step == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, step)

    monkeypatch.setattr(training.Keep, "mark", full)
    with pytest.raises(DiskFull, match="same command") as caught:
        train(plan(bases["bloom"], data, out, keep_checkpoints=True))
    assert "磁盘已满" in caught.value.say("zh")
    pickles = [path.name for path in out.rglob("training_args.bin")]
    assert len(pickles) <= 1, "only in the torso"
    monkeypatch.undo()
    report = train(plan(bases["bloom"], data, out, keep_checkpoints=True))
    assert report.resumed_at == 2
    assert not list(out.rglob("training_args.bin"))


def test_no_room_is_told_before_the_first_step(bases, data, tmp_path, monkeypatch):
    usage = training.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(training.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull):
        train(plan(bases["llama"], data, tmp_path / "out"))


def test_out_of_memory_is_told_with_a_cure(bases, data, tmp_path, monkeypatch):
    def hungry(*_, **__):
        torch.empty(1 << 60, dtype=torch.uint8)

    monkeypatch.setattr(training.SFTTrainer, "compute_loss", hungry)
    with pytest.raises(ModelError, match=r"out of memory while training.*smaller batch"):
        train(plan(bases["llama"], data, tmp_path / "out"))


def test_another_run_is_neither_continued_nor_written_over(bases, data, tmp_path):
    out = tmp_path / "out"
    known = training.Keep(out)
    known.claim({"seed": 1, "base": "a"})
    with pytest.raises(BadInput, match="differs in base, seed") as caught:
        training.Keep(out).claim({"seed": 2, "base": "b"})
    assert "--out" in caught.value.say("zh")
    assert training.Keep(out).claim({"seed": 1, "base": "a"})
    (out / DONE).write_text("{}")
    with pytest.raises(BadInput, match="finished"):
        training.Keep(out).claim({"seed": 1, "base": "a"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(BadInput, match="not empty"):
        training.Keep(tmp_path / "mine").claim({})


def test_a_dry_run_shows_what_would_be_learnt(bases, data, tmp_path):
    out = tmp_path / "out"
    where = ["--base", str(bases["llama+"]), "--out", str(out), "--data", str(data), str(data)]
    told = CliRunner().invoke(app, ["train", *where, "--dry-run", "--lang", "en"])
    assert told.exit_code == 0, told.output
    assert "⟦辛苦了，早点休息。<|end|>⟧" in told.stdout
    assert "⟦I am glad you told me.<|end|>⟧" in told.stdout
    assert "32 rows: 16 taken, 16 there already" in told.stdout
    chinese = CliRunner().invoke(app, ["train", *where, "--dry-run", "--lang", "zh"])
    assert "32 行，采用 16 行" in chinese.stdout
    found = json.loads(CliRunner().invoke(app, ["train", *where, "--dry-run", "--json"]).stdout)
    learnt = "".join(part["text"] for part in found["sample"] if part["learnt"])
    assert learnt == "辛苦了，早点休息。<|end|>I am glad you told me.<|end|>"
    assert found["train"]["learnt"] > 0 and not out.exists()


def test_the_command_trains(bases, data, tmp_path):
    out = tmp_path / "out"
    arguments = ["--base", str(bases["llama+"]), "--data", str(data), "--out", str(out)]
    quick = ["--max-steps", "2", "--batch", "2", "--accumulation", "1", "--rank", "2"]
    told = CliRunner().invoke(app, ["train", *arguments, *quick, "--validation", "3", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["steps"] == 2
    facts = json.loads((out / DONE).read_text())
    assert facts["preset"]["rank"] == 2 and facts["held_out"] == 3
