"""In and out: demo, import, export, banks, remember, digest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from memorybank.cli.common import (
    BankOption,
    FileOption,
    JsonOption,
    LangOption,
    LLMOption,
    NowOption,
    console,
    lang_of,
    language_model,
    print_json,
    progress_bar,
    read_time,
    session,
)
from memorybank.cli.words import both, machine_lang, word
from memorybank.errors import BadInput, ModelError
from memorybank.records import Lang

if TYPE_CHECKING:
    from memorybank.models import LLM

_MEMORIES = both(
    "A memory_bank_*.json of the original project, or memories.jsonl.",
    "原项目的 memory_bank_*.json，或 memories.jsonl。",
)
_CURVE_FROM = both(
    "Where curves start: arrival, or occurred.",
    "曲线从何时算起：arrival（到来时）或 occurred（发生时）。",
)
_LATER = both("Leave vectors to `memorybank digest`.", "向量留给 `memorybank digest` 做。")
_AGAIN = both("Take in again what was erased before.", "以前删除过的也重新读入。")
_UNTRUSTED = both("Keep it out of portrait and reinforcement.", "不用于画像，也不加强记忆。")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command, chinese in (
        (demo, "在模拟时间里重演一份十天的日记：一分钟，不需要密钥和网络。"),
        (import_, "读入一个记忆文件，要么全部要么不读；其中每个记忆库保留各自的时间。"),
        (export, "写回记忆库：标准格式，或原项目的 JSON，毫无遗失。"),
        (banks, "列出一个文件里的记忆库。"),
        (remember, "记住一轮对话；没有这个名字的记忆库就新建。"),
        (digest, "把新内容整理成小结、洞察和画像；补做等待中的向量。"),
    ):
        name = command.__name__.rstrip("_")
        app.command(name, help=both(command.__doc__, chinese))(command)


def demo(
    lang: LangOption = "",
    file: Annotated[
        str,
        typer.Option("--file", "-f", help=both("Where to leave the bank.", "记忆库留在哪里。")),
    ] = "demo-bank/memory.db",
) -> None:
    """Play a ten-day diary through simulated time: one minute, no key, no network."""
    from memorybank.demo import play

    for each in (lang_of(lang),) if lang else ("en", "zh"):
        play(Path(file), each, console())


def import_(
    path: Annotated[Path, typer.Argument(help=_MEMORIES)],
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    curve_from: Annotated[str, typer.Option(help=_CURVE_FROM)] = "arrival",
    later: Annotated[bool, typer.Option("--vectors-later", help=_LATER)] = False,
    untrusted: Annotated[bool, typer.Option("--untrusted", help=_UNTRUSTED)] = False,
    again: Annotated[bool, typer.Option("--again", help=_AGAIN)] = False,
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Read a file of memories, whole or not at all; each bank in it keeps its own times."""
    from memorybank.intake import take_in
    from memorybank.settings import read_settings
    from memorybank.verbs.opening import zone_name

    if curve_from not in ("arrival", "occurred"):
        raise BadInput(
            f"--curve-from {curve_from}: choose arrival or occurred",
            f"--curve-from {curve_from}：请选 arrival 或 occurred",
        )
    settings = read_settings()
    zone = zone_name(settings.zone)
    start: Literal["arrival", "occurred"] = "occurred" if curve_from == "occurred" else "arrival"
    target = Path(file).expanduser() if file else settings.file
    with progress_bar(quiet=as_json) as report:
        taken = take_in(
            path, target, only=bank, settings=settings, zone=zone, now=read_time(now, zone),
            curve_from=start, vectors="later" if later else "inline",
            trusted=not untrusted, again=again, progress=report,
        )  # fmt: skip
    if as_json:
        print_json(taken)
        return
    speech = lang_of(lang, machine_lang())
    for one in taken:
        console().print(word("imported", speech, one.bank, one.turns, one.new))
        if one.erased:
            console().print(word("erased before", speech, one.erased))


def export(
    target: Annotated[
        Path | None,
        typer.Argument(
            help=both("A file; standard output if left out.", "写到哪个文件；不写则为标准输出。")
        ),
    ] = None,
    bank: BankOption = "",
    file: FileOption = "",
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help=both(
                "normal (JSON Lines) or original.",
                "normal（标准格式，JSON Lines）或 original（原项目格式）。",
            ),
        ),
    ] = "normal",
    lang: LangOption = "",
) -> None:
    """Write banks back: the normal form, or the original project's JSON, without loss."""
    from memorybank.formats import write_normal, write_original
    from memorybank.intake import volumes

    writers = {"normal": write_normal, "original": write_original}
    if form not in writers:
        raise BadInput(
            f"--format {form}: choose normal or original",
            f"--format {form}：请选 normal 或 original",
        )
    with session(bank, file, lang=lang, any_bank=True) as s:
        found = volumes(s.bank, only=bank)
        text = writers[form](found)
        if target is None:
            sys.stdout.write(text)
            return
        _write_private(target, text)
        console().print(word("exported", s.lang, len(found), target))


def _write_private(target: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    from memorybank.store.files import partial, place

    if target.is_symlink() or (target.exists() and not target.is_file()):
        target.write_text(text, "utf-8")  # a pipe, a terminal, another place's name
        return
    with partial(target, "export") as fresh:
        fresh.write_text(text, "utf-8")
        place(fresh, target, over=True)


def banks(file: FileOption = "", lang: LangOption = "", as_json: JsonOption = False) -> None:
    """List the banks of a file."""
    from rich.table import Table

    from memorybank.settings import read_settings
    from memorybank.store.sqlite import SQLiteStore
    from memorybank.verbs.read import banks as listed

    path = Path(file).expanduser() if file else read_settings().file
    store = SQLiteStore.open(path, create=False) if path.exists() else None
    infos = listed(store, "") if store else []
    speech = lang_of(lang, machine_lang())
    if as_json:
        print_json(infos)
        return
    if not infos:
        console().print(word("no banks", speech))
        return
    table = Table(
        box=None, pad_edge=False, title=str(path), title_justify="left", title_style="dim"
    )
    for title in ("name", "turns", "from", "to", "language", "preset"):
        table.add_column(word(title, speech))
    for info in infos:
        first, last = (f"{m:%Y-%m-%d}" if m else "" for m in (info.first, info.last))
        table.add_row(info.name, str(info.turns), first, last, info.lang, info.preset)
    console().print(table)


def remember(
    text: Annotated[str, typer.Argument(help=both("What was said.", "说了什么。"))],
    reply: Annotated[
        str, typer.Option(help=both("What the other replied.", "对方回答了什么。"))
    ] = "",
    at: Annotated[
        str, typer.Option(help=both("When it happened, if not now.", "何时发生，若不是现在。"))
    ] = "",
    id_: Annotated[
        str,
        typer.Option(
            "--id",
            help=both(
                "Your own id; the same id and text is stored once.",
                "你自己的编号；编号和文本都相同的只存一次。",
            ),
        ),
    ] = "",
    conversation: Annotated[
        str, typer.Option(help=both("The conversation it belongs to.", "属于哪次对话。"))
    ] = "",
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Remember one exchange; makes the bank if there is none of this name."""
    with session(bank, file, now, lang, as_json=as_json, create=True, said=text) as s:
        when = read_time(at, s.bank.info().zone) if at else s.now
        memory_id = s.bank.remember(
            text,
            reply=reply or None,
            at=when,
            now=s.now,
            external_id=id_ or None,
            conversation=conversation,
        )
        if not s.show({"id": memory_id}):
            console().print(word("remembered", s.lang, memory_id))


def digest(
    llm: LLMOption = "",
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help=both(
                "Also days digested before that no model has written yet.",
                "也重做先前整理过、但还没由模型写过的日子。",
            ),
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help=both(
                "For a memory file of the original project: where to write its copy.",
                "若 --file 是原项目的记忆文件：整理后的副本写到哪里。",
            ),
        ),
    ] = None,
    bank: BankOption = "",
    file: FileOption = "",
    now: NowOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Condense what is new into summaries, insights and the portrait; make vectors that wait.

    With `--file` naming a memory file of the original project, all banks in it are digested and a
    copy is written that holds summaries and personalities where that project keeps them.
    """
    model = language_model(llm)
    if file.endswith(".json"):
        _digest_original(Path(file).expanduser(), out, model, bank, now, lang, as_json=as_json)
        return
    with (
        session(bank, file, now, lang, as_json=as_json) as s,
        progress_bar(quiet=as_json) as report,
    ):
        done = s.bank.digest(llm=model, again=again, now=s.now, progress=report)
        s.bank.embed_pending(progress=report)
    if not s.show(done):
        console().print(word("digested", s.lang, done.days, done.weeks, done.months, done.overall))
    if done.error:
        _say_failed(done.failed, done.error, s.lang)


def _say_failed(failed: int, error: ModelError, lang: Lang) -> None:
    """Tell on the error stream what a model failed at, and leave with its exit code."""
    sys.stderr.write(word("digest failed", lang, failed, error.say(lang)) + "\n")
    raise typer.Exit(1)


def _digest_original(
    path: Path,
    out: Path | None,
    model: LLM | None,
    bank: str,
    now: str,
    lang: str,
    *,
    as_json: bool,
) -> None:
    """Digest every bank of an original memory file, and write the file that results."""
    from memorybank.intake import digest_file
    from memorybank.settings import read_settings
    from memorybank.verbs.opening import zone_name

    settings = read_settings()
    zone = zone_name(settings.zone)
    target = out or path.with_name(f"{path.stem}.digested.json")
    with progress_bar(quiet=as_json) as report:
        done = digest_file(
            path, target, model, only=bank, zone=zone, now=read_time(now, zone), progress=report
        )
    speech = lang_of(lang, machine_lang())
    if as_json:
        print_json(done)
    else:
        for one in done.banks:
            console().print(word("summarised", speech, one.bank, one.days, one.method))
        console().print(word("written", speech, target))
    if done.error:
        _say_failed(done.failed, done.error, speech)
