"""One row of the bench's table: what was aimed at, what came out, and its floor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Row = dict[str, Any]
"""what, aim, unit, p50, p95, floor, ratio, met, note; None where there is nothing to say."""


class Measure:
    """Durations of one thing, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, seconds: float) -> None:
        """Take one more."""
        self.seconds.append(seconds)

    def at(self, share: float) -> float:
        """Return the duration below which this share of all lies."""
        return float(np.quantile(self.seconds, share))


def ms(measure: Measure) -> dict[str, Any]:
    """Return a measure's median and its 95th percentile in milliseconds."""
    return {"p50": 1e3 * measure.at(0.5), "p95": 1e3 * measure.at(0.95), "unit": "ms"}


def row(
    what: str,
    aim: str,
    measured: Mapping[str, Any],
    *,
    met: Callable[[Row], bool | None],
    floor: Mapping[str, Any] | None = None,
    note: str = "",
) -> Row:
    """Return a row; the ratio is that of the medians."""
    base = floor["p50"] if floor else None
    line: Row = {
        "what": what, "aim": aim, "unit": measured["unit"], "p50": measured["p50"],
        "p95": measured.get("p95"), "floor": base,
        "ratio": measured["p50"] / base if base else None, "met": None, "note": note,
    }  # fmt: skip
    for name in ("p50", "p95", "floor", "ratio"):
        if line[name] is not None:
            line[name] = round(line[name], 4)
    return {**line, "met": met(line)}


def skipped(what: str, aim: str, why: str) -> Row:
    """Return a row that says why there is nothing in it."""
    nothing = dict.fromkeys(("p50", "p95", "floor", "ratio", "met"))
    return {"what": what, "aim": aim, "unit": "", **nothing, "note": why}
