"""Recall: a question in, the memories it calls for out, each with its reasons. Reads only."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from memorybank import cues, forget, lexical, nearness, retrieve
from memorybank.errors import BadInput, DamagedBank, EmptyText, ModelError
from memorybank.index import DAY, TURN, Index
from memorybank.models import Vectors, alike, question
from memorybank.records import FadedPolicy, Kind, Lang, Part, Recalled, Recollection, Why
from memorybank.rendering import clean, is_blank, rendered
from memorybank.store import Transaction
from memorybank.store.tables import (
    BankRow,
    DerivedRow,
    EventRow,
    MemoryRow,
    TurnRow,
    derived_by_number,
    from_us,
    ids_by_number,
    memories_by_number,
    sources_of,
    to_days,
    to_us,
    turns_by_number,
)
from memorybank.timewords import Span, spans
from memorybank.verbs.desk import (
    Desk,
    birth_of,
    happening,
    index_of,
    zone_of,
)
from memorybank.verbs.outdated import outdated
from memorybank.verbs.shelf import Volume, usable
from memorybank.verbs.telling import SHORT, tell

LOG = logging.getLogger(__name__)
LONGEST_QUESTION = 4_000
"""Characters of a message that recall looks at: its end, where the question stands."""
LINES = 2
"""Of a piece of conversation, what gives the direction: what was said last, and to what."""
KINDS: Mapping[Kind, int] = {"turn": TURN, "day": DAY}
NAMES: Mapping[int, Kind] = {number: name for name, number in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question with its circumstances; `until` bounds what may be seen (None: `now`)."""

    message: str
    now: datetime
    k: int = 10
    until: datetime | None = None
    faded: FadedPolicy | None = None
    kinds: Iterable[Kind] = ("turn", "day")
    neighbours: int = 0


def recall(desk: Desk, ask: Ask) -> Recollection:
    """Return the memories that a message calls for, best first; see `Recollection`."""
    text = _question(ask)
    said = cues.said(text)
    # The model may be slow and must not hold up whoever else uses the bank.
    direction, trouble = _direction(desk, "\n".join(said[-LINES:]))
    with desk.read() as (tx, volume, bank):
        index = index_of(volume)
        fits = usable(desk.embedder, bank) is not None
        named = _spans(text, ask.now.astimezone(zone_of(bank)), index, bank)
        preset = forget.preset(bank.preset)
        query = retrieve.Query(
            terms=lexical.said_terms(said),
            direction=direction if fits and index.chunks else None,
            now=to_days(to_us(ask.now)),
            until=to_us(ask.until or ask.now),
            k=ask.k,
            windows=tuple(_windows(named, text, ask.now)),
            side=cues.side_asked(text),
            faded=ask.faded or ("on_cue" if preset.cue else "never"),
            without=_outdated(tx, bank, index, to_us(ask.until or ask.now)),
            about=_about(desk, tx, bank, index, text, said),
            kinds=frozenset(KINDS[kind] for kind in ask.kinds),
        )
        held = _held(tx, volume, bank, ask.now)
        found = retrieve.search(index, query, held)
        lang = lexical.detect(text, bank.lang)
        teller = _Teller(tx, volume, bank, query, held, named, lang)
        return teller.tell(found, ask, _notes(desk, bank, lang, trouble))


def _question(ask: Ask) -> str:
    if ask.k < 1:
        raise BadInput(f"k={ask.k}: ask for at least one memory", f"k={ask.k}：至少要一条记忆")
    if ask.neighbours < 0:
        raise BadInput(
            f"neighbours={ask.neighbours}: ask for none (0) or more",
            f"neighbours={ask.neighbours}：请写 0（不要）或更多",
        )
    unknown = [kind for kind in ask.kinds if kind not in KINDS]
    if unknown:
        raise BadInput(
            f"kinds={unknown}: memories are of kind {' and '.join(KINDS)}",
            f"kinds={unknown}：记忆的种类只有 {' 和 '.join(KINDS)}",
        )
    if ask.faded not in (None, "on_cue", "always", "never"):
        raise BadInput(
            f"faded={ask.faded!r}: choose on_cue, always or never",
            f"faded={ask.faded!r}：请选 on_cue、always 或 never",
        )
    text = clean(ask.message)[-LONGEST_QUESTION:]
    if is_blank(text):
        raise EmptyText(
            "there is nothing to recall by: give a question or a message",
            "没有可据以回忆的内容：请给出一个问题或一句话",
        )
    return text


def _direction(desk: Desk, text: str) -> tuple[Vectors | None, ModelError | None]:
    """Return the question's direction, and what went wrong: words alone still find a lot."""
    if desk.embedder is None:
        return None, None
    try:
        return question(desk.embedder, text), None
    except ModelError as error:
        LOG.warning("recalled by words alone: %s", error)
        return None, error


def _about(
    desk: Desk, tx: Transaction, bank: BankRow, index: Index, text: str, said: list[str]
) -> nearness.Wanted | None:
    """Return what a message is about, None where a bank is large enough for ranks to tell."""
    if index.size > retrieve.FEW:
        return None
    asked = lexical.detect(text, bank.lang)
    numbers = [int(number) for number in index["number"]]
    rows = memories_by_number(tx, bank.bank, numbers)
    langs = [rows[n].lang if n in rows else bank.lang for n in numbers]
    floors = [alike(desk.embedder, asked, lang) for lang in langs]
    known = [floor for floor in floors if floor is not None]
    whole = len(known) == len(floors)
    return nearness.wanted(said, np.array(known, np.float32) if whole else None)


def _outdated(tx: Transaction, bank: BankRow, index: Index, until: int) -> frozenset[int]:
    """Return where event summaries stand that still tell what was replaced by then."""
    olds = np.flatnonzero(index["superseded_by"])
    heirs = [index.position(int(index["superseded_by"][old])) for old in olds]
    replaced = index["number"][olds[index["occurred"][heirs] <= until]].tolist()
    if not replaced:
        return frozenset()
    days = set(index["number"][index["kind"] == DAY].tolist())
    return frozenset(index.positions(outdated(tx, bank, replaced).numbers & days))


def _notes(desk: Desk, bank: BankRow, lang: Lang, trouble: ModelError | None) -> tuple[str, ...]:
    if trouble:
        return (tell("embedder failed", lang, trouble.say(lang)),)
    if usable(desk.embedder, bank):
        return ()
    return (tell("no embedder" if desk.embedder is None else "other model", lang),)


def _spans(text: str, now: datetime, index: Index, bank: BankRow) -> tuple[Span, ...]:
    if not index.size:
        return ()
    zone = zone_of(bank)
    occurred = index["occurred"]
    first, last = from_us(int(occurred.min()), zone), from_us(int(occurred.max()), zone)
    return spans(text, now, first=first, last=last)


def _windows(named: Sequence[Span], text: str, now: datetime) -> Iterable[retrieve.Window]:
    """A time asked for is a rule if it is over, or has begun and is longer than a day; a day that
    runs may only be the now of the speaking, and like one only mentioned it is a hint."""
    asked = cues.asks_memory(text)
    for span in named:
        start, end = span.start, span.end
        over = end <= now or (start <= now and span.grain not in ("part", "day"))
        rule = asked and over and span.grain != "vague"
        if span.grain == "part":
            # Many memories know only their day; the hour is a hint on top.
            yield retrieve.Window(to_us(start), to_us(end), rule=False)
            start = start.replace(hour=0, minute=0, second=0, microsecond=0)
            end = start + timedelta(days=1)
        yield retrieve.Window(to_us(start), to_us(end), rule=rule)


def _held(tx: Transaction, volume: Volume, bank: BankRow, now: datetime) -> retrieve.Held:
    """Return how each memory was held at `now`; in the past, by replaying the log up to then."""
    index, moment = index_of(volume), to_us(now)
    held = retrieve.Held.now(index)
    if moment >= volume.newest_event:
        return held
    later = [row[0] for row in tx.rows("events_after", bank=bank.bank, at=moment)]
    strength, last, fades = held.strength.copy(), held.last.copy(), held.fades.copy()
    log: dict[int, list[forget.Happening]] = {}
    for memory, kind, at, effect in tx.rows("events_until", bank=bank.bank, until=moment):
        log.setdefault(memory, []).append(happening(EventRow(0, kind, at, None, effect, None)))
    preset = forget.preset(bank.preset)
    for number, row in memories_by_number(tx, bank.bank, later).items():
        state = forget.replay(preset, birth_of(bank, row), log.get(number, []))
        at = index.position(number)
        strength[at], last[at], fades[at] = state.strength, state.last, state.fades_at
    return replace(held, strength=strength, last=last, fades=fades)


class _Teller:
    """Turns hits into what people and programs read; fetches texts for the hits alone."""

    def __init__(
        self,
        tx: Transaction,
        volume: Volume,
        bank: BankRow,
        query: retrieve.Query,
        held: retrieve.Held,
        named: Sequence[Span],
        lang: Lang,
    ) -> None:
        self.tx, self.volume, self.bank, self.query = tx, volume, bank, query
        self.held, self.lang = held, lang
        self.index = index_of(volume)
        self.zone = zone_of(bank)
        self.named = named

    def tell(self, found: retrieve.Found, ask: Ask, notes: tuple[str, ...]) -> Recollection:
        """Return the recollection of what was found."""
        hits = list(found.hits)
        numbers = [self._number(hit.position) for hit in [*hits, *found.withheld]]
        around = (
            {hit.position: self._around(hit.position, ask) for hit in hits}
            if ask.neighbours
            else {}
        )
        numbers += [self._number(p) for positions in around.values() for p in positions]
        numbers += [self._number(p) for hit in [*hits, *found.withheld] for p in hit.heir_of]
        self._fetch(numbers)
        told = [self._recalled(hit) for hit in hits]
        told += self._neighbours(hits, around, {r.id for r in told})
        if self._nothing_then(found):
            words = dict.fromkeys(span.words for span in self.named)
            notes = (*notes, tell("empty time", self.lang, ", ".join(words)))
        if found.withheld:
            notes = (*notes, tell("withheld", self.lang, len(found.withheld)))
        return Recollection(
            hits=tuple(told),
            withheld=tuple(self._recalled(hit, cued=False) for hit in found.withheld),
            notes=notes,
        )

    def _nothing_then(self, found: retrieve.Found) -> bool:
        """Say whether a time was asked for of which nothing is held."""
        asked = any(window.rule for window in self.query.windows)
        return asked and not any(hit.in_window for hit in (*found.hits, *found.withheld))

    def _number(self, position: int) -> int:
        return int(self.index["number"][position])

    def _fetch(self, numbers: Iterable[int]) -> None:
        wanted = list(dict.fromkeys(numbers))
        self.memories: dict[int, MemoryRow] = memories_by_number(self.tx, self.bank.bank, wanted)
        days = [n for n in wanted if n in self.memories and self.memories[n].kind == DAY]
        self.turns: dict[int, TurnRow] = turns_by_number(self.tx, self.bank.bank, wanted)
        self.days: dict[int, DerivedRow] = (
            derived_by_number(self.tx, self.bank.bank, days) if days else {}
        )

    def _text(self, number: int) -> str:
        turn = self.turns.get(number)
        if turn is None:
            return self._day_text(number)
        lang = self.memories[number].lang
        return rendered(turn.text, turn.reply, turn.speaker, turn.replier, lang)

    def _day_text(self, number: int) -> str:
        if number not in self.days:
            raise DamagedBank(
                f"memory number {number} has lost its text: run `memorybank doctor`, or "
                "`memorybank restore` a backup",
                f"第 {number} 号记忆丢了原文：请运行 `memorybank doctor`，"
                "或用 `memorybank restore` 恢复备份",
            )
        return self.days[number].text

    def _recalled(self, hit: retrieve.Hit, *, cued: bool = True) -> Recalled:
        number = self._number(hit.position)
        row, turn = self.memories[number], self.turns.get(number)
        sources: tuple[str, ...] = ()
        if row.kind == DAY:
            ids = ids_by_number(
                self.tx, self.bank.bank, own := sources_of(self.tx, self.bank.bank, number)
            )
            sources = tuple(ids[n] for n in own if n in ids)
        return Recalled(
            id=row.id,
            external_id=turn.external_id if turn else None,
            kind=NAMES[row.kind],
            when=from_us(row.occurred_at, self.zone),
            text=self._text(number),
            score=hit.score,
            retention=hit.retention,
            faded=hit.faded,
            why=self._why(hit, row, cued=cued and self.query.faded == "on_cue"),
            precision=turn.precision if turn else "day",
            replaces=tuple(self.memories[self._number(p)].id for p in hit.heir_of),
            sources=sources,
            relevant=hit.relevant,
            trusted=bool(row.trusted),
            lang=row.lang,
            source=_origin(row, turn),
        )

    def _why(self, hit: retrieve.Hit, row: MemoryRow, *, cued: bool) -> Why:
        notes = []
        if hit.in_window:
            inside = from_us(row.occurred_at, self.zone)
            words = [s.words for s in self.named if s.grain == "part" or s.start <= inside < s.end]
            notes.append(tell("named", self.lang, ", ".join(dict.fromkeys(words))))
        for position in hit.heir_of:
            old = self.memories[self._number(position)]
            notes.append(tell("corrects", self.lang, old.id[-SHORT:], self._text(old.number)[:200]))
        if hit.faded:
            notes.append(tell("on cue" if cued else "faded", self.lang))
        signals = tuple(
            Part(name=s.name, value=s.value, share=s.share) for s in hit.signals if s.share
        )
        return Why(signals=signals, notes=tuple(notes))

    def _around(self, position: int, ask: Ask) -> list[int]:
        """Return up to `ask.neighbours` turns before and after in the same conversation."""
        previous = self.index.previous()
        before: list[int] = []
        at = position
        while len(before) < ask.neighbours and previous[at] >= 0:
            at = int(previous[at])
            before.insert(0, at)
        after: list[int] = []
        at = position
        while len(after) < ask.neighbours:
            following = np.flatnonzero(previous == at)
            if not len(following) or self.index["occurred"][following[0]] > self.query.until:
                break
            at = int(following[0])
            after.append(at)
        return before + after

    def _neighbours(
        self, hits: Sequence[retrieve.Hit], around: Mapping[int, list[int]], told: set[str]
    ) -> Iterable[Recalled]:
        retained = self.held.retention(self.query.now) if around else ()
        for hit in hits:
            of = self.memories[self._number(hit.position)].id
            for position in around.get(hit.position, ()):
                beside = retrieve.Hit(
                    position=position,
                    score=hit.score,
                    retention=float(retained[position]),
                    faded=bool(self.held.fades[position] <= self.query.now),
                    signals=(),
                )
                recalled = replace(self._recalled(beside), neighbour_of=of)
                if recalled.id not in told:
                    told.add(recalled.id)
                    yield recalled


def _origin(row: MemoryRow, turn: TurnRow | None) -> str | None:
    """Return what a memory counts for when places in a prompt are shared out."""
    if turn is None:
        return None if row.trusted else "untrusted"
    own = turn.channel == "chat" and bool(row.trusted)
    return turn.source or (None if own else turn.channel)
