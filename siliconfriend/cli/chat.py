"""`siliconfriend chat`: options in, a talk begun. The talk itself is in `talk.py`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memorybank.cli.common import (
    DEFAULT_BANK,
    BankOption,
    FileOption,
    LLMOption,
    NowOption,
    lang_of,
    language_model,
    read_time,
    session,
)
from memorybank.cli.words import both, machine_lang
from memorybank.errors import BadSetting
from memorybank.records import Lang

if TYPE_CHECKING:
    from memorybank.models import LLM
    from siliconfriend.helplines import HelpLines

SECTION = "siliconfriend"
"""Our section of the settings: `help_lines`, a file; `regions`, whose lines are shown."""


_LANG = both("zh, en, or auto: the language of each message.", "zh、en 或 auto（随每句话）。")
_ADAPTER = both("A tuned adapter for transformers:MODEL.", "微调得到的适配器。")
_TOP_K = both("Memories in a prompt at most.", "提示里最多几条记忆。")
_HISTORY = both("Recent turns in a prompt at most.", "提示里最近的话最多几轮。")
_TEMPERATURE = both("0 to 2; the model's own if left out.", "0 到 2；不写则由模型定。")
_TOP_P = both("0 to 1; the model's own if left out.", "0 到 1；不写则由模型定。")
_MAX_TOKENS = both("Tokens of a reply at most.", "回复最多几个词元。")
_PRESET = both("Another forgetting curve for the bank.", "换一条遗忘曲线。")
_QUIET = both("Never bring up a memory unasked.", "从不主动提起往事。")


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(help=both(chat.__doc__, "和伙伴聊天。/help 会说明其余的一切。"))(chat)


def chat(
    bank: BankOption = "",
    file: FileOption = "",
    lang: Annotated[str, typer.Option("--lang", help=_LANG)] = "auto",
    llm: LLMOption = "",
    adapter: Annotated[str, typer.Option(help=_ADAPTER)] = "",
    top_k: Annotated[int, typer.Option(help=_TOP_K)] = 8,
    history: Annotated[int, typer.Option(help=_HISTORY)] = 6,
    temperature: Annotated[float | None, typer.Option(help=_TEMPERATURE)] = None,
    top_p: Annotated[float | None, typer.Option(help=_TOP_P)] = None,
    max_tokens: Annotated[int | None, typer.Option(help=_MAX_TOKENS)] = None,
    preset: Annotated[str, typer.Option(help=_PRESET)] = "",
    quiet: Annotated[bool, typer.Option("--no-reminders", help=_QUIET)] = False,
    now: NowOption = "",
) -> None:
    """Talk with the companion. /help says everything else."""
    from memorybank.models import Style
    from memorybank.settings import read_settings
    from siliconfriend.cli import screen
    from siliconfriend.cli.talk import Talk
    from siliconfriend.friend import Friend, Manner
    from siliconfriend.reminisce import Habit

    _check(temperature, top_p, top_k, history, max_tokens)
    model = _tuned(llm, adapter) if adapter else language_model(llm)
    options = read_settings().options.get(SECTION, {})
    manner = Manner(
        k=top_k, history=history, lang=_spoken(lang), habit=Habit(on=not quiet),
        regions=tuple(options.get("regions", ())),
        style=Style(temperature=temperature, top_p=top_p, max_tokens=max_tokens),
    )  # fmt: skip
    with session(bank or _only(file), file, lang=lang if lang != "auto" else "", create=True) as s:
        if preset and preset != s.bank.info().preset:
            s.bank.change_preset(preset)
        friend = Friend(s.bank, model, manner, help_lines=_help_lines(options))
        clock = _clock(read_time(now, s.bank.info().zone) if now else None)
        Talk(friend, clock, screen.opened(s.bank, clock()), s.lang).run()


def _tuned(llm: str, adapter: str) -> LLM | None:
    """Open an open model with a tuned adapter on it."""
    from memorybank.models import guarded, load_llm
    from memorybank.settings import read_settings

    settings = read_settings()
    name, provider = llm or settings.llm, "transformers"
    if not name.startswith(f"{provider}:"):
        raise BadSetting(
            f"--adapter goes with --llm {provider}:MODEL; for GGUF files see `lora` in [gguf]",
            f"--adapter 要与 --llm {provider}:模型 一起用；GGUF 文件请看 [gguf] 里的 lora",
        )
    mine = {**settings.options.get(provider, {}), "adapter": adapter}
    opened = load_llm(name, {**settings.options, provider: mine})
    return guarded(opened, settings.personal_data)


def _only(file: str) -> str:
    """Return the name to open where none is given: the only bank of the file, or the default."""
    from memorybank.settings import read_settings
    from memorybank.store.sqlite import SQLiteStore
    from memorybank.verbs.read import banks

    path = Path(file).expanduser() if file else read_settings().file
    if not path.exists():
        return DEFAULT_BANK
    store = SQLiteStore.open(path, create=False)
    try:
        names = [info.name for info in banks(store, "")]
    finally:
        store.close()
    return DEFAULT_BANK if DEFAULT_BANK in names or not names else ""


def _spoken(lang: str) -> Lang | None:
    return None if lang in ("", "auto") else lang_of(lang)


def _help_lines(options: Mapping[str, Any]) -> HelpLines | None:
    """Read the help lines that the settings name; a bad file is told, and costs the numbers."""
    from siliconfriend.helplines import read_help_lines

    named = options.get("help_lines", "")
    try:
        return read_help_lines(Path(named).expanduser() if named else None)
    except BadSetting as error:
        sys.stderr.write(f"siliconfriend: {error.say(machine_lang())}\n")
        return None


def _clock(start: datetime | None) -> Callable[[], datetime]:
    """Return the clock of a talk: the real one, or one that goes on from a simulated start."""
    if start is None:
        return lambda: datetime.now(UTC)
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


def _check(
    temperature: float | None,
    top_p: float | None,
    top_k: int,
    history: int,
    max_tokens: int | None,
) -> None:
    """Refuse what no model takes."""
    for name, value, low, high in (
        ("--temperature", temperature, 0, 2), ("--top-p", top_p, 0, 1),
        ("--top-k", top_k, 1, 100), ("--history", history, 0, 200),
        ("--max-tokens", max_tokens, 1, 100_000),
    ):  # fmt: skip
        if value is not None and not low <= value <= high:
            raise BadSetting(
                f"{name} {value}: choose {low} to {high}",
                f"{name} {value}：请在 {low} 到 {high} 之间",
            )
