"""Other people's question files as sets: the original project's, LoCoMo's, LongMemEval's.

Whoever has the files can point at them; nothing of them is kept here. Each reader turns what it
finds into rows of the normal form (`docs/evaluation.md`), and the rest goes its usual way.

    original     a folder with memory_bank_*.json and probing_questions_*.jsonl; the evidence and
                 the answers are ours, in `labels/`, keyed by person, day and place in the day
    LoCoMo       a JSON list of {"sample_id", "conversation": {"session_1", ...}, "qa"}
    LongMemEval  a JSON list of {"question_id", "haystack_sessions", "haystack_dates", ...}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memorybank.errors import BadFile
from memorybank.evals import labels
from memorybank.formats import read_file
from memorybank.records import Lang

Row = dict[str, Any]
LOCOMO_KINDS = {1: "multi_hop", 2: "temporal", 3: "open_domain", 4: "single_hop", 5: "adversarial"}
_LOCOMO_ID = re.compile(r"D\d+:\d+")
_SESSION = re.compile(r"session_(\d+)")
_SLASHED = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?: \(\w+\))?(?: (\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class Rows:
    """A set as rows of the normal form."""

    memories: Sequence[Row]
    questions: Sequence[Row]


def rows_of(path: Path) -> Rows | None:
    """Return the rows of a foreign set; None if it is none that is known here."""
    if path.is_dir():
        banks = sorted(path.glob("memory_bank_*.json"))
        return _original(banks[0]) if banks else None
    if path.name.startswith("memory_bank_"):
        return _original(path)
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    first = content[0] if isinstance(content, list) and content else None
    if isinstance(first, dict) and "conversation" in first and "qa" in first:
        return _well_formed(path, content, _locomo)
    if isinstance(first, dict) and "haystack_sessions" in first:
        return _well_formed(path, content, _longmemeval)
    return None


def _well_formed(path: Path, content: list[Any], reader: Any) -> Rows:
    try:
        made: Rows = reader(content)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise BadFile(
            str(path),
            f"it looks like a known set but lacks something ({type(error).__name__}): "
            "take the file as its authors publish it",
            f"看起来是已知的数据集，但缺了内容（{type(error).__name__}）：请用作者发布的原文件",
        ) from error
    return made


# -- LoCoMo -----------------------------------------------------------------------------------


def _locomo(samples: list[Any]) -> Rows:
    memories: list[Row] = []
    questions: list[Row] = []
    for sample in samples:
        bank = str(sample["sample_id"])
        memories += _locomo_turns(bank, sample["conversation"])
        known = {row["memory_id"] for row in memories}
        for number, asked in enumerate(sample["qa"]):
            named = [f"{bank}_{i}" for text in asked["evidence"] for i in _LOCOMO_ID.findall(text)]
            questions.append({
                "bank_id": bank, "question_id": f"{bank}_q{number}", "lang": "en",
                "question": asked["question"],
                "answer": str(asked.get("answer", asked.get("adversarial_answer", ""))),
                "category": LOCOMO_KINDS.get(asked["category"], str(asked["category"])),
                "evidence": [memory for memory in dict.fromkeys(named) if memory in known],
            })  # fmt: skip
    return Rows(memories, questions)


def _locomo_turns(bank: str, conversation: Mapping[str, Any]) -> Iterator[Row]:
    names = [m for key in conversation if (m := _SESSION.fullmatch(key))]
    for match in sorted(names, key=lambda m: int(m[1])):
        name = match[0]
        at = datetime.strptime(conversation[f"{name}_date_time"], "%I:%M %p on %d %B, %Y")
        for turn in conversation[name]:
            photo = turn.get("blip_caption")
            yield {
                "bank_id": bank, "memory_id": f"{bank}_{turn['dia_id']}", "session": name,
                "date": at.strftime("%Y-%m-%dT%H:%M"), "speaker": turn["speaker"], "lang": "en",
                "text": turn["text"] + (f" [shares a photo: {photo}]" if photo else ""),
            }  # fmt: skip


# -- LongMemEval ------------------------------------------------------------------------------


def _longmemeval(items: list[Any]) -> Rows:
    memories: list[Row] = []
    questions: list[Row] = []
    for item in items:
        bank = item["question_id"]
        groups: dict[str, list[str]] = {}
        told = zip(
            item["haystack_session_ids"], item["haystack_dates"], item["haystack_sessions"],
            strict=True,
        )  # fmt: skip
        for place, (session, date, turns) in enumerate(told):
            for number, turn in enumerate(turns):
                memory = f"{bank}_{place}_{number}"
                if turn.get("has_answer"):
                    groups.setdefault(session, []).append(memory)
                memories.append({
                    "bank_id": bank, "memory_id": memory, "session": f"{session} {place}",
                    "date": _iso(date), "speaker": turn["role"], "text": turn["content"],
                    "lang": "en",
                })  # fmt: skip
        questions.append({
            "bank_id": bank, "question_id": bank, "question": item["question"], "lang": "en",
            "answer": str(item["answer"]), "category": item["question_type"],
            "evidence": [memory for group in groups.values() for memory in group],
            "evidence_groups": list(groups.values()), "question_date": _iso(item["question_date"]),
        })  # fmt: skip
    return Rows(memories, questions)


def _iso(text: str) -> str:
    """Return "2023/05/20 (Sat) 02:21" as 2023-05-20T02:21."""
    match = _SLASHED.match(text)
    if not match:
        raise ValueError
    day = "-".join(match.group(1, 2, 3))
    return f"{day}T{match[4]}" if match[4] else day


# -- the original project ---------------------------------------------------------------------


def _original(bank: Path) -> Rows:
    """Read the original's banks, and its questions by our labels."""
    lang: Lang = "zh" if bank.stem.endswith(("cn", "zh")) else "en"
    probing = sorted(bank.parent.glob("probing_questions_*.jsonl"))
    if not probing:
        raise BadFile(
            str(bank.parent),
            "there is no probing_questions_*.jsonl beside the bank: put the original's there",
            "记忆库旁边没有 probing_questions_*.jsonl：请把原项目的问题文件放在那里",
        )
    asked = {
        name.strip(): texts
        for line in probing[0].read_text("utf-8").splitlines()
        if line.strip()
        for name, texts in json.loads(line).items()
    }
    memories: list[Row] = []
    for volume in read_file(bank, UTC):
        memories += [
            {
                "bank_id": volume.name, "memory_id": turn.external_id, "lang": volume.lang,
                "session": turn.conversation, "date": turn.occurred_at.date().isoformat(),
                "speaker": "exchange", "user_text": turn.text or "", "ai_text": turn.reply or "",
                "text": f"{volume.name}{_COLON[lang]}{turn.text or ''}\n"
                f"{_COMPANION[lang]}{_COLON[lang]}{turn.reply or ''}",
            }
            for turn in volume.turns
        ]  # fmt: skip
    questions = []
    for label in labels.read(lang):
        texts = asked.get(label["bank_id"], [])
        if label["number"] <= len(texts):
            text = texts[label["number"] - 1].strip().strip('"“”').strip()
            questions.append({**label, "question": text})
    return Rows(memories, questions)


_COLON: dict[Lang, str] = {"zh": "：", "en": ": "}
_COMPANION: dict[Lang, str] = {"zh": "AI伴侣", "en": "AI companion"}
