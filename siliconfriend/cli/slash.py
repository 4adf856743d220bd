"""What a line that begins with a slash does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.text import Text

from memorybank.cli import paint
from memorybank.cli.common import progress_bar
from memorybank.cli.words import LANGS
from memorybank.compose import neutral
from memorybank.errors import BadInput
from memorybank.records import Recalled, Recollection
from siliconfriend.cli.words import HELP, word

if TYPE_CHECKING:
    from siliconfriend.cli.talk import Talk

LISTED = 10


class Slash:
    """The commands of one talk; remembers which memories were listed last, by number."""

    def __init__(self, talk: Talk) -> None:
        """Take the talk that they belong to."""
        self.talk = talk
        self.listed: list[str] = []
        self._commands: dict[str, Callable[[str], None]] = {
            "help": self._help, "why": self._why, "memories": self._memories,
            "portrait": self._portrait, "timeline": self._timeline, "pin": self._pin,
            "fade": self._fade, "erase": self._erase, "correct": self._correct,
            "summarise": self._summarise, "summarize": self._summarise, "retry": self._retry,
            "undo": self._undo, "clear": self._clear, "lang": self._lang,
        }  # fmt: skip

    def obey(self, line: str) -> bool:
        """Do what a line asks for; returns whether the talk goes on."""
        name, _, rest = line[1:].strip().partition(" ")
        if name.lower() in ("stop", "exit", "quit", "bye"):
            return False
        command = self._commands.get(name.lower())
        if command is None:
            self._say(word("unknown", self.talk.lang, "/" + name))
        else:
            command(rest.strip())
        return True

    def _say(self, text: str) -> None:
        self.talk.screen.say(text, dim=True)

    def _help(self, rest: str) -> None:
        self._say(HELP[self.talk.lang])

    # -- looking ---------------------------------------------------------------------------

    def _why(self, rest: str) -> None:
        talk, last = self.talk, self.talk.last
        if last is None:
            self._say(word("no reply yet", talk.lang))
            return
        context = last.context
        if context.recalled:
            self._list(context.recalled)
        else:
            self._say(word("recalled nothing", talk.lang))
        if context.withheld:
            self._say(word("withheld", talk.lang))
            talk.screen.show(paint.recollection(Recollection(hits=context.withheld), talk.lang))
            self.listed += [hit.id for hit in context.withheld]
        avoided = [out for out in context.left_out if out.what == "avoided"]
        if avoided:
            self._say(word("left out", talk.lang, avoided[0].why))

    def _list(self, hits: Sequence[Recalled]) -> None:
        self.listed = [hit.id for hit in hits]
        self.talk.screen.show(paint.recollection(Recollection(hits=tuple(hits)), self.talk.lang))

    def _memories(self, question: str) -> None:
        talk = self.talk
        bank, now = talk.friend.bank, talk.clock()
        if question:
            self._list(bank.recall(question, k=LISTED, faded="always", now=now).hits)
            return
        memories = [bank.explain(turn.id, now=now).memory for turn in bank.recent(LISTED, now=now)]
        if not memories:
            self._say(word("no memories", talk.lang))
            return
        self.listed = [memory.id for memory in memories]
        talk.screen.show(paint.memories(memories, talk.lang, numbered=True))

    def _portrait(self, rest: str) -> None:
        talk = self.talk
        talk.screen.show(paint.portrait(talk.friend.bank.portrait(now=talk.clock()), talk.lang))

    def _timeline(self, day: str) -> None:
        talk = self.talk
        try:
            first = date.fromisoformat(day) if day else None
        except ValueError:
            raise BadInput(
                f"{day!r} is not a day: write it as 2026-03-02",
                f"{day!r} 不是一天：请写成 2026-03-02",
            ) from None
        days = talk.friend.bank.timeline(first=first, last=first, now=talk.clock())
        talk.screen.show(paint.timeline(days, talk.lang))

    # -- one memory ------------------------------------------------------------------------

    def _named(self, which: str) -> str:
        """Return the id behind a number of the last list, or behind the end of an id."""
        if which.isdecimal() and 1 <= int(which) <= len(self.listed):
            return self.listed[int(which) - 1]
        if len(which) < 4:
            raise BadInput(word("which", "en"), word("which", "zh"))
        return which

    def _told(self, memory_id: str) -> str:
        memory = self.talk.friend.bank.explain(memory_id, now=self.talk.clock()).memory
        return " ".join(memory.text.split())[:80]

    def _pin(self, which: str) -> None:
        named = self._named(which)
        self.talk.friend.bank.pin(named, now=self.talk.clock())
        self._say(word("pinned", self.talk.lang, self._told(named)))

    def _fade(self, which: str) -> None:
        named = self._named(which)
        self.talk.friend.bank.fade(named, now=self.talk.clock())
        self._say(word("faded", self.talk.lang, self._told(named)))

    def _erase(self, which: str) -> None:
        talk, named = self.talk, self._named(which)
        if talk.screen.interactive:
            self._say(self._told(named))
            if (talk.screen.ask(word("erase?", talk.lang)) or "").lower() not in ("y", "yes", "是"):
                self._say(word("kept", talk.lang))
                return
        gone = talk.friend.bank.erase(named, now=talk.clock())
        from memorybank.cli.words import word as told

        self._say(told("erased", talk.lang, gone.turns, gone.summaries, gone.statements))
        self.listed = [known for known in self.listed if not known.endswith(named)]

    def _correct(self, rest: str) -> None:
        which, _, text = rest.partition(" ")
        named = self._named(which)
        if not text.strip():
            raise BadInput(word("what", "en"), word("what", "zh"))
        self.talk.friend.bank.correct(named, text.strip(), now=self.talk.clock())
        self._say(word("corrected", self.talk.lang))

    # -- the talk itself -------------------------------------------------------------------

    def _summarise(self, rest: str) -> None:
        from memorybank.cli.words import word as told

        talk = self.talk
        with progress_bar(quiet=not talk.screen.interactive) as report:
            done = talk.friend.bank.digest(llm=talk.friend.llm, now=talk.clock(), progress=report)
        counts = (done.days, done.weeks, done.months, done.overall)
        self._say(told("digested", talk.lang, *counts))
        if done.error:
            self._say(told("digest failed", talk.lang, done.failed, done.error.say(talk.lang)))
        newest = talk.friend.bank.summaries("day")[-1:]
        if newest:
            talk.screen.show(Text(neutral(newest[0].text), style="italic"))

    def _retry(self, rest: str) -> None:
        self.talk.hear(self.talk.friend.retry(now=self.talk.clock()))

    def _undo(self, rest: str) -> None:
        turn = self.talk.friend.undo(now=self.talk.clock())
        self.talk.last = None
        self._say(word("taken back", self.talk.lang, " ".join((turn.text or "").split())[:80]))

    def _clear(self, rest: str) -> None:
        self.talk.friend.start_anew(now=self.talk.clock())
        self.talk.last = None
        self.talk.screen.clear()
        self._say(word("cleared", self.talk.lang))

    def _lang(self, which: str) -> None:
        wanted = which.lower()
        if wanted not in (*LANGS, "auto"):
            raise BadInput(word("choose language", "en"), word("choose language", "zh"))
        self.talk.speak(LANGS.get(wanted))
        self._say(word("auto" if wanted == "auto" else "language", self.talk.lang))
