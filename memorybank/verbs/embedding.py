"""Vectors made later: deferred ones, the rest of long texts, and all of them for a new model.

Resumable: what is missing is asked of the store, batch after batch, each its own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memorybank.errors import BadSetting, ModelError
from memorybank.models import Embedder, Vectors, passages
from memorybank.rendering import chunks, to_embed
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    JobRow,
    derived_by_number,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs import log
from memorybank.verbs.desk import (
    Desk,
    Progress,
    index_of,
    insert_vectors,
    no_progress,
    note_failure,
)
from memorybank.verbs.shelf import usable

BATCH = 32
MOST_CHUNKS = 256
"""About a hundred thousand characters of one text; words beyond are found by words alone."""


def embed_pending(desk: Desk, *, progress: Progress = no_progress) -> int:
    """Make the vectors that wait, under the bank's own model; returns how many texts got theirs.

    Raises ModelError at the first failure; it is noted with its job, which stays.
    """
    with desk.read() as (tx, _, bank):
        embedder = usable(desk.embedder, bank)
        rows = tx.rows("jobs_of_kind", bank=bank.bank, kind="embed")
    if embedder is None:
        return 0
    jobs = [JobRow(*row) for row in rows]
    for done, job in enumerate(jobs, 1):
        _embed_one(desk, embedder, job)
        progress("embed", done, len(jobs))
    return len(jobs)


def _embed_one(desk: Desk, embedder: Embedder, job: JobRow) -> None:
    number = int(job.subject)
    with desk.read() as (tx, _, bank):
        text = _texts(tx, bank, [number]).get(number)
    try:
        vectors = None if text is None else _vectors(embedder, text)
    except ModelError as error:
        with desk.write() as (tx, _, bank):
            note_failure(tx, bank, job, error, desk.clock())
        raise
    with desk.write() as (tx, volume, bank):
        if _texts(tx, bank, [number]).get(number) != text:
            return  # it got a reply meanwhile; the job is still there, or was done with that
        if text is not None and vectors is not None and usable(embedder, bank):
            insert_vectors(tx, bank, number, embedder, vectors, text)
            index_of(volume).rewrite(number, vectors)
        tx.run("job_done", bank=bank.bank, kind=job.kind, subject=job.subject, fence=job.fence)
        log.reserve(tx, volume, bank.bank, edition=True)
        log.caught_up(volume)


def _vectors(embedder: Embedder, text: str) -> Vectors:
    return _vectors_of(embedder, [text])[0]


def _vectors_of(embedder: Embedder, texts: Sequence[str]) -> list[Vectors]:
    """Return the vectors of each text's pieces, all pieces together in batches."""
    cut = [chunks(text, embedder.max_chars)[:MOST_CHUNKS] for text in texts]
    pieces = [piece for of in cut for piece in of]
    batches = [pieces[i : i + BATCH] for i in range(0, len(pieces), BATCH)]
    if not batches:
        return []
    made = np.concatenate([passages(embedder, batch) for batch in batches])
    return np.split(made, np.cumsum([len(of) for of in cut])[:-1])


def change_embedder(desk: Desk, *, progress: Progress = no_progress) -> int:
    """Give the bank the embedder that is open now and make every vector anew.

    Until it is done recall goes by words for what has no vector yet; interrupted, it goes on
    where it stopped. Returns how many texts were embedded.
    """
    embedder = _open_one(desk)
    with desk.write() as (tx, volume, bank):
        if bank.embedder != embedder.name:
            tx.run("set_embedder", bank=bank.bank, embedder=embedder.name)
            log.reserve(tx, volume, bank.bank, edition=True)
    done, total, above = 0, _count_missing(desk, embedder.name), 0
    while numbers := _missing(desk, embedder.name, above):
        with desk.read() as (tx, _, bank):
            texts = _texts(tx, bank, numbers)
        vectors = _vectors_of(embedder, list(texts.values()))
        with desk.write() as (tx, volume, bank):
            for (number, text), of in zip(texts.items(), vectors, strict=True):
                insert_vectors(tx, bank, number, embedder, of, text)
            log.reserve(tx, volume, bank.bank, edition=True)
        done, above = done + len(texts), max(numbers)
        progress("embed", done, total)
    return done


def change_later(desk: Desk) -> int:
    """Give the bank the embedder that is open now and ask for every vector that it lacks.

    One transaction; the queue lasts, and `embed_pending` works through it. Returns how many texts
    wait. Meanwhile recall finds by its words what has no vector yet.
    """
    embedder = _open_one(desk)
    with desk.write() as (tx, volume, bank):
        tx.run("set_embedder", bank=bank.bank, embedder=embedder.name)
        lacking = {"bank": bank.bank, "model": embedder.name, "above": -1, "count": -1}
        numbers = [row[0] for row in tx.rows("numbers_without_vector", **lacking)]
        job = {"bank": bank.bank, "kind": "embed", "created_at": to_us(desk.clock())}
        tx.run_many("enqueue", ({**job, "subject": str(number)} for number in numbers))
        log.reserve(tx, volume, bank.bank, edition=True)
    return len(numbers)


def coverage(desk: Desk) -> tuple[int, int]:
    """Return how many memories have a vector of the bank's own embedder, and how many there are."""
    bank = desk.bank()
    with desk.store.read() as tx:
        (total,) = tx.rows("count_memories", bank=bank.bank)[0]
        (lacking,) = tx.rows("count_without_vector", bank=bank.bank, model=bank.embedder)[0]
    return total - lacking, total


def _open_one(desk: Desk) -> Embedder:
    if desk.embedder is None:
        raise BadSetting(
            "no embedder is open: name one with --embedder or MEMORYBANK_EMBEDDER",
            "没有打开向量模型：请用 --embedder 或 MEMORYBANK_EMBEDDER 指定一个",
        )
    return desk.embedder


def _count_missing(desk: Desk, model: str) -> int:
    with desk.read() as (tx, _, bank):
        row = tx.row("count_without_vector", bank=bank.bank, model=model)
        return int(row[0]) if row else 0


def _missing(desk: Desk, model: str, above: int) -> list[int]:
    with desk.read() as (tx, _, bank):
        rows = tx.rows(
            "numbers_without_vector", bank=bank.bank, model=model, above=above, count=BATCH
        )
        return [row[0] for row in rows]


def _texts(tx: Transaction, bank: BankRow, numbers: list[int]) -> dict[int, str]:
    """Return what the embedder reads of memories; erased ones are left out."""
    rows = memories_by_number(tx, bank.bank, numbers)
    texts = {n: row.text for n, row in derived_by_number(tx, bank.bank, rows).items()}
    for n, turn in turns_by_number(tx, bank.bank, rows).items():
        texts[n] = to_embed(turn.text, turn.reply, turn.speaker, turn.replier, rows[n].lang)
    return texts
