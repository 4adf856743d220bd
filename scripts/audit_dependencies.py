"""Check without a network what this project depends on: all pinned, nothing known to be bad.

    python scripts/audit_dependencies.py

Reads pyproject.toml, constraints.txt and, of what is installed, what it depends on in turn. The
list of known holes is short and by hand: packages of this field and below it whose advisories
name a first good version, and some that are refused whatever their version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
FIRST_GOOD = {
    "apsw": ("3.51.3.0", "SQLite's write-ahead log could damage a file that two processes write"),
    "mcp": ("1.23.0", "CVE-2025-66416: no guard against DNS rebinding"),
    "starlette": ("1.0.1", "CVE-2026-48710: the Host header passes by checks of the path"),
    "torch": ("2.6.0", "CVE-2025-32434: loading with weights_only could run code"),
}
REFUSED = {
    "chromadb": "CVE-2026-45829 and CVE-2026-45833: code runs before anybody is asked who they are",
    "gradio": "CVE-2026-28416 and CVE-2026-28414: requests and files on behalf of strangers",
    "langchain": "CVE-2025-68664: what was stored is run when it is read",
    "langgraph": "CVE-2025-64439 and CVE-2025-67644: the same, and SQL by the keys of a filter",
    "mem0ai": "CVE-2026-49948: any key redirects all traffic of the model",
    "fastmcp": "CVE-2026-32871: requests by a path's parameter",
}


def pins(constraints: str) -> dict[str, Version]:
    """Return the pinned version of each package; ValueError on a line that pins nothing."""
    found: dict[str, Version] = {}
    for line in constraints.splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, sign, version = text.partition("==")
        if not sign or "*" in version or re.search(r"[@/:]", text):
            raise ValueError(f"not a pin: {text}")
        found[canonicalize_name(name)] = Version(version)
    return found


def declared(project: str) -> Iterator[Requirement]:
    """Yield every requirement of a pyproject.toml, of all extras, but for the project itself."""
    table = tomllib.loads(project)["project"]
    extras = table.get("optional-dependencies", {}).values()
    for line in (*table["dependencies"], *(line for extra in extras for line in extra)):
        wanted = Requirement(line)
        if canonicalize_name(wanted.name) != canonicalize_name(table["name"]):
            yield wanted


def below(wanted: Requirement, seen: set[str]) -> Iterator[str]:
    """Yield the names of all that a requirement needs here in turn, as far as it is installed."""
    name = canonicalize_name(wanted.name)
    if name in seen:
        return
    seen.add(name)
    yield name
    try:
        needs = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in needs:
        need = Requirement(line)
        environments = [{**default_environment(), "extra": e} for e in ("", *wanted.extras)]
        if need.marker is None or any(need.marker.evaluate(e) for e in environments):
            yield from below(need, seen)


def problems(project: str, constraints: str) -> list[str]:
    """Return what is wrong, a line each; nothing if all is well."""
    pinned = pins(constraints)
    wanted = list(declared(project))
    found = []
    for requirement in wanted:
        version = pinned.get(canonicalize_name(requirement.name))
        if version is not None and not requirement.specifier.contains(version):
            found.append(f"{requirement.name} {version} is pinned, {requirement} is asked for")
    seen: set[str] = set()
    names = [name for requirement in wanted for name in below(requirement, seen)]
    found += [f"{name} is not pinned" for name in names if name not in pinned]
    for name in sorted({*names, *pinned}):
        if name in REFUSED:
            found.append(f"{name} is refused: {REFUSED[name]}")
        good, why = FIRST_GOOD.get(name, ("", ""))
        if good and name in pinned and pinned[name] < Version(good):
            found.append(f"{name} {pinned[name]} is older than {good}: {why}")
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    found = problems(project, (ROOT / "constraints.txt").read_text("utf-8"))
    for line in found:
        print(line)
    print(f"{len(found)} problems" if found else "dependencies: all pinned, none known to be bad")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
