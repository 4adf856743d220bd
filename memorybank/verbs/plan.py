"""What a piece of time should condense to, worked out from what stands in the store now.

The hash of a plan names its sources and the way they are condensed: the same hash means that
nothing need be done again. The plan holds the texts that need no language model; where there is
one, `condense` puts its texts in their place.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from memorybank import lexical, portray
from memorybank.digesting import children
from memorybank.extract import day_extract, merge_extract, overlap
from memorybank.records import Lang
from memorybank.rendering import to_index
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    MemoryRow,
    TurnRow,
    memories_by_number,
    turns,
)
from memorybank.summarise import Child, Condensed, Said

EXTRACTIVE = "extractive"
EDITION = b"extractive-2"
"""Raise it when the extractive digest changes what it writes: everything is then made anew."""
ECHO = 0.3
"""Share of terms in common from which a later turn comes back to an earlier one."""
LOOK_AHEAD = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """The texts of a piece and how they were made; for a day its turns, their memories, and their
    echoes, else the summaries of its parts. `keeps` names what should stay as it stands."""

    hash: bytes
    lang: Lang
    summary: Condensed | None
    insight: Condensed | None = None
    drafts: Sequence[portray.Draft] = ()
    method: str = EXTRACTIVE
    insight_method: str = EXTRACTIVE
    keeps: frozenset[str] = frozenset()
    rows: Sequence[MemoryRow] = field(default_factory=list)
    echoes: Sequence[int] = ()
    said: Sequence[Said] = ()
    parts: Sequence[Child] = ()
    part_methods: Sequence[str] = ()


def plan_of(
    tx: Transaction, bank: BankRow, level: str, period: str, edition: bytes = EDITION
) -> Plan:
    """Return the plan of one piece as the store stands now; `edition` names how it is made."""
    make = _day if level == "day" else _merged
    return make(tx, bank, level, period, edition)


def source_hash(
    tx: Transaction, bank: BankRow, level: str, period: str, edition: bytes = EDITION
) -> bytes:
    """Return the hash that a plan would have now, without making the plan."""
    if level == "day":
        return _hash(edition, (turn.text_hash for turn in _turns(tx, bank, period)))
    return _hash(edition, (part.hash for part in _parts(tx, bank, level, period)))


def _turns(tx: Transaction, bank: BankRow, period: str) -> list[TurnRow]:
    day = date.fromisoformat(period).toordinal()
    return turns(tx.rows("turns_of_day", bank=bank.bank, day=day))


def _parts(tx: Transaction, bank: BankRow, level: str, period: str) -> list[DerivedRow]:
    below, first, last = children(level, period)
    rows = tx.rows("derived_between", bank=bank.bank, level=below, first=first, last=last)
    return [DerivedRow(*row) for row in rows]


def _day(tx: Transaction, bank: BankRow, level: str, period: str, edition: bytes) -> Plan:
    said = _turns(tx, bank, period)
    memories = memories_by_number(tx, bank.bank, [turn.number for turn in said])
    rows = [memories[turn.number] for turn in said]
    lang = _language(bank, (row.lang for row in rows))
    sources = [_said(turn, row) for turn, row in zip(said, rows, strict=True)]
    drafts = portray.drafts(sources)
    return Plan(
        hash=_hash(edition, (turn.text_hash for turn in said)),
        lang=lang,
        summary=day_extract(sources, lang),
        insight=portray.insight_extract(drafts, lang),
        drafts=drafts,
        rows=rows,
        echoes=_echoes(said),
        said=sources,
    )


def _merged(tx: Transaction, bank: BankRow, level: str, period: str, edition: bytes) -> Plan:
    parts = _parts(tx, bank, level, period)
    dated = [Child(p.number, p.period if p.level == "day" else "", p.text) for p in parts]
    return Plan(
        hash=_hash(edition, (part.hash for part in parts)),
        lang=_language(bank, (part.lang for part in parts)),
        summary=merge_extract(dated),
        parts=dated,
        part_methods=tuple(part.method for part in parts),
    )


def _said(turn: TurnRow, row: MemoryRow) -> Said:
    # Only who is not the user themselves needs a name in a summary of the user's day.
    by_user = turn.author == "user"
    return Said(
        number=turn.number,
        text=turn.text or "",
        reply=turn.reply or "",
        significance=row.born_with,
        speaker="" if by_user else turn.speaker or "",
        replier=turn.replier or "",
        by_user=by_user,
        trusted=bool(row.trusted),
    )


def _echoes(said: Sequence[TurnRow]) -> list[int]:
    """Return for each turn how many later ones of the day come back to it."""
    terms = [frozenset(lexical.terms(to_index(t.text, t.reply, None))) for t in said]
    return [
        sum(overlap(mine, other) >= ECHO for other in terms[i + 1 : i + 1 + LOOK_AHEAD])
        for i, mine in enumerate(terms)
    ]


def _language(bank: BankRow, langs: Iterable[Lang]) -> Lang:
    """Return the language that most of it is in; the bank's own where there is nothing."""
    counted = Counter(langs)
    return counted.most_common(1)[0][0] if counted else bank.lang


def _hash(edition: bytes, parts: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(edition, digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()
