"""Change the code at random and see which changes no test notices.

    pip install mutmut==3.8.1
    python scripts/mutants.py curve            one of the groups below, some minutes each
    python scripts/mutants.py erasure --most 30

mutmut writes the mutants and notes which test reaches which function. Trying them is done here,
since mutmut collects the tests anew for each: one process collects them once, and each mutant is a
fork of it that runs the tests of its function, quickest first, until one fails. Works on a copy in
a temporary folder; prints what was not noticed, and the counts.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
COPIED = (
    "memorybank", "siliconfriend", "scripts", "tests", "docs", "README.md", "README_zh.md",
    "CHANGELOG.md", "constraints.txt", "Makefile", "pyproject.toml",
)  # fmt: skip
CPU_SECONDS, WALL_SECONDS = 40, 600
"""What runs longer is a mutant that never ends, and so was noticed."""


@dataclass(frozen=True)
class Group:
    """Files that are changed, and the tests that should notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = {
    "curve": Group(
        ("memorybank/forget.py",), ("tests/test_forget.py", "tests/test_promises_time.py")
    ),
    "erasure": Group(
        ("memorybank/verbs/erase.py", "memorybank/store/tombstones.py",
         "memorybank/store/scrub.py"),
        ("tests/test_scrub.py", "tests/test_tombstones.py", "tests/test_erase.py",
         "tests/test_promises_erase.py"),
    ),
    "isolation": Group(
        ("memorybank/verbs/shelf.py", "siliconfriend/server/keys.py",
         "siliconfriend/server/house.py"),
        ("tests/server/test_keys.py", "tests/server/test_house.py", "tests/test_promises_apart.py",
         "tests/test_recall_bank.py", "tests/test_lifecycle.py", "tests/test_answer.py"),
    ),
}  # fmt: skip


def main(name: str, most: int) -> int:
    """Write a group's mutants, try them; returns how many were not noticed."""
    group = GROUPS[name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        settings = {
            "source_paths": ["memorybank", "siliconfriend"], "only_mutate": list(group.files),
            "pytest_add_cli_args_test_selection": list(group.tests),
            "pytest_add_cli_args": ["-p", "no:xdist", "-p", "no:cacheprovider"],
            "also_copy": list(COPIED[2:]), "process_isolation": "forkserver",
        }  # fmt: skip
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n".join(["", "[tool.mutmut]", *lines, ""]))
        # A name that no mutant has: mutmut writes them, notes who reaches what, and stops there.
        subprocess.run(
            [sys.executable, "-m", "mutmut", "run", "no.mutant"],
            cwd=folder, capture_output=True, check=False,
        )  # fmt: skip
        out = folder / "verdicts"
        path = os.pathsep.join([str(folder / "mutants"), str(ROOT / "scripts")])
        env = {**os.environ, "PYTHONPATH": path, "MUTANTS": str(out), "MOST": str(most)}
        options = ["-q", "-p", "mutants", "-p", "no:xdist", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options, *group.tests]
        subprocess.run(command, cwd=folder / "mutants", env=env, check=False)
        verdicts = [line.split() for line in out.read_text("utf-8").splitlines()]
    for verdict, mutant in verdicts:
        if verdict != "noticed":
            print(f"{verdict:12}{mutant}")
    counts = Counter(verdict for verdict, _ in verdicts)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return sum(counts.values()) - counts["noticed"]


# -- inside pytest -------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Instead of the tests: the tests for each mutant, after they have passed without any."""
    from mutmut.utils.format_utils import mangled_name_from_mutant_name as function_of

    noted = json.loads(Path("mutmut-stats.json").read_text("utf-8"))
    reach, took = noted["tests_by_mangled_function_name"], noted["duration_by_test"]
    items = {item.nodeid: item for item in session.items}
    quickest = sorted(items, key=lambda test: took.get(test, 9.0))
    if _tried(session, list(items.values()), "no.mutant") != "NOT NOTICED":
        raise pytest.UsageError("the tests fail as things stand")
    mutants = [
        mutant
        for meta in sorted(Path.cwd().rglob("*.meta"))
        for mutant in json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    ]
    with Path(os.environ["MUTANTS"]).open("w", encoding="utf-8", buffering=1) as out:
        for mutant in mutants:
            there = set(reach.get(function_of(mutant), ()))
            tests = [items[t] for t in quickest if t in there][: int(os.environ["MOST"])]
            verdict = _tried(session, tests, mutant) if tests else "NO TEST"
            out.write(f"{verdict.replace(' ', '_')} {mutant}\n")
    return True


def _tried(session: pytest.Session, items: list[Any], mutant: str) -> str:
    """Run tests on a mutant in a fork; says whether one failed."""
    child = os.fork()
    if child == 0:
        _run(session, items, mutant)
    until = time.monotonic() + WALL_SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "NOT NOTICED" if status == 0 else "noticed"
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "noticed"


def _run(session: pytest.Session, items: list[Any], mutant: str) -> None:
    """The child: ends with 0 if every test passes."""
    from mutmut.mutation.trampoline import set_mutant_under_test

    class Stop:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                os._exit(1)

    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        set_mutant_under_test(mutant)
        session.config.pluginmanager.register(Stop())
        for item, after in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        os._exit(0)
    finally:
        os._exit(2)


if __name__ == "__main__":
    most_tests = int(sys.argv[sys.argv.index("--most") + 1]) if "--most" in sys.argv else 999
    sys.exit(min(1, main(sys.argv[1], most_tests)))
