"""Care: backup, restore, doctor, reembed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memorybank.cli.common import (
    BankOption,
    FileOption,
    JsonOption,
    LangOption,
    console,
    lang_of,
    print_json,
    progress_bar,
    session,
)
from memorybank.cli.words import both, machine_lang, word


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command, chinese in (
        (backup, "在使用中复制记忆库文件；副本会经过检查。"),
        (restore, "用备份替换记忆库文件；原来的文件留在旁边。"),
        (doctor, "检查记忆库文件：它的页，以及每条记忆是否完整。"),
        (reembed, "用现在设定的向量模型重做全部向量；可以中断。"),
    ):
        app.command(help=both(command.__doc__, chinese))(command)


def _path(file: str) -> Path:
    from memorybank.settings import read_settings

    return Path(file).expanduser() if file else read_settings().file


def backup(
    target: Annotated[
        Path, typer.Argument(help=both("Where to; must not exist.", "复制到哪里；必须尚不存在。"))
    ],
    file: FileOption = "",
    lang: LangOption = "",
) -> None:
    """Copy the bank file while it is in use; the copy is verified."""
    from memorybank.store.sqlite import SQLiteStore

    store = SQLiteStore.open(_path(file), create=False)
    store.backup(target)
    store.close()
    console().print(word("backed up", lang_of(lang, machine_lang()), target))


def restore(
    source: Annotated[Path, typer.Argument(help=both("A backup.", "一份备份。"))],
    file: FileOption = "",
    lang: LangOption = "",
) -> None:
    """Put a backup in the place of the bank file; what was there before is kept beside it."""
    from memorybank.verbs.restore import restore as put_back

    done, speech = put_back(source, _path(file)), lang_of(lang, machine_lang())
    console().print(word("restored", speech, source, done.kept or "-"))
    if done.erased:
        console().print(word("erased again", speech, done.erased))


def doctor(file: FileOption = "", lang: LangOption = "", as_json: JsonOption = False) -> None:
    """Check the bank file: its pages, and that every memory has all its parts."""
    from memorybank.store.care import examine

    speech = lang_of(lang, machine_lang())
    problems = examine(_path(file), speech)
    if as_json:
        print_json(problems)
    else:
        console().print(word("unsound" if problems else "sound", speech))
        for problem in problems:
            console().print(f"- {problem}")
    if problems:
        raise typer.Exit(1)


def reembed(bank: BankOption = "", file: FileOption = "", lang: LangOption = "") -> None:
    """Make every vector anew with the embedder that is set now; can be interrupted."""
    with session(bank, file, lang=lang) as s, progress_bar() as report:
        count = s.bank.change_embedder(progress=report)
    console().print(f"{word('done', s.lang)}: {count}")
