"""Make `memorybank/evals/labels/` from the labelled sets: no text of a memory or a question.

python scripts/make_labels.py ../shared/data/memorybank
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "memorybank" / "evals" / "labels"
LONGEST = 400


def main() -> None:
    """Write one file for each language."""
    source = Path(sys.argv[1])
    for folder, lang in (("cn", "zh"), ("en", "en")):
        lines = (source / folder / "questions.jsonl").read_text("utf-8").splitlines()
        rows = [label(json.loads(line)) for line in lines]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (TARGET / f"memorybank_{lang}.jsonl").write_text(text, "utf-8")
        print(lang, len(rows), "labels")


def label(row: dict) -> dict:
    """Return what may be handed on of one question."""
    answer = str(row["answer"])
    if len(answer) > LONGEST:
        sys.exit(f"{row['question_id']}: an answer of {len(answer)} characters quotes too much")
    return {
        "user": row["bank_id"],
        "number": int(row["question_id"].rpartition("_")[2]),
        "pair": row["pair_id"],
        "category": row["category"],
        "split": row["split"],
        "question_date": row["question_date"],
        "answer": answer,
        "evidence": [place(m) for m in row["evidence"]],
        "groups": [[place(m) for m in group] for group in row["evidence_groups"]],
    }


def place(memory_id: str) -> list:
    """Return day and place in the day of an id such as Emily_2023-04-30_3."""
    found = re.fullmatch(r".+_(\d{4}-\d\d-\d\d)_(\d+)", memory_id)
    if not found:
        sys.exit(f"not an id of this set: {memory_id}")
    return [found[1], int(found[2])]


if __name__ == "__main__":
    main()
