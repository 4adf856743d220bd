"""Every dependency is pinned and none is known to be bad (`scripts/audit_dependencies.py`)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = '[project]\nname = "me"\ndependencies = ["apsw>=3.51"]\n[project.optional-dependencies]\n'


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = ROOT / "scripts" / "audit_dependencies.py"
    spec = importlib.util.spec_from_file_location("audit_dependencies", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_of_ours_are_pinned_and_none_is_known_to_be_bad(audit: ModuleType):
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    constraints = (ROOT / "constraints.txt").read_text("utf-8")
    assert audit.problems(project, constraints) == []
    assert len(audit.pins(constraints)) > 30


@pytest.mark.parametrize(
    ("extra", "constraints", "said"),
    [
        ("", "apsw==3.51.2.0", "older than 3.51.3.0"),
        ("", "numpy==2.0", "apsw is not pinned"),
        ("", "apsw==3.40", "is asked for"),
        ('mcp = ["mcp"]', "apsw==3.54.1\nmcp==1.22.9", "CVE-2025-66416"),
        ('web = ["Gradio"]', "apsw==3.54.1\ngradio==99", "gradio is refused"),
        ('web = ["fastapi"]', "apsw==3.54.1\nfastapi==1\nstarlette==1.0.0", "CVE-2026-48710"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(audit: ModuleType, extra: str, constraints: str, said: str):
    found = audit.problems(PROJECT + extra, constraints)
    assert any(re.search(said, line) for line in found), found


@pytest.mark.parametrize("line", ["apsw", "apsw>=3", "apsw==3.*", "me @ file:///x", "apsw==x y"])
def test_a_line_that_pins_nothing_is_refused(audit: ModuleType, line: str):
    with pytest.raises(ValueError, match=r"not a pin|Invalid version"):
        audit.pins(line)
