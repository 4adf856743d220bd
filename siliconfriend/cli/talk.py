"""A talk in the terminal: message in, streamed reply out, until somebody stops."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from memorybank.errors import MemoryBankError
from memorybank.records import Lang
from siliconfriend import words as spoken
from siliconfriend.background import Diarist
from siliconfriend.cli.screen import Screen
from siliconfriend.cli.slash import Slash
from siliconfriend.cli.words import word
from siliconfriend.friend import Exchange, Friend
from siliconfriend.greeting import greeting

RECENT = 20
"""Turns that a greeting looks at."""


class Talk:
    """One sitting with the companion. `lang` is that of what is said about the talk itself."""

    def __init__(
        self, friend: Friend, clock: Callable[[], datetime], screen: Screen, lang: Lang
    ) -> None:
        """Take a companion, the time, a screen and a language."""
        self.friend, self.clock, self.screen, self.lang = friend, clock, screen, lang
        self.diarist = Diarist(friend.bank, friend.llm)
        self.last: Exchange | None = None
        self._told_alone = False
        self._slash = Slash(self)

    def run(self) -> None:
        """Talk until the end of the input, /stop, or Ctrl-D."""
        self.diarist.look(self.clock())
        if self.screen.interactive:
            self._welcome()
        while (message := self.screen.ask(word("you", self.lang))) is not None:
            if not message:
                continue
            if message.startswith("/"):
                if not self._obey(message):
                    break
            else:
                self.say(message)
            self.diarist.look(self.clock())
        self._leave()

    def say(self, message: str) -> None:
        """Say something to the companion, and show its reply."""
        self._attempt(lambda: self.hear(self.friend.say(message, now=self.clock())))

    def hear(self, exchange: Exchange) -> None:
        """Show an exchange as it comes; Ctrl-C stops the reply, not the program."""
        self.last = exchange
        if exchange.note:
            self.screen.say(exchange.note)
            self.screen.say("")
        stopped = False
        try:
            for piece in exchange:
                self.screen.piece(piece)
        except KeyboardInterrupt:
            stopped = True
        finally:
            exchange.stop()  # whatever went wrong here, what was said is kept while it can be
        self.screen.say("")
        if stopped:
            self.screen.say(word("stopped", self.lang), dim=True)
        elif exchange.error:
            self.screen.say(word("failed", self.lang, exchange.error.say(self.lang)), dim=True)
        elif self.friend.llm is None and not self._told_alone and not exchange.concern:
            self._told_alone = True
            self.screen.say(spoken.word("no model", self.lang), dim=True)

    def speak(self, lang: Lang | None) -> None:
        """Change the language of replies; None takes that of each message."""
        self.friend.manner = replace(self.friend.manner, lang=lang)
        self.lang = lang or self.lang

    def _obey(self, line: str) -> bool:
        """Do what a slash asks for; returns whether the talk goes on."""
        going_on = True

        def obey() -> None:
            nonlocal going_on
            going_on = self._slash.obey(line)

        self._attempt(obey)
        return going_on

    def _attempt(self, what: Callable[[], None]) -> None:
        """Do something; an error is told with its cure, and the talk goes on."""
        try:
            what()
        except MemoryBankError as error:
            self.screen.say(error.say(self.lang), dim=True)
        except KeyboardInterrupt:
            self.screen.say("")

    def _welcome(self) -> None:
        bank, now = self.friend.bank, self.clock()
        today = now.astimezone(ZoneInfo(bank.info().zone)).date()
        recent, days = bank.recent(RECENT, now=now), bank.summaries("day")
        self.screen.say(greeting(today, recent, days, bank.portrait(now=now), self.lang))
        if self.friend.llm:
            self.screen.say(word("with", self.lang, self.friend.llm.name), dim=True)
        self.screen.say(word("hint", self.lang), dim=True)

    def _leave(self) -> None:
        if self.screen.interactive:
            self.screen.say(word("bye", self.lang))
        if self.diarist.busy and self.screen.interactive:
            self.screen.say(word("finishing", self.lang), dim=True)
        with suppress(KeyboardInterrupt):
            self.diarist.wait()
