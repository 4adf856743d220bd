"""Promise 11: private files with opaque names, nothing of what was said in logs or errors, and
no secret on a command line."""

from __future__ import annotations

import ast
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorybank import MemoryBank, MemoryBankError, Turn
from memorybank.formats import read_file
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs.mending import check
from memorybank.verbs.restore import restore

CANARY = "xylocarp"
SAID = f"My {CANARY} 鸊鷉 is a secret."
ROOT = Path(__file__).parent.parent

# -- files ---------------------------------------------------------------------------------------

LIVED = """
import sys, os
os.umask(int(sys.argv[2], 8))
from pathlib import Path
from memorybank import MemoryBank
from memorybank.verbs.restore import restore
from memorybank.verbs.mending import check
path = Path(sys.argv[1]) / "new" / "deep" / "m.db"
bank = MemoryBank.open(path, bank="Emily Müller 张曼婷", embedder=None)
kept = bank.remember("I like tea.")
gone = bank.remember("I like plums.")
bank.desk.store.backup(path.with_name("b.db"))
restore(path.with_name("b.db"), path)
bank.erase(gone)
if os.umask(0o077) is not None and not check(path).findings:
    for file in path.parent.iterdir():
        print(oct(file.stat().st_mode & 0o777), file.name)
print(oct(path.parent.stat().st_mode & 0o777), "folder")
print(oct(path.parent.parent.stat().st_mode & 0o777), "folder above")
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
@pytest.mark.parametrize("umask", ["000", "022", "077", "277"])
def test_files_are_private_whatever_the_umask(tmp_path: Path, umask: str) -> None:
    run = [sys.executable, "-c", LIVED, str(tmp_path), umask]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120)
    modes = dict(line.split(" ", 1)[::-1] for line in done.stdout.splitlines())
    assert {modes.pop("folder"), modes.pop("folder above")} == {"0o700"}
    assert modes.keys() >= {"m.db", "m.db-wal", "m.db-shm", "b.db", "m.db.erased"}
    assert any(name.startswith("m.db.before-") for name in modes)
    assert set(modes.values()) == {"0o600"}
    for name in modes:
        assert not any(part in name for part in ("Emily", "ller", "张", "tea"))


def test_an_export_is_private(home: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from memorybank.cli import app

    old = os.umask(0)
    try:
        for command in (["remember", SAID], ["export", str(tmp_path / "out.jsonl")]):
            assert CliRunner().invoke(app, command, catch_exceptions=False).exit_code == 0
    finally:
        os.umask(old)
    assert CANARY in (tmp_path / "out.jsonl").read_text("utf-8")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


def test_nothing_goes_to_temporary_files(bank: MemoryBank) -> None:
    with bank.desk.store.write() as tx:
        assert tx._connection.pragma("temp_store") == 2  # type: ignore[attr-defined]  # memory


# -- logs and errors -----------------------------------------------------------------------------


class Failing(HashEmbedder):
    """An embedder that fails, quoting what it was given."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def _direction(self, text: str) -> Any:
        if CANARY not in text:
            return super()._direction(text)
        if self.how == "quotes":
            raise ValueError(f"cannot tokenize {text!r}")
        return np.full(self.dim, {"nan": np.nan, "zero": 0.0}[self.how], np.float32)


def verbs(bank: MemoryBank, folder: Path) -> Iterator[Callable[[], object]]:
    """Every verb with what people said in it, in every way that it can go wrong."""
    far = datetime(9999, 5, 1, tzinfo=UTC)
    turn = Turn(text=SAID, occurred_at=datetime(2026, 3, 2, tzinfo=UTC))
    memory = bank.remember("I like tea.")
    yield lambda: bank.remember(SAID, reply=SAID, external_id="one", speaker=SAID[:20])
    yield lambda: bank.remember(SAID, at=far)
    yield lambda: bank.remember(SAID, at=datetime(2026, 3, 2))
    yield lambda: bank.remember(SAID * 40_000)
    yield lambda: bank.remember(SAID, supersedes="no-such-id")
    yield lambda: bank.remember(SAID, id=memory)
    yield lambda: bank.remember("", reply="")
    yield lambda: bank.remember(SAID, used=["no-such-id"], conversation=SAID, source=SAID)
    yield lambda: bank.remember_turns([turn, Turn(occurred_at=far, text=SAID)])
    yield lambda: bank.remember_messages([{"role": "user", "content": SAID}])
    yield lambda: bank.correct("no-such-id", SAID)
    yield lambda: bank.correct(memory, SAID)
    yield lambda: bank.recall(SAID, k=0)
    yield lambda: bank.recall(SAID, faded="perhaps")  # type: ignore[arg-type]
    yield lambda: bank.recall(SAID, kinds=("dream",))  # type: ignore[arg-type]
    yield lambda: bank.recall(SAID)
    yield lambda: bank.context(SAID, budget=1)
    yield lambda: bank.context(SAID)
    yield bank.digest
    yield bank.embed_pending
    yield bank.change_embedder
    yield lambda: bank.erase("no-such-id")
    yield lambda: bank.erase(day=date(2026, 3, 2), source=SAID)
    yield lambda: restore(folder / "none.db", folder / "m.db")
    for name, content in files().items():
        path = folder / name
        path.write_bytes(content)
        yield lambda path=path: read_file(path, UTC)
        yield lambda path=path: check(path)
        yield lambda path=path: restore(path, folder / "m.db")


def files() -> dict[str, bytes]:
    """Files that are wrong in places where somebody's words stand."""
    row = f'{{"bank_id": "a", "memory_id": "1", "date": "2026-03-02", "text": "{SAID}"}}'
    wrong = {
        "cut.jsonl": row[:-12],
        "date.jsonl": row.replace("2026-03-02", SAID),
        "twice.jsonl": f"{row}\n{row}",
        "type.jsonl": row.replace(f'"{SAID}"', f'["{SAID}"]'),
        "key.jsonl": row.replace('"memory_id": "1"', f'"memory_id": 1, "{CANARY}": 2'),
        "nan.jsonl": row.replace("}", ', "x": NaN}'),
        "cut.json": f'{{"Clara": {{"history": {{"2026-03-02": [{{"query": "{SAID}"',
        "day.json": f'{{"Clara": {{"history": {{"{SAID}": [{{"query": "{SAID}"}}]}}}}}}',
        "turn.json": f'{{"Clara": {{"history": {{"2026-03-02": ["{SAID}"]}}}}}}',
        "diary.txt": f"Dear diary, {SAID}\n" * 300,
        "like.db": "SQLite format 3\0" + SAID * 400,
    }
    return {name: text.encode() for name, text in wrong.items()}


def leaks(error: BaseException | None) -> Iterator[str]:
    """What a traceback would print of an error and of all that it came from."""
    while error is not None:
        yield from [str(error), repr(error.args), getattr(error, "zh", "")]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("how", ["well", "quotes", "nan", "zero"])
def test_logs_and_errors_never_quote(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.INFO)
    embedder = HashEmbedder() if how == "well" else Failing(how)
    failed = 0
    with MemoryBank.open(tmp_path / "m.db", bank="a", embedder=embedder, clock=clock) as bank:
        for act in verbs(bank, tmp_path):
            try:
                act()
            except MemoryBankError as error:
                failed += 1
                told = [str(error), error.zh] if how == "quotes" else list(leaks(error))
                assert not any(CANARY in part or "鸊" in part for part in told), type(error)
        jobs = repr(bank.jobs())
    assert failed > 25
    assert CANARY not in caplog.text and "鸊" not in caplog.text
    assert CANARY not in jobs and "鸊" not in jobs


def test_the_disk_may_fail_without_quoting(tmp_path: Path) -> None:
    import apsw

    from memorybank.store.sqlite import translated

    for kind in (apsw.IOError, apsw.FullError, apsw.CorruptError, apsw.BusyError, apsw.NotADBError,
                 apsw.ReadOnlyError, apsw.CantOpenError):  # fmt: skip
        with pytest.raises(MemoryBankError) as caught, translated(tmp_path / "m.db"):
            raise kind("disk I/O error")
        assert str(caught.value) and caught.value.zh


# -- secrets -------------------------------------------------------------------------------------


def test_no_option_takes_a_secret() -> None:
    from typer.main import get_command

    from memorybank.cli import app

    def options(command: Any, path: str = "") -> Iterator[str]:
        for parameter in command.params:
            yield from (f"{path} {name}" for name in parameter.opts)
        for name, below in getattr(command, "commands", {}).items():
            yield from options(below, f"{path} {name}")

    found = list(options(get_command(app)))
    assert len(found) > 60
    secret = ("key", "token", "secret", "password", "passwd", "credential", "auth")
    assert [o for o in found if any(word in o.split()[-1].lower() for word in secret)] == []


def test_no_log_line_is_given_what_was_said() -> None:
    """Read from the source: log calls name ids, counts and errors, never texts."""
    suspicious = {"text", "reply", "message", "messages", "turn", "turns", "prompt", "content"}
    wrong = []
    for path in sorted((ROOT / "memorybank").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("LOG", "logging", "logger", "log_"):
                names = {n.id for a in node.args for n in ast.walk(a) if isinstance(n, ast.Name)}
                wrong += [f"{path.name}:{node.lineno}"] if names & suspicious else []
    assert wrong == []


def test_now_is_an_argument_and_never_in_a_name(tmp_path: Path) -> None:
    """Names of files say nothing of anybody; the stamp of a copy is the time of the copy."""
    clock = Clock(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=9))
    with MemoryBank.open(tmp_path / "m.db", bank="Clara", embedder=None, clock=clock) as bank:
        bank.remember(SAID)
        bank.digest()
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {"m.db"}
