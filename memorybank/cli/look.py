"""Looking: recall, context, portrait, timeline, jobs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, cast

import typer

from memorybank.cli.common import (
    BankOption,
    FileOption,
    JsonOption,
    LangOption,
    NowOption,
    console,
    session,
)
from memorybank.cli.words import both, word
from memorybank.errors import BadInput
from memorybank.records import FadedPolicy, Level


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command, chinese in (
        (recall, "显示一句话会让人想起哪些记忆，以及为什么。"),
        (context, "打印语言模型回答一句话时该得到的消息。"),
        (portrait, "显示用户是怎样的人：带日期的原话。"),
        (timeline, "按天显示：小结、洞察，以及每条记忆保持得如何。"),
        (fading, "显示快要淡忘的记忆，最先淡忘的在前。"),
        (jobs, "列出待办：要整理的日子，要做的向量。"),
    ):
        app.command(help=both(command.__doc__, chinese))(command)


def recall(
    message: Annotated[
        str, typer.Argument(help=both("A question, or any message.", "一个问题，或任何一句话。"))
    ],
    k: Annotated[
        int, typer.Option("-k", help=both("How many memories at most.", "最多几条记忆。"))
    ] = 5,
    faded: Annotated[
        str,
        typer.Option(
            help=both(
                "Faded memories: on_cue, always, never; by the curve if left out.",
                "淡忘的记忆：on_cue（有线索时）、always（总是）、never（从不）；不写则随曲线。",
            )
        ),
    ] = "",
    neighbours: Annotated[
        int,
        typer.Option(
            help=both("Also so many turns before and after each.", "每条前后各再带几轮。")
        ),
    ] = 0,
    withheld: Annotated[
        bool,
        typer.Option(
            "--withheld",
            help=both("List what has faded and was left out.", "列出已淡忘而没有列出的。"),
        ),
    ] = False,
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show which memories a message calls for, and why."""
    from memorybank.cli import paint

    if faded not in ("", "on_cue", "always", "never"):
        raise BadInput(
            f"--faded {faded}: choose on_cue, always or never",
            f"--faded {faded}：请选 on_cue、always 或 never",
        )
    policy = cast("FadedPolicy | None", faded or None)
    with session(bank, file, now, lang, as_json=as_json) as s:
        found = s.bank.recall(message, k=k, now=s.now, faded=policy, neighbours=neighbours)
        if s.show(found.withheld if withheld else found.hits):
            return
        console().print(paint.recollection(found, s.lang))
        if withheld:
            console().print(paint.recollection(type(found)(hits=found.withheld), s.lang))


def context(
    message: Annotated[str, typer.Argument(help=both("The newest message.", "最新的一句话。"))],
    budget: Annotated[
        int, typer.Option(help=both("Tokens that the messages may take.", "消息最多占多少词元。"))
    ] = 2000,
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Print the messages that a language model should get for a message."""
    from rich.text import Text

    with session(bank, file, now, lang, as_json=as_json) as s:
        made = s.bank.context(message, budget=budget, now=s.now)
        if s.show(made):
            return
        out = console()
        for part in made.messages:
            out.print(Text(part["role"], style="bold magenta"))
            out.print(Text(part["content"]))
        out.print(Text(word("tokens", s.lang, made.tokens, made.budget), style="dim"))
        for item in made.left_out:
            out.print(
                Text(
                    f"{word('left out', s.lang)}: {item.what} {item.id[-8:]}: {item.why}",
                    style="dim",
                )
            )


def portrait(
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help=both("How it came to be, day by day.", "它是怎样一天天形成的。"),
        ),
    ] = False,
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show who the user is, by dated statements in their own words."""
    from memorybank.cli import paint

    with session(bank, file, now, lang, as_json=as_json) as s:
        if history:
            days = s.bank.portrait_history(now=s.now)
            if not s.show(days):
                console().print(paint.portrait_history(days, s.lang))
            return
        who = s.bank.portrait(now=s.now)
        if not s.show(who):
            console().print(paint.portrait(who, s.lang))


def timeline(
    first: Annotated[
        str,
        typer.Option(
            "--from", help=both("First day, e.g. 2026-03-02.", "第一天，例如 2026-03-02。")
        ),
    ] = "",
    last: Annotated[str, typer.Option("--to", help=both("Last day.", "最后一天。"))] = "",
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the days: summaries, insights, and how well each memory is held."""
    from memorybank.cli import paint

    with session(bank, file, now, lang, as_json=as_json) as s:
        days = s.bank.timeline(first=_day(first), last=_day(last), now=s.now)
        if s.show(days):
            return
        out = console()
        out.print(paint.timeline(days, s.lang))
        # Asked for some days, nobody wants the whole life below them.
        levels: tuple[Level, ...] = () if first or last else ("week", "month", "global")
        for level in levels:
            found = s.bank.summaries(level)
            if found:
                out.print(paint.summaries(found, level, s.lang))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(
            f"{text!r} is not a day: write it as 2026-03-02",
            f"{text!r} 不是一天：请写成 2026-03-02",
        ) from None


def fading(
    days: Annotated[
        float, typer.Option(help=both("Within so many days.", "在多少天之内。"))
    ] = 30.0,
    significance: Annotated[
        float,
        typer.Option(help=both("That matter so much, 0 to 1.", "重要度至少多少，0 到 1。")),
    ] = 0.0,
    k: Annotated[
        int, typer.Option("-k", help=both("How many memories at most.", "最多几条记忆。"))
    ] = 20,
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show what is about to fade, the next one first."""
    from memorybank.cli import paint

    if not 0 <= days <= 36_500:
        raise BadInput(
            f"--days {days}: give a number of days up to 36,500",
            f"--days {days}：请给出 36,500 以内的天数",
        )
    with session(bank, file, now, lang, as_json=as_json) as s:
        found = s.bank.fading(
            within=timedelta(days=days), significance=significance, k=k, now=s.now
        )
        if s.show(found):
            return
        shown = paint.memories(found, s.lang) if found else word("none fade", s.lang, f"{days:g}")
        console().print(shown)


def jobs(
    bank: BankOption = "", file: FileOption = "", now: NowOption = "",
    lang: LangOption = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the work that waits: days to digest, vectors to make."""
    from rich.table import Table

    with session(bank, file, now, lang, as_json=as_json) as s:
        waiting = s.bank.jobs()
        if s.show(waiting):
            return
        if not waiting:
            console().print(word("no jobs", s.lang))
            return
        table = Table(box=None, pad_edge=False)
        for title in ("kind", "subject", "attempts", "waits until", "error"):
            table.add_column(word(title, s.lang))
        for job in waiting:
            after = f"{job.run_after:%Y-%m-%d %H:%M}" if job.run_after else ""
            table.add_row(job.kind, job.subject, str(job.attempts), after, job.say(s.lang))
        console().print(table)
