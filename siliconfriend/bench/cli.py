"""`siliconfriend bench`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from memorybank.cli.common import console
from memorybank.cli.words import both

_WHERE = both("Also write the numbers to this file.", "另把数字写进这个文件。")
_SCALE = both("Below 1 for a quick look.", "小于 1 则少测一些。")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    chinese = "测量服务器：回忆、代理、内存和网页，向量和模型都是替身。"
    app.command(help=both(bench.__doc__, chinese))(bench)


def bench(
    json_file: Annotated[str, typer.Option("--json", help=_WHERE)] = "",
    scale: Annotated[float, typer.Option(help=_SCALE, min=0.01, max=10)] = 1.0,
) -> None:
    """Measure the server: recall, proxy, memory and page, with embedder and model stubbed."""
    from rich.table import Table

    from siliconfriend.bench import measure
    from siliconfriend.server.cli import needs_serve

    needs_serve()
    rows = measure.bench(lambda what: console(stderr=True).print(f"{what} …"), scale=scale)
    if json_file:
        told = json.dumps([asdict(row) for row in rows], indent=2)
        Path(json_file).write_text(told + "\n", "utf-8")
    table = Table("", "", "", "", box=None, show_header=False)
    for row in rows:
        met = "" if not row.bar else "✓" if row.met else "✗"
        value = row.note or f"{row.value:,.1f} {row.unit}"
        table.add_row(row.what, value, row.bar, "" if row.note else met)
    console().print(table)
