"""Work beside the talk: days that have ended are digested, deferred vectors made.

One thread, one bank at a time. What it does not finish stands in the bank's jobs, and the next
one to come goes on there.
"""

from __future__ import annotations

import logging
import threading
from datetime import date, datetime
from zoneinfo import ZoneInfo

from memorybank.bank import MemoryBank
from memorybank.errors import MemoryBankError
from memorybank.models import LLM

LOG = logging.getLogger(__name__)


class Diarist:
    """Digests the days before today in a thread of its own, once for each day that begins."""

    def __init__(self, bank: MemoryBank, llm: LLM | None) -> None:
        """Take the bank, and the model that writes; without one the user's words are quoted."""
        self.bank, self.llm = bank, llm
        self.done_for: date | None = None
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive()

    def look(self, now: datetime) -> None:
        """Begin where a day has begun; returns at once."""
        today = now.astimezone(ZoneInfo(self.bank.info().zone)).date()
        if self.busy or self.done_for == today:
            return
        self.done_for = today
        self._thread = threading.Thread(target=self._work, args=(now, today), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until it is done."""
        if self._thread is not None:
            self._thread.join()

    def _work(self, now: datetime, today: date) -> None:
        try:
            done = self.bank.digest(llm=self.llm, due_only=True, before=today, now=now)
            self.bank.embed_pending()
        except MemoryBankError as error:
            LOG.warning("the digest waits: %s", error)
        else:
            if done.error:
                LOG.warning("%d pieces of the digest wait: %s", done.failed, done.error)
