"""The chat: a reply as it comes, what it recalled beside it, and every way to change one's mind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from nicegui import ui

from memorybank.errors import MemoryBankError
from memorybank.models import LLM
from memorybank.records import Recalled, Turn
from siliconfriend.friend import Exchange, Friend, Manner
from siliconfriend.greeting import greeting, name_in
from siliconfriend.server import choosing
from siliconfriend.web import asking, cards
from siliconfriend.web.listening import Listening
from siliconfriend.web.parameters import parameters
from siliconfriend.web.visit import Visit, in_long_thread, in_thread

RECENT = 6
"""Turns of earlier that are shown when the page opens."""
BEAT = 0.05
"""Seconds between two looks at a reply under way."""
NAME_ASKED = "name asked"


async def show(visit: Visit) -> None:
    """Draw the page."""
    turns, hello, asked = await in_thread(_before, visit)
    talk = Chat(visit, await in_long_thread(choosing.model_of, visit.house, visit.bank))
    talk.draw(turns, hello)
    if not asked and visit.may("write"):
        _ask_name(visit, talk)


def _before(visit: Visit) -> tuple[list[Turn], str, bool]:
    """Return the last turns, the greeting, and whether the name is known or was asked for."""
    bank, now = visit.bank, visit.now()
    turns = [turn for turn in bank.recent(RECENT, now=now) if turn.channel == "chat"]
    known = bank.portrait(now=now)
    asked = bool(turns) or NAME_ASKED in bank.info().extra
    asked = asked or bool(name_in(statement.text for statement in known.statements))
    hello = greeting(now.date(), turns, bank.summaries("day"), known, visit.lang)
    return turns, hello, asked


def _ask_name(visit: Visit, talk: Chat) -> None:
    """Ask once what to call the person; what they say is a memory like any other."""

    def keep(name: str) -> None:
        visit.bank.set_extra(NAME_ASKED, True)
        if name:
            visit.bank.remember(visit.say("name is", name), now=visit.now())

    with talk.lines, ui.card().props("flat bordered").classes("name-card") as card:
        name = ui.input(visit.say("name")).props("maxlength=40").classes("name-input")

        async def answer(given: str) -> None:
            await in_thread(keep, given)
            with talk.lines:
                if given:
                    talk.bubble(visit.say("name is", given), mine=True)
            card.delete()

        with ui.row():
            ui.button(
                visit.say("hear"), on_click=visit.tried(lambda: answer(name.value.strip()))
            ).classes("name-tell")
            ui.button(visit.say("not now"), on_click=visit.tried(lambda: answer(""))).props("flat")


class Chat:
    """One sitting of one browser tab."""

    def __init__(self, visit: Visit, llm: LLM | None) -> None:
        """Take a visit, and the model that speaks in its bank."""
        self.visit = visit
        house = visit.house
        options = house.settings.options.get("siliconfriend", {})
        manner = Manner(regions=tuple(options.get("regions", ())))
        self.friend = Friend(visit.bank, llm, manner, help_lines=house.help_lines)
        self.listening: Listening | None = None
        self.drawn: list[ui.element] = []
        self.others: list[ui.button] = []

    def draw(self, turns: list[Turn], hello: str) -> None:
        """Draw what was said last, the field for more, and the buttons."""
        self.lines = ui.column().classes("page lines")
        for turn in turns:
            with self._block():
                if turn.text:
                    self.bubble(turn.text, mine=turn.author == "user")
                if turn.reply:
                    self.bubble(turn.reply)
        with self._block():
            self.bubble(hello)
        self.drawn.pop()  # a greeting is no turn to take back
        if not self.visit.may("write"):
            ui.label(self.visit.say("cannot write")).classes("note")
            return
        self._draw_composer()

    def _draw_composer(self) -> None:
        say, tried = self.visit.say, self.visit.tried
        with ui.element("div").classes("page column composer"):
            with ui.element("div").classes("across tight"):
                self.field = (
                    ui.textarea(placeholder=say("message"))
                    .props("autogrow outlined dense rows=1 maxlength=16000")
                    .classes("grow message")
                    .on("keydown.enter.exact.prevent", tried(self._send))
                )
                self.send = (
                    ui.button(icon="send", on_click=tried(self._send))
                    .props(f'round aria-label="{say("send")}"')
                    .classes("send")
                )
                self.halt = (
                    ui.button(icon="stop", on_click=self._stop)
                    .props(f'round color=negative aria-label="{say("stop")}"')
                    .classes("stop")
                )
                self.halt.visible = False
            with ui.element("div").classes("across").style("gap:0"):
                for name, what in (
                    ("regenerate", self._again), ("remove", self._remove), ("anew", self._anew),
                ):  # fmt: skip
                    button = ui.button(say(name), on_click=tried(what))
                    self.others.append(button.props("flat dense no-caps").classes(name))
                parameters(self.visit, self.friend)

    def _block(self) -> ui.element:
        with self.lines:
            block = ui.column().classes("page turn")
        self.drawn.append(block)
        return block

    def bubble(self, text: str, *, mine: bool = False) -> ui.label:
        """Draw what one of the two said, as text."""
        return ui.label(text).classes(f"said bubble {'mine' if mine else 'theirs'}")

    async def _send(self) -> None:
        message = (self.field.value or "").strip()
        if not message or self.listening:
            return
        self.field.value = ""
        now = self.visit.now()
        try:
            await self._hear(lambda: self.friend.say(message, now=now), message)
        except MemoryBankError:
            self.field.value = message  # nothing was said: it can be mended
            raise

    async def _again(self) -> None:
        if self.listening:
            return
        now = self.visit.now()
        last = await in_thread(self.friend.last, now=now)
        await self._hear(
            lambda: self.friend.retry(now=now), (last.text or "") if last else "", anew=True
        )

    async def _hear(self, begin: Callable[[], Exchange], message: str, anew: bool = False) -> None:
        """Begin an exchange and show it as it comes."""
        self.visit.needs("write")
        self.listening = Listening()
        self._busy(True)
        try:
            exchange = await in_long_thread(begin)
            if anew and self.drawn:
                self.drawn.pop().delete()
            with self._block() as block:
                self.bubble(message, mine=True)
                if exchange.note:
                    ui.label(exchange.note).classes("note said")
                reply = self.bubble("…")
            ui.run_javascript("window.scrollTo(0, document.body.scrollHeight)")
            work = asyncio.create_task(in_long_thread(self.listening.hear, exchange))
            while not work.done():
                reply.text = self.listening.text or "…"
                await asyncio.wait([work], timeout=BEAT)
            await work
            with block:
                self._ended(exchange, reply, stopped=self.listening.stopped)
            ui.run_javascript("window.scrollTo(0, document.body.scrollHeight)")
        finally:
            self.listening = None
            self._busy(False)

    def _ended(self, exchange: Exchange, reply: ui.label, *, stopped: bool) -> None:
        """Show the whole reply, how it ended, and what was recalled for it."""
        say = self.visit.say
        reply.text = exchange.reply or say("no reply")
        if exchange.error:
            ui.label(exchange.error.say(self.visit.lang)).classes("note")
        elif stopped:
            ui.label(say("stopped")).classes("quiet")
        context = exchange.context
        self._hits("recalled", context.recalled)
        if not context.recalled:
            ui.label(say("recalled nothing")).classes("quiet recalled-nothing")
        avoided = [out for out in context.left_out if out.what == "avoided"]
        if avoided:
            ui.label(say("left out", len(avoided), avoided[0].why)).classes("quiet")
        self._hits("withheld", context.withheld)

    def _hits(self, title: str, hits: Sequence[Recalled]) -> None:
        """Draw memories that can be unfolded, if there are any."""
        if hits:
            with ui.expansion(self.visit.say(title, len(hits))).classes(
                f"page {title}-list"
            ).props("dense"):  # fmt: skip
                for hit in hits:
                    cards.recalled(self.visit, hit)

    def _busy(self, busy: bool) -> None:
        with suppress(AttributeError, RuntimeError):  # the tab was closed meanwhile
            self.send.visible, self.halt.visible = not busy, busy
            self.halt.enable()
            for button in self.others:  # what they do waits for the end of the reply
                button.set_enabled(not busy)

    def _stop(self) -> None:
        if self.listening:
            self.listening.stop()
            self.halt.disable()

    async def _remove(self) -> None:
        if self.listening:
            return
        self.visit.needs("erase")
        if not await asking.sure(self.visit, "remove?", "remove"):
            return
        await in_thread(self.friend.undo, now=self.visit.now())
        if self.drawn:
            self.drawn.pop().delete()
        ui.notify(self.visit.say("removed"))

    async def _anew(self) -> None:
        if self.listening:
            return
        await in_thread(self.friend.start_anew, now=self.visit.now())
        self.lines.clear()
        self.drawn.clear()
        with self.lines:
            ui.label(self.visit.say("begun anew")).classes("quiet")
