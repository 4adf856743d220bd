"""What an erasure says beforehand is what it does, and saying it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_erase import chain, pick, with_canary

from memorybank import MemoryBank
from memorybank.digesting import LEVELS
from memorybank.errors import BadInput, UnknownMemory
from memorybank.testing import Clock
from memorybank.verbs.would_erase import WouldErase, would_erase


def derived(bank: MemoryBank) -> set[str]:
    """The ids of all that stands on turns."""
    with bank.desk.store.read() as tx:
        return {row[1] for row in tx.rows("audit_derived", bank=bank.desk.key)}


def standing(bank: MemoryBank) -> set[str]:
    return {t.id for day in bank.timeline() for t in day.memories if not t.replaced_by}


def assert_foretold(bank: MemoryBank, told: WouldErase, **what: Any) -> None:
    ids = what.pop("ids", ())
    before, stood = derived(bank), standing(bank)
    receipt = bank.erase(*ids, **what)
    counts = (receipt.turns, receipt.summaries, receipt.statements)
    assert (told.turns, told.summaries, told.statements) == counts
    assert {taken.id for taken in told.along} == before - derived(bank)
    assert set(told.stand_again) == standing(bank) - stood
    for gone in told.ids:
        with pytest.raises(UnknownMemory):
            bank.explain(gone)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("by", ["id", "day", "source", "both"])
def test_it_is_what_erasing_does(
    bank: MemoryBank, bank_zh: MemoryBank, clock: Clock, lang: str, by: str
):
    mine = pick(bank, bank_zh, lang)
    memory, others = with_canary(mine, clock, lang)
    day = mine.explain(memory).memory.occurred_at.date()
    what: dict[str, Any] = {
        "id": {"ids": [memory[-8:]]}, "day": {"day": day}, "source": {"source": "canary"},
        "both": {"ids": [memory, others[0]], "source": "diary"},
    }[by]  # fmt: skip
    told = would_erase(mine.desk, **what)
    assert memory in told.ids and told.summaries >= len(LEVELS) - 1 and told.statements >= 1
    assert {taken.level for taken in told.along} >= {"day", "insight", "week", "statement"}
    assert mine.recall("x", k=99, faded="always")
    assert_foretold(mine, told, **what)


def test_nothing_is_written(bank: MemoryBank, clock: Clock, tmp_path: Path):
    memory, _ = with_canary(bank, clock, "en")
    bank.desk.store.tidy()
    before = {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    would_erase(bank.desk, ids=[memory], versions=True)
    after = {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    assert {f: b for f, b in after.items() if f.suffix != ".db-shm"} == {
        f: b for f, b in before.items() if f.suffix != ".db-shm"
    }


@pytest.mark.parametrize("versions", [False, True])
@pytest.mark.parametrize("places", [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]])
def test_of_a_chain_of_corrections(
    bank: MemoryBank, clock: Clock, places: list[int], versions: bool
):
    ids = chain(bank, clock)
    chosen = [ids[place] for place in places]
    told = would_erase(bank.desk, ids=chosen, versions=versions)
    assert set(told.ids) == set(ids if versions else chosen)
    assert_foretold(bank, told, ids=chosen, versions=versions)


def test_what_cannot_be_erased_is_refused_alike(bank: MemoryBank, clock: Clock):
    memory = bank.remember("I adopted a cat.")
    clock.forward(days=1)
    bank.digest()
    for wrong, error in (
        ({}, BadInput), ({"ids": ["not-there"]}, UnknownMemory),
        ({"ids": [bank.summaries("day")[0].id]}, BadInput),
    ):  # fmt: skip
        with pytest.raises(error) as by_preview:
            would_erase(bank.desk, **wrong)
        with pytest.raises(error) as by_erasing:
            bank.erase(*wrong.get("ids", ()))
        for lang in ("en", "zh"):
            assert by_preview.value.say(lang) == by_erasing.value.say(lang)
    assert bank.explain(memory).memory.id == memory
