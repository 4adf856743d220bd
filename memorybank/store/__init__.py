"""Where a bank is kept. The protocol; `sqlite` is the one store so far.

A store runs *named* statements inside transactions. All statements stand in one reviewed file
(`queries.sql`), each with the bank in its key; `tables` gives them types. Another database
takes the same protocol with a file of its own under the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]


class Transaction(Protocol):
    """One consistent view of the store; a writing one is all or nothing.

    `joined` says that it is part of a larger one, whose end alone commits.
    """

    joined: bool

    def rows(self, statement: str, **values: Any) -> list[Row]:
        """Run the statement of this name and return all rows."""
        ...

    def row(self, statement: str, **values: Any) -> Row | None:
        """Run the statement of this name and return the first row, or None."""
        ...

    def run(self, statement: str, **values: Any) -> None:
        """Run the statement of this name for its effect."""
        ...

    def run_many(self, statement: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement of this name once for each mapping."""
        ...


class Store(Protocol):
    """A file or database with banks in it; safe to use from several threads."""

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a snapshot: every statement in it sees the same moment."""
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits durably at its end, or leaves no trace."""
        ...

    def tidy(self) -> None:
        """Fold what was written lately into the file, so that its size is the whole of it."""
        ...

    def scrub(self) -> bool:
        """Take what was erased out of pages, logs and automatic copies; False if it must wait."""
        ...

    def copies(self) -> list[Path]:
        """Return older states that were set aside by themselves, and can be opened as banks."""
        ...

    def close(self) -> None:
        """Release the file; safe to call twice."""
        ...
