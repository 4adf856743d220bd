"""How far raters agree: percent, and Cohen's kappa, which takes out what chance would give. Pure.

kappa = (p - e) / (1 - e): p is the share of items on which two raters agree, e the share on which
they would if each gave their own marks at random; 1 for full agreement, 0 for chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

Marks = Mapping[str, float]
"""What one rater gave, by item."""


def percent(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the share of items with the same mark, 0..1."""
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)


def kappa(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return Cohen's kappa; None where both raters gave one and the same mark throughout."""
    n = len(a)
    ours, theirs = Counter(a), Counter(b)
    by_chance = sum(ours[mark] * theirs[mark] for mark in ours) / n**2
    if by_chance == 1.0:
        return None
    return (percent(a, b) - by_chance) / (1.0 - by_chance)


def agreement(raters: Sequence[Marks]) -> dict[str, float | int | None]:
    """Return the mean over pairs of raters, on the items that both marked."""
    percents: list[float] = []
    kappas: list[float] = []
    items = 0
    for one, other in combinations(raters, 2):
        both = sorted(one.keys() & other.keys())
        if not both:
            continue
        items += len(both)
        a, b = [one[item] for item in both], [other[item] for item in both]
        percents.append(percent(a, b))
        if (value := kappa(a, b)) is not None:
            kappas.append(value)
    return {
        "pairs": len(percents),
        "items": items,
        "percent": _mean(percents),
        "kappa": _mean(kappas),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
