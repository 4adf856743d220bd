"""Training files in: JSON Lines or one JSON list, packed by gzip or not, several at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorybank.errors import BadFile, BadInput
from memorybank.formats import sniff, strictjson
from memorybank.formats.volume import Refused
from siliconfriend.finetune.data import REASONS, BadRow, Dialogue, Tally, dialogue

MOST_BAD = 0.5
"""With more than this share of rows refused, it is the wrong file rather than a few bad rows."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its base name, the SHA-256 of its bytes, the rows taken from it."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """All dialogues of all files in their order, each once."""

    dialogues: tuple[Dialogue, ...]
    sources: tuple[Source, ...]
    tally: Tally


def read_files(paths: Sequence[Path], *, strict: bool = False) -> Corpus:
    """Read training files; bad rows are skipped and counted, with `strict` they are errors.

    Raises:
        BadFile: a file that cannot be read, that is mostly bad, or (strict) has one bad row.
        BadInput: there is nothing in any of them.
    """
    tally = Tally()
    seen: dict[Dialogue, None] = {}
    sources = [_read(Path(path).expanduser(), tally, seen, strict) for path in paths]
    if not seen:
        raise BadInput(
            "there is no dialogue in these files: give JSON Lines with messages, conversations, "
            "or instruction and output",
            "这些文件里没有对话：请给出每行含 messages、conversations，或 instruction 和 output 的 "
            "JSON Lines",
        )
    return Corpus(tuple(seen), tuple(sources), tally)


def _read(path: Path, tally: Tally, seen: dict[Dialogue, None], strict: bool) -> Source:
    rows, before = 0, tally.taken + tally.twice
    own: dict[str, str] = {}
    try:
        for place, row in _rows(path):
            rows += 1
            tally.rows += 1
            try:
                found = dialogue(row() if callable(row) else row)
            except (BadRow, Refused) as error:
                reason = str(error) if isinstance(error, BadRow) else "json"
                own.setdefault(reason, place)
                tally.refuse(reason, f"{path.name}, {place}")
                continue
            tally.twice += found in seen
            tally.taken += found not in seen
            seen[found] = None
    except Refused as error:
        raise BadFile(str(path), str(error), error.zh, line=error.line) from None
    taken = tally.taken + tally.twice - before
    if own and (strict or rows - taken > MOST_BAD * rows):
        reason, place = next(iter(own.items()))
        english, chinese = REASONS[reason]
        raise BadFile(
            str(path),
            f"{rows - taken:,} of {rows:,} rows are broken; the first ({place}): {english}",
            f"{rows:,} 行中有 {rows - taken:,} 行有误；第一处（{place}）：{chinese}",
        )
    return Source(path.name, _sha256(path), taken)


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the place of each row and the row, or a function that parses it."""
    with sniff.opened(sniff.locate(path)) as stream:
        head = stream.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        if head.startswith(b"["):
            values = strictjson.loads(sniff.document(stream))
            yield from ((f"row {n}", value) for n, value in enumerate(values, 1))
            return
        for n, line in sniff.lines(stream):
            yield f"line {n}", lambda line=line: strictjson.loads(line)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
