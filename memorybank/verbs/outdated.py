"""What a correction leaves behind until the next digest: statements and summaries of the old words.

A digest makes them anew, but nobody who has corrected something should read or be told the old
wording meanwhile. Reads only: what is outdated is left out where it is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from memorybank.store import Transaction
from memorybank.store.tables import BankRow, numbers_json, to_us, turns_by_number

EVER = 2**62
_DATED = re.compile(r"^\d{4}-\d\d-\d\d\s+")
_TOPIC = re.compile(r"^[^:：\n]{1,40}[:：]\s*")


@dataclass(frozen=True, slots=True)
class Outdated:
    """The numbers of what stands on turns that were replaced since, and what those turns said."""

    numbers: frozenset[int] = frozenset()
    said: tuple[str, ...] = ()

    def current(self, text: str) -> str:
        """Return a summary that quotes, without the lines of it that were replaced."""
        if not self.said:
            return text
        return "\n".join(line for line in text.splitlines() if not self._quotes(line))

    def _quotes(self, line: str) -> bool:
        bare = _DATED.sub("", line).strip().rstrip("…")
        bodies = {bare, _TOPIC.sub("", bare)} - {""}
        return any(body in said for body in bodies for said in self.said)


def replaced(tx: Transaction, bank: BankRow, until: datetime | None = None) -> list[int]:
    """Return the numbers of the turns that were replaced by a moment, or ever."""
    moment = EVER if until is None else to_us(until)
    return [row[0] for row in tx.rows("memories_replaced", bank=bank.bank, until=moment)]


def outdated(tx: Transaction, bank: BankRow, numbers: Collection[int]) -> Outdated:
    """Return what is outdated because these turns were replaced."""
    if not numbers:
        return Outdated()
    rows = list(tx.rows("derived_outdated", bank=bank.bank, numbers=numbers_json(numbers)))
    turns = turns_by_number(tx, bank.bank, {source for _, source in rows})
    said = [side for turn in turns.values() for side in (turn.text, turn.reply) if side]
    return Outdated(frozenset(derived for derived, _ in rows), tuple(said))
