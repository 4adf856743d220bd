"""What all commands share: options, opening a bank, times, output, errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memorybank.cli.words import LANGS, both, machine_lang, word
from memorybank.errors import BadInput, BadSetting, BadTime, NotFound, UnknownBank
from memorybank.lexical import detect
from memorybank.records import Lang, plain

if TYPE_CHECKING:
    from rich.console import Console

    from memorybank.bank import MemoryBank
    from memorybank.models import LLM
    from memorybank.store import Store
    from memorybank.verbs.desk import Progress

_BANK = both("Whose memory. Not needed if the file has one.", "谁的记忆。文件里只有一个时不必写。")
_FILE = both(
    "The bank file, instead of the one in MEMORYBANK_HOME.",
    "记忆库文件，代替 MEMORYBANK_HOME 里的那个。",
)
_NOW = both(
    "Simulate another time, e.g. 2026-03-11T21:00 or 2026-03.",
    "模拟另一个时间，例如 2026-03-11T21:00 或 2026-03。",
)
_LANG = both("zh or en; the bank's own if left out.", "zh 或 en；不写则用记忆库自己的语言。")

BankOption = Annotated[str, typer.Option("--bank", "-b", help=_BANK)]
FileOption = Annotated[str, typer.Option("--file", "-f", help=_FILE)]
NowOption = Annotated[str, typer.Option("--now", help=_NOW)]
JsonOption = Annotated[bool, typer.Option("--json", help=both("Print JSON.", "输出 JSON。"))]
LangOption = Annotated[str, typer.Option("--lang", help=_LANG)]
_LLM = both(
    'The language model, "provider:model"; "none" for none. MEMORYBANK_LLM if left out.',
    "语言模型，写成“来源:模型”；none 为不用。不写则取 MEMORYBANK_LLM。",
)
LLMOption = Annotated[str, typer.Option("--llm", help=_LLM)]
DEFAULT_BANK = "me"


def console(*, stderr: bool = False) -> Console:
    """Return where to print; plain when it is no terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or stderr else int(os.environ.get("COLUMNS", "100"))
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=False)


def lang_of(value: str, default: Lang = "en") -> Lang:
    """Read --lang; cn is taken as zh."""
    if not value:
        return default
    if value.lower() not in LANGS:
        raise BadSetting(f"--lang {value}: choose zh or en", f"--lang {value}：请选 zh 或 en")
    return LANGS[value.lower()]


def _born_in(lang: str, said: str, name: str) -> Lang:
    """Return the language of a new bank: as asked, as it begins, as it is named, the machine's."""
    named: Lang = "zh" if detect(name) == "zh" else machine_lang()
    return lang_of(lang, detect(said, named))


@dataclass(slots=True)
class Session:
    """An open bank, and how to speak of it."""

    bank: MemoryBank
    now: datetime
    lang: Lang
    as_json: bool

    def show(self, value: Any) -> bool:
        """Print a record as JSON if that is wanted; says whether it did."""
        if self.as_json:
            print_json(value)
        return self.as_json


@contextmanager
def session(
    bank: str,
    file: str,
    now: str = "",
    lang: str = "",
    *,
    as_json: bool = False,
    create: bool = False,
    any_bank: bool = False,
    said: str = "",
) -> Iterator[Session]:
    """Open a bank for one command; `any_bank` is for those that look at all of a file, `said` is
    what a new bank begins with."""
    from memorybank.bank import MemoryBank
    from memorybank.settings import read_settings
    from memorybank.store.sqlite import SQLiteStore

    settings = read_settings()
    path = Path(file).expanduser() if file else settings.file
    if not create and not path.exists():
        raise NotFound(
            f"there is no bank file at {path}: `memorybank remember` or `import` makes one",
            f"{path} 处没有记忆库文件：`memorybank remember` 或 `import` 会新建",
        )
    store = SQLiteStore.open(path, create=create)
    try:
        name = bank or _only_bank(store, create=create, any_bank=any_bank)
        opened = MemoryBank.open(
            store, bank=name, create=create, lang=_born_in(lang, said, name), zone=settings.zone,
            preset=settings.preset, embedder=settings.embedder,
        )  # fmt: skip
        info = opened.info()
        yield Session(opened, read_time(now, info.zone), lang_of(lang, info.lang), as_json)
    finally:
        store.close()


def language_model(name: str = "") -> LLM | None:
    """Open the language model that an option or the settings name."""
    from memorybank.models import guarded, load_llm
    from memorybank.settings import read_settings

    settings = read_settings()
    return guarded(load_llm(name or settings.llm, settings.options), settings.personal_data)


def _only_bank(store: Store, *, create: bool, any_bank: bool) -> str:
    from memorybank.verbs.read import banks

    names = [info.name for info in banks(store, "")]
    if len(names) == 1 or (names and any_bank):
        return names[0]
    if not names and create:
        return DEFAULT_BANK
    if not names:
        raise UnknownBank(DEFAULT_BANK)
    raise BadInput(
        f"this file holds {len(names)} banks, name one with --bank: {', '.join(names[:12])}",
        f"这个文件里有 {len(names)} 个记忆库，请用 --bank 指定一个：{'、'.join(names[:12])}",
    )


def read_time(text: str, zone: str) -> datetime:
    """Read a time in the bank's zone; a partial date means the end of its period."""
    from zoneinfo import ZoneInfo

    from memorybank.timewords import NotATime, moment

    if not text:
        return datetime.now(UTC)
    try:
        return moment(text, ZoneInfo(zone))
    except NotATime as error:
        raise BadTime(str(error), error.zh) from error


def print_json(value: Any) -> None:
    """Print any record as JSON, in UTF-8, not escaped."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Progress]:
    """Show a progress bar on the terminal's error stream, nothing elsewhere."""
    from memorybank.verbs.desk import no_progress

    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(word(what, machine_lang()), total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield report
