"""`siliconfriend simulate`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from memorybank.cli.common import JsonOption, console, lang_of, print_json, progress_bar
from memorybank.cli.words import both, machine_lang
from memorybank.errors import BadSetting

if TYPE_CHECKING:
    from siliconfriend.simulate.play import Played

_ZONES = {"zh": "Asia/Shanghai", "en": "UTC"}


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(
        "simulate",
        help=both(
            simulate.__doc__, "让模型扮演用户与伙伴对话，写出他们的历史；中断后重复命令即可继续。"
        ),
    )(simulate)


def simulate(
    llm: Annotated[
        str,
        typer.Option("--llm", help=both("Plays the users: provider:model.", "扮演用户的模型。")),
    ],
    out: Annotated[Path, typer.Option("--out", help=both("A new folder.", "新文件夹。"))] = Path(
        "simulated"
    ),
    users: Annotated[
        int, typer.Option("--users", min=1, help=both("How many users.", "多少个用户。"))
    ] = 15,
    days: Annotated[
        int, typer.Option("--days", min=1, help=both("How many days each.", "每人多少天。"))
    ] = 10,
    lang: Annotated[str, typer.Option("--lang", help=both("zh or en.", "zh 或 en。"))] = "",
    seed: Annotated[
        int, typer.Option("--seed", help=both("Same seed, same people.", "同一种子，同样的人。"))
    ] = 0,
    exchanges: Annotated[
        int, typer.Option("--exchanges", min=1, help=both("In a conversation.", "每次聊几轮。"))
    ] = 3,
    start: Annotated[
        str, typer.Option("--start", help=both("The first day.", "第一天。"))
    ] = "2026-01-01",
    companion_llm: Annotated[
        str,
        typer.Option(
            "--companion-llm", help=both("The companion, if another.", "伙伴的模型，若不同。")
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Let a model play users against the companion; write their histories. Goes on if stopped."""
    from memorybank.models import load_llm
    from siliconfriend.simulate.plan import Draw
    from siliconfriend.simulate.play import Cast
    from siliconfriend.simulate.play import simulate as run

    speech = lang_of(lang, machine_lang())
    draw = Draw(
        users=users, days=days, lang=speech, seed=seed, start=_day(start),
        zone=ZoneInfo(_ZONES[speech]),
    )  # fmt: skip
    player = load_llm(llm)
    if player is None:
        raise BadSetting(
            'a model must play the users: --llm "provider:model"',
            "需要一个模型来扮演用户：--llm “来源:模型”",
        )
    cast = Cast(player=player, companion=player, exchanges=exchanges)
    if other := load_llm(companion_llm):
        cast = replace(cast, companion=other)
    with progress_bar(quiet=as_json) as report:
        done = run(draw, cast, out.expanduser(), report)
    if as_json:
        print_json({"users": done.users, "exchanges": done.exchanges, "known": done.known,
                    "original": str(done.original), "normal": str(done.normal)})  # fmt: skip
        return
    console().print(_told(done), soft_wrap=True)


def _told(done: Played) -> str:
    return both(
        f"{done.users} users, {done.exchanges} exchanges ({done.known} were there already): "
        f"{done.original}, {done.normal}",
        f"{done.users} 个用户，{done.exchanges} 轮对话（其中 {done.known} 轮早已有）："
        f"{done.original}、{done.normal}",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(
            f"--start {text}: write a day as 2026-01-31", f"--start {text}：请写成 2026-01-31"
        ) from error
