"""Leases: who works on a bank's jobs, so that two workers do not do the same work twice.

A lease covers a whole bank, since its pieces must be done in their order. It runs out by itself;
whoever holds it renews it. It saves effort and no more: a piece that two have done after all is
kept once, by the fence of its job and the hash of its sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from memorybank.store import Store
from memorybank.store.tables import day_name, day_of, to_us

LASTS = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A bank with work that may be begun; `overdue` says that it need not wait any longer."""

    bank: int
    tenant: str
    name: str
    kind: str
    count: int
    overdue: bool


@dataclass(slots=True)
class Lease:
    """A hold on a bank's jobs."""

    store: Store
    bank: int
    held: int

    def renew(self, now: datetime) -> None:
        """Hold on for another while."""
        until = to_us(now + LASTS)
        with self.store.write() as tx:
            tx.run("renew_lease", bank=self.bank, until=until, held=self.held)
        self.held = until

    def release(self) -> None:
        """Hand back what is not done."""
        with self.store.write() as tx:
            tx.run("release_lease", bank=self.bank, held=self.held)


def waiting(store: Store, now: datetime) -> list[Waiting]:
    """Return the banks with work that may be begun, longest waiting first.

    A day that is not over in the bank's zone is not overdue: more may be said.
    """
    with store.read() as tx:
        rows = tx.rows("banks_with_jobs", now=to_us(now))
    return [
        Waiting(bank, tenant, name, kind, count, _overdue(subject, zone, now))
        for bank, tenant, name, zone, kind, subject, count in rows
    ]


def _overdue(subject: str, zone: str, now: datetime) -> bool:
    level, _, period = subject.partition(":")
    return level != "day" or period < day_name(day_of(now, ZoneInfo(zone)))


def lease(store: Store, bank: int, now: datetime) -> Lease | None:
    """Take a bank's jobs; None if somebody else has them, or there are none."""
    until = to_us(now + LASTS)
    with store.write() as tx:
        taken = tx.rows("lease_jobs", bank=bank, now=to_us(now), until=until)
    return Lease(store, bank, until) if taken else None
