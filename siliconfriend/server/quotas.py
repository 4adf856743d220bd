"""How much a tenant may keep: banks, turns, bytes of text. Off unless the settings say otherwise.

Turns and bytes are counted in the transaction that adds to them, whichever way they come, so that
not even two requests at once go past. A reply to a turn that was let in is always kept, and so
are summaries: only what is newly said is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from memorybank.store import Transaction
from memorybank.store.tables import BankRow
from siliconfriend.server.refusals import OverQuota
from siliconfriend.server.settings import Serving


@dataclass(frozen=True, slots=True)
class Quotas:
    """The most of each; 0 is no limit."""

    banks: int = 0
    turns: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, serving: Serving) -> Quotas:
        """Return what the settings say."""
        return cls(serving.tenant_banks, serving.tenant_turns, serving.tenant_bytes)

    @property
    def counts_turns(self) -> bool:
        """Whether anything is to be counted when turns are added."""
        return bool(self.turns or self.bytes)

    def admit(self, tx: Transaction, bank: BankRow) -> None:
        """Raise OverQuota if the bank's tenant now has more turns or bytes than it may keep."""
        row = tx.row("tenant_extent", tenant=bank.tenant)
        turns, taken = row or (0, 0)
        if self.turns and turns > self.turns:
            raise OverQuota(self.turns, "turns")
        if self.bytes and taken > self.bytes:
            raise OverQuota(self.bytes, "bytes")

    def admit_bank(self, there: int) -> None:
        """Raise OverQuota if a tenant with so many banks may not make another."""
        if self.banks and there >= self.banks:
            raise OverQuota(self.banks, "banks")
