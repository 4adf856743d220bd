"""Promise 2: never half of anything. The doctor finds every wound, mends what follows from
something else, and says what is lost."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import apsw
import pytest

from memorybank import MemoryBank, Turn
from memorybank.errors import MemoryBankError
from memorybank.testing import Clock, HashEmbedder, Ids
from memorybank.verbs.findings import KINDS
from memorybank.verbs.mending import check

START = datetime.fromisoformat("2026-03-02T09:00+00:00")
CANARY = "xylocarp"


def opened(path: Path, clock: Clock | None = None) -> MemoryBank:
    return MemoryBank.open(
        path, bank="emily", embedder=HashEmbedder(dim=16), clock=clock or Clock(START),
        zone="UTC", seed=b"seed", **({"new_id": Ids()} if clock else {}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bank with everything in it: corrections, recalls, pins, digests, work that waits."""
    path, clock = tmp_path_factory.mktemp("grown") / "m.db", Clock(START)
    with opened(path, clock) as bank:
        first = bank.remember("My name is Clara and I work in Oslo.", conversation="one")
        second = bank.remember(f"I love my {CANARY} tree.", reply="A tree!", conversation="one")
        clock.forward(days=3)
        third = bank.correct(first, "My name is Clara and I work in Bergen.")
        bank.remember("Where do I work?", used=[second, third])
        bank.pin(second)
        bank.digest()
        clock.forward(days=6)
        bank.remember("I adopted a grey cat called Miso.", used=[second])
        bank.fade(third)
        bank.digest()
        bank.erase(bank.remember("I hate my neighbour.", external_id="gone"))
        bank.digest()
        bank.remember("Something for later.", vectors="later")
    yield path


@pytest.fixture
def path(grown: Path, tmp_path: Path) -> Path:
    shutil.copy2(grown, tmp_path / "m.db")
    return tmp_path / "m.db"


def wound(path: Path, sql: str) -> None:
    """Change a file behind the library's back, foreign keys off."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def test_a_sound_file_is_sound_in_both_languages(path: Path) -> None:
    before = path.read_bytes()
    assert check(path).findings == () and check(path, repair=True).findings == ()
    assert path.read_bytes() == before, "nothing to repair, nothing written"


DAY = "(SELECT number FROM memories WHERE kind = 1 ORDER BY number LIMIT 1)"
WOUNDS = {
    "DELETE FROM memories WHERE number = 2": "turn without memory",
    "DELETE FROM turns WHERE number = 2": "memory without text",
    "UPDATE turns SET text = 'something else' WHERE number = 2": "altered text",
    f"DELETE FROM derived WHERE number = {DAY}": "summary without text",
    f"DELETE FROM memories WHERE number = {DAY}": "summary without memory",
    "DELETE FROM sources": "no sources",
    "DELETE FROM sources WHERE derived IN (SELECT number FROM derived WHERE level = 'insight')":
        "no sources",
    "UPDATE sources SET source = 9999 WHERE source = 2": "lost source",
    "INSERT INTO sources VALUES (1, 9999, 1)": "source of nothing",
    "DELETE FROM derived WHERE level = 'week'": "stale",
    "UPDATE derived SET hash = x'00' WHERE level = 'global'": "stale",
    "UPDATE derived SET hash = x'00' WHERE level = 'day'": "stale",
    "DELETE FROM jobs WHERE kind = 'digest'": "stale",
    "DELETE FROM jobs WHERE kind = 'embed'": "no vector",
    "DELETE FROM vectors WHERE number = 1": "no vector",
    "DELETE FROM vectors": "no vector",
    "UPDATE vectors SET vector = substr(vector, 1, 7) WHERE number = 2": "wrong vector",
    "UPDATE vectors SET vector = x'' WHERE number = 2": "wrong vector",
    "UPDATE vectors SET vector = zeroblob(32) WHERE number = 2": "wrong vector",
    "UPDATE vectors SET vector = CAST(x'007e' || substr(vector, 3) AS BLOB) WHERE number = 2":
        "wrong vector",
    "UPDATE vectors SET dim = 8 WHERE number = 2": "wrong vector",
    "UPDATE vectors SET text_hash = x'00' WHERE number = 2": "wrong vector",
    "INSERT INTO vectors VALUES (1, 9999, 'x', 1, x'00', x'003c')": "vector of nothing",
    "DELETE FROM terms WHERE number = 1": "no words",
    "UPDATE terms SET hashes = substr(hashes, 1, 5) WHERE number = 1": "wrong words",
    "UPDATE terms SET counts = zeroblob(length(counts))": "wrong words",
    "UPDATE terms SET hashes = (SELECT hashes FROM terms WHERE number = 2), "
    "counts = (SELECT counts FROM terms WHERE number = 2) WHERE number = 1": "wrong words",
    "INSERT INTO terms VALUES (1, 9999, x'00000000', x'01')": "words of nothing",
    "UPDATE memories SET strength = strength * 1.001 WHERE number = 2": "wrong state",
    "UPDATE memories SET last_at = last_at + 1 WHERE number = 2": "wrong state",
    "UPDATE memories SET fades_at = 1 WHERE number = 1": "wrong state",
    "UPDATE memories SET pinned = 1 - pinned": "wrong state",
    "UPDATE memories SET significance = 0.123 WHERE number = 2": "wrong state",
    "DELETE FROM events WHERE kind = 'pin'": "wrong state",
    "UPDATE memories SET day = day + 1 WHERE number = 2": "wrong place",
    "UPDATE memories SET thread = 5 WHERE number = 2": "wrong place",
    "UPDATE memories SET parts = 'no json' WHERE number = 2": "wrong place",
    "UPDATE memories SET superseded_by = NULL": "wrong chain",
    "UPDATE memories SET supersedes = 9999 WHERE number = 2": "wrong chain",
    "UPDATE memories SET superseded_by = 9999 WHERE number = 2": "wrong chain",
    "UPDATE events SET turn = 9999 WHERE number = (SELECT min(number) FROM events WHERE turn > 0)":
        "lost turn",
    "INSERT INTO events VALUES (1, 9998, 9999, 'pin', 0, NULL, NULL, NULL)": "event of nothing",
    "INSERT INTO events VALUES (1, 9997, 1, 'sneeze', 0, NULL, NULL, NULL)": "event of nothing",
    "UPDATE banks SET next = 2": "counter",
    "UPDATE banks SET zone = 'Mars/Olympus'": "settings",
    "UPDATE banks SET preset = 'vague'": "settings",
    "UPDATE banks SET extra = '{'": "settings",
    "INSERT INTO jobs (bank, kind, subject, created_at) VALUES (1, 'embed', '9999', 0)":
        "job of nothing",
    "INSERT INTO jobs (bank, kind, subject, created_at) VALUES (1, 'digest', 'day:soon', 0)":
        "job of nothing",
    "DELETE FROM banks": "stray bank",
}  # fmt: skip
LOST = {"altered text"}
"""What stays wrong whatever is done: only a backup, or the person, knows the truth."""


@pytest.mark.parametrize("sql", WOUNDS)
def test_every_wound_is_found_and_mended_or_told(path: Path, tmp_path: Path, sql: str) -> None:
    what = WOUNDS[sql]
    wound(path, sql)
    before = path.read_bytes()
    found = check(path)
    assert what in {f.what for f in found.findings} and not found.sound
    assert path.read_bytes() == before, "looking changes nothing"
    assert CANARY not in repr(found)
    said = texts(path)
    done = check(path, repair=True)
    assert texts(path) == said, "mending loses nothing that was said"
    assert what in {f.what for f in done.findings}
    assert done.sound == (what not in LOST)
    assert done.kept is not None and Path(done.kept).exists()
    after = check(path)
    assert {f.what for f in after.findings} <= LOST
    with MemoryBank.open(path, bank=names(path)[0], embedder=HashEmbedder(dim=16)) as bank:
        bank.digest(now=datetime.fromisoformat("2026-04-01T00:00+00:00"))
        bank.embed_pending()
        assert bank.recall("tree cat Clara", faded="always")
        assert bank.summaries("global") and bank.jobs() == []
    assert {f.what for f in check(path).findings} <= LOST


def texts(path: Path) -> list[tuple[str, ...]]:
    connection = apsw.Connection(str(path))
    found = connection.execute("SELECT text, reply FROM turns ORDER BY number").fetchall()
    connection.close()
    return found


def names(path: Path) -> list[str]:
    connection = apsw.Connection(str(path))
    found = [row[0] for row in connection.execute("SELECT name FROM banks")]
    connection.close()
    return found


def test_every_kind_of_finding_is_tried_here() -> None:
    elsewhere = {"pages", "unreadable", "indexes", "open to others", "half done", "erased"}
    assert set(WOUNDS.values()) | elsewhere == set(KINDS)


def test_what_was_erased_and_came_back_behind_our_back(path: Path) -> None:
    with opened(path) as bank:
        gone = bank.remember("I hate my boss.")
        number = bank.explain(gone).memory
    shutil.copy2(path, path.with_name("older.db"))
    with opened(path) as bank:
        bank.erase(gone)
    older = apsw.Connection(str(path))
    older.execute(f"ATTACH '{path.with_name('older.db')}' AS older")
    for table in ("turns", "memories", "terms"):
        older.execute(
            f"INSERT INTO main.{table} SELECT * FROM older.{table} "
            f"WHERE number NOT IN (SELECT number FROM main.{table})"
        )
    older.close()
    assert number.text and "erased" in {f.what for f in check(path).findings}
    assert check(path, repair=True).sound
    assert b"boss" not in b"".join(p.read_bytes() for p in path.parent.glob("m.db*"))


def test_all_wounds_at_once(path: Path) -> None:
    for sql, what in WOUNDS.items():
        if what not in LOST and "banks" not in sql:
            wound(path, sql)
    assert not check(path).sound
    assert check(path, repair=True).sound
    with opened(path) as bank:
        bank.digest()
        bank.embed_pending()
    assert check(path).findings == ()


# -- the file itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", range(1, 12))
def test_overwritten_pages_are_told_and_never_made_worse(path: Path, page: int) -> None:
    data = bytearray(path.read_bytes())
    start = page * 16384
    if start >= len(data):
        pytest.skip("the file has fewer pages")
    data[start : start + 16384] = bytes(range(256)) * 64
    path.write_bytes(bytes(data))
    damaged = path.read_bytes()
    for repair in (False, True):
        found = check(path, repair=repair)
        assert not found.sound
        assert any(f.what in ("pages", "unreadable", "indexes") for f in found.findings)
        said = [f.say(lang) for f in found.findings for lang in ("en", "zh")]
        assert any("backup" in line or "备份" in line for line in said)
        assert CANARY not in repr(said)
    assert path.read_bytes()[start:] == damaged[start:]


def test_an_index_is_made_anew(path: Path) -> None:
    wound(path, "CREATE TABLE empty (bank, day); CREATE INDEX hollow ON empty (bank, day)")
    connection = apsw.Connection(str(path))
    roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema"))
    connection.execute("PRAGMA writable_schema = ON")
    for one, other in (("hollow", "memories_day"), ("memories_day", "hollow")):
        swap = "UPDATE sqlite_schema SET rootpage = ? WHERE name = ?"
        connection.execute(swap, (roots[one], other))
    connection.close()
    assert [f.what for f in check(path).findings] == ["indexes"]
    done = check(path, repair=True)
    assert done.sound and done.findings[0].repaired
    assert check(path).findings == ()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_told(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    try:
        assert not check(path, repair=True).sound
    except MemoryBankError as error:
        assert "restore" in str(error) or "choose another" in str(error)


def test_a_file_that_others_may_read(path: Path) -> None:
    path.chmod(0o644)
    assert {f.what for f in check(path).findings} == {"open to others"}
    assert check(path, repair=True).sound and path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_left_half_done(path: Path) -> None:
    left = path.with_name(".copy.db.backup-0123456789ab.partial")
    shutil.copy2(path, left)
    busy = path.with_name(".copy.db.backup-ba9876543210.partial")
    shutil.copy2(path, busy)
    holder = apsw.Connection(str(busy))
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert [f.where for f in check(path).findings] == [left.name]
        assert check(path, repair=True).sound and not left.exists() and busy.exists()
    finally:
        holder.close()


# -- what people and programs are told -------------------------------------------------------------


def test_findings_speak_both_languages() -> None:
    for what, (cure, english, chinese) in KINDS.items():
        assert cure in {"rebuilt", "queued", "removed", "lost"}
        assert re.search("[a-z]{3}", english) and not re.search("[\u4e00-\u9fff]", english), what
        assert re.search("[\u4e00-\u9fff]{3}", chinese) and not re.search("[a-z]{3}", chinese), what


def cli(*arguments: object) -> tuple[int, str]:
    from typer.testing import CliRunner

    from memorybank.cli import app

    try:
        done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    except MemoryBankError as error:
        return (2 if error.status < 500 else 1), str(error)
    return done.exit_code, done.output


def test_the_command_and_its_exit_codes(path: Path, tmp_path: Path) -> None:
    assert cli("doctor", "--file", path, "--lang", "en") == (0, "the file is sound\n")
    wound(path, "DELETE FROM terms WHERE number = 1; DELETE FROM vectors WHERE number = 2")
    code, told = cli("doctor", "--file", path, "--json", "--lang", "zh")
    assert code == 1 and {f["what"] for f in json.loads(told)} == {"no words", "no vector"}
    assert {f["cure"] for f in json.loads(told)} == {"rebuilt", "queued"}
    code, told = cli("doctor", "--file", path, "--lang", "zh")
    assert code == 1 and "发现问题" in told and "缺少它的字词" in told
    code, told = cli("doctor", "--file", path, "--repair", "--lang", "en")
    assert code == 0 and "made anew" in told and "kept at" in told
    assert cli("doctor", "--file", path)[0] == 0
    assert cli("doctor", "--file", tmp_path / "none.db")[0] == 2
    (tmp_path / "diary.txt").write_text(f"Dear diary, my {CANARY} " * 400)
    code, told = cli("doctor", "--file", tmp_path / "diary.txt")
    assert code == 1 and CANARY not in told


def test_a_file_from_the_future_is_not_examined(path: Path) -> None:
    wound(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    for extra in ((), ("--repair",)):
        assert cli("doctor", "--file", path, *extra)[0] == 1
    assert path.read_bytes() == before


def test_many_alike_are_told_shortly(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with opened(path, Clock(START)) as bank:
        bank.remember_turns([Turn(text=f"I like tea {i}.", occurred_at=START) for i in range(30)])
    wound(path, "DELETE FROM terms")
    _, told = cli("doctor", "--file", path, "--lang", "en")
    assert told.count("without its words") == 5 and "and 25 more" in told
