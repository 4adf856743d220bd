"""Tombstones by themselves: the same marks for ever, a list that is read as far as it is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from memorybank.store import tombstones
from memorybank.store.sqlite import SQLiteStore


def test_a_mark_is_what_it_always_was() -> None:
    """blake2b(kind, NUL, value; 16 bytes, key=salt), worked out apart from the code: what an
    earlier version has buried stays known."""
    salt = bytes(range(16))
    marks = {
        tombstones.sign_of_id("0190-a"): "906901d0ddfd858386a73f4a81d012ce",
        tombstones.sign_of_name("d\u00e9j\u00e0\ud800"): "d2de412b0e21dba388647b278ebafffb",
        tombstones.sign_of_wording(bytes(range(32)), 739_677): "38e967def6ee35251d1d76f2eaaab190",
        tombstones.sign_of_wording(bytes(32), -1): "b5315babe9f060c1fb4aa3bdbd14729f",
        tombstones.sign_of_bank("0190-b"): "207b3881356720be318dff38b05ca142",
    }
    assert {tombstones._hashed(salt, *sign).hex(): sign for sign in marks} == {
        mark: sign for sign, mark in marks.items()
    }
    assert tombstones._realm(salt, "t", "张曼婷").hex() == "1b877bf791c0b3b92b9b16aedcfdb9ee"
    assert tombstones._realm(salt, "t\ud800", "a") and tombstones._realm(salt, "t", "\ud800")
    assert tombstones._realm(salt, "ab", "c") != tombstones._realm(salt, "a", "bc")


def test_the_list_beside_a_file_is_read_as_far_as_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    stones = [
        tombstones.Stone(bytes([i] * 16), bytes([i + 1] * 16), bytes([i + 2] * 16), 1_000 + i)
        for i in range(3)
    ]
    assert tombstones.read_list(path) == []
    tombstones.write_list(path, stones[:2])
    written = (tmp_path / "m.db.erased").read_text("ascii")
    assert written == (
        f"{'00' * 16} {'01' * 16} {'02' * 16} 1000\n{'01' * 16} {'02' * 16} {'03' * 16} 1001\n"
    )
    tombstones.write_list(path, stones[1:])
    assert tombstones.read_list(path) == stones, "what stood there stays"
    before = (tmp_path / "m.db.erased").stat().st_mtime_ns, (tmp_path / "m.db.erased").stat().st_ino
    tombstones.write_list(path, stones[:1])
    tombstones.write_list(path, stones)
    after = (tmp_path / "m.db.erased").stat().st_mtime_ns, (tmp_path / "m.db.erased").stat().st_ino
    assert before == after, "nothing new: nothing is written"
    good = (tmp_path / "m.db.erased").read_text("ascii").splitlines()
    short = f"{'00' * 15} {'01' * 16} {'02' * 16} 1", f"{'00' * 16} {'01' * 16} {'02' * 15} 1"
    bad = ["", "x", "00 01 02", "zz zz zz 5", good[0] + " 7", good[0][:-4] + "soon", *short]
    (tmp_path / "m.db.erased").write_text("\n".join([bad[0], good[0], *bad[1:], *good[1:]]))
    assert tombstones.read_list(path) == stones
    (tmp_path / "m.db.erased").write_bytes(b"\xff\xfe" * 50)
    assert tombstones.read_list(path) == []


def test_a_bank_of_another_name_or_tenant_has_graves_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salts = iter(bytes([i] * 16) for i in range(1, 9))
    monkeypatch.setattr(tombstones.os, "urandom", lambda _size: next(salts))
    store = SQLiteStore.open(tmp_path / "m.db")
    sign = tombstones.sign_of_id("0190-a")
    with store.write() as tx:
        assert not tombstones.graveyard(tx, "", "emily"), "no stone stands yet"
        tombstones.bury(tx, "", "emily", [sign], 5)
        tombstones.bury(tx, "t", "emily", [tombstones.sign_of_id("other")], 6)
        stones = tombstones.all_stones(tx)
        assert {len(stone.salt) for stone in stones} == {16} and {s.at for s in stones} == {5, 6}
        assert len({stone.salt for stone in stones}) == 1, "one salt a file"
        again = [stone._replace(at=9) for stone in stones]
        tombstones.add(tx, again)
        assert tombstones.all_stones(tx) == stones, "what stands stays as it is"
        assert sign in tombstones.graveyard(tx, "", "emily")
        for tenant, name in (("t", "emily"), ("", "Emily"), ("emily", "")):
            assert sign not in tombstones.graveyard(tx, tenant, name)
    store.close()
