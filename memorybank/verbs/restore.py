"""Restore: a backup in the place of the bank file, without what has been erased since.

The backup is copied, brought to the newest schema, checked, and erased alike by the tombstones
of the file that it replaces and of the list beside it; only then does it take the place.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from memorybank.errors import DamagedBank, StoreError
from memorybank.store import care, tombstones
from memorybank.store.sqlite import SQLiteStore
from memorybank.verbs.erase import erase_buried, finish


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: where the old file is kept, and how many turns were erased again."""

    kept: Path | None
    erased: int


def restore(backup: Path, target: Path) -> Restored:
    """Put a backup in the place of the bank file, at once or not at all.

    Raises StoreError where the backup is missing, none of ours, from the future or not sound;
    the bank file is as it was then.
    """
    with care.opened_copy(backup, target) as fresh:
        if problems := care.examine(fresh.path):
            raise DamagedBank(
                f"the backup {backup} is not sound ({problems[0]}): use another one",
                f"备份 {backup} 不完好（{problems[0]}）：请换一份",
            )
        count = erase_buried(fresh, _stones(target))
        finish(fresh)
        fresh.close()  # all of it is in the one file now
        kept = care.replace(target, fresh.path)
    store = SQLiteStore.open(target, create=False)
    try:
        finish(store)
    finally:
        store.close()
    return Restored(kept, count)


def _stones(target: Path) -> list[tombstones.Stone]:
    """Return what was erased from the file that is to be replaced, as far as it can be read."""
    stones = tombstones.read_list(target)
    with suppress(StoreError), care.looking(target) as tx:
        stones += tombstones.all_stones(tx)
    return stones
