"""What the processes of the long tests do until they are killed; each says over a pipe what it has
been promised. Started from a server that has everything imported, so that a kill costs little."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from memorybank import MemoryBank
from memorybank.intake import take_in
from memorybank.settings import Settings
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import HashEmbedder
from memorybank.verbs.restore import restore

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["workers"])
CANARY = "xylocarp"
WORDS = ("tea", "plums", "Miso", "Oslo", "sister", "work", "猫", "工作")


def opened(path: Path) -> MemoryBank:
    """The bank that all of them share."""
    return MemoryBank.open(path, bank="emily", embedder=HashEmbedder(dim=8), zone="UTC")


def some_text(dice: random.Random, i: int) -> str:
    """A sentence of any size."""
    return f"{i} " + " ".join(dice.choices(WORDS, k=dice.choice([3, 30, 900])))


def write(path: Path, say: Connection, seed: int) -> None:
    """Remember, recall, correct and pin without end; say every id that was acknowledged."""
    dice, used = random.Random(seed), list[str]()
    with opened(path) as bank:
        for i in range(10**6):
            memory = bank.remember(some_text(dice, i), used=used)
            say.send(("turn", memory))
            used = [*used[-3:], memory]
            if i % 5 == 4:
                say.send(("turn", bank.correct(memory, some_text(dice, i))))
                bank.pin(used[0])


def digest(path: Path, say: Connection, seed: int) -> None:
    """Remember turns of many days and digest them, again and again."""
    dice = random.Random(seed)
    with opened(path) as bank:
        for i in range(10**6):
            at = datetime(2025, dice.randint(1, 12), dice.randint(1, 28), tzinfo=UTC)
            say.send(("turn", bank.remember(some_text(dice, i), at=at, vectors="later")))
            if i % 3 == 2:
                bank.digest()
                bank.embed_pending()
                say.send(("digested", str(i)))


def bring_in(path: Path, say: Connection, seed: int) -> None:
    """Import file after file, each of many rows; say the name of each that was taken whole."""
    dice = random.Random(seed)
    settings = Settings(home=path.parent, embedder="none")
    for i in range(10**6):
        name = f"rows-{os.getpid()}-{i}.jsonl"
        rows = [{"bank_id": "emily", "memory_id": f"{name}/{n}", "date": "2026-02-03",
                 "text": some_text(dice, n)} for n in range(ROWS)]  # fmt: skip
        source = path.parent / "in" / name
        source.parent.mkdir(exist_ok=True)
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        say.send(("begun", name))
        take_in(source, path, settings=settings, zone="UTC", now=datetime.now(UTC))
        say.send(("taken", name))
        source.unlink()


ROWS = 40


def erase(path: Path, say: Connection, seed: int) -> None:
    """Remember what must not stay, and erase it; say what was told to be erased."""
    dice = random.Random(seed)
    with opened(path) as bank:
        for i in range(10**6):
            say.send(("turn", bank.remember(some_text(dice, i))))
            gone = bank.remember(f"{CANARY} " * dice.choice([1, 20, 900]))
            if i % 2:
                bank.digest()
            say.send(("asked", gone))
            bank.erase(gone)
            say.send(("erased", gone))


def back_up(path: Path, say: Connection, seed: int) -> None:
    """Write, back up and restore without end."""
    with opened(path) as bank:
        store = bank.desk.store
        assert isinstance(store, SQLiteStore)
        for i in range(10**6):
            bank.remember(f"{i} tea")
            target = path.parent / "copies" / f"{os.getpid()}-{seed}-{i}.db"
            store.backup(target)
            say.send(("copy", str(target)))
            restore(target, path)
            say.send(("restored", str(target)))


Saying = tuple[str, str]


def heard(say: Connection) -> Iterator[Saying]:
    """Yield what a process has said, to the last word that it got out."""
    try:
        while say.poll(0):
            yield say.recv()
    except (EOFError, OSError):
        return


def run_and_kill(
    work: Callable[..., None], path: Path, dice: random.Random, *, after: int
) -> list[Saying]:
    """Start a process, kill -9 it at a random moment once it has said `after` things."""
    hears, says = PROCESSES.Pipe(duplex=False)
    process: Any = PROCESSES.Process(target=work, args=(path, says, dice.randrange(2**31)))
    process.start()
    says.close()
    told: list[Saying] = []
    try:
        while len(told) < after:
            if not hears.poll(300):
                raise TimeoutError("the process says nothing")
            told.append(hears.recv())
        hears.poll(0)
        for _ in range(dice.randint(0, 400)):  # a moment of no particular length
            told += heard(hears)
    finally:
        process.kill()
        process.join(300)
    told += heard(hears)
    hears.close()
    return told
