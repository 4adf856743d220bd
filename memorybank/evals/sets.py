"""Retrieval sets in the normal form: a folder with memories.jsonl[.gz] and questions.jsonl[.gz]."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from memorybank.errors import BadFile, BadSetting
from memorybank.evals.foreign import rows_of
from memorybank.formats import Volume, normal, read_file
from memorybank.formats.volume import Refused


@dataclass(frozen=True, slots=True)
class Question:
    """A question of one bank; `groups` are what a complete answer needs, any member of each."""

    id: str
    bank: str
    text: str
    category: str
    evidence: frozenset[str]
    groups: tuple[frozenset[str], ...]
    date: str | None
    split: str | None
    pair: str | None
    max_order: int | None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A set as it is asked: its questions, and the order of its memories if given.

    `folder` is where it was read from; `memories` holds the memories of a set in another form
    than the normal one, which are not read from there again.
    """

    name: str
    folder: Path
    questions: tuple[Question, ...]
    orders: Mapping[str, int]
    memories: tuple[Volume, ...] = ()

    def volumes(self) -> Sequence[Volume]:
        """Return the banks of the set, times without a zone in UTC."""
        return self.memories or read_file(self.folder, UTC)


def load_set(
    folder: Path,
    *,
    split: str | None = None,
    questions: Path | None = None,
    unanswerable: bool = False,
) -> RetrievalSet:
    """Read a set; questions without evidence are left out, unless `unanswerable` wants them too.

    `questions` takes the wording from another set and maps it by `pair_id`: evidence and bank
    stay this set's own.
    """
    foreign = rows_of(folder) if not _normal(folder) else None
    asked = foreign.questions if foreign else rows(folder, "questions.jsonl")
    own = [_question(row) for row in asked]
    if questions is not None:
        own = _worded(own, [_question(row) for row in _questions_of(questions)], questions)
    wanted = [q for q in own if q.evidence or unanswerable]
    kept = [q for q in wanted if split is None or q.split in (split, None)]
    if not kept:
        raise BadSetting(
            f"{folder} has no question with evidence{f' in split {split}' if split else ''}",
            f"{folder}{f' 的 {split} 部分' if split else ''} 没有带依据的问题",
        )
    memories = foreign.memories if foreign else rows(folder, "memories.jsonl")
    orders = {row["memory_id"]: int(row["order"]) for row in memories if "order" in row}
    return RetrievalSet(
        name=name_of(folder) + (f" by {name_of(questions)}" if questions else ""),
        folder=folder,
        questions=tuple(kept),
        orders=orders,
        memories=tuple(_volumes(folder, foreign.memories)) if foreign else (),
    )


def name_of(folder: Path) -> str:
    """Return how a set is called: its folder, and the one above where that is a language."""
    parts = folder.resolve().parts
    return "/".join(parts[-2:]) if parts[-1] in ("cn", "zh", "en") else folder.stem


def bundled() -> list[Path]:
    """Return the small sets that come along, one for each language."""
    home = Path(__file__).parent / "data" / "bundled"
    return [home / "zh", home / "en"]


def _normal(folder: Path) -> bool:
    return any((folder / f"questions.jsonl{end}").is_file() for end in ("", ".gz"))


def _questions_of(folder: Path) -> Sequence[Mapping[str, Any]]:
    foreign = rows_of(folder) if not _normal(folder) else None
    return foreign.questions if foreign else rows(folder, "questions.jsonl")


def _volumes(path: Path, memories: Sequence[Mapping[str, Any]]) -> list[Volume]:
    numbered = ((i, json.dumps(row)) for i, row in enumerate(memories, 1))
    try:
        return normal.read(numbered, path.name, UTC, trusted=True)
    except Refused as error:
        raise BadFile(str(path), str(error), error.zh, line=error.line) from None


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file of a set, packed or not."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        return _parsed(plain, plain.read_text("utf-8").splitlines())
    if packed.is_file():
        return _parsed(packed, gzip.decompress(packed.read_bytes()).decode("utf-8").splitlines())
    raise BadFile(
        str(folder),
        f"there is no {name} or {name}.gz: a set in the normal form has both files",
        f"没有 {name} 或 {name}.gz：标准格式的数据集两个文件都要有",
    )


def _parsed(path: Path, lines: Sequence[str]) -> list[dict[str, Any]]:
    parsed = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            parsed.append(json.loads(line))
        except json.JSONDecodeError as error:
            zh = f"不是合法的 JSON（{error.msg}）"
            raise BadFile(str(path), error.msg, zh, line=number) from error
    return parsed


def _question(row: Mapping[str, Any]) -> Question:
    evidence = [str(e) for e in row.get("evidence") or ()]
    groups = row.get("evidence_groups") or [[e] for e in evidence]
    return Question(
        id=str(row["question_id"]),
        bank=str(row["bank_id"]),
        text=str(row["question"]),
        category=str(row.get("category") or "all"),
        evidence=frozenset(evidence),
        groups=tuple(frozenset(map(str, group)) for group in groups),
        date=row.get("question_date"),
        split=row.get("split"),
        pair=row.get("pair_id"),
        max_order=row.get("max_order"),
        answer=str(row.get("answer") or ""),
    )


def _worded(own: Sequence[Question], other: Sequence[Question], path: Path) -> list[Question]:
    texts = {q.pair: q.text for q in other if q.pair}
    worded = [replace(q, text=texts[q.pair]) for q in own if q.pair in texts]
    if not worded:
        raise BadSetting(
            f"{path} has no question with a pair_id of this set: parallel sets share their pair_id",
            f"{path} 里没有与本数据集 pair_id 相同的问题：平行的数据集共用 pair_id",
        )
    return worded
