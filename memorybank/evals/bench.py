"""`memorybank bench`: how long things take and how much room, each beside its floor.

Law of this file: a floor (`floors`) is measured in the same run as what stands on it, turn by
turn where the machine's mood could matter; both are warmed up first. Texts are made up and the
embedder is a stub (`benchtexts`), but for the one row that is about the real one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from memorybank.bank import MemoryBank
from memorybank.evals import benchprocess
from memorybank.evals.benchrow import Measure, Row, ms, row, skipped
from memorybank.evals.benchtexts import A_DAY, DIM, StubEmbedder, Talk
from memorybank.evals.floors import Copyist, Matrix, read_blobs
from memorybank.store.sqlite import SQLiteStore
from memorybank.verbs.desk import Progress

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH = 1_000
WARM_UP = 30
RECALL_P95 = {1_000: 2.0, 10_000: 8.0, 100_000: 60.0}
LONGEST_BUILD = 480.0
"""Seconds after which no more banks are built; the file's size is then reckoned from those."""


def run(*, quick: bool, progress: Progress) -> list[Row]:
    """Measure everything; returns one row a line of the table. `quick` takes small sizes only."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    before = _load()
    with TemporaryDirectory(prefix="memorybank-bench-") as name:
        folder = Path(name)
        remembered, recalled = [], []
        for size in sizes:
            built(folder / f"{size}.db", "bench", size, progress)
            remembered.append(_remember(folder, size))
            recalled.append(_recall(folder, size))
        return [
            *remembered,
            *recalled,
            _cold(folder / "10000.db"),
            *_many(folder / "many.db", *((100, 200) if quick else (1_000, 1_000)), progress),
            benchprocess.digested(folder, 100 if quick else 1_000, progress),
            benchprocess.help_page(folder),
            benchprocess.fresh(folder),
            benchprocess.resident(folder / "10000.db"),
            skipped("the machine", "", f"{os.cpu_count()} cores; load {before}, then {_load()}"),
        ]


def _load() -> str:
    """Return how busy the machine is; every figure suffers from other work beside it."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def table(rows: Sequence[Row]) -> Any:
    """Return the rows as a table for the terminal."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in ("what", "aim", "p50", "p95", "floor", "ratio", "met", "note"):
        shown.add_column(
            name, justify="right" if name in ("p50", "p95", "floor", "ratio") else "left"
        )
    for line in rows:
        cells = [_figure(line[name], line["unit"]) for name in ("p50", "p95", "floor")]
        ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
        met = {True: "yes", False: "NO", None: "-"}[line["met"]]
        shown.add_row(line["what"], line["aim"], *cells, ratio, met, line["note"])
    return shown


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}"


def built(path: Path, bank: str, size: int, progress: Progress) -> None:
    """Fill a bank of a new file through the library, in batches."""
    with MemoryBank.open(
        path, bank=bank, zone="UTC", embedder=StubEmbedder(), seed=b"bench"
    ) as made:
        fill(made, Talk(), size, lambda done: progress(f"build {size:,}", done, size))


def fill(bank: MemoryBank, talk: Talk, size: int, report: Callable[[int], None]) -> None:
    """Remember `size` exchanges that end a day before NOW."""
    start = NOW - timedelta(days=size / A_DAY + 1)
    for done in range(0, size, BATCH):
        count = min(BATCH, size - done)
        turns = talk.turns(count, start + timedelta(days=done / A_DAY))
        bank.remember_turns(turns, now=NOW)
        report(done + count)


def _remember(folder: Path, size: int) -> Row:
    """One turn after the other, each first by the library, then its rows by bare apsw to a twin."""
    ours, twin = folder / f"{size}.db", folder / "twin.db"
    store = SQLiteStore.open(ours)
    store.backup(twin)
    bank = MemoryBank.open(store, bank="bench", embedder=StubEmbedder())
    copyist, talk = Copyist(ours, twin), Talk(seed=1)
    mine, floor, computing = Measure(), Measure(), Measure()
    for i in range(WARM_UP + 300):
        (text, reply), moment = talk.exchange(), NOW + timedelta(seconds=i)
        start, begun = time.perf_counter(), time.thread_time()
        bank.remember(text, reply=reply, now=moment)
        took, computed = time.perf_counter() - start, time.thread_time() - begun
        bare = copyist.copy(bank.desk.key, moment.date().isoformat())
        if i >= WARM_UP:
            mine.add(took)
            floor.add(bare)
            computing.add(computed)
    copyist.close()
    store.close()
    twin.unlink()
    return row(
        f"remember one turn, bank of {size:,}", "p50 <= 1 ms, ratio <= 2", ms(mine),
        floor=ms(floor), met=lambda r: r["p50"] <= 1.0 and r["ratio"] <= 2.0,
        note=f"floor: the same rows by bare apsw; {1e3 * computing.at(0.5):.2f} ms of computing",
    )  # fmt: skip


def _recall(folder: Path, size: int) -> Row:
    """A warm index against one matrix-vector product and top-k of the same shape, in turns."""
    stub, talk, matrix = StubEmbedder(), Talk(seed=2), Matrix(size, DIM)
    mine, floor, computing = Measure(), Measure(), Measure()
    with MemoryBank.open(folder / f"{size}.db", bank="bench", embedder=stub) as bank:
        for i in range(WARM_UP + 200):
            question = talk.question()
            start, begun = time.perf_counter(), time.thread_time()
            bank.recall(question, now=NOW)
            took, computed = time.perf_counter() - start, time.thread_time() - begun
            bare = matrix.search(stub.embed_query(question), 10)
            if i >= WARM_UP:
                mine.add(took)
                floor.add(bare)
                computing.add(computed)
    most = RECALL_P95[size]
    large = size >= 100_000
    return row(
        f"recall warm, bank of {size:,}", f"p95 <= {most:g} ms{', ratio <= 4' if large else ''}",
        ms(mine), floor=ms(floor),
        note="floor: float32 matrix-vector product, top 10; "
        f"{1e3 * computing.at(0.95):.2f} ms of computing at p95",
        met=lambda r: r["p95"] <= most and (not large or r["ratio"] <= 4.0),
    )  # fmt: skip


def _cold(path: Path) -> Row:
    """A new store and an empty shelf on a file that the system has in its cache."""
    talk, mine, floor = Talk(seed=3), Measure(), Measure()
    for i in range(13):
        question = talk.question()
        start = time.perf_counter()
        with MemoryBank.open(path, bank="bench", embedder=StubEmbedder()) as bank:
            opened = time.perf_counter() - start
            bank.recall(question, now=NOW)
            took = time.perf_counter() - start
            key = bank.desk.key
        bare = read_blobs(path, key)
        if i >= 3:
            mine.add(took)
            floor.add(bare)
    return row(
        "open and recall cold, bank of 10,000", "p50 <= 100 ms", ms(mine), floor=ms(floor),
        met=lambda r: r["p50"] <= 100.0,
        note=f"floor: reading the same blobs; {1000 * opened:.0f} ms to open",
    )  # fmt: skip


def _many(path: Path, banks: int, size: int, progress: Progress) -> list[Row]:
    """Many banks in one file, asked at random; more than the shelf holds, so that some reload."""
    rng, talk, start = np.random.default_rng(4), Talk(seed=4), time.perf_counter()
    with MemoryBank.open(path, bank="bank 0", zone="UTC", embedder=StubEmbedder()) as first:
        opened = [first]
        for i in range(banks):
            if i:
                opened.append(first.other(f"bank {i}", create=True))
            fill(opened[-1], talk, size, lambda _: None)
            progress(f"build {banks:,} banks", i + 1, banks)
            if time.perf_counter() - start > LONGEST_BUILD:
                break
        took = time.perf_counter() - start
        first.desk.store.tidy()
        gigabytes = path.stat().st_size / 1e9 * banks / len(opened)
        random, warm = Measure(), Measure()
        for i in range(WARM_UP + 400):
            bank = opened[int(rng.integers(len(opened)))]
            for measure in (random, warm):  # the second time it is on the shelf for certain
                question = talk.question()
                begun = time.perf_counter()
                bank.recall(question, now=NOW)
                if i >= WARM_UP:
                    measure.add(time.perf_counter() - begun)
    title = f"{banks:,} banks of {size:,}"
    note = f"{len(opened):,} built in {took:.0f} s through the library"
    if len(opened) < banks:
        note += f"; reckoned for {banks:,}"
    most = 3.0 * banks * size / 1e6
    soon, small = (lambda r: r["p95"] <= 10.0), (lambda r: r["p50"] <= most)
    return [
        row(f"{title}: recall, random warm bank", "p95 <= 10 ms", ms(warm), met=soon),
        row(f"{title}: recall, any random bank", "", ms(random), met=lambda _: None,
            note="also those that have to be loaded first"),
        row(f"{title}: file", f"<= {most:g} GB", {"p50": gigabytes, "unit": "GB"}, met=small,
            note=note),
    ]  # fmt: skip
