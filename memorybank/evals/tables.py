"""The tables of the evaluation as rows of text; who prints them decides how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MEASURES = ("any@1", "any@3", "any@5", "any@10", "all@5", "all@10", "mrr")
Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, the first `words` of which hold words, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 2


def systems(result: Result) -> Iterator[Result]:
    """Yield the rows of one set: the baselines, ours, ours with digests."""
    yield from result.get("baselines", {}).values()
    yield result
    if "with_digests" in result:
        yield result["with_digests"]


def retrieval(results: Sequence[Result]) -> Table:
    """Return one row for each set and system."""
    rows = []
    for result in results:
        for row in systems(result):
            low, high = row["ci95"]["mrr"]
            cells = (f"{row[name]:.3f}" for name in MEASURES)
            rows.append(
                (result["set"], row["system"], str(row["n"]), *cells, f"{low:.2f}-{high:.2f}")
            )
    return Table(("set", "system", "n", *MEASURES, "mrr 95 %"), tuple(rows))


SHORT = ("any@1", "any@5", "any@10", "mrr")


def short(results: Sequence[Result]) -> Table:
    """Return one row for each set and system, the four measures that are looked at first."""
    rows = []
    for result in results:
        for row in systems(result):
            low, high = row["ci95"]["mrr"]
            cells = (f"{row[name]:.3f}" for name in SHORT)
            name = f"**{row['system']}**" if row["system"] == "ours" else row["system"]
            rows.append((result["set"], name, str(row["n"]), *cells, f"{low:.2f}-{high:.2f}"))
    return Table(("set", "system", "n", *SHORT, "mrr 95 %"), tuple(rows))


def categories(results: Sequence[Result]) -> Table:
    """Return one row for each set and category of question, as ours answers it."""
    rows = [
        (result["set"], name, str(row["n"]), *(f"{row[m]:.3f}" for m in MEASURES))
        for result in results
        for name, row in result["by_category"].items()
    ]
    return Table(("set", "category", "n", *MEASURES), tuple(rows))


def forgetting(results: Sequence[Result], what: str = "keep", shares: Sequence[str] = ()) -> Table:
    """Return one row for each set and policy: the evidence kept at each share, or at some."""
    shares = shares or (list(results[0][what]) if results else [])
    rows = [
        (r["set"], policy, str(r["n"]), *(f"{r[what][s][policy]:.3f}" for s in shares))
        for r in results
        for policy in r[what][shares[0]]
    ]
    return Table(("set", "policy", "n", *shares), tuple(rows))


def bounds(results: Sequence[Result]) -> Table:
    """Return one row for each set: how far ours is known, 95 %, at each share."""
    shares = list(results[0]["ci95"]) if results else []
    rows = [
        (r["set"], "ours", str(r["n"]), *(
            "{:.2f}-{:.2f}".format(*r["ci95"][s]["ours"]) for s in shares
        ))
        for r in results
    ]  # fmt: skip
    return Table(("set", "policy", "n", *shares), tuple(rows))


def gone(results: Sequence[Result]) -> Table:
    """Return one row for each set that was checked: what came back, which must be nothing."""
    columns = ("faded", "faded_came_back", "erased", "erased_left_traces")
    rows = [(r["set"], *(str(r["gone"][name]) for name in columns)) for r in results if "gone" in r]
    return Table(("set", *(name.replace("_", " ") for name in columns)), tuple(rows), words=1)


def worth(results: Sequence[Result], shares: Sequence[str] = ("0.3", "0.5", "0.7")) -> Table:
    """Return one row for each set, kind of question and share; one column for each arm."""
    arms: dict[str, None] = {}
    found = []
    for result in (r for r in results if "worth" in r):
        for kind, one in result["worth"].items():
            found += [(result["set"], kind, share, one) for share in shares]
            arms |= dict.fromkeys(one["keep"][shares[0]])
    rows = [
        (name, kind, share, str(one["n"]), *(f"{one['keep'][share][arm]:.3f}" for arm in arms))
        for name, kind, share, one in found
    ]
    return Table(("set", "questions", "kept", "n", *arms), tuple(rows))


ANSWERED = ("memory_retrieval", "correctness", "coherence", "ranking")


def answers(results: Sequence[Result]) -> Table:
    """Return one row for each set and system: the paper's four measures, each with its 95 %."""
    rows = []
    for result in results:
        for system, row in result["systems"].items():
            cells = (_bounded(row, name) for name in ANSWERED)
            rows.append((result.get("set", "sheets"), system, *cells))
    columns = ("set", "system", *(name.replace("_", " ") for name in ANSWERED))
    return Table(columns, tuple(rows))


def _bounded(row: Result, name: str) -> str:
    if name not in row:
        return "-"
    low, high = row["ci95"][name]
    return f"{row[name]:.3f} ({low:.2f}-{high:.2f})"


def agreed(result: Result) -> Table:
    """Return one row for each column of a sheet: how far its raters agree."""
    rows = [
        (name, *("-" if found[k] is None else f"{found[k]:g}" for k in found))
        for name, found in result["agreement"].items()
    ]
    return Table(("column", "pairs of raters", "items", "percent", "kappa"), tuple(rows), words=1)


def circumstances(results: Sequence[Result]) -> Table:
    """Return one row for each set: the time and memory it took."""
    rows = [
        (r["set"], *(str(r["circumstances"][k]) for k in ("seconds", "cpu_seconds", "peak_mb")))
        for r in results
        if "circumstances" in r
    ]
    return Table(("set", "seconds", "CPU seconds", "peak MB"), tuple(rows), words=1)


def markdown(table: Table) -> str:
    """Return a table in Markdown; the best number of a set is not marked, read the intervals."""
    signs = ["---" if i < table.words else "---:" for i in range(len(table.columns))]
    lines = [table.columns, tuple(signs), *table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
