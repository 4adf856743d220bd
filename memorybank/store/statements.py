"""Reads files like `queries.sql`: `-- name` lines start a statement, other comments explain it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent  # importlib.resources takes as long to import as opening a bank
_NAME = re.compile(r"^-- ([a-z_]+)$")


@cache
def statements(file: Path = _HERE / "queries.sql") -> dict[str, str]:
    """Return every statement by its name; raises ValueError if two have the same."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in file.read_text("utf-8").splitlines():
        if match := _NAME.match(line):
            if match.group(1) in found:
                raise ValueError(f"{file.name} has two statements named {match.group(1)}")
            current = found[match.group(1)] = []
        elif not line.startswith("--"):
            current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def migrations() -> list[str]:
    """Return the scripts that bring a file from schema 0 to the newest, in order."""
    return [script.read_text("utf-8") for script in sorted(_HERE.glob("migrations/*.sql"))]
