"""The tables that the evaluation prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

MEASURES = ("any@1", "any@3", "any@5", "any@10", "all@5", "all@10", "mrr")


def systems(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of one set: the baselines, ours, ours with digests."""
    yield from result.get("baselines", {}).values()
    yield result
    if "with_digests" in result:
        yield result["with_digests"]


def retrieval_table(results: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row for each set and system."""
    table = _table("set", "system", "n", *MEASURES, "mrr 95 %")
    for result in results:
        for row in systems(result):
            low, high = row["ci95"]["mrr"]
            cells = [f"{row[name]:.3f}" for name in MEASURES]
            table.add_row(
                result["set"], row["system"], str(row["n"]), *cells, f"{low:.2f}-{high:.2f}"
            )
    return table


def forgetting_table(results: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row for each set and policy: the evidence kept at each share."""
    keep = list(results[0]["keep"]) if results else []
    table = _table("set", "policy", "n", *keep)
    for result in results:
        for policy in result["keep"][keep[0]]:
            cells = [f"{result['keep'][share][policy]:.3f}" for share in keep]
            table.add_row(result["set"], policy, str(result["n"]), *cells)
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="left" if name in ("set", "system", "policy") else "right")
    return table
