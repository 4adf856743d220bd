"""What the doctor finds, told in both languages."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from memorybank import MemoryBank
from memorybank.store.care import examine
from memorybank.testing import Clock

WOUNDS = {
    "DELETE FROM terms WHERE number = 1": ("without its words", "缺少它的字词"),
    "DELETE FROM turns WHERE number = 1": ("without its text", "缺少它的原文"),
    "DELETE FROM sources": ("without its sources", "缺少它的来源"),
}


@pytest.mark.parametrize("wound", WOUNDS)
def test_what_is_missing_is_named_in_both_languages(
    tmp_path: Path, clock: Clock, wound: str
) -> None:
    path = tmp_path / "m.db"
    with MemoryBank.open(path, bank="emily", embedder=None, clock=clock, zone="UTC") as bank:
        bank.remember("I adopted a grey cat called Miso.")
        bank.digest()
    assert examine(path) == [] == examine(path, "zh")
    connection = apsw.Connection(str(path))
    connection.execute(wound)
    connection.close()
    english, chinese = WOUNDS[wound]
    assert any(english in problem for problem in examine(path))
    assert any(chinese in problem for problem in examine(path, "zh"))
