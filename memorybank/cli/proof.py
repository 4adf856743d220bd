"""Proof: eval, bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from memorybank.cli.common import console, progress_bar
from memorybank.errors import BadInput

app = typer.Typer(help="Measure recall on data sets.", no_args_is_help=True)
JsonFile = Annotated[Path | None, typer.Option("--json", help="Also write the numbers here.")]


def register(root: typer.Typer) -> None:
    """Add this file's commands."""
    root.command()(bench)


@app.callback()
def _eval() -> None:
    """Measure recall on data sets."""


@app.command()
def retrieval(
    paths: Annotated[list[Path], typer.Argument(help="Folders in the normal form.")],
    split: Annotated[str, typer.Option(help="dev or holdout; all if left out.")] = "",
    questions: Annotated[
        Path | None, typer.Option(help="Take the questions from this set, by pair_id.")
    ] = None,
    digests: Annotated[bool, typer.Option(help="Also ask with digests.")] = True,
    embedder: Annotated[str, typer.Option(help="auto, none, or provider:model.")] = "auto",
    json_file: JsonFile = None,
) -> None:
    """Ask every question of a set, and tell how often its evidence came back."""
    from memorybank.evals.cache import CachedEmbedder
    from memorybank.evals.retrieval import Plan, evaluate
    from memorybank.evals.sets import load_set
    from memorybank.models import load_embedder
    from memorybank.settings import read_settings

    if split not in ("", "dev", "holdout"):
        raise BadInput(f"--split {split}: choose dev or holdout")
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
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes only.")] = False,
) -> None:
    """Time the memory with its embedder stubbed, each as a ratio to a floor of the same run."""
    from memorybank.evals.bench import run

    with progress_bar() as report:
        rows = run(quick=quick, progress=report)
    from memorybank.evals.bench import table

    console().print(table(rows))
    if json_file:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
