"""Promise 5: erased is erased: out of every file, and no backup and no import brings it back."""

from __future__ import annotations

import json
import logging
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest
from erasing import CANARIES, fingerprints, forms, holding, nearest, traces

from memorybank import MemoryBank, Turn
from memorybank.intake import take_in, volumes
from memorybank.settings import read_settings
from memorybank.store import tombstones
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import Clock, HashEmbedder, Ids
from memorybank.verbs import erase
from memorybank.verbs.desk import text_hash
from memorybank.verbs.mending import check
from memorybank.verbs.restore import restore

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
SAID = {"en": "I love my {} tree and I work as a nurse.", "zh": "我喜欢我的{}，我的工作是护士。"}


def canary(lang: str) -> str:
    return SAID[lang].format(CANARIES[lang])


def store_of(bank: MemoryBank) -> SQLiteStore:
    store = bank.desk.store
    assert isinstance(store, SQLiteStore)
    return store


def opened(path: Path, name: str = "emily", **more: Any) -> MemoryBank:
    return MemoryBank.open(path, bank=name, embedder=HashEmbedder(), zone="UTC", **more)


def told(bank: MemoryBank) -> set[str]:
    return {memory.text for day in bank.timeline() for memory in day.memories}


def test_the_search_for_the_canary_finds_it(tmp_path: Path) -> None:
    for lang, word in CANARIES.items():
        for i, form in enumerate(forms(word)):
            if len(form) >= 4:
                (tmp_path / f"{lang}{i}").write_bytes(b"noise " + form + b" noise")
                assert holding(tmp_path, word) == [f"{lang}{i}"]
                (tmp_path / f"{lang}{i}").unlink()


@BOTH
def test_nothing_of_it_is_left_anywhere(
    bank: MemoryBank, clock: Clock, tmp_path: Path, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    word, text = CANARIES[lang], canary(lang)
    memory = bank.remember(text, source="diary", external_id=f"id-{word}", speaker=word)
    bank.remember("My name is Clara.", used=[memory])
    bank.digest()
    assert nearest(bank, f"{word}: {text}") > 0.99
    assert holding(tmp_path, word) and traces(tmp_path, fingerprints(f"{word}: {text}"))
    receipt = bank.erase(memory)
    assert receipt.cleared and word not in repr(receipt)
    bank.digest()
    store_of(bank).backup(tmp_path / "after.db")
    (tmp_path / "after.jsonl").write_text(repr(volumes(bank)))
    assert holding(tmp_path, word) == []
    assert nearest(bank, f"{word}: {text}") < 0.99
    marks = [*fingerprints(f"{word}: {text}"), text_hash(text, None)]
    assert traces(tmp_path, marks) == []
    assert not any(form in caplog.text.encode() for form in forms(word) if len(form) >= 4)
    assert check(tmp_path / "m.db").findings == ()


@pytest.mark.parametrize("seed", range(8))
def test_no_gap_of_a_page_keeps_it(tmp_path: Path, clock: Clock, seed: int) -> None:
    """Rows that were moved between pages leave copies in gaps; only rewriting clears those.

    Without it some of these histories leave traces, not all.
    """
    dice, ids = random.Random(seed), Ids()
    gone: dict[int, list[str]] = {}
    store = SQLiteStore.open(tmp_path / "m.db")
    banks = [
        MemoryBank.open(store, bank=f"b{i}", embedder=None, zone="UTC", clock=clock, new_id=ids)
        for i in range(3)
    ]
    for i in range(80):
        at, secret = dice.randrange(3), dice.random() < 0.15
        word = f"{CANARIES['en']}{i}" if secret else "plums"
        turn = Turn(
            text=f"{word} " * dice.choice([1, 10, 60, 200]), occurred_at=clock(),
            external_id=f"{dice.random()}-{word}",
        )  # fmt: skip
        [stored] = banks[at].remember_turns([turn])
        if secret:
            gone.setdefault(at, []).append(stored.id)
    for at, memories in gone.items():
        assert banks[at].erase(*memories).cleared
    assert holding(tmp_path, CANARIES["en"]) == []
    store.close()
    assert check(tmp_path / "m.db").findings == ()


def test_older_versions_go_along_if_that_is_said(bank: MemoryBank, tmp_path: Path) -> None:
    first = bank.remember("My xylocarp is red.")
    second = bank.correct(first, "My xylocarp is green.")
    third = bank.correct(second, "My xylocarp is blue.")
    other = bank.remember("My name is Clara.")
    assert bank.erase(second, versions=True).turns == 3
    assert holding(tmp_path, "xylocarp") == []
    assert [m.id for day in bank.timeline() for m in day.memories] == [other]
    for gone in (first, second, third):
        assert gone not in repr(bank.recall("xylocarp", faded="always"))


# -- copies in the folder ------------------------------------------------------------------------


def test_automatic_copies_are_erased_alike(bank: MemoryBank, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    kept = bank.remember("My name is Clara.")
    memory = bank.remember(canary("en"))
    store_of(bank).backup(tmp_path / "chosen.db")
    shutil.copy2(tmp_path / "chosen.db", tmp_path / "m.db.schema1.bak")
    shutil.copy2(tmp_path / "chosen.db", tmp_path / ".m.db.backup-0123456789ab.partial")
    shutil.copy2(tmp_path / "chosen.db", tmp_path / ".other.db.restore-0123456789ab.partial")
    set_aside = restore(tmp_path / "chosen.db", path).kept
    assert set_aside is not None
    broken = tmp_path / "m.db.before-20200101T000000"
    broken.write_bytes((tmp_path / "chosen.db").read_bytes()[:40_000])
    (tmp_path / "chosen.db").rename(tmp_path.parent / f"{tmp_path.name}-elsewhere.db")
    assert len(holding(tmp_path, "xylocarp")) >= 5
    assert bank.erase(memory).cleared
    assert holding(tmp_path, "xylocarp") == []
    assert not broken.exists(), "what cannot be opened can only be removed"
    assert not list(tmp_path.glob("*.bak")) and not list(tmp_path.glob(".*.partial"))
    with opened(set_aside, create=False) as old:
        assert [m.id for day in old.timeline() for m in day.memories] == [kept]
    assert check(set_aside).findings == ()
    assert sorted(p.name for p in tmp_path.glob("m.db*.erased")) == ["m.db.erased"]


def test_a_copy_that_somebody_is_making_is_left_alone(bank: MemoryBank, tmp_path: Path) -> None:
    memory = bank.remember(canary("en"))
    busy = tmp_path / ".b.db.backup-0123456789ab.partial"
    holder = apsw.Connection(str(busy))
    holder.execute("CREATE TABLE t (x); BEGIN EXCLUSIVE")
    bank.erase(memory)
    assert busy.exists()
    holder.close()


def test_a_copy_that_went_meanwhile_is_not_made_anew(tmp_path: Path) -> None:
    erase._erase_in_copy(tmp_path / "m.db.before-20200101T000000", ())
    assert list(tmp_path.glob("m.db*")) == []


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


def test_killed_between_the_commit_and_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: SQLiteStore) -> bool:
        raise Killed

    path = tmp_path / "m.db"
    bank = opened(path)
    memory = bank.remember(canary("en"))
    with monkeypatch.context() as patch:
        patch.setattr(SQLiteStore, "scrub", killed)
        with pytest.raises(Killed):
            bank.erase(memory)
    assert holding(tmp_path, "xylocarp"), "still in the log, and the process is gone"
    opened(path).close()
    assert holding(tmp_path, "xylocarp") == []
    bank.close()


def test_while_somebody_reads_it_is_said_and_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memorybank.store.scrub.PATIENCE_MS", 10)
    path = tmp_path / "m.db"
    with opened(path) as bank, opened(path) as reader:
        memory = bank.remember(canary("en"))
        with reader.desk.store.read() as tx:
            assert tx.row("turns_all", bank=1)
            receipt = bank.erase(memory)
            assert not receipt.cleared
            assert canary("en") not in told(bank), "withheld at once all the same"
        with opened(path):
            assert holding(tmp_path, "xylocarp") == []
        assert check(path).findings == ()


# -- tombstones ----------------------------------------------------------------------------------


def test_a_tombstone_holds_no_content_and_tells_nobody_without_the_salt(
    bank: MemoryBank, tmp_path: Path
) -> None:
    memory = bank.remember(canary("en"), external_id="mine", now=None)
    day = datetime(2026, 3, 2, tzinfo=UTC).date().toordinal()
    bank.erase(memory)
    with bank.desk.store.read() as tx:
        stones = tombstones.all_stones(tx)
        graves = tombstones.graveyard(tx, "", "emily")
        other = tombstones.graveyard(tx, "", "clara")
    assert len(stones) == 3 and {len(s.mark) for s in stones} == {16}
    signs = [
        tombstones.sign_of_id(memory),
        tombstones.sign_of_name("mine"),
        tombstones.sign_of_wording(text_hash(canary("en"), None), day),
    ]
    assert all(sign in graves for sign in signs) and not any(sign in other for sign in signs)
    assert tombstones.sign_of_name(memory) not in graves
    assert tombstones.sign_of_wording(text_hash(canary("en"), None), day + 1) not in graves
    plain = [tombstones._hashed(b"", *sign) for sign in signs]
    assert not {s.mark for s in stones} & set(plain), "without its salt a mark cannot be guessed"
    listed = (tmp_path / "m.db.erased").read_text()
    assert memory not in listed and (tmp_path / "m.db.erased").stat().st_mode & 0o077 == 0
    assert set(tombstones.read_list(tmp_path / "m.db")) == set(stones)


def erased_after_backup(tmp_path: Path, lang: str) -> tuple[str, Path]:
    """A bank with a backup from before an erasure; returns the id that stays, and the backup."""
    backup = tmp_path.parent / f"{tmp_path.name}-older.db"
    with opened(tmp_path / "m.db", lang=lang) as bank:
        kept = bank.remember("My name is Clara.")
        memory = bank.remember(canary(lang))
        bank.digest()
        store_of(bank).backup(backup)
        bank.erase(memory)
    return kept, backup


@BOTH
def test_an_older_backup_does_not_bring_it_back(tmp_path: Path, lang: str) -> None:
    kept, backup = erased_after_backup(tmp_path, lang)
    done = restore(backup, tmp_path / "m.db")
    assert done.erased == 1
    assert holding(tmp_path, CANARIES[lang]) == [], "nor in the file that was set aside"
    with opened(tmp_path / "m.db", create=False) as bank:
        assert [m.id for day in bank.timeline() for m in day.memories] == [kept]
        assert bank.jobs(), "what was derived is made anew"
        bank.digest()
    assert check(tmp_path / "m.db").findings == ()
    assert restore(backup, tmp_path / "m.db").erased == 1, "nor the second time"


@pytest.mark.parametrize("fate", ["deleted", "overwritten", "truncated"])
def test_nor_when_the_file_itself_is_lost(tmp_path: Path, fate: str) -> None:
    kept, backup = erased_after_backup(tmp_path, "en")
    path = tmp_path / "m.db"
    if fate == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"\0" * 50_000 if fate == "overwritten" else path.read_bytes()[:20_000])
    assert restore(backup, path).erased == 1
    assert holding(tmp_path, "xylocarp") == []
    with opened(path, create=False) as bank:
        assert [m.id for day in bank.timeline() for m in day.memories] == [kept]


def test_nor_a_whole_bank(tmp_path: Path) -> None:
    path, backup = tmp_path / "m.db", tmp_path.parent / f"{tmp_path.name}-older.db"
    with opened(path) as bank:
        other = bank.other("clara", create=True)
        kept = other.remember("My name is Clara.")
        bank.remember(canary("en"))
        store_of(bank).backup(backup)
        assert bank.erase_bank().turns == 1
    assert restore(backup, path).erased == 1
    assert holding(tmp_path, "xylocarp") == []
    with opened(path, "clara", create=False) as bank:
        assert [info.name for info in bank.banks()] == ["clara"]
        assert [m.id for day in bank.timeline() for m in day.memories] == [kept]


def test_whoever_has_a_file_open_sees_what_was_buried_in_it(tmp_path: Path) -> None:
    kept, backup = erased_after_backup(tmp_path, "en")
    with opened(tmp_path / "m.db") as bank, bank.desk.store.read() as tx:
        stones = tombstones.all_stones(tx)
    with opened(backup) as warm, opened(backup) as other:
        assert len(warm.recall("xylocarp", kinds=("turn",), faded="always")) == 2
        assert erase.erase_buried(other.desk.store, stones) == 1
        hits = warm.recall("xylocarp", kinds=("turn",), faded="always")
        assert [hit.id for hit in hits] == [kept]
        assert erase.erase_buried(other.desk.store, stones) == 0


def test_a_backup_with_stones_of_its_own_keeps_them(tmp_path: Path) -> None:
    """Two files, two salts: what either has erased stays erased."""
    backup = tmp_path / "b.db"
    with opened(tmp_path / "one.db") as one:
        ids = [one.remember(f"My xylocarp {i}") for i in range(3)]
        store_of(one).backup(tmp_path / "two.db")
        store_of(one).backup(backup)
        one.erase(ids[0])
    with opened(tmp_path / "two.db") as two:
        two.erase(ids[1])
    restore(tmp_path / "two.db", tmp_path / "one.db")
    done = restore(backup, tmp_path / "one.db")
    assert done.erased == 2
    with opened(tmp_path / "one.db") as one:
        assert [m.id for day in one.timeline() for m in day.memories] == [ids[2]]


# -- importing again -----------------------------------------------------------------------------

DAY = "2023-04-27"
ORIGINAL = {
    "Clara": {
        "name": "Clara",
        "history": {
            DAY: [{"query": "My xylocarp died.", "response": "Oh."}],
            "2023-04-28": [{"query": "I bought peas.", "response": "Good."}],
        },
        "summary": {DAY: "Her xylocarp died.", "2023-04-28": "Peas."},
        "overall_history": "A xylocarp, then peas.",
    }
}
ROWS = [
    {"bank_id": "Clara", "memory_id": f"r{i}", "date": f"2023-04-2{7 + i}", "text": text}
    for i, text in enumerate(("My xylocarp died.", "I bought peas."))
]


def files(folder: Path) -> dict[str, Path]:
    folder.mkdir()
    (folder / "memory_bank_en.json").write_text(json.dumps(ORIGINAL))
    (folder / "memories.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return {"original": folder / "memory_bank_en.json", "normal": folder / "memories.jsonl"}


def take(source: Path, target: Path, **more: Any) -> Any:
    settings = read_settings({"MEMORYBANK_HOME": str(target.parent), "MEMORYBANK_EMBEDDER": "none"})
    now = datetime(2026, 3, 2, tzinfo=UTC)
    [taken] = take_in(source, target, settings=settings, zone="UTC", now=now, **more)
    return taken


@pytest.mark.parametrize("form", ["original", "normal"])
def test_an_import_does_not_bring_it_back(tmp_path: Path, form: str) -> None:
    source, target = files(tmp_path / "in")[form], tmp_path / "bank" / "memory.db"
    assert (take(source, target).new, take(source, target).new) == (2, 0)
    with MemoryBank.open(target, bank="Clara", embedder=None) as clara:
        clara.erase(day=date(2023, 4, 27))
    assert holding(target.parent, "xylocarp") == []
    taken = take(source, target)
    assert (taken.turns, taken.new, taken.erased) == (2, 0, 1)
    assert holding(target.parent, "xylocarp") == [], "nor what the file says beside its turns"
    taken = take(source, target, again=True)
    assert (taken.new, taken.erased) == (1, 0)
    assert holding(target.parent, "xylocarp") == ["memory.db", "memory.db-wal"][: len(
        holding(target.parent, "xylocarp"))]  # fmt: skip
    assert holding(target.parent, "xylocarp")
    assert check(target).findings == ()


def test_a_whole_bank_does_not_come_back_by_import_unless_asked(tmp_path: Path) -> None:
    source, target = files(tmp_path / "in")["original"], tmp_path / "bank" / "memory.db"
    take(source, target)
    with MemoryBank.open(target, bank="Clara", embedder=None) as clara:
        clara.erase_bank()
    assert take(source, target).erased == 2
    assert holding(target.parent, "xylocarp") == []
    assert take(source, target, again=True).new == 2


def test_our_own_export_does_not_bring_it_back(tmp_path: Path, clock: Clock) -> None:
    from memorybank.formats import write_normal

    target, exported = tmp_path / "bank" / "memory.db", tmp_path / "out.jsonl"
    with MemoryBank.open(target, bank="Clara", embedder=None, clock=clock, zone="UTC") as clara:
        memory = clara.remember(canary("en"))
        clara.remember("My name is Clara.")
        exported.write_text(write_normal(volumes(clara)))
        clara.erase(memory)
    assert take(exported, target).erased == 1
    assert holding(target.parent, "xylocarp") == []


def test_the_same_words_said_again_are_another_turn(bank: MemoryBank, clock: Clock) -> None:
    gone = bank.remember("Good morning!")
    bank.erase(gone)
    assert bank.remember("Good morning!") and bank.info().turns == 1
    clock.forward(days=1)
    turn = Turn(text="Good morning!", occurred_at=clock(), channel="import")
    assert not bank.remember_turns([turn])[0].erased, "another day, another morning"
    earlier = Turn(text="Good morning!", occurred_at=clock() - timedelta(days=1), channel="import")
    [left_out] = bank.remember_turns([earlier])
    assert left_out.erased and not left_out.id
    assert not bank.remember_turns([earlier], again=True)[0].erased


@BOTH
def test_the_command_says_what_was_left_out(tmp_path: Path, home: Path, lang: str) -> None:
    from typer.testing import CliRunner

    from memorybank.cli import app

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--lang", lang], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    source = str(files(tmp_path / "in")["normal"])
    run("import", source)
    run("erase", "--source", "memories.jsonl", "--yes")
    said = run("import", source)
    assert ("2 turns were left out" if lang == "en" else "2 轮对话以前删除过") in said
    assert "--again" in said
    assert ("2 of them new" if lang == "en" else "新的 2 轮") in run("import", source, "--again")
    backup = str(tmp_path / "b.db")
    run("backup", backup)
    run("erase", "--whole-bank", "--yes")
    assert ("2 turns of the backup" if lang == "en" else "2 轮对话在那以后") in run(
        "restore", backup
    )
