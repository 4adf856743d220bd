"""Background work: digests of days that are over, and deferred vectors, from the durable jobs.

One thread works, one renews the lease of what is being worked on. One bank at a time, its pieces
in their order; what a model failed at waits longer each time, as its job says. Stopping ends
between two pieces and hands back what is left; a model that does not come back is not waited
for longer than asked.
"""

from __future__ import annotations

import logging
import threading

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError, UnknownBank
from memorybank.verbs.leases import LASTS, Lease, lease, waiting
from siliconfriend.server.house import House

LOG = logging.getLogger(__name__)
SPACING = 0.5
"""Seconds between two looks at the queue, however often there is a nudge."""


class _Halt(BaseException):
    """The worker was told to stop, between two pieces."""


class Worker:
    """Works through the house's jobs until it is stopped."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._stopping = threading.Event()
        self._held: Lease | None = None
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name="worker", daemon=True),
            threading.Thread(target=self._hold_on, name="lease", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """End after the piece at hand, or after so many seconds; hands back what is left."""
        self._stopping.set()
        self.house.nudged.set()
        self._threads[0].join(seconds)
        self._let_go()

    def round(self) -> int:
        """Do what may be done now; returns for how many banks. The thread does this again and
        again; tests call it alone."""
        asked = self.house.take_asked()
        done = 0
        for found in waiting(self.house.store, self.house.clock()):
            wanted = (found.tenant, found.name) in asked
            embeds = found.kind == "embed" and self.house.embeds
            digests = found.kind == "digest" and (found.overdue or wanted)
            if embeds or digests:
                done += self._serve(found.tenant, found.name, found.bank, found.kind, asked=wanted)
            if self._stopping.is_set():
                break
        return done

    def _work(self) -> None:
        while not self._stopping.is_set():
            self.house.nudged.wait(self.house.serving.worker_seconds)
            self.house.nudged.clear()
            if self._stopping.wait(SPACING):
                return
            try:
                self.round()
            except MemoryBankError as error:
                LOG.warning("the worker goes on after %s: %s", type(error).__name__, error)
            except Exception as error:  # noqa: BLE001  one bank's trouble is not everybody's
                LOG.error("the worker goes on after an unforeseen %s", type(error).__name__)

    def _serve(self, tenant: str, name: str, bank: int, kind: str, *, asked: bool) -> int:
        held = lease(self.house.store, bank, self.house.clock())
        if held is None:
            return 0
        with self._lock:
            self._held = held
        try:
            self._do(self.house.open_bank(tenant, name), kind, asked=asked)
        except UnknownBank:
            return 0  # erased meanwhile
        except _Halt:
            LOG.info("stopped between two pieces; the rest waits")
        except MemoryBankError as error:
            LOG.warning("%s is left for later, %s: %s", kind, type(error).__name__, error)
        finally:
            self._let_go()
        return 1

    def _do(self, bank: MemoryBank, kind: str, *, asked: bool) -> None:
        if kind == "embed":
            bank.embed_pending(progress=self._progress)
        else:
            self.house.digest(bank, over_only=not asked, progress=self._progress)

    def _progress(self, what: str, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise _Halt

    def _hold_on(self) -> None:
        """Renew the lease for as long as a piece takes: a model may think for minutes."""
        while not self._stopping.wait(LASTS.total_seconds() / 3):
            with self._lock:
                if self._held:
                    try:
                        self._held.renew(self.house.clock())
                    except MemoryBankError as error:
                        LOG.warning("a lease could not be renewed: %s", error)

    def _let_go(self) -> None:
        with self._lock:
            held, self._held = self._held, None
        if held:
            try:
                held.release()
            except MemoryBankError as error:
                LOG.warning("a lease runs out by itself: %s", error)
