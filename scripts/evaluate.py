"""`make eval`: repeat every published number, and put the tables into the documentation.

    python scripts/evaluate.py                      # all that can be had here
    python scripts/evaluate.py --only locomo        # what names this
    python scripts/evaluate.py --draw               # only tables and charts, from known numbers

Every measurement is a command of `memorybank eval`, shown as it is run; its numbers are kept in
`docs/evaluation/numbers/`, and reports, charts and the tables of `docs/evaluation*.md` are made
from them. What needs data that is not there is named, with where to put it.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorybank.evals import report, tables
from memorybank.evals.sets import bundled

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NUMBERS = DOCS / "evaluation" / "numbers"
SOURCES = {
    "memorybank": "github.com/zhongwanjun/MemoryBank-SiliconFriend, eval_data (MIT)",
    "madial": "github.com/hejunqing/MADial-Bench, data (MIT)",
    "lifebench_zh": "github.com/1754955896/LifeBench, life_bench_data (Apache-2.0)",
    "locomo": "github.com/snap-research/LoCoMo, data/locomo10.json (CC BY-NC 4.0)",
    "beam_100k": "github.com/mohammadtavakoli78/BEAM, chats/100K (CC BY-SA 4.0)",
    "longmemeval_mini": "LongMemEval by Di Wu et al. (MIT), a part",
}
SETS = (
    "bundled/zh", "bundled/en", "memorybank/cn", "memorybank/en", "madial/zh", "madial/en",
    "lifebench_zh", "locomo", "beam_100k", "longmemeval_mini",
)  # fmt: skip
CROSSED = (
    ("bundled/zh", "bundled/en"), ("bundled/en", "bundled/zh"),
    ("memorybank/cn", "memorybank/en"), ("memorybank/en", "memorybank/cn"),
)  # fmt: skip
FORGOTTEN = SETS[:8]
ANSWERED = SETS[:4]
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Job:
    """One measurement: its name, which is that of its numbers, and its command."""

    name: str
    sets: tuple[str, ...]
    arguments: tuple[str, ...]


def jobs(home: Path) -> list[Job]:
    """Return every published measurement."""
    places = {"bundled/zh": bundled()[0], "bundled/en": bundled()[1]}
    at = {name: str(places.get(name, home / name)) for name in SETS}
    result = []
    for name in SETS:
        key = name.replace("/", "-")
        asked = ("retrieval", at[name], "--baselines")
        result.append(Job(f"recall-{key}", (name,), asked))
        if name in FORGOTTEN:
            lived = ("forgetting", at[name], "--gone", "--recalls", "--jobs", "2")
            result.append(Job(f"forgetting-{key}", (name,), lived))
        if name in ANSWERED:
            result.append(Job(f"answers-{key}", (name,), ("answers", at[name])))
    for name, other in CROSSED:
        key = f"cross-{name.replace('/', '-')}-by-{other.replace('/', '-')}"
        asked = ("retrieval", at[name], "--questions", at[other], "--baselines")
        result.append(Job(key, (name, other), asked))
    return result


def main() -> None:
    """Measure what can be measured here, then draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", default="", help="only measurements whose name holds this")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    given = parser.parse_args()
    if not given.draw:
        for job in jobs(given.data):
            if given.only in job.name:
                measure(job, given.data)
    draw()


def measure(job: Job, home: Path) -> None:
    """Run one command and keep its numbers; say what is missing instead if something is."""
    for name in job.sets:
        if not name.startswith("bundled") and not (home / name).is_dir():
            source = SOURCES[name.partition("/")[0]]
            print(f"{job.name}: left out, {name} is not here. Bring it into the normal form "
                  f"(docs/evaluation.md) in {home / name}; it comes from {source}.")  # fmt: skip
            return
    NUMBERS.mkdir(parents=True, exist_ok=True)
    target = NUMBERS / f"{job.name}.json"
    command = ("memorybank", "eval", *job.arguments, "--json", str(target))
    print("$", " ".join(command), flush=True)
    done = subprocess.run([sys.executable, "-m", "memorybank.cli", *command[1:]], check=False)
    if done.returncode:
        sys.exit(f"{job.name} failed; the numbers before it are kept")
    compact(target)


def compact(path: Path) -> None:
    """Write a file of numbers with one line a key, so that a change can be read."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in json.loads(path.read_text("utf-8")).items()
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def draw() -> None:
    """Make reports, charts and tables from all numbers that are known."""
    recall, crossed = known("recall", SETS), known_crossed()
    forgotten, answered = known("forgetting", FORGOTTEN), known("answers", ANSWERED)
    folder = DOCS / "evaluation"
    made: dict[str, str] = {}
    if recall:
        report.retrieval_report(folder / "recall.md", recall)
        made["recall"] = tables.markdown(tables.short(recall))
    if crossed:
        report.retrieval_report(folder / "cross.md", crossed)
        made["cross"] = tables.markdown(tables.short(crossed))
    if forgotten:
        report.forgetting_report(folder / "forgetting.md", forgotten)
        made["forgetting"] = tables.markdown(tables.forgetting(forgotten, shares=("0.3", "0.5")))
        made["gone"] = tables.markdown(tables.gone(forgotten))
        made["worth"] = tables.markdown(tables.worth(forgotten, shares=("0.5",)))
    if answered:
        report.answers_report(folder / "answers.md", answered)
        made["answers"] = tables.markdown(tables.answers(answered))
    for page in sorted(DOCS.glob("evaluation*.md")):
        text = page.read_text("utf-8")
        page.write_text(TABLE.sub(lambda m: m[1] + made.get(m[2], "") + m[3], text), "utf-8")


def known(kind: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the numbers of one kind that are there, in the order of the sets."""
    files = (NUMBERS / f"{kind}-{name.replace('/', '-')}.json" for name in names)
    return [json.loads(file.read_text("utf-8")) for file in files if file.is_file()]


def known_crossed() -> list[dict[str, Any]]:
    """Return the numbers of questions asked in the other language."""
    return [json.loads(file.read_text("utf-8")) for file in sorted(NUMBERS.glob("cross-*.json"))]


if __name__ == "__main__":
    main()
