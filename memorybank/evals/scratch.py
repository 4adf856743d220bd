"""Where the evaluation keeps its banks while it runs: in memory if the system has such a folder.

They are thrown away, so nothing is gained by waiting for a disk at every turn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux alone; a private folder is made in it
ROOM = 2**30


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a private folder for a while."""
    with TemporaryDirectory(prefix="memorybank-eval-", dir=_place()) as folder:
        yield Path(folder)


def _place() -> Path | None:
    """Return the folder in memory if there is one with room to spare, else None for the usual."""
    if not IN_MEMORY.is_dir() or not os.access(IN_MEMORY, os.W_OK):
        return None
    state = os.statvfs(IN_MEMORY)
    return IN_MEMORY if state.f_bavail * state.f_frsize >= ROOM else None
