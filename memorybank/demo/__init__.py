"""The keyless minute: a diary of ten days played through simulated time.

Remembering, digesting, the portrait, recall with its reasons, a correction, the forgetting
curve, thirty days of silence, and a cue that brings a faded memory back. All by the library's
own verbs; the bank is left behind to be tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.panel import Panel
from rich.text import Text

from memorybank.bank import MemoryBank
from memorybank.cli import paint
from memorybank.cli.words import word
from memorybank.demo.texts import commands, text
from memorybank.models import Embedder
from memorybank.records import Lang, Memory, Recalled, Turn

if TYPE_CHECKING:
    from rich.console import Console

ZONE = ZoneInfo("UTC")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Diary:
    """A diary as it is played: its days in order, questions, and what the acts need."""

    lang: Lang
    turns: tuple[Turn, ...]
    questions: tuple[dict[str, Any], ...]
    notes: dict[str, Any]

    @classmethod
    def read(cls, lang: Lang) -> Diary:
        """Read the diary that ships with the package."""
        notes = json.loads(_file("notes", lang, "json"))
        turns = tuple(
            Turn(
                text=row["text"], reply=row["reply"], conversation=row["conversation"],
                speaker=notes["user"], replier=notes["companion"],
                occurred_at=datetime.fromisoformat(row["at"]).replace(tzinfo=ZONE),
            )
            for row in _rows("diary", lang)
        )  # fmt: skip
        return cls(lang, turns, tuple(_rows("questions", lang)), notes)

    def days(self) -> Iterator[tuple[datetime, list[Turn]]]:
        """Give each day's turns with the moment at which it is digested."""
        for _, group in groupby(self.turns, key=lambda turn: turn.conversation):
            turns = list(group)
            yield turns[-1].occurred_at + timedelta(minutes=30), turns


def play(
    file: Path, lang: Lang, console: Console, *, embedder: Embedder | str | None = "auto"
) -> None:
    """Play the diary of one language into `file` and show each act on `console`."""
    diary = Diary.read(lang)
    with _fresh(file, diary, embedder) as bank:
        show = _Show(bank, diary, console)
        show.title(file)
        now = show.days()
        show.portrait(now)
        show.questions(now)
        show.correction(now)
        show.curves(now)
        later = show.silence(now + timedelta(days=30))
        show.cue(later)
        show.goodbye(file)


def _fresh(file: Path, diary: Diary, embedder: Embedder | str | None) -> MemoryBank:
    """Open the demo's bank, emptied of an earlier demo."""

    def opened() -> MemoryBank:
        return MemoryBank.open(
            file,
            bank=diary.notes["user"],
            lang=diary.lang,
            zone="UTC",
            seed=b"demo",
            embedder=embedder,
            clock=lambda: diary.turns[0].occurred_at,
        )

    bank = opened()
    if not bank.info().turns:
        return bank
    bank.erase_bank()
    bank.close()
    return opened()


class _Show:
    """One performance."""

    def __init__(self, bank: MemoryBank, diary: Diary, console: Console) -> None:
        self.bank, self.diary, self.console = bank, diary, console
        self.lang: Lang = diary.lang

    def say(self, key: str, *values: object, style: str = "") -> None:
        """Print one of the demo's lines."""
        self.console.print(Text(text(key, self.lang, *values), style=style))

    def act(self, key: str, *values: object) -> None:
        """Open an act."""
        self.console.print()
        self.say(key, *values, style="bold cyan")

    def title(self, file: Path) -> None:
        """Say what this is."""
        self.console.print()
        title = text("title", self.lang, self.diary.notes["user"])
        self.console.print(
            Panel(Text(text("no key", self.lang, file)), title=title, title_align="left")
        )
        if self.bank.info().embedder is None:
            self.say("by words", style="yellow")

    def days(self) -> datetime:
        """Live the ten days: remember each exchange, digest at night."""
        self.act("act days")
        night = self.diary.turns[0].occurred_at
        for night, turns in self.diary.days():
            self.bank.remember_turns(turns, now=turns[-1].occurred_at)
            self.bank.digest(now=night)
            line = Text(f"{night:%m-%d}  ", style="bold")
            line.append(text("talked", self.lang, len(turns)) + "  ", style="dim")
            self._line(line + Text(self._highlight(night)))
        return night

    def _highlight(self, night: datetime) -> str:
        """Return the line of a day's summary that quotes its most significant turn."""
        day = self.bank.timeline(first=night.date(), last=night.date(), now=night)[0]
        lines = day.summary.text.splitlines() if day.summary else []
        for memory in sorted(day.memories, key=lambda m: -m.significance):
            quoted = [line for line in lines if line in memory.text]
            if quoted:
                return max(quoted, key=len)
        return ""

    def _line(self, line: Text) -> None:
        """Print one line, cut to the width of the screen."""
        line.truncate(max(60, self.console.width - 1), overflow="ellipsis")
        self.console.print(line)

    def portrait(self, now: datetime) -> None:
        """Show who they are by now."""
        self.act("act portrait")
        self.console.print(paint.portrait(self.bank.portrait(now=now), self.lang))

    def questions(self, now: datetime) -> None:
        """Ask some of the questions aloud; the rest serve the tests."""
        self.act("act recall", f"{now:%Y-%m-%d}")
        for question in self.diary.questions:
            if question.get("show"):
                self.ask(question["question"], now)

    def ask(
        self, question: str, now: datetime, *, label: str = "", also: str = ""
    ) -> Recalled | None:
        """Ask aloud, and show the first memory that comes back, and the one with id `also`."""
        found = self.bank.recall(question, k=5, now=now, kinds=("turn",))
        line = Text(f"? {question}", style="bold")
        if label:
            line.append(f"  ({label})", style="dim")
        self.console.print(line)
        if not found.hits:
            self.console.print(Text(f"  {word('nothing', self.lang)}", style="dim"))
            return None
        self._hit(found[0])
        for hit in found[1:]:
            if hit.id == also:
                self._hit(hit)
        return found[0]

    def _hit(self, hit: Recalled) -> None:
        for i, said in enumerate(hit.text.splitlines()):
            margin = " " * 9 if i else f"  {hit.when:%m-%d}  "
            self._line(Text(margin, style="green") + Text(said))
        strongest = sorted((s for s in hit.why.signals if s.share > 0.1), key=lambda s: -s.share)
        reasons = [f"{word(s.name, self.lang)} +{s.share:.1f}" for s in strongest]
        notes = [note.splitlines()[0] for note in hit.why.notes]
        for reason in filter(None, (*notes, ", ".join(reasons))):
            self._line(Text(" " * 9 + reason, style="dim"))

    def correction(self, now: datetime) -> None:
        """Correct a plan, and ask again."""
        self.act("act correct")
        plan = self.diary.notes["correction"]
        self.ask(plan["question"], now - timedelta(days=3), label=text("before", self.lang))
        old = next(
            m for day in self.bank.timeline(now=now) for m in day.memories if plan["find"] in m.text
        )
        new = self.bank.correct(old.id, plan["new_text"], now=now)
        self.console.print(Text("  → ", style="yellow") + Text(plan["new_text"]))
        self.ask(plan["question"], now + MINUTE, label=text("after", self.lang), also=new)
        kept = self.bank.explain(new, now=now).replaces[0]
        self.console.print(
            Text("  " + text("still there", self.lang), style="dim") + Text(kept[-8:], style="dim")
        )

    def curves(self, now: datetime) -> None:
        """Draw how memories of different weight will be held."""
        self.act("act curve")
        evenings = [m for m in self._memories(now) if now - m.occurred_at < timedelta(days=3)]
        ranked = sorted(evenings, key=lambda m: m.significance)
        for share in (0.02, 0.25, 0.5, 0.75, 0.98):
            memory = ranked[int(share * (len(ranked) - 1))]
            curve = self.bank.explain(memory.id, now=now).curve
            fate = text(
                "fades", self.lang, f"{memory.fades_at:%Y-%m-%d}" if memory.fades_at else ""
            )
            said = Text(memory.text.splitlines()[0])
            said.truncate(max(20, self.console.width - 66), overflow="ellipsis")
            line = Text(f"{memory.significance:4.2f} ", style="bold") + paint.strip(
                [r for _, r in curve]
            )
            self.console.print(line + Text(f" {fate}  ", style="dim") + said)

    def _memories(self, now: datetime) -> list[Memory]:
        days = self.bank.timeline(now=now)
        return [m for day in days for m in day.memories if m.replaced_by is None]

    def silence(self, later: datetime) -> datetime:
        """Let thirty days pass; show what has faded, what stayed, and why."""
        self.act("act jump")
        memories = self._memories(later)
        faded = [m for m in memories if m.faded]
        self.say("counts", len(faded), len(memories))
        stayed = sorted((m for m in memories if not m.faded), key=lambda m: -m.significance)
        gone = sorted(faded, key=lambda m: -len(m.text))
        for label, rows, style in (("gone", gone[:4], "dim"), ("stayed", stayed[:4], "")):
            for memory in rows:
                self._fate(memory, label, style)
        return later

    def _fate(self, memory: Memory, label: str, style: str) -> None:
        parts = sorted(self.bank.explain(memory.id).parts, key=lambda p: -p.share)[:3]
        head = Text(f"  {text(label, self.lang):<8}", style="red" if label == "gone" else "green")
        said = Text(memory.text.replace("\n", "  "), style=style)
        said.truncate(max(40, self.console.width - 30), overflow="ellipsis")
        self.console.print(head + paint.bar(memory.retention, 6) + Text("  ") + said)
        if label == "stayed":
            reasons = ", ".join(word(part.name, self.lang) for part in parts if part.share > 0)
            self.console.print(Text(" " * 22 + text("because", self.lang) + reasons, style="dim"))

    def cue(self, later: datetime) -> None:
        """Bring one faded memory back by asking for it."""
        self.act("act cue")
        question = self.diary.notes["cue"]["question"]
        hit = self.ask(question, later)
        if hit is None:
            return
        self.bank.remember(
            question, reply=self.diary.notes["cue"]["expect"], at=later, now=later, used=[hit.id]
        )
        fades = self.bank.explain(hit.id, now=later).memory.fades_at
        if fades:
            self.say("again", f"{fades:%Y-%m-%d}", style="green")

    def goodbye(self, file: Path) -> None:
        """Leave the bank behind."""
        self.console.print()
        self.say("next", style="bold")
        for command in commands(self.lang, str(file), self.diary.notes["user"]):
            self.console.print(Text("  " + command), soft_wrap=True)


def _file(name: str, lang: Lang, ending: str) -> str:
    return files(__package__).joinpath(f"{name}_{lang}.{ending}").read_text("utf-8")


def _rows(name: str, lang: Lang) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _file(name, lang, "jsonl").splitlines() if line]
