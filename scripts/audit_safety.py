"""Count what the safety rule makes of real and synthetic messages, and show hits to read by eye.

    python scripts/audit_safety.py ../shared/data [--show 20] [--only counselling]

The sets carry no labels for this: the counts say how often the rule speaks up on each, the hits
shown (evenly spaced, the same on every run) are for judging by reading. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from siliconfriend.safety import concern


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read JSON Lines, packed or not."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
    yield from map(json.loads, text.splitlines())


def messages(path: Path) -> Iterator[str]:
    """Yield what users say in one file of the normal form, or of dialogues."""
    for row in rows(path):
        if "messages" in row:
            yield from (m["content"] for m in row["messages"] if m["role"] == "user")
        elif row.get("user_text"):
            yield row["user_text"]
        elif row.get("speaker") not in ("assistant", "AI"):
            yield row["text"]


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of the development data that hold messages."""
    yield from sorted(folder.rglob("memories.jsonl*"))
    yield from sorted(folder.glob("counselling/*.jsonl.gz"))


def main() -> None:
    """Print a table of counts, and hits if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    found = [path for path in files(args.folder) if args.only in str(path)]
    if not found:
        sys.exit(f"no messages below {args.folder}: name the folder of the development data")
    print("| set | messages | concern | self-harm | abuse | intent | others |")
    print("|---|---|---|---|---|---|---|")
    for path in found:
        hits, count, began = [], 0, time.perf_counter()
        for text in messages(path):
            count += 1
            if one := concern(text):
                hits.append((one, text))
        kinds = Counter(c.kind if c.about == "self" else c.about for c, _ in hits)
        spent = time.perf_counter() - began
        name = path.relative_to(args.folder).as_posix().split(".json")[0]
        print(
            f"| {name} | {count:,} | {len(hits)} ({len(hits) / count:.2%}) | "
            f"{kinds['self_harm']} | "
            f"{kinds['abuse']} | {kinds['intent']} | {kinds['other']} |"
        )
        print(f"{name}: {spent / count * 1e3:.3f} ms a message", file=sys.stderr)
        step = max(1, len(hits) // args.show) if args.show else 1
        for one, text in hits[::step][: args.show]:
            print(f"    {one.kind}/{one.about} {text[:160]!r}")


if __name__ == "__main__":
    main()
