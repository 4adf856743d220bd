"""Settling: at a day's digest its turns are judged again, by how they stand in the bank so far.

What is looked at is bounded (`significance.SAMPLE`) and never later than the day itself, so that
a history that is digested all at once is judged like one that was digested night by night.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from memorybank import significance
from memorybank.index import TURN, Index
from memorybank.records import Part, plain
from memorybank.store import Transaction
from memorybank.store.tables import BankRow, MemoryRow, numbers_json
from memorybank.verbs import log
from memorybank.verbs.desk import index_of
from memorybank.verbs.shelf import Volume

BLOCK = 256
"""So many turns of a day are judged at once; a longer day is taken in pieces."""
SETTLED = 0.001
"""A significance that changes by less stays as it is."""


def settle(
    tx: Transaction,
    volume: Volume,
    bank: BankRow,
    rows: Sequence[MemoryRow],
    echoes: Sequence[int],
    now: datetime,
) -> dict[int, float]:
    """Judge a day's turns, `rows` in their order, and log what changed.

    Returns the significance of each by its number.
    """
    weights = {row.number: row.significance for row in rows}
    births = [[Part(**part) for part in json.loads(row.parts)] for row in rows]
    judgements: list[significance.Judgement] = []
    for start in range(0, len(rows), BLOCK):
        piece = slice(start, start + BLOCK)
        around = _around(tx, index_of(volume), bank, rows[:start], rows[piece])
        judgements += significance.settle(births[piece], echoes[piece], around)
    for row, birth, judged in zip(rows, births, judgements, strict=True):
        inherited = [part for part in birth if part.name == "corrects"]
        weight = max([judged.significance, *(part.value for part in inherited)])
        if abs(weight - row.significance) < SETTLED:
            continue
        parts = json.dumps([plain(p) for p in (*judged.parts, *inherited)], ensure_ascii=False)
        tx.run("set_parts", bank=bank.bank, number=row.number, parts=parts)
        log.record(tx, volume, bank, row, "settle", now, value=weight)
        weights[row.number] = weight
    return weights


def _around(
    tx: Transaction,
    index: Index,
    bank: BankRow,
    earlier: Sequence[MemoryRow],
    rows: Sequence[MemoryRow],
) -> significance.Around:
    """Return turns of a day and the newest before them, `earlier` ones of the day among these."""
    older = index["number"][_before(index, rows[0].day)].tolist()
    before = [*older, *(row.number for row in earlier)][-significance.SAMPLE :]
    numbers = [*before, *(row.number for row in rows)]
    found = {
        number: (lang, np.frombuffer(hashes, np.uint32))
        for number, lang, hashes in tx.rows(
            "terms_numbered", bank=bank.bank, numbers=numbers_json(numbers)
        )
    }
    scales = significance.TERMS_A_WORD
    return significance.Around(
        first=len(before),
        terms=[found[number][1] for number in numbers],
        scales=np.array([scales[found[number][0]] for number in numbers]),
        vectors=index.directions(numbers),
    )


def _before(index: Index, day: int) -> NDArray[np.int64]:
    """Return where the newest turns before a day stand, in order of their days."""
    there = np.flatnonzero((index["kind"] == TURN) & (index["day"] < day))
    newest = np.argsort(index["day"][there], kind="stable")[-significance.SAMPLE :]
    return there[newest]
