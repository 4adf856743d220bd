"""A bank against a plain dictionary of what it should hold, step by step (Hypothesis).

The model knows nothing of SQL, indexes or digests: a turn is what was said, when, whether it
stands, and what happened to it. After every step the bank must agree with it, and the file must
be sound. `tests/test_machine.py` plays it for seconds, `tests/trust/` for minutes.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from memorybank import MemoryBank, Turn, forget
from memorybank.errors import UnknownMemory
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs.mending import check
from memorybank.verbs.restore import restore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = ("tea", "plums", "Miso", "Oslo", "猫", "工作", "sister")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)


class Killed(BaseException):
    """Stands for kill -9 in the midst of a transaction."""


@dataclass
class Said:
    """What the model knows of one turn."""

    text: str
    at: datetime
    day: str
    external: str | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    pins: tuple[tuple[datetime, bool], ...] = ()
    recalls: list[datetime] = field(default_factory=list)
    moved: bool = False  # faded or revived by hand, or settled: strength is not counted by hand

    @property
    def pinned(self) -> bool:
        """What holds in the end: the log is told by the times at which things happened, so that
        a clock that was set back puts an act before those that it knew of already."""
        return bool(self.pins) and max(self.pins[::-1], key=lambda act: act[0])[1]


class BankMachine(RuleBasedStateMachine):
    """Remember, recall, reinforce, fade, revive, correct, pin, erase, digest, import, jumps of the
    clock, reopening, kills, backups and restoring, in any order."""

    memories: Bundle[str] = Bundle("memories")

    @initialize(preset=st.sampled_from(["gentle", "paper", "off"]))
    def begin(self, preset: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="memorybank-machine-"))
        self.path, self.preset = self.folder / "m.db", forget.preset(preset)
        self.clock = Clock(START)
        self.said: dict[str, Said] = {}
        self.erased: dict[str, Said] = {}
        self.saved: dict[str, Said] | None = None
        self.count = 0
        self.bank = self._open()

    def _open(self) -> MemoryBank:
        return MemoryBank.open(
            self.path, bank="emily", embedder=HashEmbedder(dim=8), clock=self.clock, zone="UTC",
            preset=self.preset.name, seed=b"seed",
        )  # fmt: skip

    def _note(self, memory: str, text: str, at: datetime, **more: Any) -> str:
        assert memory not in self.said
        self.said[memory] = Said(text=text, at=at, day=at.date().isoformat(), **more)
        return memory

    # -- in --------------------------------------------------------------------------------------

    @rule(target=memories, text=texts)
    def remember(self, text: str) -> str:
        return self._note(self.bank.remember(text), text, self.clock())

    @rule(target=memories, text=texts, used=st.lists(memories, max_size=4))
    def reinforce(self, text: str, used: list[str]) -> str:
        memory = self.bank.remember(text, used=used)
        for one in {u for u in used if u in self.said}:
            self.said[one].recalls.append(self.clock())
        return self._note(memory, text, self.clock())

    @rule(target=memories, text=texts, days=st.integers(0, 400))
    def import_one(self, text: str, days: int) -> str:
        self.count += 1
        at, name = self.clock() - timedelta(days=days), f"row{self.count}"
        turn = Turn(text=text, occurred_at=at, channel="import", external_id=name, source="file")
        [done] = self.bank.remember_turns([turn])
        buried = any(
            s.text == text and s.day == at.date().isoformat() for s in self.erased.values()
        )
        assert done.erased == buried
        if buried:
            [done] = self.bank.remember_turns([turn], again=True)
        [known] = self.bank.remember_turns([turn])
        assert known.known and known.id == done.id, "the same row twice is one turn"
        return self._note(done.id, text, at, external=name)

    @rule(target=memories, old=memories, text=texts)
    def correct(self, old: str, text: str) -> str:
        if old not in self.said:
            with pytest.raises(UnknownMemory):
                self.bank.correct(old, text)
            return old
        while (heir := self.said[old].replaced_by) is not None:
            old = heir  # the newest version is what is replaced
        new = self._note(self.bank.correct(old, text), text, self.clock(), replaces=old)
        self.said[old].replaced_by = new
        return new

    # -- what happens to one ----------------------------------------------------------------------

    @rule(memory=memories, verb=st.sampled_from(["pin", "unpin", "fade", "revive"]))
    def happen(self, memory: str, verb: str) -> None:
        act = getattr(self.bank, verb)
        if memory not in self.said:
            with pytest.raises(UnknownMemory):
                act(memory)
            return
        act(memory)
        one = self.said[memory]
        if verb in ("pin", "unpin", "fade"):
            one.pins = (*one.pins, (self.clock(), verb == "pin"))
        one.moved = True
        held = self.bank.explain(memory).memory
        if verb == "fade":
            assert held.faded == self.preset.forgets
        elif verb in ("pin", "revive"):
            assert not held.faded

    @rule(memory=consumes(memories))
    def erase(self, memory: str) -> None:
        if memory not in self.said:
            with pytest.raises(UnknownMemory):
                self.bank.erase(memory)
            return
        receipt = self.bank.erase(memory)
        assert receipt.turns == 1 and receipt.cleared
        gone = self.said.pop(memory)
        self.erased[memory] = gone
        if gone.replaces:
            self.said[gone.replaces].replaced_by = gone.replaced_by
        if gone.replaced_by:
            self.said[gone.replaced_by].replaces = gone.replaces

    # -- the passing of time ----------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 30, 24 * 9, 24 * 400, -5]))
    def jump(self, hours: int) -> None:
        self.clock.forward(hours=hours)

    @rule()
    def digest(self) -> None:
        before = {m: self.bank.explain(m).memory.faded for m in self.said}
        self.bank.digest()
        self.bank.embed_pending()
        assert self.bank.jobs() == []
        for memory, faded in before.items():
            self.said[memory].moved = True
            held = self.bank.explain(memory).memory
            assert held.faded or not faded, "a digest never revives"
        live = {s.day for s in self.said.values() if s.replaced_by is None}
        assert {s.period for s in self.bank.summaries("day")} <= live

    # -- the life of the file ---------------------------------------------------------------------

    @rule()
    def reopen(self) -> None:
        self.bank.close()
        self.bank = self._open()

    @rule(text=texts)
    def kill(self, text: str) -> None:
        """Die in the midst of a transaction: nothing of it is there afterwards."""
        with pytest.raises(Killed), self.bank.desk.store.write():
            self.bank.remember(text)
            raise Killed
        self.bank = self._open()

    @rule()
    def back_up(self) -> None:
        target = self.folder / "backup.db"
        target.unlink(missing_ok=True)
        store = self.bank.desk.store
        assert isinstance(store, SQLiteStore)
        store.backup(target)
        self.saved = {m: Said(**vars(s)) for m, s in self.said.items()}
        for memory, one in self.saved.items():
            one.recalls = list(self.said[memory].recalls)

    @precondition(lambda self: self.saved is not None)
    @rule()
    def put_back(self) -> None:
        assert self.saved is not None
        done = restore(self.folder / "backup.db", self.path)
        assert done.kept is not None
        done.kept.unlink()
        gone = [m for m in self.saved if m in self.erased]
        assert done.erased == len(gone)
        self.said = {m: Said(**vars(s)) for m, s in self.saved.items()}
        for memory in gone:
            one = self.said.pop(memory)
            if one.replaces in self.said:
                self.said[one.replaces].replaced_by = one.replaced_by
            if one.replaced_by in self.said:
                self.said[one.replaced_by].replaces = one.replaces
        for memory, one in self.said.items():
            one.recalls = list(self.saved[memory].recalls)

    # -- what must hold after every step ----------------------------------------------------------

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "bank"):
            return
        far = self.clock() + timedelta(days=3000)
        held = {m.id: m for day in self.bank.timeline(now=far) for m in day.memories}
        assert held.keys() == self.said.keys()
        now = {m.id: m for day in self.bank.timeline(now=far) for m in day.memories}
        for memory, one in self.said.items():
            found = now[memory]
            assert one.text in found.text and found.occurred_at == one.at
            assert found.pinned == one.pinned and found.replaced_by == one.replaced_by
            assert 0.0 <= found.retention <= 1.0 and found.strength > 0
            if self.preset.name == "paper" and not one.moved:
                assert found.strength == 1.0 + len(one.recalls)

    @invariant()
    def finds(self) -> None:
        if not getattr(self, "said", None):
            return
        live = {m for m, s in self.said.items() if s.replaced_by is None}
        late = max(s.at for s in self.said.values())
        found = self.bank.recall(
            " ".join(WORDS), k=500, faded="always", kinds=("turn",),
            now=max(self.clock(), late), until=late + timedelta(days=1),
        )  # fmt: skip
        assert {hit.id for hit in found} == live

    @invariant()
    def is_sound(self) -> None:
        if hasattr(self, "path"):
            assert check(self.path).findings == ()

    def teardown(self) -> None:
        if hasattr(self, "bank"):
            self.bank.close()
            shutil.rmtree(self.folder, ignore_errors=True)
