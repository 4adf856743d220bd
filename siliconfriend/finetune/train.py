"""One tuning run: base model and dialogues in, a LoRA adapter with its card out.

peft adapts, trl trains. The run can be killed at any moment; the same command goes on.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from memorybank.adapters.transformers.device import is_out_of_memory, no_memory
from memorybank.adapters.transformers.opening import Opened, Wish, open_model, quiet
from memorybank.errors import MissingExtra
from siliconfriend.finetune.card import card
from siliconfriend.finetune.checkpoints import DONE, Keep, disk_full, is_disk_full, write_json
from siliconfriend.finetune.losses import held_out_loss
from siliconfriend.finetune.prepare import DataPlan, Prepared, prepare
from siliconfriend.finetune.presets import Preset, targets_of
from siliconfriend.finetune.render import Sample

Progress = Callable[[str, int, int, float], None]
"""What ("train", "saved"), steps done, steps in all, the last loss."""
SPARE = 64 * 2**20
"""Bytes that must be free beside what the checkpoints will take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole run. `max_steps` 0 means as many as the preset's epochs take."""

    base: Wish
    data: DataPlan
    preset: Preset
    out: Path
    max_steps: int = 0
    save_steps: int = 50
    targets: tuple[str, ...] = ()
    tensorboard: bool = False
    keep_checkpoints: bool = False
    data_licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to; losses are nats a token on held-out dialogues, None without any."""

    out: str
    before: float | None
    after: float | None
    steps: int
    seconds: float
    resumed_at: int
    trained: int
    whole: int


def train(
    plan: Plan,
    progress: Progress = lambda *_: None,
    told: Callable[[Prepared], None] = lambda _: None,
) -> Report:
    """Run or go on with a run; the adapter is in `plan.out` when it returns.

    `told` hears what was read before the first step, `progress` each step.

    Raises:
        BadInput, BadFile, BadSetting: with what to change.
        DiskFull, ModelError: disk or memory ran out; what was saved is usable.
    """
    started = time.monotonic()
    _require_tensorboard(plan)
    with _plain_failures(plan.out), _offline(plan.base.download):
        opened = open_model(plan.base)
        done = prepare(plan.data, plan.preset, opened.tokenizer, opened.model.config.model_type)
        told(done)
        keep = Keep(plan.out)
        known = keep.claim(_identity(plan, done))
        trainer = _trainer(plan, opened, done, keep, progress)
        _room(plan, trainer.model)
        last = keep.last()
        held = done.held_out.samples
        before = known.get("before", _loss(trainer.model, held, plan))
        keep.note({"before": before})
        with quiet():
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        model = trainer.model
        after = _loss(model, held, plan)
        report = Report(
            out=str(plan.out),
            before=before,
            after=after,
            steps=trainer.state.global_step,
            seconds=known.get("seconds", 0.0) + time.monotonic() - started,
            resumed_at=int(last.name.rpartition("-")[2]) if last else 0,
            trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
            whole=sum(p.numel() for p in model.parameters()),
        )
        history = [(e["step"], e["loss"]) for e in trainer.state.log_history if "loss" in e]
        _finish(plan, model, _facts(plan, done, model, opened, report, history))
        if not plan.keep_checkpoints:
            keep.clear()
    return report


def _require_tensorboard(plan: Plan) -> None:
    from importlib.util import find_spec

    if plan.tensorboard and find_spec("tensorboard") is None:
        raise MissingExtra("tensorboard", "tensorboard")


def _loss(model: Any, samples: Sequence[Sample], plan: Plan) -> float | None:
    return held_out_loss(model, samples, batch=plan.preset.batch) if samples else None


def _identity(plan: Plan, done: Prepared) -> dict[str, Any]:
    """Return what makes a run this run and no other."""
    return {
        "base": plan.base.model,
        "preset": asdict(plan.preset),
        "data": [source.sha256 for source in done.corpus.sources],
        "seed": plan.data.seed,
        "max_samples": plan.data.max_samples,
        "format": done.form.name,
        "max_steps": plan.max_steps,
        "targets": list(plan.targets),
    }


def _trainer(
    plan: Plan, opened: Opened, done: Prepared, keep: Keep, progress: Progress
) -> SFTTrainer:
    preset, steps = plan.preset, steps_of(plan, len(done.train.samples))
    linear = {
        name.rpartition(".")[2]
        for name, module in opened.model.named_modules()
        if "Linear" in type(module).__name__
    }
    lora = LoraConfig(
        r=preset.rank,
        lora_alpha=preset.alpha,
        lora_dropout=preset.dropout,
        target_modules=list(plan.targets) or targets_of(preset, linear),
        task_type="CAUSAL_LM",
    )
    warmup = preset.warmup if preset.warmup >= 1 else math.ceil(preset.warmup * steps)
    half = str(opened.device.dtype).removeprefix("torch.") if opened.device.name == "cuda" else ""
    settings = SFTConfig(
        output_dir=str(keep.folder),
        max_steps=steps,
        per_device_train_batch_size=preset.batch,
        gradient_accumulation_steps=preset.accumulation,
        learning_rate=preset.learning_rate,
        lr_scheduler_type=preset.schedule,
        warmup_steps=int(warmup),
        seed=plan.data.seed,
        data_seed=plan.data.seed,
        use_cpu=opened.device.name == "cpu",
        bf16=half == "bfloat16",
        fp16=half == "float16",
        activation_checkpointing=opened.device.name == "cuda",
        logging_steps=1,
        report_to="none",
        save_strategy="steps",
        save_steps=plan.save_steps,
        save_total_limit=2,
        disable_tqdm=True,
        dataloader_pin_memory=opened.device.name == "cuda",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    rows = [{"input_ids": s.ids, "labels": s.labels} for s in done.train.samples]
    with quiet():
        trainer = SFTTrainer(
            model=opened.model,
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=opened.tokenizer,
            peft_config=lora,
            callbacks=[_Watcher(keep, progress), *_board(plan)],
        )
    trainer.remove_callback(PrinterCallback)  # it writes to standard output
    return trainer


def _board(plan: Plan) -> list[TrainerCallback]:
    """Return what writes for TensorBoard, if that is wanted, beside the adapter."""
    if not plan.tensorboard:
        return []
    from transformers.integrations import TensorBoardCallback

    board = TensorBoardCallback()
    board.logging_dir = str(plan.out / "tensorboard")
    return [board]


class _Watcher(TrainerCallback):  # type: ignore[misc]
    """Marks checkpoints that are whole, and tells how far the run is."""

    def __init__(self, keep: Keep, progress: Progress) -> None:
        self.keep, self.progress = keep, progress

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After everything of a checkpoint is on the disk."""
        self.keep.mark(state.global_step)
        self._tell("saved", state)

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After a step."""
        self._tell("train", state)

    def _tell(self, what: str, state: Any) -> None:
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        self.progress(what, state.global_step, state.max_steps, losses[-1] if losses else math.nan)


def steps_of(plan: Plan, samples: int) -> int:
    """Return how many steps a run takes."""
    if plan.max_steps:
        return plan.max_steps
    each = math.ceil(math.ceil(samples / plan.preset.batch) / plan.preset.accumulation)
    return max(1, math.ceil(each * plan.preset.epochs))


def _room(plan: Plan, model: Any) -> None:
    """Refuse to start where the checkpoints will not fit: thrice the adapter, three at once."""
    adapter = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    if shutil.disk_usage(plan.out).free < 9 * adapter + SPARE:
        raise disk_full(plan.out)


def _facts(
    plan: Plan, done: Prepared, model: Any, opened: Opened, report: Report,
    history: list[tuple[int, float]],
) -> dict[str, Any]:  # fmt: skip
    """Return what `training.json` says of a run, and its card in words."""
    return _identity(plan, done) | {
        "device": f"{opened.device.name}, {opened.device.reason}",
        "dtype": str(opened.device.dtype).removeprefix("torch."),
        "layers": sorted(model.peft_config["default"].target_modules),
        "files": [asdict(source) for source in done.corpus.sources],
        "data_licence": plan.data_licence,
        "dialogues": len(done.train.samples),
        "held_out": len(done.held_out.samples),
        "tokens_learnt": done.train.learnt,
        "report": asdict(report),
        "loss_by_step": history,
    }


def _finish(plan: Plan, model: Any, facts: dict[str, Any]) -> None:
    """Write the adapter, then its card; last what says that the run is done."""
    model.peft_config["default"].base_model_name_or_path = plan.base.model
    model.save_pretrained(str(plan.out), save_embedding_layers=False)
    (plan.out / "README.md").write_text(card(facts), "utf-8")
    write_json(plan.out / DONE, facts)


@contextmanager
def _offline(download: bool) -> Iterator[None]:
    """Keep peft from asking the hub about a base that is known by its name, at every checkpoint."""
    name = "HF_HUB_OFFLINE"
    before = os.environ.get(name)
    if not download:
        os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


@contextmanager
def _plain_failures(out: Path) -> Iterator[None]:
    """Say plainly when memory or disk has run out."""
    try:
        yield
    except Exception as error:
        if is_disk_full(error):
            raise disk_full(out) from error
        if is_out_of_memory(error):
            raise no_memory("training", "训练") from error
        raise
