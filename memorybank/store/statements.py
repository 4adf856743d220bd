"""Reads `queries.sql`: `-- name` lines start a statement, other comment lines explain it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- ([a-z_]+)$")


@cache
def statements() -> dict[str, str]:
    """Return every statement by its name; raises KeyError on use of a name that is not there."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files(__package__).joinpath("queries.sql").read_text("utf-8").splitlines():
        if match := _NAME.match(line):
            current = found.setdefault(match.group(1), [])
        elif not line.startswith("--"):
            current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def migrations() -> list[str]:
    """Return the scripts that bring a file from schema 0 to the newest, in order."""
    folder = files(__package__).joinpath("migrations")
    scripts = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [folder.joinpath(name).read_text("utf-8") for name in scripts]
