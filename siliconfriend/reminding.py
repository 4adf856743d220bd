"""Between `reminisce`, which decides, and the bank, which knows: what may be brought up now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from memorybank.bank import MemoryBank
from memorybank.records import BankInfo, Part, Recalled, Why
from siliconfriend.reminisce import Candidate, Habit, Moment, may, pick

KEY = "reminiscence"
"""Where the bank keeps when something was brought up last."""
WITHIN = timedelta(days=60)
MOST = 40
RECENT = timedelta(days=30)


def hint(
    bank: MemoryBank, message: str, now: datetime, habit: Habit, *, concern: bool
) -> Recalled | None:
    """Return a memory that may be brought up beside this message; mostly None."""
    if not habit.on:
        return None
    info = bank.info()
    local = now.astimezone(ZoneInfo(info.zone))
    moment = Moment.of(
        message, first_today=_first_today(bank, local), concern=concern, last_hint=_last(info)
    )
    seed = bank.desk.bank().seed
    if not may(local, seed=seed, moment=moment, habit=habit):
        return None
    found = pick(_candidates(bank, local, habit), local, seed=seed, moment=moment, habit=habit)
    if found is None:
        return None
    memory = bank.explain(found.memory_id, now=now).memory
    share = Part(name=found.why, value=memory.significance, share=memory.significance)
    return Recalled(
        id=memory.id, external_id=memory.external_id, kind=memory.kind, when=memory.occurred_at,
        text=found.text, score=0.0, retention=memory.retention, faded=memory.faded,
        why=Why(signals=(share,)), trusted=memory.trusted,
    )  # fmt: skip


def given(bank: MemoryBank, now: datetime) -> None:
    """Note that something was brought up, so that the next time is a while off."""
    bank.set_extra(KEY, now.isoformat())


def _first_today(bank: MemoryBank, now: datetime) -> bool:
    last = bank.recent(1, now=now)
    return not last or last[0].occurred_at.date() < now.date()


def _last(info: BankInfo) -> datetime | None:
    noted = info.extra.get(KEY)
    return datetime.fromisoformat(noted) if isinstance(noted, str) else None


def _candidates(bank: MemoryBank, now: datetime, habit: Habit) -> Iterator[Candidate]:
    """Yield what is about to fade, what happened on this day, and what was planned lately."""
    matters = habit.significance
    memories = bank.fading(within=WITHIN, significance=matters, k=MOST, now=now)
    memories += bank.on_this_day(significance=matters, k=MOST, now=now)
    seen: set[str] = set()
    lately = bank.timeline(first=(now - RECENT).date(), last=now.date(), now=now)
    for memory in [*memories, *(m for day in lately for m in day.memories)]:
        if memory.id not in seen:
            seen.add(memory.id)
            turn = bank.explain(memory.id, now=now).turn
            if turn:
                yield Candidate(memory=memory, channel=turn.channel, said=turn.text or "")
