"""MemoryBank: one person's memory with one companion. The face of the library.

    bank = MemoryBank.open("me.db", bank="emily")
    bank.remember("I adopted a cat called Miso.", reply="Congratulations!")
    ctx = bank.context("what is my cat called?")
    bank.remember("what is my cat called?", reply="Miso!", used=ctx)

Each method is one verb; what it does stands in `memorybank/verbs/`. Safe to use from several
threads, and from several processes on one file. Reading never writes; nothing on the way of
remember and recall calls a language model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from memorybank import forget
from memorybank.compose import Counter, estimate_tokens
from memorybank.errors import BadInput, UnknownBank
from memorybank.ids import NewId, uuid7
from memorybank.models import LLM, Embedder, load_embedder, load_llm
from memorybank.records import (
    BankInfo,
    Context,
    Day,
    Explanation,
    FadedPolicy,
    Job,
    Kind,
    Lang,
    Level,
    Memory,
    Portrait,
    PortraitDay,
    Recalled,
    Recollection,
    Statement,
    Summary,
    Turn,
)
from memorybank.rendering import clean
from memorybank.store import Store
from memorybank.store.sqlite import SQLiteStore
from memorybank.store.tables import bank_named
from memorybank.verbs import becoming, embedding, erase, log, opening, read
from memorybank.verbs import digest as digests
from memorybank.verbs import fading as fades
from memorybank.verbs.answer import answer
from memorybank.verbs.context import Wish, context
from memorybank.verbs.correct import correct
from memorybank.verbs.desk import Desk, Progress, checked, no_progress
from memorybank.verbs.erase import Erased
from memorybank.verbs.recall import Ask, recall
from memorybank.verbs.remember import CurveFrom, Remembered, pairs, remember
from memorybank.verbs.shelf import Shelf

LONGEST_NAME = 200


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryBank:
    """One bank, opened; see the module's docstring. Use as a context manager, or `close` it."""

    def __init__(self, desk: Desk) -> None:
        """Take a desk; everybody else calls `open`."""
        self._desk = desk

    # -- opening ---------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        file: str | Path | Store,
        *,
        bank: str,
        tenant: str = "",
        create: bool = True,
        lang: Lang | None = None,
        zone: str = "",
        preset: str = "gentle",
        embedder: Embedder | str | None = "auto",
        clock: Callable[[], datetime] = _now,
        new_id: NewId = uuid7,
        seed: bytes | None = None,
    ) -> MemoryBank:
        """Open a bank of a file, making both if need be.

        Args:
            file: the bank file; or an open store, to share one among many banks.
            lang, zone, preset, seed: what a new bank is born with; a known one keeps its own.
            embedder: "auto" (the local one where installed), "none", "provider:model", or an
                object that satisfies `Embedder`.
            clock, new_id: for replays and tests; real time and random ids otherwise.

        Raises:
            UnknownBank: no such bank and `create` is False.
            BadSetting, StoreError: each names its cure.
        """
        name = clean(bank)
        if not name or len(name) > LONGEST_NAME:
            raise BadInput(
                f"a bank needs a name of 1 to {LONGEST_NAME} characters",
                f"记忆库要有名字，1 到 {LONGEST_NAME} 个字",
            )
        model = load_embedder(embedder) if isinstance(embedder, str) else embedder
        store: Store = (
            SQLiteStore.open(Path(file).expanduser(), create=create)
            if isinstance(file, (str, Path))
            else file
        )
        desk = Desk(
            store=store, shelf=Shelf(), embedder=model, tenant=tenant, name=name, key=0, bank_id="",
            clock=clock, new_id=new_id,
        )  # fmt: skip
        birth = {
            "lang": lang or "en", "zone": opening.zone_name(zone),
            "preset": forget.preset(preset).name,
            "seed": seed if seed is not None else os.urandom(16),
        }  # fmt: skip
        seated = opening.seat(desk, name, birth if create else None)
        erase.finish(store)  # what a killed process, or a reader, held up
        return cls(seated)

    def other(self, bank: str, *, create: bool = False, lang: Lang | None = None) -> MemoryBank:
        """Open another bank of the same file, sharing its connections, index cache and models."""
        mine = self.info()
        birth = {
            "lang": lang or mine.lang,
            "zone": mine.zone,
            "preset": mine.preset,
            "seed": os.urandom(16),
        }
        return MemoryBank(opening.seat(self._desk, clean(bank), birth if create else None))

    @property
    def desk(self) -> Desk:
        """What the verbs work with; for those who write a verb of their own."""
        return self._desk

    def close(self) -> None:
        """Release the file, for every bank that shares it."""
        self._desk.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- the way in ------------------------------------------------------------------------

    def remember(
        self,
        text: str | None = None,
        *,
        reply: str | None = None,
        at: datetime | None = None,
        used: Context | Recollection | Iterable[str] = (),
        now: datetime | None = None,
        vectors: Literal["inline", "later"] = "inline",
        **more: Any,
    ) -> str:
        """Remember one exchange, durably; returns its id, also if it was known already.

        `at` is when it happened (now). `used` is what entered the prompt of the reply: those
        memories grow stronger, once each. `more` are further fields of `Turn`: conversation,
        speaker, author, external_id, source, trusted, ...

        Raises:
            EmptyText, TextTooLong, BadTime: nothing was stored.
        """
        moment = self._moment(now)
        turn = Turn(text=text, reply=reply, occurred_at=at or moment, **more)
        ids = log.used_ids(used)
        # One turn said by hand is meant, whatever was erased before.
        done = remember(self._desk, [turn], now=moment, used=ids, vectors=vectors, again=True)
        return done[0].id

    def answer(
        self,
        turn_id: str,
        reply: str,
        *,
        used: Context | Recollection | Iterable[str] = (),
        now: datetime | None = None,
    ) -> str:
        """Give a turn its reply, or another one in place of that; returns the turn's id.

        For whoever waits for a model: `remember` the user's words, ask, then answer, and nothing
        that was said can be lost in between. Raises UnknownMemory where it was erased meanwhile.
        """
        return answer(self._desk, turn_id, reply, now=self._moment(now), used=log.used_ids(used))

    def strengthen(self, turn_id: str, used: Iterable[str], *, now: datetime | None = None) -> None:
        """Let memories grow stronger that a stored turn has called to mind, once each."""
        log.strengthen(self._desk, turn_id, list(used), self._moment(now))

    def remember_messages(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        at: datetime | None = None,
        now: datetime | None = None,
    ) -> list[str]:
        """Remember a list of {"role", "content"} messages as turns, in one transaction.

        A content may be a text, or parts of which those with a text count.
        """
        moment = self._moment(now)
        turns = pairs(messages, at or moment)
        return [r.id for r in remember(self._desk, turns, now=moment)]

    def remember_turns(
        self,
        turns: Sequence[Turn],
        *,
        now: datetime | None = None,
        curve_from: CurveFrom = "arrival",
        vectors: Literal["inline", "later"] = "inline",
        again: bool = False,
        progress: Progress = no_progress,
    ) -> list[Remembered]:
        """Remember turns with times of their own, all or none.

        Turns of channel "import" start their curve on arrival, since whoever hands over a diary
        has just opened it; with `curve_from="occurred"` at their own time. Those that were erased
        before are left out and say so, unless they may come `again`.
        """
        return remember(
            self._desk,
            turns,
            now=self._moment(now),
            curve_from=curve_from,
            vectors=vectors,
            again=again,
            progress=progress,
        )

    def correct(
        self, memory_id: str, text: str, *, reply: str | None = None, now: datetime | None = None
    ) -> str:
        """Replace what a memory says; recall shows the new one. Returns the new id."""
        return correct(self._desk, memory_id, text, reply, self._moment(now))

    # -- the way out -----------------------------------------------------------------------

    def recall(
        self,
        message: str,
        *,
        k: int = 10,
        now: datetime | None = None,
        until: datetime | None = None,
        faded: FadedPolicy | None = None,
        kinds: Iterable[Kind] = ("turn", "day"),
        neighbours: int = 0,
    ) -> Recollection:
        """Return the memories that a message calls for, best first, each with its reasons.

        `now` may lie in the past: nothing later is seen and strengths are as they were then;
        `until` sets apart what may be seen. `faded`: "on_cue" lets a faded memory in if the
        message names its day or points to nothing else; "always"; "never". `neighbours` adds so
        many turns around each hit.
        """
        ask = Ask(
            message=message,
            now=self._moment(now),
            k=k,
            until=checked(until) if until else None,
            faded=faded,
            kinds=tuple(kinds),
            neighbours=neighbours,
        )
        return recall(self._desk, ask)

    def context(
        self,
        message: str,
        *,
        budget: int = 2000,
        k: int = 8,
        recent: int = 6,
        lang: Lang | None = None,
        count: Counter = estimate_tokens,
        instruction: str = "",
        aside: Recalled | None = None,
        leave_out: Callable[[Recalled], bool] | None = None,
        without: Collection[str] = (),
        standing: bool = True,
        since: datetime | None = None,
        now: datetime | None = None,
    ) -> Context:
        """Return messages for any language model within `budget` tokens, counted by `count`.

        Args:
            instruction: the system prompt, in place of ours: who the model should be and how
                to use the notes. Never text from memory.
            aside: a memory that nothing called for but that may be brought up.
            leave_out: says of a recalled memory that it must not enter the prompt.
            without: ids of turns that count as unsaid, as when one is answered anew.
            standing: whether portrait and global summary go in.
            since: when this conversation began; earlier turns are not recent ones.
        """
        wish = Wish(
            message=message,
            now=self._moment(now),
            budget=budget,
            k=k,
            recent=recent,
            lang=lang,
            count=count,
            instruction=instruction,
            aside=aside,
            leave_out=leave_out,
            without=frozenset(without),
            standing=standing,
            since=since,
        )
        return context(self._desk, wish)

    def portrait(self, *, now: datetime | None = None) -> Portrait:
        """Return who the user is, by dated statements that know their turns; as known at `now`."""
        return read.portrait(self._desk, self._moment(now))

    def portrait_history(
        self, *, last: date | None = None, count: int | None = None, now: datetime | None = None
    ) -> list[PortraitDay]:
        """Return the days that changed the portrait, oldest first: what each brought, and what
        left for what; of those up to `last` no more than the newest `count`."""
        return becoming.portrait_history(self._desk, self._moment(now), last=last, count=count)

    def recent(self, count: int = 6, *, now: datetime | None = None) -> list[Turn]:
        """Return the last turns up to now, oldest first; what was corrected away is left out."""
        return read.recent(self._desk, self._moment(now), count)

    def statements(self) -> list[Statement]:
        """Return every statement that stands, also those the portrait leaves out."""
        return read.statements(self._desk)

    def summaries(self, level: Level = "day") -> list[Summary]:
        """Return the summaries of a level: day, insight, week, month, global."""
        return read.summaries(self._desk, level)

    def timeline(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        count: int | None = None,
        now: datetime | None = None,
    ) -> list[Day]:
        """Return the days of the bank, oldest first, each with its summary, insight and memories;
        of those between `first` and `last` no more than the newest `count`."""
        moment = self._moment(now)
        return read.timeline(self._desk, moment, first=first, last=last, count=count)

    def fading(
        self,
        *,
        within: timedelta = timedelta(days=30),
        significance: float = 0.0,
        k: int = 20,
        now: datetime | None = None,
    ) -> list[Memory]:
        """Return what will have faded `within` a while and matters so much, the next one first."""
        return fades.fading(
            self._desk, self._moment(now), within=within, significance=significance, k=k
        )

    def on_this_day(
        self, *, significance: float = 0.0, k: int = 20, now: datetime | None = None
    ) -> list[Memory]:
        """Return what happened on this month and day in earlier years, in the bank's zone."""
        return fades.on_this_day(self._desk, self._moment(now), significance=significance, k=k)

    def explain(self, memory_id: str, *, now: datetime | None = None) -> Explanation:
        """Return all that is known about one memory: significance, curve, log, kin."""
        return read.explain(self._desk, memory_id, self._moment(now))

    def info(self) -> BankInfo:
        """Return name, language, zone, preset, embedder and extent of this bank."""
        with self._desk.store.read() as tx:
            row = bank_named(tx, self._desk.tenant, self._desk.name)
            if row is None:
                raise UnknownBank(self._desk.name)
            return read.bank_info(tx, row)

    def banks(self) -> list[BankInfo]:
        """Return all banks of the file that belong to the same tenant."""
        return read.banks(self._desk.store, self._desk.tenant)

    def jobs(self) -> list[Job]:
        """Return the work that waits: days to digest, vectors to make."""
        return read.jobs(self._desk)

    # -- keeping ---------------------------------------------------------------------------

    def digest(
        self,
        *,
        llm: LLM | str | None = None,
        again: bool = False,
        due_only: bool = False,
        before: date | None = None,
        now: datetime | None = None,
        progress: Progress = no_progress,
    ) -> digests.Digested:
        """Condense what has changed since the last digest; returns how much was made anew.

        Args:
            llm: the language model that writes, an object or "provider:model"; the user's own
                words are quoted without one. Where it fails nothing is lost: what it wrote
                before stays, and the piece waits as a job. `Digested.error` says how it failed.
            again: also the days that were digested before and have not changed since, where
                no model has written them yet.
            due_only: not what failed a short while ago.
            before: only days before this one, as while a day goes on.
        """
        model = load_llm(llm) if isinstance(llm, str) else llm
        moment = self._moment(now)
        if again:
            digests.again(self._desk, moment)
        return digests.digest(
            self._desk, moment, llm=model, due_only=due_only, before=before, progress=progress
        )

    def embed_pending(self, *, progress: Progress = no_progress) -> int:
        """Make the vectors that were deferred; returns for how many texts."""
        return embedding.embed_pending(self._desk, progress=progress)

    def change_embedder(self, *, progress: Progress = no_progress) -> int:
        """Make every vector anew with the embedder that is open now."""
        return embedding.change_embedder(self._desk, progress=progress)

    def set_extra(self, key: str, value: Any) -> None:
        """Keep a small fact of your own beside the bank, as JSON: `info().extra[key]`."""
        log.set_extra(self._desk, key, value)

    def change_preset(self, name: str) -> None:
        """Hold every memory by another curve; the log stays, so this can be undone."""
        log.change_preset(self._desk, name)

    def pin(self, memory_id: str, *, now: datetime | None = None) -> None:
        """Keep a memory from ever fading."""
        log.happen(self._desk, memory_id, "pin", self._moment(now))

    def unpin(self, memory_id: str, *, now: datetime | None = None) -> None:
        """Let a pinned memory follow its curve again."""
        log.happen(self._desk, memory_id, "unpin", self._moment(now))

    def fade(self, memory_id: str, *, now: datetime | None = None) -> None:
        """Put a memory out of ordinary recall by hand; nothing is lost."""
        log.happen(self._desk, memory_id, "fade", self._moment(now))

    def revive(self, memory_id: str, *, now: datetime | None = None) -> None:
        """Bring a faded memory back; its curve starts anew from now."""
        log.happen(self._desk, memory_id, "revive", self._moment(now))

    def erase(
        self,
        *ids: str,
        day: date | None = None,
        source: str | None = None,
        versions: bool = False,
        now: datetime | None = None,
    ) -> Erased:
        """Erase turns, and everything derived from them, for good; returns a receipt.

        `versions` takes along what they replaced and what replaced them. Older backups that are
        restored, and files that are imported again, do not bring back what was erased.
        """
        moment = self._moment(now)
        return erase.erase(self._desk, moment, ids=ids, day=day, source=source, versions=versions)

    def erase_bank(self, *, now: datetime | None = None) -> Erased:
        """Erase the whole bank for good; returns a receipt."""
        return erase.erase_bank(self._desk, self._moment(now))

    def _moment(self, now: datetime | None) -> datetime:
        return self._desk.moment(now)
