"""Write a small bank file of the schema of today, and what it tells, for the tests.

    python scripts/make_golden.py

Run once for every new schema, before it is released; `tests/test_promises_files.py` opens each
of these files for ever after. The life in it is made up.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from memorybank import MemoryBank
from memorybank.records import plain
from memorybank.store.statements import migrations
from memorybank.testing import Clock, HashEmbedder, Ids

GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def tells(bank: MemoryBank) -> dict[str, Any]:
    """What a file of this life must tell in every later version."""
    days = bank.timeline(now=LATER)
    held = [memory for day in days for memory in day.memories]
    return {
        "texts": [memory.text for memory in held],
        "ids": [memory.id for memory in held],
        "days": [day.day.isoformat() for day in days],
        "strengths": [round(memory.strength, 6) for memory in held],
        "pinned": [memory.id for memory in held if memory.pinned],
        "replaced": {m.id: m.replaced_by for m in held if m.replaced_by},
        "events": {m.id: [e.kind for e in bank.explain(m.id, now=LATER).events] for m in held},
        "summaries": [s.text for s in bank.summaries("day")],
        "info": {k: plain(v) for k, v in bank.info().to_json().items() if k != "id"},
    }


def ids_of(lang: str) -> Callable[[], str]:
    """Ids that count, of one bank."""
    ids = Ids()
    return lambda: f"{lang}{ids()[2:]}"


def live(path: Path) -> None:
    """Two banks, both languages, corrections, recalls, pins, digests and work that waits."""
    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    for name, lang, said in (
        ("emily", "en", ("My name is Clara and I work in Oslo.", "I love my plum tree.",
                         "My name is Clara and I work in Bergen.", "Where do I work now?")),
        ("张曼婷", "zh", ("我叫张曼婷，我的工作是护士。", "我喜欢我的梅花树。",
                        "我叫张曼婷，我的工作是医生。", "我现在做什么工作？")),
    ):  # fmt: skip
        with MemoryBank.open(
            path, bank=name, embedder=HashEmbedder(dim=8), clock=clock, seed=b"seed", lang=lang,
            new_id=ids_of(lang),
            zone="Asia/Shanghai" if lang == "zh" else "UTC",
        ) as bank:  # fmt: skip
            first = bank.remember(said[0], conversation="one", external_id="first")
            second = bank.remember(said[1], reply="!", source="diary", conversation="one")
            clock.forward(days=3)
            bank.digest()
            third = bank.correct(first, said[2])
            clock.forward(days=2)
            bank.remember(said[3], used=[second, third])
            bank.pin(second)
            bank.fade(third)
            bank.digest()
            bank.erase(bank.remember("?!", external_id="gone"))
            bank.remember(said[1], vectors="later")


def main() -> None:
    """Write the file and what it tells."""
    GOLDEN.mkdir(exist_ok=True)
    schema = len(migrations())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "golden.db"
        live(path)
        told = {}
        for name in ("emily", "张曼婷"):
            with MemoryBank.open(
                path, bank=name, create=False, embedder=HashEmbedder(dim=8)
            ) as bank:
                told[name] = tells(bank)
        connection = apsw.Connection(str(path))
        connection.pragma("journal_mode", "delete")
        connection.close()
        (GOLDEN / f"schema{schema}.db.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (GOLDEN / f"schema{schema}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
