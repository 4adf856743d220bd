"""Proof: eval, bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from memorybank.cli.common import console, progress_bar
from memorybank.cli.words import both
from memorybank.errors import BadInput

_EVAL = both("Measure recall on data sets.", "在数据集上测量回忆。")
_JSON = both("Also write the numbers here.", "把数字也写到这里。")

app = typer.Typer(help=_EVAL, no_args_is_help=True)
JsonFile = Annotated[Path | None, typer.Option("--json", help=_JSON)]


def register(root: typer.Typer) -> None:
    """Add this file's commands."""
    root.command(
        help=both(bench.__doc__, "给记忆计时，向量模型用替身，每项都是与同一次运行的下限之比。")
    )(bench)
    app.command(help=both(retrieval.__doc__, "把数据集的每个问题问一遍，看它的依据有多常被想起。"))(
        retrieval
    )


@app.callback(help=_EVAL)
def _eval() -> None:
    """Measure recall on data sets."""


def retrieval(
    paths: Annotated[
        list[Path],
        typer.Argument(help=both("Folders in the normal form.", "标准格式的文件夹。")),
    ],
    split: Annotated[
        str,
        typer.Option(help=both("dev or holdout; all if left out.", "dev 或 holdout；不写则全部。")),
    ] = "",
    questions: Annotated[
        Path | None,
        typer.Option(
            help=both(
                "Take the questions from this set, by pair_id.",
                "按 pair_id 改用这个数据集的问题。",
            )
        ),
    ] = None,
    digests: Annotated[
        bool, typer.Option(help=both("Also ask with digests.", "整理之后再问一遍。"))
    ] = True,
    embedder: Annotated[
        str,
        typer.Option(help=both("auto, none, or provider:model.", "auto、none，或“来源:模型”。")),
    ] = "auto",
    json_file: JsonFile = None,
) -> None:
    """Ask every question of a set, and tell how often its evidence came back."""
    from memorybank.evals.cache import CachedEmbedder
    from memorybank.evals.retrieval import Plan, evaluate
    from memorybank.evals.sets import load_set
    from memorybank.models import load_embedder
    from memorybank.settings import read_settings

    if split not in ("", "dev", "holdout"):
        raise BadInput(
            f"--split {split}: choose dev or holdout", f"--split {split}：请选 dev 或 holdout"
        )
    model = load_embedder(embedder)
    if model is not None:
        model = CachedEmbedder(model, read_settings().home / "cache" / "vectors.db")
    results: list[dict[str, Any]] = []
    with progress_bar() as report:
        for path in paths:
            data = load_set(path, split=split or None, questions=questions)
            results.append(evaluate(data, Plan(model), progress=report))
            if digests:
                with_digests = evaluate(data, Plan(model, digested=True), progress=report)
                results[-1]["with_digests"] = with_digests
    console().print(_table(results))
    if json_file:
        text = json.dumps(
            results[0] if len(results) == 1 else results, ensure_ascii=False, indent=2
        )
        json_file.write_text(text + "\n", "utf-8")


def _table(results: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    columns = ("any@1", "any@3", "any@5", "any@10", "all@5", "all@10", "mrr")
    for name in ("set", "system", "n", *columns, "mrr 95 %"):
        table.add_column(name, justify="left" if name in ("set", "system") else "right")
    for result in results:
        for row in filter(None, (result, result.get("with_digests"))):
            low, high = row["ci95"]["mrr"]
            cells = [f"{row[c]:.3f}" for c in columns]
            table.add_row(row["set"], row["system"], str(row["n"]), *cells, f"{low:.2f}-{high:.2f}")
    return table


def bench(
    json_file: JsonFile = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=both("Small sizes only.", "只测小规模。"))
    ] = False,
) -> None:
    """Time the memory with its embedder stubbed, each as a ratio to a floor of the same run."""
    from memorybank.evals.bench import run

    with progress_bar() as report:
        rows = run(quick=quick, progress=report)
    from memorybank.evals.bench import table

    console().print(table(rows))
    if json_file:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
