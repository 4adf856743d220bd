"""The same work for many banks, one after the other or in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from memorybank.verbs.desk import Progress

T = TypeVar("T")


def work(
    function: Callable[..., T], items: Sequence[Sequence[object]], jobs: int, progress: Progress
) -> list[T]:
    """Return `function(*item)` for each item, in their order.

    With more than one job the items go to processes of their own, started afresh (a fork would
    hang an embedder's threads): function and items must be picklable.
    """
    if jobs < 2 or len(items) < 2:
        return _told((function(*item) for item in items), len(items), progress)
    with ProcessPoolExecutor(min(jobs, len(items)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(function, *item) for item in items]
        return _told((future.result() for future in futures), len(items), progress)


def _told(results: Iterable[T], count: int, progress: Progress) -> list[T]:
    found = []
    for done, result in enumerate(results, 1):
        found.append(result)
        progress("play", done, count)
    return found
