"""Measure the safety rule on its labelled lines: recall, false alarms, set by set.

    python scripts/measure_safety.py [--show]

The first set is halved by a hash of each line: the rule was tuned on `dev` only. The second was
written after the first form of the rule, which was widened by it. The third was never tuned on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from zlib import crc32

from siliconfriend.safety import concern

DATA = Path(__file__).parent.parent / "tests" / "data"


def main() -> None:
    """Print a table; with --show also the lines that went wrong, except those of `check`."""
    print("| set | lines | recall | false alarms |")
    print("|---|---|---|---|")
    for name, part in (("", "dev"), ("", "check"), ("_second", ""), ("_third", "")):
        for lang in ("zh", "en"):
            lines = (DATA / f"safety_{lang}{name}.tsv").read_text("utf-8").splitlines()
            rows = [line.split("\t") for line in lines if not line.startswith("#")]
            if part:
                rows = [r for r in rows if (crc32(r[1].encode()) % 2 == 1) == (part == "dev")]
            told = [(label != "none", concern(text) is not None, text) for label, text in rows]
            real = [heard for due, heard, _ in told if due]
            other = [heard for due, heard, _ in told if not due]
            print(
                f"| {lang} {part or name[1:]} | {len(rows)} | "
                f"{sum(real)}/{len(real)} ({sum(real) / len(real):.3f}) | "
                f"{sum(other)}/{len(other)} ({sum(other) / len(other):.3f}) |"
            )
            for due, heard, text in told:
                if "--show" in sys.argv and part != "check" and due != heard:
                    print(f"    {'missed' if due else 'false'}: {text}")


if __name__ == "__main__":
    main()
