"""Settling and sharing, through the bank: the same whenever it is digested, bounded, logged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from making import Mem, built

from memorybank import MemoryBank
from memorybank.significance import SAMPLE
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs import settling

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
DAYS = {
    "en": [
        ["Good morning!", "My sister Anna moved to Lyon in 2019.", "Had toast again."],
        ["Work was fine.", "What do you think?", "I booked the ferry to Skye for May 3rd."],
        ["Good night!", "The bus was late.", "Anna sent me a blue bicycle from Lyon."],
    ],
    "zh": [
        ["早上好！", "我姐姐安娜2019年搬去了里昂。", "早饭又是面包。"],
        ["上班还行。", "你觉得呢？", "我订了5月3号去鼓浪屿的船票。"],
        ["晚安！", "公交车晚点了。", "安娜从里昂给我寄了一辆蓝色自行车。"],
    ],
}


def lived(
    path: Path, lang: str, clock: Clock, *, nightly: bool
) -> dict[str | None, tuple[object, ...]]:
    """Live three days; return what each turn was judged to be, by its name."""
    start = clock.time
    with MemoryBank.open(
        path, bank="b", lang=lang, zone="UTC", embedder=HashEmbedder(), clock=clock
    ) as bank:
        for number, day in enumerate(DAYS[lang]):
            clock.time = start + timedelta(days=number)
            for i, text in enumerate(day):
                clock.forward(minutes=5)
                bank.remember(text, external_id=f"{number}/{i}")
            if nightly:
                clock.forward(hours=10)
                bank.digest()
        clock.time = start + timedelta(days=3)
        bank.digest()
        told = [bank.explain(m.id) for day in bank.timeline() for m in day.memories]
    clock.time = start
    return {one.memory.external_id: one.memory.significance for one in told}


@BOTH
def test_night_by_night_or_all_at_once_the_judgement_is_the_same(
    tmp_path: Path, clock: Clock, lang: str
) -> None:
    """Nothing is judged by its future, even where the future is there already."""
    nightly = lived(tmp_path / "a.db", lang, clock, nightly=True)
    at_once = lived(tmp_path / "b.db", lang, clock, nightly=False)
    assert nightly == pytest.approx(at_once, abs=2e-3) and len(nightly) == 9
    assert nightly["0/1"] > nightly["0/0"] and nightly["1/2"] > nightly["1/1"]


def test_the_sample_is_the_newest_before_the_day() -> None:
    index = built([Mem(f"day {i}", ago=float(900 - i), vectors=None) for i in range(800)])
    day = int(index["day"][700])
    found = settling._before(index, day)
    np.testing.assert_array_equal(found, np.arange(700 - SAMPLE, 700))
    late = built([Mem("old", ago=9), Mem("older", ago=20), Mem("new", ago=1)])
    np.testing.assert_array_equal(settling._before(late, int(late["day"][2])), [1, 0])


def test_a_long_day_is_taken_in_pieces(
    bank: MemoryBank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*DAYS["en"][0], *DAYS["en"][1], *DAYS["en"][2]]
    monkeypatch.setattr(settling, "BLOCK", 4)
    ids = [bank.remember(text) for text in texts]
    bank.digest()
    for memory in ids:
        told = bank.explain(memory)
        assert told.events[-1].kind == "settle" and {"rarity", "novelty"} & {
            p.name for p in told.parts
        }


@BOTH
def test_what_a_prompt_holds_shares_one_recall(bank: MemoryBank, clock: Clock, lang: str) -> None:
    ids = [bank.remember(text) for text in DAYS[lang][0]]
    clock.forward(days=2)
    turn = bank.remember(DAYS[lang][2][0], used=ids)
    held = [bank.explain(memory) for memory in ids]
    shares = [one.events[-1].effect for one in held]
    assert sum(filter(None, shares)) == pytest.approx(1.0)
    assert shares[1] == max(shares)  # type: ignore[type-var]  # the fact draws it
    assert {one.events[-1].turn_id for one in held} == {turn}
    assert all(one.memory.last_recalled_at == clock() for one in held)
    assert all(one.memory.retention < 1.0 for one in held)
    clock.forward(days=1)
    bank.remember(DAYS[lang][2][1], used=[ids[0]])
    alone = bank.explain(ids[0])
    assert alone.events[-1].effect is None and alone.memory.retention == 1.0


def test_a_shared_recall_survives_a_reopening(tmp_path: Path, clock: Clock) -> None:
    with MemoryBank.open(tmp_path / "r.db", bank="r", embedder=HashEmbedder(), clock=clock) as bank:
        ids = [bank.remember(text) for text in DAYS["en"][0]]
        clock.forward(days=2)
        bank.remember("And then?", used=ids)
        clock.forward(days=1)
        before = [bank.explain(memory) for memory in ids]
    with MemoryBank.open(tmp_path / "r.db", bank="r", embedder=HashEmbedder(), clock=clock) as bank:
        assert [bank.explain(memory) for memory in ids] == before
