"""Where a reply ends by its words: stop strings that may come split over pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def until_stop(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield a reply up to the first stop string, as soon as it is clear what is none.

    Nothing of a stop string is ever yielded; what could become one is held back. A reader that
    wants to know whether a stop came asks whether `pieces` has been left unfinished.
    """
    stops = [stop for stop in stops if stop]
    held = ""
    for piece in pieces:
        held += piece
        found = [at for stop in stops if (at := held.find(stop)) >= 0]
        if found:
            if held[: min(found)]:
                yield held[: min(found)]
            return
        keep = max((_overlap(held, stop) for stop in stops), default=0)
        if clear := held[: len(held) - keep]:
            yield clear
        held = held[len(held) - keep :]
    if held:
        yield held


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of `text` could begin `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if stop.startswith(text[-n:])), 0)
