"""Remember: turns in, durable and searchable when it returns; what was recalled grows stronger.

One transaction holds a turn, its memory, words, vector, the day's digest job, and the recall
events of what entered its prompt. Idempotent by `external_id`: the same wording under the same
id is the same turn; a new wording under the same id corrects the old one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import accumulate, pairwise
from typing import Any, Literal

import numpy as np

from memorybank import cues, forget, lexical, significance
from memorybank.errors import BadInput, EmptyText, ModelError, TextTooLong
from memorybank.models import Embedder, Vectors, passages
from memorybank.records import Lang, Part, Turn
from memorybank.rendering import chunks, clean, is_blank, to_embed, to_index, words_of
from memorybank.store import Transaction
from memorybank.store.tables import (
    TURN,
    BankRow,
    MemoryRow,
    day_name,
    day_of,
    to_us,
    values,
)
from memorybank.store.tombstones import (
    Graveyard,
    graveyard,
    sign_of_id,
    sign_of_name,
    sign_of_wording,
)
from memorybank.verbs import log
from memorybank.verbs.desk import (
    Desk,
    Progress,
    birth_of,
    checked,
    index_of,
    insert_vectors,
    insert_words,
    no_progress,
    number_of,
    state_values,
    text_hash,
    thread_of,
    zone_of,
)
from memorybank.verbs.shelf import Volume, entry_of, usable

LOG = logging.getLogger(__name__)
LONGEST = 1_000_000
INLINE_CHUNKS = 8
"""So many pieces of a long text are embedded at once; the rest waits for a job."""
BATCH = 32
CurveFrom = Literal["arrival", "occurred"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What came of one turn: its memory's id, and whether it was known before.

    `erased` means that it was left out, with no id: it had been erased, and came by import.
    """

    id: str
    number: int
    known: bool = False
    replaces: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """Turns ready to be stored, and the vectors of each, (chunks, dim), None for a job."""

    turns: Sequence[Turn]
    vectors: Sequence[Vectors | None]


def remember(
    desk: Desk,
    turns: Sequence[Turn],
    *,
    now: datetime,
    used: Sequence[str] = (),
    curve_from: CurveFrom = "arrival",
    vectors: Literal["inline", "later"] = "inline",
    again: bool = False,
    progress: Progress = no_progress,
) -> list[Remembered]:
    """Store turns in their order, all or none; `used` are ids of memories the last one recalled.

    Imported turns that were erased before are left out, unless they may come `again`.
    """
    known = desk.habits or desk.bank()
    embedder = usable(desk.embedder, known) if vectors == "inline" else None
    prepared = prepare(turns, zone_of(known), known.lang, embedder, now=now, progress=progress)
    return store(desk, prepared, now=now, used=used, curve_from=curve_from, again=again)


def prepare(
    turns: Sequence[Turn],
    zone: tzinfo,
    lang: Lang,
    embedder: Embedder | None,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> Prepared:
    """Do what takes time and needs no transaction: clean, check, embed.

    Raises EmptyText, TextTooLong, BadTime, ModelError; nothing has been stored then.
    """
    cleaned = [_cleaned(turn, zone, lang, now) for turn in turns]
    return Prepared(cleaned, _directions(cleaned, embedder, progress))


def store(
    desk: Desk,
    prepared: Prepared,
    *,
    now: datetime,
    used: Sequence[str] = (),
    curve_from: CurveFrom = "arrival",
    again: bool = False,
) -> list[Remembered]:
    """Store prepared turns in one transaction."""
    results: list[Remembered] = []
    imported = not again and any(turn.channel == "import" for turn in prepared.turns)
    with desk.write() as (tx, volume, bank):
        graves = graveyard(tx, bank.tenant, bank.name) if imported else None
        writer = _Writer(desk, tx, volume, bank, now, curve_from, graves)
        for turn, vectors in zip(prepared.turns, prepared.vectors, strict=True):
            results.append(writer.store(turn, vectors))
        writer.enqueue_digests()
        if used and results and not results[-1].erased:
            at = prepared.turns[-1].occurred_at
            log.reinforce(tx, volume, bank, used, by=results[-1].number, at=at)
        log.caught_up(volume)
        if desk.admit and any(result.number and not result.known for result in results):
            desk.admit(tx, bank)
    return results


def _cleaned(turn: Turn, zone: tzinfo, lang: Lang, now: datetime) -> Turn:
    """Clean a turn, check its time, and fill in what was left open."""
    text, reply = clean(turn.text), clean(turn.reply)
    for side in (text, reply):
        if len(side) > LONGEST:
            raise TextTooLong(len(side), LONGEST)
    if is_blank(text) and is_blank(reply):
        raise EmptyText
    when = checked(turn.occurred_at, now).astimezone(zone)
    return replace(
        turn,
        text=text or None,
        reply=reply or None,
        occurred_at=when,
        recorded_at=checked(turn.recorded_at or now),
        conversation=clean(turn.conversation) or when.date().isoformat(),
        external_id=clean(turn.external_id) or None,
        source=clean(turn.source) or None,
        speaker=_name(turn.speaker),
        replier=_name(turn.replier),
        lang=lexical.detect(f"{text} {reply}", lang),
    )


def _name(name: str | None) -> str | None:
    """Return a name on one line, None for one that cannot be seen."""
    shown = " ".join(clean(name).split())
    return None if is_blank(shown) else shown


def _directions(
    turns: Sequence[Turn], embedder: Embedder | None, progress: Progress
) -> list[Vectors | None]:
    if embedder is None or not turns:
        return [None] * len(turns)
    try:
        return _embedded(turns, embedder, progress)
    except ModelError as error:
        # A model that is down costs its vectors, never a turn: they wait as jobs.
        LOG.warning("vectors left to a job: %s", error)
        return [None] * len(turns)


def _embedded(
    turns: Sequence[Turn], embedder: Embedder, progress: Progress
) -> list[Vectors | None]:
    pieces = [
        chunks(to_embed(t.text, t.reply, t.speaker, t.replier, t.lang), embedder.max_chars)[
            :INLINE_CHUNKS
        ]
        for t in turns
    ]
    flat = [piece for of_turn in pieces for piece in of_turn]
    parts: list[Vectors] = []
    for start in range(0, len(flat), BATCH):
        parts.append(passages(embedder, flat[start : start + BATCH]))
        progress("embed", min(start + BATCH, len(flat)), len(flat))
    vectors = np.concatenate(parts)
    ends = list(accumulate(len(of_turn) for of_turn in pieces))
    return [vectors[start:end] for start, end in pairwise([0, *ends])]


def waits_for_vectors(desk: Desk, bank: BankRow, of: str, vectors: Vectors | None) -> bool:
    """Say whether vectors are still to be made, all of them or those of a long text's rest."""
    embedder = usable(desk.embedder, bank)
    if vectors is None:
        return bank.embedder is not None
    return embedder is not None and len(of) > INLINE_CHUNKS * embedder.max_chars


class _Writer:
    """Writes turns inside one transaction and keeps the index in step."""

    def __init__(
        self,
        desk: Desk,
        tx: Transaction,
        volume: Volume,
        bank: BankRow,
        now: datetime,
        curve_from: CurveFrom,
        graves: Graveyard | None = None,
    ) -> None:
        self.desk, self.tx, self.volume, self.bank, self.now = desk, tx, volume, bank, now
        self.index = index_of(volume)
        self.preset = forget.preset(bank.preset)
        self.zone = zone_of(bank)
        self.curve_from = curve_from
        self.graves = graves
        self.days: dict[int, None] = {}
        self.asked: dict[int, bool] = {}

    def store(self, turn: Turn, vectors: Vectors | None) -> Remembered:
        """Store one turn unless it is known; returns what became of it."""
        if usable(self.desk.embedder, self.bank) is None:
            vectors = None  # the bank has got another embedder since they were made
        fingerprint = text_hash(turn.text, turn.reply)
        known = self._versions(turn)
        for number, other in known:
            if other == fingerprint:
                return Remembered(self._id(number), number, known=True)
        if self._buried(turn, fingerprint):
            return Remembered("", 0, erased=True)
        old = self._stands(known[0][0] if known else self._superseded(turn))
        if turn.id and self.tx.row("memory_of_id", bank=self.bank.bank, id=turn.id):
            raise BadInput(
                "this id is taken by another memory: leave id out, or use external_id",
                "这个编号已属于另一条记忆：请不要给 id，或改用 external_id",
            )
        number = log.reserve(self.tx, self.volume, self.bank.bank)
        marks = cues.marks(turn.text, turn.reply)
        words = lexical.term_array(to_index(turn.text, turn.reply, turn.speaker), marks)
        row = self._memory_row(turn, number, words, old)
        self._insert(turn, row, fingerprint, words, vectors)
        self.days[row.day] = None
        self.asked[row.thread] = cues.ASKS in marks
        return Remembered(row.id, number, replaces=self._id(old) if old else None)

    def _versions(self, turn: Turn) -> list[tuple[int, bytes]]:
        if turn.external_id is None:
            return []
        rows = self.tx.rows("turns_called", bank=self.bank.bank, external_id=turn.external_id)
        return [(row[0], row[1]) for row in rows]

    def _buried(self, turn: Turn, fingerprint: bytes) -> bool:
        """Say whether an imported turn was erased from this bank."""
        if not self.graves or turn.channel != "import":
            return False
        signs = [sign_of_wording(fingerprint, day_of(turn.occurred_at, self.zone))]
        if turn.external_id:
            # Our own exports give our ids to turns that had none of their caller's.
            signs += [sign_of_name(turn.external_id), sign_of_id(turn.external_id)]
        if turn.id:
            signs.append(sign_of_id(turn.id))
        return any(sign in self.graves for sign in signs)

    def _superseded(self, turn: Turn) -> int | None:
        return number_of(self.tx, self.bank.bank, turn.supersedes) if turn.supersedes else None

    def _stands(self, old: int | None) -> int | None:
        """Return the newest version of what is to be replaced: a chain has one end."""
        while old is not None:
            positions = self.index.positions([old])
            newer = int(self.index["superseded_by"][positions[0]]) if positions else 0
            if not newer:
                return old
            old = newer
        return None

    def _id(self, number: int) -> str:
        return str(
            self.tx.rows("memories_numbered", bank=self.bank.bank, numbers=f"[{number}]")[0][1]
        )

    def _memory_row(
        self,
        turn: Turn,
        number: int,
        words: lexical.TermArray,
        old: int | None,
    ) -> MemoryRow:
        thread = thread_of(turn.conversation)
        judged = self._judge(turn, thread, words)
        weight, parts = self._at_least_as(old, judged)
        arrival = turn.channel == "import" and self.curve_from == "arrival"
        row = MemoryRow(
            number=number,
            id=turn.id or self.desk.new_id(),
            kind=TURN,
            occurred_at=to_us(turn.occurred_at),
            day=day_of(turn.occurred_at, self.zone),
            thread=thread,
            seq=turn.seq,
            lang=turn.lang,
            trusted=int(turn.trusted),
            born_at=to_us(self.now if arrival else turn.occurred_at),
            born_with=weight,
            parts=_parts_json(parts),
            significance=weight,
            strength=0.0,
            last_at=0,
            fades_at=None,
            pinned=0,
            supersedes=old,
        )
        state = forget.born(self.preset, birth_of(self.bank, row))
        return replace(row, **state_values(state, row.born_at))  # type: ignore[arg-type]

    def _judge(self, turn: Turn, thread: int, words: lexical.TermArray) -> significance.Judgement:
        """Judge by what costs nothing to know; the day's digest looks at the rest."""
        scene = significance.Scene(
            text=turn.text or "",
            reply=turn.reply or "",
            asked=self._asked_before(turn, thread),
            length=words.length,
            lengths=self.index.postings.recent_lengths(significance.SAMPLE),
            lang=turn.lang,
        )
        return significance.judge(scene)

    def _at_least_as(
        self, old: int | None, judged: significance.Judgement
    ) -> tuple[float, tuple[Part, ...]]:
        """A correction matters no less than what it corrects."""
        parts, weight = judged.parts, judged.significance
        for position in self.index.positions([old] if old else []):
            inherited = float(self.index["significance"][position])
            if inherited > weight:
                parts = (*parts, Part(name="corrects", value=inherited, share=inherited - weight))
                weight = inherited
        return weight, parts

    def _asked_before(self, turn: Turn, thread: int) -> bool:
        """Say whether the turn before in the conversation ended by asking."""
        if thread not in self.asked:
            before = self.index.last_of_thread(thread, to_us(turn.occurred_at))
            self.asked[thread] = before >= 0 and bool(self.index.marked(cues.ASKS)[before])
        return self.asked[thread]

    def _insert(
        self,
        turn: Turn,
        row: MemoryRow,
        fingerprint: bytes,
        words: lexical.TermArray,
        vectors: Vectors | None,
    ) -> None:
        bank, number = self.bank.bank, row.number
        recorded = to_us(turn.recorded_at or self.now)
        self.tx.run(
            "insert_turn",
            bank=bank,
            number=number,
            external_id=turn.external_id,
            text_hash=fingerprint,
            conversation=turn.conversation,
            seq=turn.seq,
            text=turn.text,
            reply=turn.reply,
            speaker=turn.speaker,
            replier=turn.replier,
            author=turn.author,
            channel=turn.channel,
            source=turn.source,
            precision=turn.precision,
            recorded_at=recorded,
        )
        self.tx.run("insert_memory", **values(row, bank=bank))
        if row.supersedes:
            self.tx.run("supersede", bank=bank, number=row.supersedes, by=number)
            self._digest_day_of(row.supersedes)
        insert_words(self.tx, bank, number, words)
        of = to_embed(turn.text, turn.reply, turn.speaker, turn.replier, turn.lang)
        if vectors is not None and self.desk.embedder:
            insert_vectors(self.tx, self.bank, number, self.desk.embedder, vectors, of)
        if waits_for_vectors(self.desk, self.bank, of, vectors):
            self.tx.run(
                "enqueue", bank=bank, kind="embed", subject=str(number), created_at=recorded
            )
        self.index.append(entry_of(row), vectors, words)

    def _digest_day_of(self, number: int) -> None:
        for position in self.index.positions([number]):
            self.days[int(self.index["day"][position])] = None

    def enqueue_digests(self) -> None:
        """Ask for the digest of every day that was touched."""
        for day in self.days:
            self.tx.run(
                "enqueue",
                bank=self.bank.bank,
                kind="digest",
                subject=f"day:{day_name(day)}",
                created_at=to_us(self.now),
            )


def _parts_json(parts: Iterable[Part]) -> str:
    return json.dumps([{"name": p.name, "value": p.value, "share": p.share} for p in parts])


def pairs(messages: Iterable[Mapping[str, Any]], at: datetime) -> list[Turn]:
    """Cut a message list into turns: each user message with the companion's that follow it.

    A leading companion message is a turn without a user side; system messages are left out. Of a
    content in parts the texts count. Raises BadInput for what is no message.
    """
    turns: list[Turn] = []
    for message in messages:
        if not isinstance(message, Mapping):
            raise BadInput(
                'a message is {"role": …, "content": …}', '一条消息是 {"role": …, "content": …}'
            )
        role, content = message.get("role", ""), words_of(message.get("content"))
        if role == "user":
            turns.append(Turn(text=content, occurred_at=at))
        elif role == "assistant":
            last = turns[-1] if turns else Turn(occurred_at=at, author="companion")
            joined = "\n".join(filter(None, (last.reply, content)))
            turns[-1:] = [replace(last, reply=joined)]
    return [replace(turn, seq=i) for i, turn in enumerate(turns)]
