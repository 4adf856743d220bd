"""Vectors made later: deferred ones, the rest of long texts, and all of them for a new model.

Resumable: what is missing is asked of the store, batch after batch, each its own transaction.
"""

from __future__ import annotations

import numpy as np

from memorybank.errors import BadSetting
from memorybank.rendering import chunks, to_embed
from memorybank.store.tables import derived_by_number, memories_by_number, turns_by_number
from memorybank.verbs import log
from memorybank.verbs.desk import Desk, Progress, embed, insert_vectors, no_progress
from memorybank.verbs.shelf import usable

BATCH = 32
MOST_CHUNKS = 256
"""About a hundred thousand characters of one text; words beyond are found by words alone."""


def embed_pending(desk: Desk, *, progress: Progress = no_progress) -> int:
    """Make the vectors that wait, under the bank's own model; returns how many texts got theirs."""
    with desk.read() as (tx, _, bank):
        embedder = usable(desk.embedder, bank)
        jobs = tx.rows("jobs_of_kind", bank=bank.bank, kind="embed")
    if embedder is None:
        return 0
    for done, job in enumerate(jobs, 1):
        number = int(job[1])
        text = _texts(desk, [number]).get(number)
        if text is not None:
            pieces = chunks(text, embedder.max_chars)[:MOST_CHUNKS]
            batches = [embed(embedder, pieces[i : i + BATCH]) for i in range(0, len(pieces), BATCH)]
            vectors = np.concatenate(batches)
            with desk.write() as (tx, volume, bank):
                insert_vectors(tx, bank, number, embedder, vectors, text)
                tx.run("job_done", bank=bank.bank, kind="embed", subject=job[1], fence=job[6])
                log.reserve(tx, volume, bank.bank, edition=done == len(jobs))
        progress("embed", done, len(jobs))
    return len(jobs)


def change_embedder(desk: Desk, *, progress: Progress = no_progress) -> int:
    """Give the bank the embedder that is open now and make every vector anew.

    Until it is done recall goes by words for what has no vector yet; interrupted, it goes on
    where it stopped. Returns how many texts were embedded.
    """
    embedder = desk.embedder
    if embedder is None:
        raise BadSetting("no embedder is open: name one with --embedder or MEMORYBANK_EMBEDDER")
    with desk.write() as (tx, volume, bank):
        if bank.embedder != embedder.name:
            tx.run("set_embedder", bank=bank.bank, embedder=embedder.name)
            log.reserve(tx, volume, bank.bank, edition=True)
    done, above = 0, 0
    while numbers := _missing(desk, embedder.name, above):
        texts = _texts(desk, numbers)
        for number, text in texts.items():
            vectors = embed(embedder, chunks(text, embedder.max_chars)[:MOST_CHUNKS])
            with desk.write() as (tx, _, bank):
                insert_vectors(tx, bank, number, embedder, vectors, text)
            done += 1
            progress("embed", done, done + len(texts))
        above = max(numbers)
    with desk.write() as (tx, volume, bank):
        log.reserve(tx, volume, bank.bank, edition=True)
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
