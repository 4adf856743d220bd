"""Files of memories: the original project's JSON, the normal form in JSON Lines, and plain chats.

Law of this package: a file is taken whole or not at all, told by its content; what it says
comes back on export, equal as JSON, except what has been erased since. Read in this order:
`volume`, `sniff`, `strictjson`, then the formats `original`, `normal` (with `rows`) and `plain`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from memorybank.errors import BadFile
from memorybank.formats import normal, original, plain, sniff
from memorybank.formats.volume import Refused, Volume

__all__ = ["Volume", "read_file", "without", "write_normal", "write_original"]


def read_file(path: Path, zone: tzinfo, *, trusted: bool = True) -> list[Volume]:
    """Read a file, or the memories in a folder; times without a zone are read in `zone`.

    Raises BadFile, with the line where there is one, and then nothing has been read.
    """
    file = Path(path)
    try:
        file = sniff.locate(file)
        with sniff.opened(file) as stream:
            form = sniff.tell(stream)
            if form == "normal":
                lines = sniff.lines(stream)
                return normal.read(lines, file.name, zone, trusted=trusted)
            if form == "plain":
                changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                text = sniff.document(stream)
                return plain.read(text, file.name, zone, changed, trusted=trusted)
            return original.read(sniff.document(stream), file.name, zone, trusted=trusted)
    except Refused as exc:
        raise BadFile(str(file), str(exc), exc.zh, line=exc.line) from None


def write_original(volumes: Sequence[Volume]) -> str:
    """Return the volumes as one `memory_bank_*.json` of the original project."""
    return original.write(volumes)


def write_normal(volumes: Sequence[Volume]) -> str:
    """Return the volumes as JSON Lines in the normal form."""
    return normal.write(volumes)


def without(extra: Mapping[str, Any], erased: Collection[str]) -> dict[str, Any]:
    """Return a volume's `extra` without what it holds of, or made from, erased turns.

    `erased` are external ids. The bank calls this when it erases; export does it anyway for
    every turn of the file that is no longer there.
    """
    erased = frozenset(erased)
    parts = {original.KEY: original.without, normal.KEY: normal.without}
    return {
        key: parts[key](value, erased) if key in parts else value for key, value in extra.items()
    }
