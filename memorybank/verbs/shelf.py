"""Indexes of banks in memory: loaded when needed, kept in step, bounded in bytes.

A bank's version is read in the transaction that uses the index, so that several processes on
one file agree: the same version means nothing to do, the same edition means appending what is
new, anything else means loading again. Whoever rewrites an index in place while writing has
followed his own edition; the other processes load again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from memorybank.errors import UnknownBank
from memorybank.index import COLUMNS, Entry, Index
from memorybank.lexical import TermArray
from memorybank.models import Embedder, Vectors
from memorybank.store import Row, Transaction
from memorybank.store.tables import BankRow, MemoryRow, fades_days, to_days

DEFAULT_BYTES = 512 * 2**20


class Written(NamedTuple):
    """How far a transaction has written: the bank's version and edition, its highest number."""

    version: int
    edition: int
    number: int


@dataclass(slots=True)
class Volume:
    """One bank's index and how far it has followed the store."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    bank_id: str = ""
    index: Index | None = None
    version: int = -1
    edition: int = -1
    last_number: int = 0
    newest_event: int = -(2**62)
    nbytes: int = 0
    written: Written | None = None

    def forget(self) -> None:
        """Drop the index; whoever comes next loads it anew."""
        self.index, self.nbytes = None, 0


class Shelf:
    """The indexes of all banks of one file; least recently used ones go first."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self.limit = limit
        self._volumes: OrderedDict[int, Volume] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def open(
        self, tx: Transaction, bank: int, bank_id: str, name: str, embedder: Embedder | None
    ) -> Iterator[tuple[Volume, BankRow]]:
        """Hold a bank's volume, in step with the transaction; nobody else uses it meanwhile."""
        with self._lock:
            volume = self._volumes.setdefault(bank, Volume())
            self._volumes.move_to_end(bank)
        with volume.lock:
            row = tx.row("bank_again", bank=bank)
            # The number of an erased bank may be another's by now.
            if row is None or (current := BankRow(*row)).id != bank_id:
                self.drop(bank)
                raise UnknownBank(name)
            if volume.bank_id != current.id:
                volume.forget()
                volume.bank_id = current.id
            volume.written = None
            _follow(volume, tx, current, embedder)
            try:
                yield volume, current
            finally:
                self._bound(volume)

    def drop(self, bank: int) -> None:
        """Forget the index of a bank; it is loaded anew when needed."""
        with self._lock:
            self._volumes.pop(bank, None)

    def _bound(self, used: Volume) -> None:
        nbytes = used.index.nbytes if used.index else 0
        if nbytes == used.nbytes:
            return
        used.nbytes = nbytes
        with self._lock:
            total = sum(volume.nbytes for volume in self._volumes.values())
            while total > self.limit and len(self._volumes) > 1:
                _, oldest = self._volumes.popitem(last=False)
                total -= oldest.nbytes


class Embedded(Protocol):
    """A bank, or what is known of it: the name of the model that its vectors come from."""

    @property
    def embedder(self) -> str | None:
        """The model's name; None where there are no vectors."""


def usable(embedder: Embedder | None, bank: Embedded) -> Embedder | None:
    """Return the embedder if the bank's vectors are its own, else None: models never mix."""
    return embedder if embedder is not None and bank.embedder == embedder.name else None


def entry_of(row: MemoryRow) -> Entry:
    """Turn a memory's row into the index's entry."""
    return Entry(
        number=row.number, kind=row.kind, occurred=row.occurred_at, day=row.day, thread=row.thread,
        seq=row.seq, trusted=row.trusted, significance=row.significance, strength=row.strength,
        last=to_days(row.last_at), fades=fades_days(row.fades_at), pinned=row.pinned,
        supersedes=row.supersedes or 0, superseded_by=row.superseded_by or 0,
    )  # fmt: skip


def _follow(volume: Volume, tx: Transaction, bank: BankRow, embedder: Embedder | None) -> None:
    if volume.index is not None and volume.version == bank.version:
        return
    model = usable(embedder, bank)
    if volume.index is None or volume.edition != bank.edition:
        volume.index = _load(tx, bank.bank, model)
        volume.last_number, volume.newest_event = 0, -(2**62)
    else:
        _append_new(volume.index, volume.last_number, tx, bank.bank, model)
    volume.version, volume.edition = bank.version, bank.edition
    _mark(volume, tx, bank.bank)


def _load(tx: Transaction, bank: int, model: Embedder | None) -> Index:
    dim = _dim(tx, bank, model) if model else 0
    rows = tx.rows("load_memories", bank=bank, above=0)
    chunks = tx.rows("load_vectors", bank=bank, above=0, model=model.name, dim=dim) if model else []
    words = tx.rows("load_terms", bank=bank, above=0)
    return Index.build(rows, chunks, words, dim)


def _dim(tx: Transaction, bank: int, model: Embedder) -> int:
    """Return how long the model's vectors are; the store knows where the model does not yet."""
    row = None if model.dim else tx.row("dim_of_vectors", bank=bank, model=model.name)
    return int(row[0]) if row else model.dim


def _append_new(
    index: Index, above: int, tx: Transaction, bank: int, model: Embedder | None
) -> None:
    vectors: dict[int, Vectors] = {}
    if model:
        dim = _dim(tx, bank, model)
        for number, blob in tx.rows(
            "load_vectors", bank=bank, above=above, model=model.name, dim=dim
        ):
            vectors[number] = np.frombuffer(blob, np.float16).astype(np.float32).reshape(-1, dim)
    words = {
        number: TermArray(np.frombuffer(hashes, np.uint32), np.frombuffer(counts, np.uint8))
        for number, hashes, counts in tx.rows("load_terms", bank=bank, above=above)
    }
    for row in tx.rows("load_memories", bank=bank, above=above):
        index.append(Entry(*row), vectors.get(row[0]), words[row[0]])
    for row in tx.rows("load_changed", bank=bank, above=above):
        patch(index, row)


def patch(index: Index, row: Row) -> None:
    """Bring one memory's state in the index in line with its row."""
    changed = dict(zip(COLUMNS, row, strict=True))
    names = ("significance", "strength", "last", "fades", "pinned", "superseded_by")
    index.patch(row[0], **{name: changed[name] for name in names})


def _mark(volume: Volume, tx: Transaction, bank: int) -> None:
    """Note how far the volume has followed: every number below is known."""
    newest = tx.row("newest_event", bank=bank, above=volume.last_number)
    if newest and newest[0] is not None:
        volume.newest_event = max(volume.newest_event, newest[0])
    highest = tx.row("highest_number", bank=bank)
    volume.last_number = highest[0] if highest else 0
