"""`siliconfriend train` and `convert-adapter`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memorybank.cli.common import JsonOption, LangOption, console, lang_of, print_json
from memorybank.cli.words import both, machine_lang
from memorybank.errors import BadInput, MissingExtra

if TYPE_CHECKING:
    from siliconfriend.finetune.convert import Converted
    from siliconfriend.finetune.prepare import Prepared
    from siliconfriend.finetune.presets import Preset
    from siliconfriend.finetune.train import Plan, Progress, Report


def option(name: str, english: str, chinese: str) -> Any:
    """Return an option with its help in both languages."""
    return typer.Option(name, help=both(english, chinese))


Base = Annotated[
    str,
    option(
        "--base", "Base model: a folder, a GGUF file, a name.", "底座模型：文件夹、GGUF 或名字。"
    ),
]
Data = Annotated[
    list[Path], option("--data", "Dialogues; several files may follow.", "对话文件，可接多个。")
]
More = Annotated[list[Path] | None, typer.Argument(help=both("More data files.", "更多数据文件。"))]
Out = Annotated[Path, option("--out", "A new folder for the adapter.", "放适配器的新文件夹。")]
PresetName = Annotated[
    str, option("--preset", "default, chatglm or belle.", "default、chatglm 或 belle。")
]
MaxSamples = Annotated[
    int, option("--max-samples", "Draw so many dialogues; 0: all.", "抽取多少段对话；0 为全部。")
]
MaxSteps = Annotated[int, option("--max-steps", "Stop after so many steps.", "训练多少步后停止。")]
MaxLength = Annotated[
    int,
    option("--max-length", "Tokens of a dialogue, instead of the preset's.", "每段对话的词元数。"),
]
Epochs = Annotated[float, option("--epochs", "Instead of the preset's.", "训练轮数。")]
Batch = Annotated[int, option("--batch", "Instead of the preset's.", "批量。")]
Accumulation = Annotated[int, option("--accumulation", "Instead of the preset's.", "梯度累积。")]
Rate = Annotated[float, option("--learning-rate", "Instead of the preset's.", "学习率。")]
Rank = Annotated[int, option("--rank", "Instead of the preset's.", "LoRA 的秩。")]
Alpha = Annotated[int, option("--alpha", "Instead of the preset's.", "LoRA 的 alpha。")]
Targets = Annotated[
    str, option("--targets", "Layers to adapt, with commas.", "要调的层，用逗号分开。")
]
Validation = Annotated[
    int, option("--validation", "Hold out at most so many; -1: the preset's.", "最多留出多少段。")
]
Seed = Annotated[int, option("--seed", "The same draw every time.", "随机种子。")]
SaveSteps = Annotated[
    int, option("--save-steps", "A checkpoint every so many steps.", "每多少步存一个检查点。")
]
Form = Annotated[str, option("--format", "auto, chatglm or belle.", "auto、chatglm 或 belle。")]
DeviceName = Annotated[str, option("--device", "auto, cpu, cuda, mps.", "auto、cpu、cuda、mps。")]
Dtype = Annotated[str, option("--dtype", "auto, float32, bfloat16, float16.", "数值类型。")]
Download = Annotated[
    bool, option("--download", "Fetch the base by its name.", "按名字下载底座模型。")
]
Remote = Annotated[
    bool,
    option(
        "--trust-remote-code",
        "Run code that comes with the base: read it first.",
        "运行底座自带的代码：请先读过。",
    ),
]
Dry = Annotated[
    bool, option("--dry-run", "Show what would be learnt, and stop.", "只显示将学习的内容。")
]
Strict = Annotated[
    bool, option("--strict", "Refuse a file with one bad row.", "有一行坏数据就拒绝整个文件。")
]
Board = Annotated[
    bool, option("--tensorboard", "Also write for TensorBoard.", "同时写 TensorBoard 日志。")
]
KeepAll = Annotated[
    bool, option("--keep-checkpoints", "Keep checkpoints (pickles).", "保留检查点（含 pickle）。")
]
Licence = Annotated[
    str, option("--data-licence", "The data's licence, for the card.", "数据的许可，写进说明。")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(
        "train",
        help=both(train.__doc__, "用对话微调一个开放模型（LoRA）；中断后重复命令即可继续。"),
    )(train)
    app.command(
        "convert-adapter",
        help=both(
            convert_adapter.__doc__, "把别人的适配器转成 PEFT 的 safetensors，并在底座模型上验证。"
        ),
    )(convert_adapter)


def train(
    base: Base,
    data: Data,
    more: More = None,
    out: Out = Path("adapter"),
    preset: PresetName = "default",
    max_samples: MaxSamples = 0,
    max_steps: MaxSteps = 0,
    max_length: MaxLength = 0,
    epochs: Epochs = 0,
    batch: Batch = 0,
    accumulation: Accumulation = 0,
    learning_rate: Rate = 0,
    rank: Rank = 0,
    alpha: Alpha = 0,
    targets: Targets = "",
    validation: Validation = -1,
    seed: Seed = 0,
    save_steps: SaveSteps = 50,
    form: Form = "auto",
    device: DeviceName = "auto",
    dtype: Dtype = "auto",
    download: Download = False,
    trust_remote_code: Remote = False,
    dry_run: Dry = False,
    strict: Strict = False,
    tensorboard: Board = False,
    keep_checkpoints: KeepAll = False,
    data_licence: Licence = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tune an open model on dialogues (LoRA); after any interruption the same command goes on."""
    require()
    from memorybank.adapters.transformers.opening import Wish
    from siliconfriend.finetune.prepare import DataPlan
    from siliconfriend.finetune.train import Plan

    changed = {
        "max_length": max_length, "epochs": epochs, "batch": batch, "accumulation": accumulation,
        "learning_rate": learning_rate, "rank": rank, "alpha": alpha,
    }  # fmt: skip
    plan = Plan(
        base=Wish(
            model=base, device=device, dtype=dtype, download=download,
            trust_remote_code=trust_remote_code,
        ),
        data=DataPlan(
            files=(*data, *(more or ())), max_samples=max_samples, strict=strict, seed=seed,
            form=form,
        ),
        preset=_changed(preset, changed, validation),
        out=out.expanduser(), max_steps=max_steps, save_steps=save_steps,
        targets=tuple(filter(None, (t.strip() for t in targets.split(",")))),
        tensorboard=tensorboard, keep_checkpoints=keep_checkpoints, data_licence=data_licence,
    )  # fmt: skip
    (_rehearse if dry_run else _run)(plan, lang, as_json)


def convert_adapter(
    source: Annotated[
        Path,
        typer.Argument(help=both("An adapter's folder, or its file.", "适配器的文件夹或文件。")),
    ],
    out: Annotated[Path, typer.Argument(help=both("A new folder.", "新文件夹。"))],
    base: Annotated[
        str,
        option("--base", "Prove it on this base model.", "在这个底座模型上验证。"),
    ] = "",
    alpha: Annotated[
        float,
        option("--alpha", "Where the source does not say: 32.", "来源未注明时用，默认 32。"),
    ] = 0,
    merged: Annotated[
        Path | None,
        option("--merged", "Also write base and adapter as one.", "另存合并后的整个模型。"),
    ] = None,
    download: Download = False,
    trust_remote_code: Remote = False,
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Turn others' adapters into PEFT safetensors, and prove them on their base model."""
    require("transformers")
    from memorybank.adapters.transformers.opening import Wish
    from siliconfriend.finetune.convert import convert

    wish = Wish(
        model=base, device="cpu", dtype="float32", download=download,
        trust_remote_code=trust_remote_code,
    )  # fmt: skip
    whole = merged.expanduser() if merged else None
    done = convert(source, out.expanduser(), base=wish if base else None, alpha=alpha, merged=whole)
    if as_json:
        print_json(done)
        return
    for line in _converted(done, lang_of(lang, machine_lang()) == "zh"):
        console().print(line, soft_wrap=True)


def _converted(done: Converted, zh: bool) -> Iterator[str]:
    yield (
        f"{done.out}：{done.layers} 层，秩 {done.rank}"
        if zh
        else f"{done.out}: {done.layers} layers, rank {done.rank}"
    )
    if done.alpha_guessed:
        yield (
            f"来源没有注明 alpha，按 {done.alpha:g} 处理；若不对请用 --alpha"
            if zh
            else f"the source does not say its alpha: taken as {done.alpha:g}, see --alpha"
        )
    if done.difference is None:
        yield (
            "未经验证：用 --base 指明底座模型，才会比较转换前后的 logits"
            if zh
            else "not proven: name --base, and logits before and after will be compared"
        )
        return
    yield (
        f"已验证：转换前后 logits 相差最大值的 {done.difference:.1e}；"
        f"适配器本身的影响为 {done.effect:.2f}"
        if zh
        else f"proven: logits before and after differ by {done.difference:.1e} of the largest; "
        f"the adapter itself moves them by {done.effect:.2f}"
    )


def require(extra: str = "train") -> None:
    """Raise MissingExtra where a package of an extra is not installed."""
    from importlib.util import find_spec

    for package in ("torch", "transformers", "peft", *(("trl",) if extra == "train" else ())):
        if find_spec(package) is None:
            raise MissingExtra(extra, package)


def _changed(name: str, changed: dict[str, float], validation: int) -> Preset:
    from siliconfriend.finetune.presets import preset_named

    for option_name, value in changed.items():
        if value < 0:
            flag = f"--{option_name.replace('_', '-')}"
            raise BadInput(f"{flag}: give a number above 0", f"{flag}：请给大于 0 的数")
    preset = preset_named(name)
    given: dict[str, Any] = {key: value for key, value in changed.items() if value}
    if validation >= 0:
        given |= {"held_out": validation, "held_out_share": 0.5}
    return replace(preset, **given)


def _rehearse(plan: Plan, lang: str, as_json: bool) -> None:
    """Show the token statistics, and one dialogue with what is learnt marked."""
    from memorybank.adapters.transformers.opening import open_config, open_tokenizer
    from siliconfriend.finetune.prepare import prepare, shown

    tokenizer = open_tokenizer(plan.base)
    done = prepare(plan.data, plan.preset, tokenizer, open_config(plan.base).model_type)
    stretches = shown(done.train.samples[0], tokenizer)
    if as_json:
        print_json(_statistics(done) | {"sample": [{"text": t, "learnt": m} for t, m in stretches]})
        return
    zh = lang_of(lang, machine_lang()) == "zh"
    out = console()
    for line in _told(done, zh):
        out.print(line, markup=False, soft_wrap=True)
    out.print("\n一段对话，⟦学习的部分⟧：" if zh else "\nOne dialogue, ⟦what is learnt⟧:")
    for text, learnt in stretches:
        out.print(
            f"⟦{text}⟧" if learnt else text, style="bold green" if learnt else "dim",
            end="", markup=False, soft_wrap=True,
        )  # fmt: skip
    out.print()


def _told(done: Prepared, zh: bool) -> Iterator[str]:
    yield from done.corpus.tally.lines(zh)
    for name, part in (
        ("学习" if zh else "to learn", done.train),
        ("留出" if zh else "held out", done.held_out),
    ):
        first, *rest = part.lines(zh)
        yield f"{name}：{first}" if zh else f"{name}: {first}"
        yield from rest


def _statistics(done: Prepared) -> dict[str, Any]:
    tally = done.corpus.tally
    parts = {
        name: {
            "dialogues": len(part.samples), "tokens": part.tokens, "learnt": part.learnt,
            "lengths": part.lengths(), "cut_at_turn": part.cut_at_turn,
            "cut_in_reply": part.cut_in_reply, "left_out": part.left_out,
        }
        for name, part in (("train", done.train), ("held_out", done.held_out))
    }  # fmt: skip
    rows = {"rows": tally.rows, "taken": tally.taken, "twice": tally.twice, "bad": dict(tally.bad)}
    return {"format": done.form.name, "rows": rows} | parts


def _run(plan: Plan, lang: str, as_json: bool) -> None:
    from siliconfriend.finetune.train import train as run

    zh = lang_of(lang, machine_lang()) == "zh"
    with _bar(zh, quiet=as_json) as progress:
        report = run(plan, progress, told=lambda done: _tell(done, zh))
    if as_json:
        print_json(report)
        return
    for line in _outcome(report, zh):
        console().print(line, soft_wrap=True)


def _tell(done: Prepared, zh: bool) -> None:
    for line in _told(done, zh):
        sys.stderr.write(line + "\n")


def _outcome(report: Report, zh: bool) -> Iterator[str]:
    steps, minutes = report.steps, report.seconds / 60
    yield (
        f"{steps} 步，{minutes:.1f} 分钟；适配器在 {report.out}"
        if zh
        else f"{steps} steps in {minutes:.1f} minutes; the adapter is in {report.out}"
    )
    if report.before is not None and report.after is not None:
        yield (
            f"留出集损失：之前 {report.before:.3f}，之后 {report.after:.3f}"
            if zh
            else f"held-out loss: {report.before:.3f} before, {report.after:.3f} after"
        )


@contextmanager
def _bar(zh: bool, *, quiet: bool) -> Iterator[Progress]:
    """Show steps and loss on the terminal's error stream; lines where it is no terminal."""
    if quiet:
        yield lambda what, done, total, loss: None
    elif not sys.stderr.isatty():
        yield _line
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Bars(*columns, TimeRemainingColumn(), console=console(stderr=True)) as bars:
            task = bars.add_task("")

            def report(what: str, done: int, total: int, loss: float) -> None:
                name = f"损失 {loss:.3f}" if zh else f"loss {loss:.3f}"
                bars.update(task, description=name, completed=done, total=total)

            yield report


def _line(what: str, done: int, total: int, loss: float) -> None:
    if what == "train" and (done % 10 == 0 or done == total):
        sys.stderr.write(f"{done}/{total}  loss {loss:.3f}\n")
