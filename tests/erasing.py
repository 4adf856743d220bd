"""What the tests of erasure share: a canary, and where in a folder it can still be found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from memorybank import MemoryBank
from memorybank.testing import HashEmbedder
from memorybank.verbs.desk import text_hash

CANARIES = {"en": "xylocarp", "zh": "鸊鷉鹈鹕"}


def forms(word: str) -> list[bytes]:
    """A word in every form in which something might have kept it."""
    spelt = [word, word.upper(), word.capitalize(), " ".join(word), "\x00".join(word)]
    spelt += [word[::-1], word.encode("unicode_escape").decode(), word.encode().hex()]
    codes = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030", "big5")
    return [text.encode(code, "ignore") for text in spelt for code in codes if text.isprintable()
            or code == "utf-8"]  # fmt: skip


def holding(folder: Path, word: str, *, but: Iterable[str] = ()) -> list[str]:
    """The names of files below a folder that hold a word in any form."""
    wanted = [form for form in forms(word) if len(form) >= 4]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
    return [path.name for path in files if any(form in path.read_bytes() for form in wanted)]


def fingerprints(text: str, reply: str | None = None, dim: int = 64) -> list[bytes]:
    """What could stand in for a text: its hash as the store keeps it, and its direction."""
    vector = HashEmbedder(dim=dim).embed_passages([text])[0]
    halves = (vector / np.linalg.norm(vector)).astype(np.float16).tobytes()
    return [text_hash(text, reply), halves[:24], halves[-24:]]


def traces(folder: Path, marks: Iterable[bytes]) -> list[str]:
    """The names of files below a folder that hold any of these bytes."""
    wanted = list(marks)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(mark in path.read_bytes() for mark in wanted)]


def nearest(bank: MemoryBank, text: str) -> float:
    """How near the nearest of all vectors in a bank comes to a text."""
    desk = bank.desk
    assert desk.embedder is not None
    direction = desk.embedder.embed_passages([text])[0]
    with desk.read() as (_, volume, _bank):
        assert volume.index is not None
        found = volume.index.similarities(direction)
    return float(np.nanmax(found)) if len(found) else 0.0
