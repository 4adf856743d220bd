"""Care: backup, restore, doctor, reembed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from memorybank.errors import NotFound
from memorybank.records import Lang, plain

if TYPE_CHECKING:
    from memorybank.verbs.findings import Finding
    from memorybank.verbs.mending import Checkup

SHOWN = 5
"""So many places of one kind of finding are printed."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command, chinese in (
        (backup, "在使用中复制记忆库文件；副本会经过检查。"),
        (restore, "用备份替换记忆库文件；原来的文件留在旁边。"),
        (doctor, "检查文件：页面，以及内容是否一致。退出码 0：完好，1：有问题，2：没有文件。"),
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


def doctor(
    file: FileOption = "",
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help=both(
                "Make anew what can be; the file as it was is kept beside it.",
                "重建能重建的；原来的文件留在旁边。",
            ),
        ),
    ] = False,
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Check the bank file: pages, and that all that is in it agrees. Exit code 0: sound, 1: not,
    2: no file."""
    from memorybank.verbs.mending import check

    path, speech = _path(file), lang_of(lang, machine_lang())
    if not path.exists():
        raise NotFound(
            f"there is no bank file at {path}: `memorybank remember` or `import` makes one",
            f"{path} 处没有记忆库文件：`memorybank remember` 或 `import` 会新建",
        )
    found = check(path, repair=repair)
    if as_json:
        print_json([{**plain(f), "cure": f.cure, "says": f.say(speech)} for f in found.findings])
    else:
        _tell(found, speech)
    if not found.sound:
        raise typer.Exit(1)


def _tell(found: Checkup, lang: Lang) -> None:
    """Print one line a kind of finding and bank, with the first few places."""
    show = console()
    show.print(word("sound" if found.sound else "unsound", lang))
    alike: dict[tuple[str, int, bool], list[Finding]] = {}
    for finding in found.findings:
        alike.setdefault((finding.what, finding.bank, finding.repaired), []).append(finding)
    for some in alike.values():
        for finding in some[:SHOWN]:
            show.print(f"- {finding.say(lang)}", markup=False)
        if len(some) > SHOWN:
            show.print("  " + word("and more", lang, len(some) - SHOWN))
    if found.kept:
        show.print(word("kept", lang, found.kept))


def reembed(bank: BankOption = "", file: FileOption = "", lang: LangOption = "") -> None:
    """Make every vector anew with the embedder that is set now; can be interrupted."""
    with session(bank, file, lang=lang) as s, progress_bar() as report:
        count = s.bank.change_embedder(progress=report)
    console().print(f"{word('done', s.lang)}: {count}")
