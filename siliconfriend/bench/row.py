"""One line of what was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number, its bar, whether it is met; or a note on why it was not measured."""

    what: str
    value: float
    unit: str
    bar: str = ""
    met: bool = True
    note: str = ""
