"""Answer: a turn that was stored when it was said gets its reply, or another one.

Whoever waits for a model stores the user's words first, so that nothing can take them, and
completes the turn when the reply is there. Turn, id and log stay; words, vector and the recall
events of what entered the prompt follow in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memorybank import cues, lexical
from memorybank.errors import BadInput
from memorybank.models import Vectors
from memorybank.records import Turn
from memorybank.rendering import to_embed, to_index
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    MemoryRow,
    memories_by_number,
    to_us,
    turns_by_number,
)
from memorybank.verbs import log
from memorybank.verbs.desk import (
    Desk,
    index_of,
    insert_vectors,
    insert_words,
    memory_named,
    text_hash,
    zone_of,
)
from memorybank.verbs.read import turn_record
from memorybank.verbs.remember import prepare, waits_for_vectors
from memorybank.verbs.shelf import Volume, usable


def answer(desk: Desk, turn_id: str, reply: str, *, now: datetime, used: Sequence[str] = ()) -> str:
    """Give a turn this reply, in place of the one it had; returns the turn's id.

    `used` are ids of memories that entered the prompt; what an earlier reply of this turn used
    no longer counts. Raises UnknownMemory where the turn was erased meanwhile.
    """
    with desk.read() as (tx, _, bank):
        row = memory_named(tx, bank.bank, turn_id)
        if row.kind:
            raise BadInput(
                "an event summary takes no reply: name a turn",
                "小结没有回复可言：请给出一轮对话",
            )
        turn = turns_by_number(tx, bank.bank, [row.number])[row.number]
        whole = replace(turn_record(bank, row, turn), reply=reply)
    embedder = usable(desk.embedder, bank)
    ready = prepare([whole], zone_of(bank), bank.lang, embedder, now=now)
    with desk.write() as (tx, volume, bank):
        row = memory_named(tx, bank.bank, row.id)
        _rewrite(desk, tx, volume, bank, row, ready.turns[0], ready.vectors[0], now)
        _take_back(tx, volume, bank, row)
        log.reinforce(tx, volume, bank, used, by=row.number, at=now)
        log.reserve(tx, volume, bank.bank, edition=True)
        log.caught_up(volume)
    return row.id


def _rewrite(
    desk: Desk,
    tx: Transaction,
    volume: Volume,
    bank: BankRow,
    row: MemoryRow,
    turn: Turn,
    vectors: Vectors | None,
    now: datetime,
) -> None:
    """Bring the turn and all that is made from its text to the new wording."""
    number, moment = row.number, to_us(now)
    tx.run(
        "set_reply", bank=bank.bank, number=number, reply=turn.reply,
        text_hash=text_hash(turn.text, turn.reply),
    )  # fmt: skip
    marks = cues.marks(turn.text, turn.reply)
    words = lexical.term_array(to_index(turn.text, turn.reply, turn.speaker), marks)
    insert_words(tx, bank.bank, number, words)
    of = to_embed(turn.text, turn.reply, turn.speaker, turn.replier, turn.lang)
    if usable(desk.embedder, bank) is None:
        vectors = None  # the bank has got another embedder since they were made
    if vectors is not None and desk.embedder:
        insert_vectors(tx, bank, number, desk.embedder, vectors, of)
    index_of(volume).rewrite(number, vectors, words)
    work = {"bank": bank.bank, "kind": "embed", "subject": str(number)}
    if waits_for_vectors(desk, bank, of, vectors):
        tx.run("enqueue", **work, created_at=moment)
    else:
        tx.run("forget_job", **work)
    day = f"day:{turn.occurred_at.date().isoformat()}"
    tx.run("enqueue", bank=bank.bank, kind="digest", subject=day, created_at=moment)


def _take_back(tx: Transaction, volume: Volume, bank: BankRow, row: MemoryRow) -> None:
    """Take back what an earlier reply of this turn strengthened."""
    numbers = [found[0] for found in tx.rows("recalled_by", bank=bank.bank, turn=row.number)]
    tx.run("drop_recalls_by", bank=bank.bank, turn=row.number)
    for memory in memories_by_number(tx, bank.bank, numbers).values():
        log.restate(tx, volume, bank, memory)
