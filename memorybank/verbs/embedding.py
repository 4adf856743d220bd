"""Vectors made later: deferred ones, the rest of long texts, and all of them for a new model.

Resumable: what is missing is asked of the store, batch after batch, each its own transaction.
"""

from __future__ import annotations

import numpy as np

from memorybank.errors import BadSetting, ModelError
from memorybank.models import Embedder, Vectors, passages
from memorybank.rendering import chunks, to_embed
from memorybank.store.tables import JobRow, derived_by_number, memories_by_number, turns_by_number
from memorybank.verbs import log
from memorybank.verbs.desk import Desk, Progress, insert_vectors, no_progress, note_failure
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
    text = _texts(desk, [number]).get(number)
    try:
        vectors = None if text is None else _vectors(embedder, text)
    except ModelError as error:
        with desk.write() as (tx, _, bank):
            note_failure(tx, bank, job, error, desk.clock())
        raise
    with desk.write() as (tx, volume, bank):
        if text is not None and vectors is not None:
            insert_vectors(tx, bank, number, embedder, vectors, text)
        tx.run("job_done", bank=bank.bank, kind=job.kind, subject=job.subject, fence=job.fence)
        log.reserve(tx, volume, bank.bank, edition=True)


def _vectors(embedder: Embedder, text: str) -> Vectors:
    pieces = chunks(text, embedder.max_chars)[:MOST_CHUNKS]
    batches = [pieces[i : i + BATCH] for i in range(0, len(pieces), BATCH)]
    return np.concatenate([passages(embedder, batch) for batch in batches])


def change_embedder(desk: Desk, *, progress: Progress = no_progress) -> int:
    """Give the bank the embedder that is open now and make every vector anew.

    Until it is done recall goes by words for what has no vector yet; interrupted, it goes on
    where it stopped. Returns how many texts were embedded.
    """
    embedder = desk.embedder
    if embedder is None:
        raise BadSetting(
            "no embedder is open: name one with --embedder or MEMORYBANK_EMBEDDER",
            "没有打开向量模型：请用 --embedder 或 MEMORYBANK_EMBEDDER 指定一个",
        )
    with desk.write() as (tx, volume, bank):
        if bank.embedder != embedder.name:
            tx.run("set_embedder", bank=bank.bank, embedder=embedder.name)
            log.reserve(tx, volume, bank.bank, edition=True)
    done, above = 0, 0
    while numbers := _missing(desk, embedder.name, above):
        texts = _texts(desk, numbers)
        for number, text in texts.items():
            vectors = _vectors(embedder, text)
            with desk.write() as (tx, volume, bank):
                insert_vectors(tx, bank, number, embedder, vectors, text)
                log.reserve(tx, volume, bank.bank, edition=True)
            done += 1
            progress("embed", done, done + len(texts))
        above = max(numbers)
    return done


def _missing(desk: Desk, model: str, above: int) -> list[int]:
    with desk.read() as (tx, _, bank):
        rows = tx.rows(
            "numbers_without_vector", bank=bank.bank, model=model, above=above, count=256
        )
        return [row[0] for row in rows]


def _texts(desk: Desk, numbers: list[int]) -> dict[int, str]:
    """Return what the embedder reads of memories; erased ones are left out."""
    with desk.read() as (tx, _, bank):
        rows = memories_by_number(tx, bank.bank, numbers)
        turns = turns_by_number(tx, bank.bank, rows)
        derived = derived_by_number(tx, bank.bank, rows)
    texts = {n: row.text for n, row in derived.items()}
    for n, turn in turns.items():
        texts[n] = to_embed(turn.text, turn.reply, turn.speaker, turn.replier, rows[n].lang)
    return texts
