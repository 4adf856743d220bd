"""One memory: explain, pin, unpin, fade, revive, correct, erase; and a bank's curve."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from memorybank.cli.common import (
    BankOption,
    FileOption,
    JsonOption,
    LangOption,
    NowOption,
    Session,
    console,
    session,
)
from memorybank.cli.look import _day as read_day
from memorybank.cli.words import both, word
from memorybank.errors import BadInput
from memorybank.records import Lang, plain

if TYPE_CHECKING:
    from memorybank.verbs.erase import Erased

_ID = both("A memory's id, or its last eight letters.", "一条记忆的编号，或编号的最后八位。")
IdArgument = Annotated[str, typer.Argument(help=_ID)]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command, chinese in (
        (explain, "显示一条记忆的全部：为何重要、它的曲线、经历和关联。"),
        (pin, "让一条记忆永不淡忘。"),
        (unpin, "让固定的记忆重新随曲线淡忘。"),
        (fade, "让一条记忆不再被平常想起；什么也不会丢。"),
        (revive, "唤回一条淡忘的记忆。"),
        (correct, "更正一条记忆；旧的仍看得到，标为已更正。"),
        (erase, "彻底删除记忆，连同由它们得出的一切。"),
        (preset, "换一条曲线来保持记忆；什么也不会丢，随时可以换回。"),
    ):
        app.command(help=both(command.__doc__, chinese))(command)


def explain(
    memory: IdArgument, bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show all that is known of a memory: why it matters, its curve, its log, its kin."""
    from memorybank.cli import paint

    with session(bank, file, now, lang, as_json=as_json) as s:
        told = s.bank.explain(memory, now=s.now)
        if not s.show(told):
            console().print(paint.explanation(told, s.lang))


def pin(
    memory: IdArgument, bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Keep a memory from ever fading."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        _after(s, "pin", memory, lambda: s.bank.pin(memory, now=s.now))


def unpin(
    memory: IdArgument, bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let a pinned memory follow its curve again."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        _after(s, "unpin", memory, lambda: s.bank.unpin(memory, now=s.now))


def fade(
    memory: IdArgument, bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a memory out of ordinary recall; nothing is lost."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        _after(s, "fade", memory, lambda: s.bank.fade(memory, now=s.now))


def revive(
    memory: IdArgument, bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Bring a faded memory back."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        _after(s, "revive", memory, lambda: s.bank.revive(memory, now=s.now))


def _after(s: Session, verb: str, memory: str, act: Callable[[], None]) -> None:
    """Do it, and show how the memory is held now."""
    act()
    held = s.bank.explain(memory, now=s.now).memory
    if not s.show(held):
        console().print(word(verb, s.lang))


def correct(
    memory: IdArgument,
    text: Annotated[str, typer.Argument(help=both("What is right.", "正确的说法。"))],
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Replace what a memory says; the old one stays visible as replaced."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        new = s.bank.correct(memory, text, now=s.now)
        if not s.show({"id": new}):
            console().print(word("corrected", s.lang, new))


def erase(
    memories: Annotated[
        list[str] | None, typer.Argument(help=both("Ids of memories.", "记忆的编号。"))
    ] = None,
    day: Annotated[
        str, typer.Option(help=both("Everything that was said on this day.", "这一天说的全部。"))
    ] = "",
    source: Annotated[
        str, typer.Option(help=both("Everything that came from this file.", "来自这个文件的全部。"))
    ] = "",
    versions: Annotated[
        bool,
        typer.Option(
            "--versions",
            help=both("Also what they replaced and what replaced them.", "连同更正前后的版本。"),
        ),
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole-bank", help=both("The whole bank.", "整个记忆库。"))
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=both("Do not ask.", "不再询问。"))
    ] = False,
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Erase memories for good, with everything derived from them."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        if not yes:
            if not sys.stdin.isatty():
                raise BadInput(
                    "erasing cannot be undone: say --yes", "删除无法恢复：请加 --yes 确认"
                )
            typer.confirm(word("erase?", s.lang), abort=True)
        if whole:
            name = s.bank.info().name
            gone = s.bank.erase_bank(now=s.now)
            if not s.show({"bank": name, **plain(gone)}):
                _tell_erased(gone, s.lang)
            return
        receipt = s.bank.erase(
            *(memories or ()),
            day=read_day(day),
            source=source or None,
            versions=versions,
            now=s.now,
        )
        s.bank.digest(now=s.now)
        if not s.show(receipt):
            _tell_erased(receipt, s.lang)


def _tell_erased(receipt: Erased, lang: Lang) -> None:
    counts = (receipt.turns, receipt.summaries, receipt.statements)
    console().print(word("erased", lang, *counts))
    if not receipt.cleared:
        console().print(word("not cleared", lang))


def preset(
    name: Annotated[
        str,
        typer.Argument(
            help=both("gentle, paper, paper-chance or off.", "gentle、paper、paper-chance 或 off。")
        ),
    ],
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Hold a bank's memories by another curve; nothing is lost, and it can be undone."""
    with session(bank, file, now, lang, as_json=as_json) as s:
        s.bank.change_preset(name)
        if not s.show(s.bank.info()):
            console().print(word("done", s.lang))
