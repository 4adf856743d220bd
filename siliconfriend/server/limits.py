"""How much one sender may send: token buckets, bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from siliconfriend.server.refusals import TooMany

MOST_SENDERS = 10_000
BURST_SECONDS = 2.0
"""A sender that was quiet may send so many seconds' worth at once."""


class Buckets:
    """One bucket a sender; the least recently seen sender is forgotten first."""

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = MOST_SENDERS) -> None:
        self._clock, self._most = clock, most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: str, rate: float) -> None:
        """Count one request of a sender that may send `rate` a second; raises TooMany."""
        now, size = self._clock(), max(1.0, rate * BURST_SECONDS)
        with self._lock:
            level, seen = self._levels.pop(sender, (size, now))
            level = min(size, level + (now - seen) * rate)
            enough = level >= 1.0
            self._levels[sender] = (level - 1.0 if enough else level, now)
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        if not enough:
            raise TooMany((1.0 - level) / rate)
