"""The charts of a report, as SVG, drawn by matplotlib (the extra `eval`).

The same numbers give the same bytes: no date, no random ids, text as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memorybank.errors import MissingExtra
from memorybank.evals.tables import systems

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "random": "#b8b8b8", "grep": "#c9a66b", "bm25": "#d98c3f", "vectors": "#7aa6c2",
    "original": "#8d6e97", "ours": "#1b6f5c", "ours + digests": "#5fb49c",
    "significance": "#5fb49c", "paper": "#8d6e97", "recency": "#c9a66b", "length": "#d98c3f",
}  # fmt: skip
_STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "memorybank", "font.family": "sans-serif",
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "axes.grid.axis": "y", "grid.alpha": 0.3, "axes.axisbelow": True,
}  # fmt: skip
ACROSS = 3


def require_matplotlib() -> None:
    """Raise MissingExtra with the pip line if there is nothing to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtra("eval", "matplotlib") from error


def retrieval_chart(path: Path, results: Sequence[Mapping[str, Any]], measure: str = "mrr") -> None:
    """Draw one group of bars for each set, one bar for each system, 95 % as whiskers."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(max(6.0, 1.6 * len(results) + 1.5), 3.4), layout="constrained")
        axes = figure.subplots()
        names = list(dict.fromkeys(row["system"] for r in results for row in systems(r)))
        width = 0.84 / len(names)
        for i, name in enumerate(names):
            bars = [
                (x, row) for x, r in enumerate(results) for row in systems(r)
                if row["system"] == name
            ]  # fmt: skip
            heights = [row[measure] for _, row in bars]
            bounds = [row["ci95"][measure] for _, row in bars]
            spread = [
                [max(0.0, h - low) for h, (low, _) in zip(heights, bounds, strict=True)],
                [max(0.0, high - h) for h, (_, high) in zip(heights, bounds, strict=True)],
            ]
            axes.bar(
                [x + (i - (len(names) - 1) / 2) * width for x, _ in bars], heights, width,
                label=name, color=COLOURS.get(name), yerr=spread, error_kw={"elinewidth": 0.7},
            )  # fmt: skip
        axes.set_xticks(range(len(results)), [r["set"].replace(" ", "\n", 1) for r in results])
        axes.set_ylim(0, 1)
        axes.set_ylabel(measure.upper() if measure == "mrr" else measure)
        figure.legend(loc="outside upper center", ncols=len(names), frameon=False)
        _save(figure, path)


def forgetting_chart(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Draw for each set the evidence kept against the share of memories kept, by policy."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        rows = -(-len(results) // ACROSS)
        across = min(ACROSS, len(results))
        figure = Figure(figsize=(3.1 * across, 2.9 * rows + 0.4), layout="constrained")
        grid = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True)
        for axes, result in zip(grid.flat, results, strict=False):
            shares = [float(share) for share in result["keep"]]
            for policy in next(iter(result["keep"].values())):
                values = [result["keep"][share][policy] for share in result["keep"]]
                bold = policy == "ours"
                axes.plot(
                    shares, values, label=policy, color=COLOURS.get(policy),
                    linewidth=2.0 if bold else 1.1, linestyle=":" if policy == "random" else "-",
                )  # fmt: skip
                if bold:
                    low, high = zip(
                        *(result["ci95"][s][policy] for s in result["ci95"]), strict=True
                    )
                    axes.fill_between(shares, low, high, color=COLOURS[policy], alpha=0.15)
            axes.set_title(f"{result['set']} ({result['n']})", fontsize=9)
        for spare in grid.flat[len(results) :]:
            spare.set_visible(False)
        figure.supxlabel("share of memories kept", fontsize=9)
        figure.supylabel("share of evidence kept", fontsize=9)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=6, frameon=False)
        _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
