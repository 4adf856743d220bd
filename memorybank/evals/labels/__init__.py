"""Evidence and answers for the original project's probing questions, without its texts.

One row a question: person and number say which question of the original's file it is; evidence is
named by day and place in the day, from 0. The labels are ours and may be used under this
project's licence; made by `scripts/make_labels.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memorybank.records import Lang

FOLDER = Path(__file__).parent


def read(lang: Lang) -> list[dict[str, Any]]:
    """Return the labels of a language as rows of the normal form, but for the question's text."""
    lines = (FOLDER / f"memorybank_{lang}.jsonl").read_text("utf-8").splitlines()
    return [_row(json.loads(line), lang) for line in lines]


def _row(label: dict[str, Any], lang: Lang) -> dict[str, Any]:
    user = label["user"]
    groups = [[f"{user}_{day}_{place}" for day, place in group] for group in label["groups"]]
    return {
        "bank_id": user, "number": label["number"], "pair_id": label["pair"],
        "question_id": f"{user}_{label['number']}", "lang": lang, "answer": label["answer"],
        "category": label["category"], "split": label["split"],
        "question_date": label["question_date"], "evidence_groups": groups,
        "evidence": [f"{user}_{day}_{place}" for day, place in label["evidence"]],
    }  # fmt: skip
