"""How the weights of significance were fitted, and how well they do on a set they never saw.

    python scripts/fit_significance.py SET... [--measure SET...]

Each SET is a folder in the normal form. Its memories are remembered and digested by the library
itself, so that the signals are those that `explain` shows; a memory is worth keeping if some
question has it among its evidence. A logistic regression, with every set and both languages of
equal weight, gives the direction; its length is then set so that the significances of real banks
spread evenly over 0..1. Sets after --measure are only measured. Vectors come from the
evaluation's cache. The shipped weights stand in `memorybank/significance.py`; what was learnt,
in `docs/LOG.md`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from memorybank import MemoryBank, significance
from memorybank.evals.cache import CachedEmbedder
from memorybank.evals.sets import RetrievalSet, load_set
from memorybank.formats import Volume, read_file
from memorybank.models import Embedder, load_embedder
from memorybank.settings import read_settings
from memorybank.store.tables import memories, turns_by_number

NAMES = tuple(significance.WEIGHTS)
NEUTRAL = np.array([0.5 if name in significance.RANKS else 0.0 for name in NAMES])
RIDGE = 0.02
"""Pull towards zero, beside a mean loss: only signals that tell much get much weight."""
EVEN = 1.8138
"""Standard deviation of a logit whose logistic is spread evenly over 0..1: pi / sqrt 3."""
KEEP = (0.5, 0.3)


@dataclass(frozen=True)
class Judged:
    """One bank: its signals (n, len(NAMES)), and for each question where its evidence stands."""

    signals: np.ndarray
    evidence: tuple[np.ndarray, ...]

    @property
    def wanted(self) -> np.ndarray:
        """Whether each memory is evidence of any question, (n,)."""
        wanted = np.zeros(len(self.signals), bool)
        for places in self.evidence:
            wanted[places] = True
        return wanted

    def kept(self, weights: np.ndarray, share: float) -> list[float]:
        """Return for each question the share of its evidence among the best of the bank."""
        order = np.argsort(-(self.signals @ weights), kind="stable")
        best = np.zeros(len(order), bool)
        best[order[: round(share * len(order))]] = True
        return [float(best[places].mean()) for places in self.evidence]


def judged(data: RetrievalSet, embedder: Embedder | None) -> list[Judged]:
    """Let the library judge every bank of a set that has questions."""
    result = []
    for volume in read_file(data.folder, UTC):
        ids = [turn.external_id for turn in volume.turns]
        places = {name: i for i, name in enumerate(ids)}
        asked = [q for q in data.questions if q.bank.strip() == volume.name]
        found = [np.array(sorted(places[e] for e in q.evidence if e in places)) for q in asked]
        if any(len(one) for one in found):
            parts = _parts(volume, embedder)
            signals = np.array(
                [[parts[i].get(n, z) for n, z in zip(NAMES, NEUTRAL, strict=True)] for i in ids]
            )
            result.append(Judged(signals - NEUTRAL, tuple(one for one in found if len(one))))
    return result


def _parts(volume: Volume, embedder: Embedder | None) -> dict[str | None, dict[str, float]]:
    """Return the signals of each turn by its id in the set, as `explain` shows them."""
    last = max(turn.occurred_at for turn in volume.turns)
    with (
        TemporaryDirectory(prefix="memorybank-fit-") as folder,
        MemoryBank.open(
            Path(folder) / "bank.db", bank=volume.name, lang=volume.lang, zone="UTC",
            embedder=embedder, clock=lambda: last, seed=b"fit",
        ) as bank,
    ):  # fmt: skip
        bank.remember_turns([replace(turn, channel="chat") for turn in volume.turns], now=last)
        bank.digest(now=last)
        with bank.desk.read() as (tx, _, row):
            rows = memories(tx.rows("memories_all", bank=row.bank))
            turns = turns_by_number(tx, row.bank, [one.number for one in rows])
    parts = {one.number: {p["name"]: p["value"] for p in json.loads(one.parts)} for one in rows}
    return {turn.external_id: parts[number] for number, turn in turns.items()}


def fit(sets: Sequence[Sequence[Judged]]) -> np.ndarray:
    """Return the direction of a logistic regression, sets and outcomes of equal weight."""
    signals, wanted, weights = [], [], []
    for banks in sets:
        for bank in banks:
            yes = bank.wanted
            share = np.where(yes, 0.5 / max(1, yes.sum()), 0.5 / max(1, (~yes).sum()))
            signals.append(np.hstack([bank.signals, np.ones((len(yes), 1))]))
            wanted.append(yes)
            weights.append(share / len(banks) / len(sets))
    x, y, w = np.vstack(signals), np.concatenate(wanted), np.concatenate(weights)
    ridge = np.append(np.full(len(NAMES), RIDGE), 0.0)
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-x @ beta))
        gradient = x.T @ (w * (p - y)) + ridge * beta
        hessian = (x * (w * p * (1.0 - p))[:, None]).T @ x + np.diag(ridge)
        beta -= np.linalg.solve(hessian, gradient)
    return beta[:-1]


def scaled(weights: np.ndarray, sets: Sequence[Sequence[Judged]]) -> tuple[np.ndarray, float]:
    """Return the weights and the bias that spread the significances of the sets evenly."""
    per_set = [np.concatenate([bank.signals @ weights for bank in banks]) for banks in sets]
    mean = float(np.mean([logits.mean() for logits in per_set]))
    spread = float(np.mean([logits.std() for logits in per_set]))
    return weights * EVEN / spread, -mean * EVEN / spread


def line(name: str, banks: Sequence[Judged], weights: np.ndarray) -> str:
    """Return a row: what a set keeps of its evidence by these weights."""
    cells = [np.mean([x for bank in banks for x in bank.kept(weights, k)]) for k in KEEP]
    return f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def main() -> None:
    """Print the weights, and what they keep: fitted without a set, with all, and as shipped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--measure", nargs="*", type=Path, default=[])
    asked = parser.parse_args()
    model = load_embedder("auto")
    if model is None:
        sys.exit("no embedder: pip install 'siliconfriend[local]'")
    cached = CachedEmbedder(model, read_settings().home / "cache" / "vectors.db")
    fitted = {data.name: judged(data, cached) for data in map(load_set, asked.sets)}
    others = {data.name: judged(data, cached) for data in map(load_set, asked.measure)}
    weights, bias = scaled(fit(list(fitted.values())), list(fitted.values()))
    print(
        f"BIAS = {bias:.2f}",
        *(f"{n}: {w:.2f}" for n, w in zip(NAMES, weights, strict=True)),
        sep="\n",
    )
    shipped = np.array([significance.WEIGHTS[name] for name in NAMES])
    print(
        "| set | " + " | ".join(f"keep {k:g}" for k in KEEP) + " |\n|---" + "|---" * len(KEEP) + "|"
    )
    for name, banks in fitted.items():
        rest = [other for key, other in fitted.items() if key.split("/")[0] != name.split("/")[0]]
        if rest:
            print(line(f"{name}, fitted without it", banks, fit(rest)))
        print(line(f"{name}, fitted with it", banks, weights))
        print(line(f"{name}, as shipped", banks, shipped))
    for name, banks in others.items():
        print(line(f"{name}, only measured", banks, weights))
        print(line(f"{name}, as shipped", banks, shipped))


if __name__ == "__main__":
    main()
