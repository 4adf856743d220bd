"""What the original's chats and project got wrong, and what ours do: docs/original_bugs.md.

Each test is named for what happens here; the last reads the table.
"""

from __future__ import annotations

import ast
import logging
import re
import tomllib
from pathlib import Path

import pytest
from fakemodel import FakeModel
from originals import CAT, NAME, diarist, friend

from memorybank import MemoryBank, prompts
from memorybank.errors import ModelBusy, ModelDenied, ModelUnreachable
from memorybank.models import Style, complete, load_llm
from memorybank.records import Lang

ROOT = Path(__file__).parent.parent
BOTH = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture
def mine(bank: MemoryBank, bank_zh: MemoryBank, lang: Lang) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


# -- the companion -------------------------------------------------------------------------


@BOTH
def test_a_talk_has_second_and_third_turns(mine: MemoryBank, lang: Lang):
    """Rows 37 and 38."""
    talk = friend(mine, "one", "two", "three")
    for said in ("one", "two", "three"):
        assert "".join(talk.say(CAT[lang])) == said
    roles = [m["role"] for m in talk.llm.asked[-1][0]]  # type: ignore[union-attr]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


@BOTH
def test_the_newest_turns_are_those_kept(mine: MemoryBank, lang: Lang):
    """Row 43."""
    talk = friend(mine, *[f"reply {i}" for i in range(9)], history=3)
    for i in range(9):
        "".join(talk.say(f"{CAT[lang]} {i}"))
    said = [m["content"] for m in talk.llm.asked[-1][0] if m["role"] == "assistant"]  # type: ignore[union-attr]
    assert said == ["reply 5", "reply 6", "reply 7"]


def test_a_busy_model_in_the_middle_of_a_talk_costs_a_reply_and_no_turn(bank: MemoryBank):
    """Row 42."""
    talk = friend(bank, "one", ModelBusy("wait"), "three")
    exchanges = [talk.say(f"my cat {i}") for i in range(3)]
    assert ["".join(e) for e in exchanges] == ["one", "", "three"]
    assert isinstance(exchanges[1].error, ModelBusy) and len(bank.recent()) == 3


def test_keys_that_are_all_refused_and_a_file_without_keys_are_told(tmp_path: Path, loopback: None):
    """Row 44."""
    with FakeModel(keys=["right"]) as server:
        llm = load_llm("openai:fake", {"openai": {**server.options, "api_key": ["a", "b"]}})
        assert llm
        with pytest.raises(ModelDenied):
            complete(llm, [{"role": "user", "content": "hi"}])
        assert [r.key for r in server.requests] == ["a", "b"]
        (tmp_path / "keys").write_text("\n\n", "utf-8")
        section = {"openai": {**server.options, "api_key_file": str(tmp_path / "keys")}}
        with pytest.raises(ModelDenied):
            complete(load_llm("openai:fake", section), [{"role": "user", "content": "hi"}])  # type: ignore[arg-type]


@BOTH
def test_the_prompt_is_in_the_language_of_the_message(bank: MemoryBank, lang: Lang):
    """Row 45."""
    talk = friend(bank, "ok")
    "".join(talk.say(CAT[lang]))
    system = talk.llm.asked[0][0][0]["content"]  # type: ignore[union-attr]
    assert prompts.read("context", lang) in system


def test_one_limit_of_length_is_sent(loopback: None):
    """Row 47."""
    with FakeModel(["hi"]) as server:
        llm = load_llm("openai:fake", {"openai": {**server.options, "api_key": "k"}})
        complete(llm, [{"role": "user", "content": "hi"}], Style(max_tokens=9))  # type: ignore[arg-type]
        limits = [name for name in server.requests[0].body if "max" in name]
    assert len(limits) == 1


@pytest.mark.parametrize("reply", ["At 10:30: **tea** & <b>cake</b>", "十点半：10:30，喝茶"])
def test_a_reply_is_kept_as_it_was_said(bank: MemoryBank, reply: str):
    """Row 48."""
    "".join(friend(bank, reply).say("when?"))
    assert bank.recent()[0].reply == reply


def test_retry_answers_anew_and_undo_takes_out_of_memory(bank: MemoryBank):
    """Rows 49 and 50."""
    talk = friend(bank, "bad", "good")
    "".join(talk.say("my cat?"))
    "".join(talk.retry())
    assert [(t.text, t.reply) for t in bank.recent()] == [("my cat?", "good")]
    talk.undo()
    assert bank.recent() == [] and list(bank.recall("cat")) == []


@BOTH
def test_logs_and_the_terminal_hear_nothing_that_was_said(
    mine: MemoryBank, lang: Lang, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    """Row 55."""
    caplog.set_level(logging.INFO)
    talk = friend(mine, CAT[lang], ModelUnreachable("down", "没有应答"))
    "".join(talk.say(CAT[lang]))
    "".join(talk.say(CAT[lang]))
    mine.digest(llm=diarist(lang, ModelUnreachable("down", "没有应答")))
    heard = caplog.text + "".join(capsys.readouterr())
    assert NAME[lang] not in heard


# -- the project ---------------------------------------------------------------------------


def code() -> list[tuple[Path, ast.Module]]:
    paths = [p for part in ("memorybank", "siliconfriend") for p in (ROOT / part).rglob("*.py")]
    return [(path, ast.parse(path.read_text("utf-8"))) for path in paths]


def test_no_file_that_is_loaded_can_run():
    """Rows 24 and 53: nothing is unpickled, and models bring no code of their own."""
    for path, tree in code():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                named = [getattr(node, "module", None) or "", *[a.name for a in node.names]]
                assert not {"dill", "joblib", "shelve", "marshal"} & set(named), path
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("pickle.load", "pickle.loads"), path
                loads = ast.unparse(node.func) == "torch.load"
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert not loads or keywords.get("weights_only") == "True", path
                assert keywords.get("trust_remote_code", "False") != "True", path
                assert keywords.get("allow_dangerous_deserialization", "False") != "True", path


def test_nothing_is_published_and_no_library_is_patched():
    """Rows 23 and 52: no class of a library is assigned to, no page is shared."""
    for path, tree in code():
        names = {
            alias.asname or alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            and not (getattr(node, "module", None) or "").startswith(
                ("memorybank", "siliconfriend")
            )
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                shared = [ast.unparse(k.value) for k in node.keywords if k.arg == "share"]
                assert "True" not in shared, path
            for target in getattr(node, "targets", []):
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    assert target.value.id not in names, f"{path}: {ast.unparse(target)}"


def test_every_dependency_is_named_and_pinned():
    """Row 58."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in pins}
    names = {re.split(r"[\[<>=;~! ]", line)[0].lower() for line in wanted} - {"siliconfriend"}
    assert names <= pinned
    ignored = (ROOT / ".gitignore").read_text("utf-8")
    assert "__pycache__" in ignored or ".pyc" in ignored


def test_the_table_names_every_row_and_tests_that_exist():
    table = (ROOT / "docs" / "original_bugs.md").read_text("utf-8")
    rows = [int(n) for n in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert rows == list(range(1, 59))
    tests = {path.name: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"`(?:(test_\w+\.py)::)?(test_\w+)`", table)
    ours = [name for name in tests if name.startswith("test_original_bugs")]
    for path, name in named:
        assert any(f"def {name}(" in tests[p] for p in ([path] if path else ours)), name
    here = {found for p in ours for found in re.findall(r"^def (test_\w+)", tests[p], re.MULTILINE)}
    assert here - {name for _, name in named} == {
        "test_the_table_names_every_row_and_tests_that_exist"
    }
