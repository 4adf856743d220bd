"""Gone stays gone: what has faded or was erased does not come back with the next digest.

A month after the history's end a late note is added to the days of some memories that have
faded, so that their digests are made anew; then some memories are erased, and digested again.
Counted is what must be nought: faded memories that are awake again, or recalled although faded
ones are shut out; and traces of what was erased, by its id or by a run of its characters that
nobody else ever said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

from memorybank.bank import MemoryBank
from memorybank.evals.playing import Ended
from memorybank.records import Level, Memory, plain
from memorybank.rendering import rendered
from memorybank.store.tables import TURN, memories
from memorybank.verbs.read import described

LATER = timedelta(days=30)
FADED, ERASED = 40, 20
LEVELS: tuple[Level, ...] = ("day", "insight", "week", "month", "global")
RUN = 12
"""Characters of a run by which an erased text is looked for."""
NOTE = {"en": "One more thing about that day.", "zh": "关于那天，还有一件事。"}


def gone_stays_gone(ended: Ended) -> dict[str, int]:
    """Return how many were put to the test, and how many came back; changes the bank."""
    bank, later = ended.bank, ended.end + LATER
    before = _turns(bank, ended)
    faded = _spread([memory for memory in before if memory.faded], FADED)
    for memory in faded:
        at = memory.occurred_at
        bank.remember(
            f"{NOTE['zh' if bank.info().lang == 'zh' else 'en']} {memory.id[-6:]}",
            at=at, now=later, conversation=f"late {at.date()}",
        )  # fmt: skip
    bank.digest(now=later)
    asleep = {memory.id for memory in _turns(bank, ended) if memory.faded}
    back = [memory for memory in faded if memory.id not in asleep or _comes(bank, memory, ended)]
    erased = _spread([m for m in before if len(m.text) >= 3 * RUN], ERASED)
    runs = _own_runs(ended, erased)
    if erased:
        bank.erase(*(memory.id for memory in erased), now=later)
    bank.digest(now=later)
    kept = "\n".join(_everything(bank, ended))
    traces = [m for m in erased if m.id in kept or any(run in kept for run in runs[m.id])]
    return {
        "faded": len(faded),
        "faded_came_back": len(back),
        "erased": len(erased),
        "erased_left_traces": len(traces),
    }


def _turns(bank: MemoryBank, ended: Ended) -> list[Memory]:
    """Return the turns of the history as they are held a month later."""
    with bank.desk.read() as (tx, _, row):
        rows = [r for r in memories(tx.rows("memories_all", bank=row.bank)) if r.kind == TURN]
        return [m for m in described(tx, row, rows, ended.end + LATER) if m.external_id]


def _spread(found: Sequence[Memory], count: int) -> list[Memory]:
    """Return `count` of them, evenly spread over the history."""
    step = max(1, len(found) // count)
    return list(found[::step][:count])


def _comes(bank: MemoryBank, memory: Memory, ended: Ended) -> bool:
    """Say whether a faded memory is recalled by its own words although such are shut out."""
    hits = bank.recall(memory.text, now=ended.end + LATER, faded="never")
    return memory.id in {hit.id for hit in hits}


def _own_runs(ended: Ended, erased: Sequence[Memory]) -> dict[str, list[str]]:
    """Return for each memory runs of what was said in it, names aside, that nobody else said."""
    said = {turn.external_id: (turn.text or "", turn.reply or "") for turn in ended.turns}
    shown = {
        turn.external_id: rendered(turn.text, turn.reply, turn.speaker, turn.replier, turn.lang)
        for turn in ended.turns
    }
    result = {}
    for memory in erased:
        others = "\n".join(text for i, text in shown.items() if i != memory.external_id)
        sides = said[memory.external_id]
        runs = (side[i : i + RUN] for side in sides for i in range(0, len(side) - RUN + 1, RUN))
        result[memory.id] = [run for run in runs if "\n" not in run and run not in others]
    return result


def _everything(bank: MemoryBank, ended: Ended) -> Iterator[str]:
    """Yield all that the bank still tells, as JSON."""
    later = ended.end + LATER
    told = [bank.timeline(now=later), bank.statements(), bank.portrait(now=later)]
    told += [bank.summaries(level) for level in LEVELS]
    for part in told:
        yield json.dumps(plain(part), ensure_ascii=False)
