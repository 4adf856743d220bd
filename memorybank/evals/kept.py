"""How much of what is asked later is among what was kept. Pure, on arrays.

Kept evidence: a policy gives every turn of a bank a number; the highest `keep` of them are kept.
For each question the share of its evidence memories that are kept; the mean over questions. A
random policy therefore keeps `keep`, whatever the set. Ties are broken by chance, and the mean
over SEEDS seeds is taken, for every policy alike.

Answerable: the share of questions of which every evidence group has a member that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memorybank.evals.metrics import interval
from memorybank.evals.sets import Question

SEEDS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One bank: what each policy thinks of its memories, (n,) each, and what is asked of them.

    `groups` holds for each question its evidence groups as positions; `evidence` all of them.
    """

    scores: Mapping[str, Floats]
    evidence: Sequence[NDArray[np.int64]]
    groups: Sequence[Sequence[NDArray[np.int64]]]

    @property
    def size(self) -> int:
        """How many memories there are."""
        return len(next(iter(self.scores.values())))


def asked_of(
    scores: Mapping[str, Floats], questions: Sequence[Question], places: Mapping[str, int]
) -> Ranked:
    """Return a bank with those of its questions that have evidence in it; `places` are positions
    by id."""
    evidence, groups = [], []
    for question in questions:
        known = sorted(places[m] for m in question.evidence if m in places)
        if known:
            evidence.append(np.array(known))
            groups.append(
                [
                    np.array(at)
                    for g in question.groups
                    if (at := sorted(places[m] for m in g if m in places))
                ]
            )
    return Ranked(scores, evidence, groups)


def order(scores: Floats, seed: int) -> NDArray[np.int64]:
    """Return positions from the highest score to the lowest, ties in an order drawn by `seed`."""
    chance = np.random.default_rng(seed).random(len(scores))
    return np.lexsort((chance, -scores))


def masks(scores: Floats, keep: Sequence[float]) -> NDArray[np.bool_]:
    """Return what is kept, shape (SEEDS, len(keep), n)."""
    count = len(scores)
    kept = np.zeros((SEEDS, len(keep), count), dtype=np.bool_)
    for seed in range(SEEDS):
        best = order(scores, seed)
        for i, share in enumerate(keep):
            kept[seed, i, best[: round(share * count)]] = True
    return kept


def shares(bank: Ranked, policy: str, keep: Sequence[float]) -> tuple[Floats, Floats]:
    """Return each question's kept share and whether it is answerable, both (questions, keep)."""
    kept = masks(bank.scores[policy], keep)
    share = [kept[:, :, evidence].mean(axis=(0, 2)) for evidence in bank.evidence]
    answerable = [
        np.all([kept[:, :, group].any(axis=2) for group in groups], axis=0).mean(axis=0)
        for groups in bank.groups
    ]
    return np.array(share), np.array(answerable)


def curves(banks: Sequence[Ranked], keep: Sequence[float], *, seed: int = 0) -> dict[str, object]:
    """Return kept evidence and answerable questions by share and policy, with 95 % intervals."""
    result: dict[str, dict[str, dict[str, object]]] = {"keep": {}, "answerable": {}, "ci95": {}}
    for policy in banks[0].scores:
        parts = [shares(bank, policy, keep) for bank in banks]
        kept, answerable = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        bounds = interval(kept, seed)
        for i, share in enumerate(keep):
            name = f"{share:g}"
            result["keep"].setdefault(name, {})[policy] = round(float(kept[:, i].mean()), 4)
            result["answerable"].setdefault(name, {})[policy] = round(
                float(answerable[:, i].mean()), 4
            )
            result["ci95"].setdefault(name, {})[policy] = [round(float(b), 4) for b in bounds[:, i]]
    return dict(result)
