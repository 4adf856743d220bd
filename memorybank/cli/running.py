"""Running a command line: the library's errors become one line and an exit code."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from memorybank.cli.words import asked_lang, both, word
from memorybank.errors import MemoryBankError


def _show(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # takes longer than opening a bank

        typer.echo(f"siliconfriend {version('siliconfriend')}")  # both programs come in it
        raise typer.Exit


def versioned(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show, is_eager=True,
            help=both("Show the version and exit.", "显示版本。"),
        ),
    ] = False,
) -> None:  # fmt: skip
    """Take `--version` before any command; made the callback of an app."""
    del version  # `_show` has told it


def run(app: typer.Typer, program: str) -> None:
    """Run the app; exit codes: 0 done, 1 the system failed, 2 what was asked for cannot be."""
    lang = asked_lang(sys.argv[1:])
    _take_any_text()
    try:
        app()
    except MemoryBankError as error:
        sys.stderr.write(f"{program}: {error.say(lang)}\n")
        sys.exit(2 if error.status < 500 else 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; there is nobody to tell
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{program}: {word('stopped', lang)}\n")
        sys.exit(130)


def _take_any_text() -> None:
    """Let nothing that a terminal cannot show, or a pipe should not hold, end the program."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
