"""Audit: what each source has changed, what should be looked at; and taking a source back."""

from __future__ import annotations

import sys
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
from memorybank.cli.words import both, word
from memorybank.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from memorybank.records import Lang
    from memorybank.verbs.audit import Audit, Influence
    from memorybank.verbs.suspects import Suspect

SHOWN = 5
"""So many suspects of one kind are printed; --json gives all."""
_BACK = both(
    "Erase all that came from a source, with everything derived from it.",
    "彻底删除来自某个来源的全部，连同由它得出的一切。",
)


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(
        help=both(audit.__doc__, "列出每个来源改变了什么，以及值得一看的记忆；可以回退一个来源。")
    )(audit)


def audit(
    roll_back: Annotated[str, typer.Option("--roll-back", metavar="SOURCE", help=_BACK)] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=both("Do not ask.", "不再询问。"))
    ] = False,
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what each source has changed, and what should be looked at; can take a source back."""
    from memorybank.verbs import audit as verb

    with session(bank, file, now, lang, as_json=as_json) as s:
        if roll_back:
            _take_back(s, roll_back, yes=yes)
            return
        found = verb.audit(s.bank.desk, s.now)
        if not s.show(found):
            _tell(found, s.lang)


def _take_back(s: Session, source: str, *, yes: bool) -> None:
    """Show what goes, ask, erase, and digest anew what remains."""
    from memorybank.verbs import audit as verb

    goes = verb.taking(s.bank.desk, source)
    if not s.as_json:
        console().print(_table([goes], s.lang))
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("erasing cannot be undone: say --yes", "删除无法恢复：请加 --yes 确认")
        typer.confirm(word("erase?", s.lang), abort=True, err=s.as_json)
    receipt = verb.roll_back(s.bank.desk, source, s.now)
    s.bank.digest(now=s.now)
    if not s.show(receipt):
        counts = (receipt.turns, receipt.summaries, receipt.statements)
        console().print(word("erased", s.lang, *counts))


def _tell(found: Audit, lang: Lang) -> None:
    from rich.text import Text

    from memorybank.cli.paint import SHORT

    show = console()
    show.print(_table(found.sources, lang))
    kinds: dict[str, list[Suspect]] = {}
    for suspect in found.suspects:
        kinds.setdefault(suspect.kind, []).append(suspect)
    if not kinds:
        show.print(word("no suspects", lang))
    for kind, some in kinds.items():
        show.print(Text(f"{word(f'audit {kind}', lang)}: {len(some)}", style="bold"))
        for one in some[:SHOWN]:
            ids = " ".join(memory[-SHORT:] for memory in one.ids[:SHOWN])
            line = f"  {ids}  {one.source}  ×{one.count}  {one.excerpt}"
            show.print(Text(line.rstrip(), overflow="ellipsis", no_wrap=True))
        if len(some) > SHOWN:
            show.print(Text(f"  {word('audit more', lang, len(some) - SHOWN)}", style="dim"))


def _table(sources: list[Influence] | tuple[Influence, ...], lang: Lang) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(word("source", lang), overflow="fold")
    counted = (
        "turns", "audit replaced", "audit summaries", "audit statements",
        "audit recalled", "audit recalls",
    )  # fmt: skip
    for name in counted:
        table.add_column(word(name, lang), justify="right")
    for one in sources:
        mark = "" if one.trusted else f" ({word('untrusted', lang)})"
        counts = (
            one.turns, one.replaced, one.summaries, one.statements, one.recalled, one.recalls,
        )  # fmt: skip
        table.add_row(Text(one.source + mark), *map(str, counts))
    return table
