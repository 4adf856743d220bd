"""The portrait: statements by topic, how they came to be, and the digest, now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import groupby

from nicegui import ui

from memorybank.cli.words import word as told
from memorybank.records import Statement
from memorybank.topics import LABELS
from siliconfriend.web import becoming
from siliconfriend.web.statements import turns_behind, words_of
from siliconfriend.web.visit import Visit, in_long_thread, in_thread

BEAT = 0.1


async def show(visit: Visit) -> None:
    """Draw the page."""

    async def draw() -> None:
        who = await in_thread(visit.bank.portrait, now=visit.now())
        if not who.statements:
            ui.label(visit.say("no portrait")).classes("quiet no-portrait")
            return
        how = visit.say("extractive") if who.method == "extractive" else who.method
        ui.label(how).classes("quiet")
        for topic, statements in groupby(who.statements, key=lambda s: s.topic):
            ui.label(LABELS[visit.lang].get(topic, topic)).classes("text-subtitle1")
            for statement in statements:
                _show(visit, statement)
        await becoming.show(visit)

    drawn = ui.refreshable(draw)
    if visit.may("write"):
        _digest(visit, drawn.refresh)
    await drawn()


def _show(visit: Visit, statement: Statement) -> None:
    """Draw one statement; its turns unfold."""
    with ui.card().classes("memory statement").props("flat bordered"):
        words_of(statement)
        ui.label(statement.when.isoformat()).classes("quiet")
        turns_behind(visit, statement)


class _Progress:
    """How far a digest has come; written in one thread, read in another."""

    what, done, total = "digest", 0, 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Note it."""
        self.what, self.done, self.total = what, done, total


def _digest(visit: Visit, again: Callable[[], object]) -> None:
    """Draw the button that digests now, and how far it has come."""

    async def digest() -> None:
        visit.needs("write")
        button.disable()
        bar.visible = line.visible = True
        progress = _Progress()
        try:
            work = asyncio.create_task(
                in_long_thread(visit.house.digest, visit.bank, now=visit.now(), progress=progress)
            )
            while not work.done():
                bar.value = progress.done / progress.total if progress.total else 0.0
                what = told(progress.what, visit.lang)
                line.text = visit.say("digesting", what, progress.done, progress.total)
                await asyncio.wait([work], timeout=BEAT)
            done = await work
            line.text = visit.say("digested", done.days, done.weeks, done.months)
            if done.error:
                line.text += " " + visit.say(
                    "digest failed", done.failed, done.error.say(visit.lang)
                )
            bar.value = 1.0
        finally:
            button.enable()
        again()

    button = (
        ui.button(visit.say("digest"), on_click=visit.tried(digest))
        .props("no-caps")
        .classes("digest")
    )
    bar = ui.linear_progress(0, show_value=False)
    line = ui.label().classes("quiet digested")
    bar.visible = line.visible = False
