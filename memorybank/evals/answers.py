"""`memorybank eval answers`: the paper's four measures (section 4), beside two honest rows.

    memory retrieval   is evidence of the question among what entered the prompt? No model needed
    correctness        0, .5 or 1
    coherence          0, .5 or 1
    ranking            1 / rank among the systems, as the paper counts

Systems: no memory, the full context (as much of the history as the window takes, the newest), and
ours: `context`, on a digested bank, at the question's own time, so that what has faded by then is
missing as it would be for a user. Answers come from one language model, the same for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from memorybank.bank import MemoryBank
from memorybank.compose import PER_MESSAGE, estimate_tokens, neutral
from memorybank.evals.judge import Judge, prompt_hashes
from memorybank.evals.metrics import interval
from memorybank.evals.retrieval import volumes
from memorybank.evals.scratch import scratch_folder
from memorybank.evals.sets import Question, RetrievalSet
from memorybank.formats import Volume
from memorybank.models import LLM, Embedder, Messages, Style, complete
from memorybank.prompts import read
from memorybank.records import Lang
from memorybank.rendering import rendered
from memorybank.timewords import moment
from memorybank.verbs.desk import Progress, no_progress

NONE, FULL, OURS = "no memory", "full context", "ours"
SYSTEMS = (NONE, FULL, OURS)
MEASURES = ("memory_retrieval", "correctness", "coherence", "ranking")
STYLE = Style(temperature=0.0, max_tokens=300)
WINDOW = 8192
"""Tokens of the full context where a model does not say how many it takes."""
RESERVED = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """By which models a set is answered and judged; a budget in tokens for ours."""

    embedder: Embedder | None
    llm: LLM | None = None
    judge: Judge | None = None
    budget: int = 2000
    limit: int | None = None


@dataclass(slots=True)
class Answered:
    """One question: what each system had in its prompt and said, and what it was given for it."""

    question: Question
    lang: Lang
    retrieved: dict[str, float] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    marks: dict[str, dict[str, float | None]] = field(default_factory=dict)


def evaluate_answers(
    data: RetrievalSet, plan: Plan, *, progress: Progress = no_progress
) -> dict[str, Any]:
    """Return the measures of every system; those that need a model only where there is one."""
    return table(data.name, answered(data, plan, progress=progress), plan)


def answered(data: RetrievalSet, plan: Plan, *, progress: Progress = no_progress) -> list[Answered]:
    """Put every question to every system, and judge what they say."""
    left = plan.limit if plan.limit is not None else len(data.questions)
    result: list[Answered] = []
    for volume, questions in volumes(data):
        asked, left = questions[:left], left - len(questions[:left])
        if not asked:
            break
        with scratch_folder() as folder, _bank(folder / "bank.db", volume, plan) as bank:
            for done, question in enumerate(asked, 1):
                one = _asked(bank, volume, question, plan)
                if plan.judge is not None:
                    _judge(one, plan.judge, seed=len(result))
                result.append(one)
                progress("ask", done, len(asked))
    return result


def _bank(file: Any, volume: Volume, plan: Plan) -> MemoryBank:
    last = max(turn.occurred_at for turn in volume.turns)
    bank = MemoryBank.open(
        file, bank=volume.name, lang=volume.lang, zone="UTC", embedder=plan.embedder,
        seed=b"evaluation", clock=lambda: last,
    )  # fmt: skip
    bank.remember_turns([replace(turn, channel="chat") for turn in volume.turns], now=last)
    bank.digest(now=last)
    return bank


def _asked(bank: MemoryBank, volume: Volume, question: Question, plan: Plan) -> Answered:
    last = max(turn.occurred_at for turn in volume.turns)
    now = max(last, moment(question.date, UTC)) if question.date else last
    one = Answered(question, volume.lang)
    prompts = dict(_prompts(bank, volume, question, now, plan, one))
    if plan.llm is not None:
        one.said = {name: complete(plan.llm, m, STYLE) for name, m in prompts.items()}
    return one


def _prompts(
    bank: MemoryBank,
    volume: Volume,
    question: Question,
    now: datetime,
    plan: Plan,
    one: Answered,
) -> Iterator[tuple[str, Messages]]:
    """Yield the prompt of each system, and note whether it holds evidence."""
    system = {"role": "system", "content": read("context", volume.lang)}
    yield NONE, [system, {"role": "user", "content": question.text}]
    text, held = full_context(volume, question, plan.llm)
    yield FULL, [system, {"role": "user", "content": text}]
    context = bank.context(question.text, now=now, budget=plan.budget)
    yield OURS, context.messages
    by_id = {memory.id: memory.external_id for memory in _memories(bank, now)}
    ours = {by_id.get(i) for hit in context.recalled for i in (hit.id, *hit.sources)}
    one.retrieved = {
        NONE: 0.0,
        FULL: float(bool(question.evidence & held)),
        OURS: float(bool(question.evidence & ours)),
    }


def _memories(bank: MemoryBank, now: datetime) -> Iterator[Any]:
    for day in bank.timeline(now=now):
        yield from day.memories


def full_context(volume: Volume, question: Question, llm: LLM | None) -> tuple[str, set[str]]:
    """Return the history before the question, newest kept, and the ids that stand in it."""
    count = llm.count if llm else estimate_tokens
    room = (llm.window if llm and llm.window else WINDOW) - RESERVED
    room -= count(question.text) + count(read("context", volume.lang)) + 2 * PER_MESSAGE
    lines: list[str] = []
    held: set[str] = set()
    for turn in sorted(volume.turns, key=lambda t: t.occurred_at, reverse=True):
        said = rendered(turn.text, turn.reply, turn.speaker, turn.replier, turn.lang)
        line = f"[{turn.occurred_at.date()}] {neutral(said)}"
        room -= count(line) + 1
        if room < 0:
            break
        lines.insert(0, line)
        held.add(turn.external_id or "")
    return f"<memory>\n{chr(10).join(lines)}\n</memory>\n\n{question.text}", held


def _judge(one: Answered, judge: Judge, *, seed: int) -> None:
    """Give every answer its marks; a ranking sees the answers in an order drawn by `seed`."""
    question, lang = one.question, one.lang
    names = list(one.said)
    shuffled = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    ranks = judge.ranking(question.text, question.answer, [one.said[n] for n in shuffled], lang)
    for name, said in one.said.items():
        one.marks[name] = {
            "correctness": judge.correctness(question.text, question.answer, said, lang),
            "coherence": judge.coherence(question.text, said, lang),
            "ranking": 1.0 / ranks[shuffled.index(name)] if ranks else None,
        }


def table(name: str, asked: Sequence[Answered], plan: Plan) -> dict[str, Any]:
    """Return the means by system, with 95 % intervals, and by what they were made."""
    result: dict[str, Any] = {
        "set": name,
        "n": len(asked),
        "systems": {system: _row(asked, system) for system in SYSTEMS},
        "llm": plan.llm.name if plan.llm else None,
        "judge": plan.judge.name if plan.judge else None,
        "unread_verdicts": plan.judge.unread if plan.judge else 0,
        "budget": plan.budget,
    }
    if plan.judge:
        result["prompts"] = prompt_hashes()
    return result


def _row(asked: Sequence[Answered], system: str) -> dict[str, Any]:
    marks: Mapping[str, list[float]] = {
        "memory_retrieval": [one.retrieved[system] for one in asked if one.question.evidence],
        **{
            name: [
                mark for one in asked
                if (mark := one.marks.get(system, {}).get(name)) is not None
            ]
            for name in MEASURES[1:]
        },
    }  # fmt: skip
    row: dict[str, Any] = {"ci95": {}}
    for name, values in marks.items():
        if values:
            row[name] = round(float(np.mean(values)), 4)
            bounds = interval(np.array(values)[:, None])[:, 0]
            row["ci95"][name] = [round(float(b), 4) for b in bounds]
    return row
