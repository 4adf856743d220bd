"""Before training: files, split and tokens, as `--dry-run` shows them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorybank.adapters.transformers.families import Format, TemplateRefused
from memorybank.adapters.transformers.model import format_of, frame_of
from memorybank.errors import BadInput, BadSetting
from siliconfriend.finetune.data import Dialogue
from siliconfriend.finetune.files import Corpus, read_files
from siliconfriend.finetune.presets import Preset, held_out_of
from siliconfriend.finetune.render import IGNORED, Coder, Limits, Rendered, Sample, render


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlan:
    """Which data, and how much of it."""

    files: tuple[Path, ...]
    max_samples: int = 0
    strict: bool = False
    seed: int = 0
    form: str = "auto"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What will be learnt, what is held out, and how it was read."""

    corpus: Corpus
    train: Rendered
    held_out: Rendered
    form: Format


def prepare(plan: DataPlan, preset: Preset, tokenizer: Any, model_type: str) -> Prepared:
    """Read the files and render them; raises BadFile, BadInput, BadSetting."""
    corpus = read_files(plan.files, strict=plan.strict)
    learn, held_out = split(corpus.dialogues, preset, plan.max_samples, plan.seed)
    form = format_of(tokenizer, model_type, plan.form)
    coder = coder_of(tokenizer, form)
    limits = Limits(preset.max_length, preset.reply_length)
    try:
        done = Prepared(
            corpus, render(learn, form, coder, limits), render(held_out, form, coder, limits), form
        )
    except TemplateRefused as error:
        raise BadSetting(
            "the model's chat template does not take these dialogues: choose --format belle or "
            "chatglm",
            "模型的对话模板不接受这些对话：请用 --format belle 或 chatglm",
        ) from error
    if not done.train.samples:
        raise BadInput(
            f"no dialogue fits in {preset.max_length:,} tokens: raise --max-length",
            f"没有一段对话放得进 {preset.max_length:,} 个词元：请调大 --max-length",
        )
    return done


def split(
    dialogues: Sequence[Dialogue], preset: Preset, max_samples: int, seed: int
) -> tuple[list[Dialogue], list[Dialogue]]:
    """Return what to learn and what to hold out: a draw by `seed`, the same every time."""
    drawn = list(dialogues)
    random.Random(seed).shuffle(drawn)  # noqa: S311 - no secret
    drawn = drawn[:max_samples] if max_samples else drawn
    held_out = held_out_of(preset, len(drawn))
    return drawn[held_out:], drawn[:held_out]


def coder_of(tokenizer: Any, form: Format) -> Coder:
    """Return a tokenizer as `render` sees it; raises BadSetting without a mark of the end."""
    if tokenizer.eos_token_id is None:
        raise BadSetting(
            "the tokenizer has no end mark (eos_token): choose another base model",
            "分词器没有结束标记（eos_token）：请换一个底座模型",
        )

    def tokens(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    return Coder(tokens, int(tokenizer.eos_token_id), tuple(frame_of(tokenizer, form)[0]))


def shown(sample: Sample, tokenizer: Any) -> list[tuple[str, bool]]:
    """Return the text of a sample in stretches, and whether each is learnt.

    An end mark that is learnt without standing there is shown where it is learnt.
    """
    stretches: list[tuple[list[int], bool]] = []
    for token, label in zip(sample.ids, sample.labels, strict=True):
        learnt = label != IGNORED
        if learnt and label != token:
            stretches[-1][0].append(label)
            learnt = False
        if not stretches or stretches[-1][1] != learnt:
            stretches.append(([], learnt))
        stretches[-1][0].append(token)
    return [(tokenizer.decode(ids), learnt) for ids, learnt in stretches]
