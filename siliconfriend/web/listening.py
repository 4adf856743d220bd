"""A reply heard in a worker thread, so that the page stays awake while a model thinks."""

from __future__ import annotations

import threading

from siliconfriend.friend import Exchange


class Listening:
    """What has been heard so far of one exchange. `stop` may be called from any thread."""

    def __init__(self) -> None:
        self.text = ""
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Hear no more once the next piece has come."""
        self._stop.set()

    def hear(self, exchange: Exchange) -> None:
        """Hear an exchange to its end or until stopped; to be called in a worker thread."""
        for piece in exchange:
            self.text += piece
            if self._stop.is_set():
                break
        # Here and not in `stop`: a generator can be closed only where it runs.
        exchange.stop()
