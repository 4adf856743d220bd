"""How recall's few constants move its figures: one row for each setting, on any sets.

    python scripts/sweep_recall.py ../shared/data/memorybank/cn ../shared/data/memorybank/en

Banks are built once, vectors come from the evaluation's cache. The shipped constants stand in
`memorybank/signals.py`; what was learnt stands in `docs/LOG.md`.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from memorybank import MemoryBank, signals
from memorybank.evals.cache import CachedEmbedder
from memorybank.evals.metrics import measures
from memorybank.evals.retrieval import Plan, ask
from memorybank.evals.sets import Question, RetrievalSet, load_set
from memorybank.formats import read_file
from memorybank.models import load_embedder
from memorybank.settings import read_settings

NAMES = ("WORDS", "MEANING", "TYPICAL", "ANSWERS", "NEARBY")
SETTINGS = (
    (1.2, 2.4, 0.5, 0.5, 0.5),
    (1.2, 0.0, 0.5, 0.5, 0.5),
    (0.0, 2.4, 0.5, 0.5, 0.5),
    (0.9, 2.4, 0.5, 0.5, 0.5),
    (1.5, 2.4, 0.5, 0.5, 0.5),
    (1.2, 2.4, 0.0, 0.5, 0.5),
    (1.2, 2.4, 0.3, 0.5, 0.5),
    (1.2, 2.4, 0.7, 0.5, 0.5),
    (1.2, 2.4, 0.5, 0.0, 0.5),
    (1.2, 2.4, 0.5, 0.3, 0.5),
    (1.2, 2.4, 0.5, 0.5, 0.0),
    (1.2, 2.4, 0.5, 0.5, 0.3),
    (1.2, 2.4, 0.5, 0.0, 0.0),
)
SHOWN = ("any@1", "any@5", "any@10", "mrr")


@dataclass(frozen=True)
class Opened:
    """One bank of a set with its questions, ready to be asked again and again."""

    bank: MemoryBank
    questions: list[Question]
    last: datetime
    size: int


def opened(data: RetrievalSet, plan: Plan) -> list[Opened]:
    """Build every bank that has questions."""
    by_bank: dict[str, list[Question]] = defaultdict(list)
    for question in data.questions:
        by_bank[question.bank.strip()].append(question)
    result = []
    for volume in read_file(data.folder, UTC):
        if volume.name in by_bank:
            last = max(turn.occurred_at for turn in volume.turns)
            file = Path(mkdtemp(prefix="memorybank-sweep-")) / "bank.db"
            bank = MemoryBank.open(
                file, bank=volume.name, lang=volume.lang, zone="UTC", embedder=plan.embedder
            )
            bank.remember_turns([replace(turn, channel="chat") for turn in volume.turns], now=last)
            result.append(Opened(bank, by_bank[volume.name], last, len(volume.turns)))
    return result


def main() -> None:
    """Print the table."""
    model = load_embedder("auto")
    if model is None:
        sys.exit("no embedder: pip install 'siliconfriend[local]'")
    plan = Plan(CachedEmbedder(model, read_settings().home / "cache" / "vectors.db"))
    print("| set |", " | ".join((*NAMES, *SHOWN)), "|")
    print("|---" * (1 + len(NAMES) + len(SHOWN)) + "|")
    for path in map(Path, sys.argv[1:]):
        data = load_set(path)
        banks = opened(data, plan)
        for setting in SETTINGS:
            for name, value in zip(NAMES, setting, strict=True):
                setattr(signals, name, value)
            rows = [
                measures(ask(each.bank, question, each.last, each.size, data, plan))
                for each in banks
                for question in each.questions
            ]
            means = (f"{np.mean([row[name] for row in rows]):.3f}" for name in SHOWN)
            print(f"| {data.name} |", " | ".join((*map(str, setting), *means)), "|", flush=True)


if __name__ == "__main__":
    main()
