"""A sheet for people to judge answers by hand, and reading it back.

Each answer is a row; which system gave it stands in a key file beside the sheet and not in it, so
that nobody can favour one. The columns `correctness` and `coherence` take 0, 0.5 or 1, `rank`
takes 1 for the best answer to a question. Several people fill in copies of one sheet; their
agreement is told with the means.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np

from memorybank.errors import BadFile, BadInput
from memorybank.evals.agreement import agreement
from memorybank.evals.answers import Answered
from memorybank.evals.metrics import interval

COLUMNS = ("item", "question", "right", "given", "correctness", "coherence", "rank")
SCORED = ("correctness", "coherence")
MARKS = {"0": 0.0, "0.0": 0.0, "0.5": 0.5, ".5": 0.5, "1": 1.0, "1.0": 1.0}
_FORMULA = ("=", "+", "-", "@", "\t")


def key_of(sheet: Path) -> Path:
    """Return where the key of a sheet stands."""
    return sheet.with_name(f"{sheet.stem}.key.json")


def write_sheet(path: Path, asked: Sequence[Answered], *, filled: bool = False) -> None:
    """Write a sheet and its key; `filled` with the judge's marks, as one more rater's copy."""
    key: dict[str, str] = {}
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for number, one in enumerate(asked):
            names = list(one.said)
            order = np.random.default_rng(number).permutation(len(names))
            for letter, place in zip(ascii_uppercase, order, strict=False):
                item = f"{number + 1}{letter}"
                key[item] = names[place]
                writer.writerow(_row(item, one, names[place], filled=filled))
    if not filled:
        key_of(path).write_text(json.dumps(key, indent=2) + "\n", "utf-8")


def _row(item: str, one: Answered, system: str, *, filled: bool) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "item": item,
        "question": _cell(one.question.text),
        "right": _cell(one.question.answer),
        "given": _cell(one.said[system]),
    }
    if filled:
        marks = one.marks.get(system, {})
        row |= {name: _mark(marks.get(name)) for name in SCORED}
        ranking = marks.get("ranking")
        row["rank"] = str(round(1 / ranking)) if ranking else ""
    return row


def _mark(mark: float | None) -> str:
    return "" if mark is None else f"{mark:g}"


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def read_sheets(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the means by system over all raters, and how far they agree.

    Raises BadFile for a mark that is none, with its line; BadInput where nobody marked anything.
    """
    key = _key(paths)
    raters = [_read(path, key) for path in paths]
    if not any(rater[name] for rater in raters for name in rater):
        raise BadInput(
            "no marks in these sheets: fill in correctness, coherence and rank",
            "这些表里没有分数：请填写 correctness、coherence 和 rank 三列",
        )
    systems: dict[str, dict[str, Any]] = {}
    for system in sorted(set(key.values())):
        row: dict[str, Any] = {"ci95": {}}
        for name, shown in (*((s, s) for s in SCORED), ("rank", "ranking")):
            values = _by_item(raters, name, {i for i, s in key.items() if s == system})
            if len(values):
                row[shown] = round(float(values.mean()), 4)
                bounds = interval(values[:, None])[:, 0]
                row["ci95"][shown] = [round(float(b), 4) for b in bounds]
        systems[system] = row
    return {
        "raters": len(raters),
        "systems": systems,
        "agreement": {name: agreement([r[name] for r in raters]) for name in (*SCORED, "rank")},
    }


def _key(paths: Sequence[Path]) -> dict[str, str]:
    for path in paths:
        if key_of(path).is_file():
            found: dict[str, str] = json.loads(key_of(path).read_text("utf-8"))
            return found
    raise BadFile(
        str(paths[0]),
        f"its key {key_of(paths[0]).name} is missing: it was written beside the sheet",
        f"缺少它的对照文件 {key_of(paths[0]).name}：它和表一起写出，请放在旁边",
    )


def _by_item(
    raters: Sequence[Mapping[str, Mapping[str, float]]], name: str, items: set[str]
) -> np.ndarray:
    """Return each item's mean over those who marked it; a rank counts as 1 / rank."""
    means = []
    for item in sorted(items):
        marks = [rater[name][item] for rater in raters if item in rater[name]]
        if marks:
            means.append(np.mean([1.0 / m for m in marks] if name == "rank" else marks))
    return np.array(means)


def _read(path: Path, key: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return one rater's marks by column and item."""
    marks: dict[str, dict[str, float]] = {name: {} for name in (*SCORED, "rank")}
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(
            str(path), "it cannot be read: save the sheet as CSV in UTF-8",
            "无法读取：请把表存成 UTF-8 的 CSV",
        ) from error  # fmt: skip
    reader = csv.DictReader(text.splitlines(keepends=True))
    for row in reader:
        item = (row.get("item") or "").strip()
        if item not in key:
            raise BadFile(
                str(path), f"item {item!r} is not in the key: the sheet belongs to another run",
                f"对照文件里没有 {item!r}：这张表属于另一次运行", line=reader.line_num,
            )  # fmt: skip
        for name in marks:
            if given := (row.get(name) or "").strip():
                marks[name][item] = _value(path, name, given, reader.line_num)
    return marks


def _value(path: Path, name: str, given: str, line: int) -> float:
    ok = given.isdigit() and int(given) >= 1 if name == "rank" else given in MARKS
    if not ok:
        wanted = "1, 2, 3, …" if name == "rank" else "0, 0.5, 1"
        raise BadFile(
            str(path), f"{name} is {given[:20]!r}: write one of {wanted}",
            f"{name} 是 {given[:20]!r}：请填 {wanted} 之一", line=line,
        )  # fmt: skip
    return float(given) if name == "rank" else MARKS[given]
