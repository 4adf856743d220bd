"""Running a command line: the library's errors become one line and an exit code."""

from __future__ import annotations

import io
import sys

import typer

from memorybank.cli.words import asked_lang, word
from memorybank.errors import MemoryBankError


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
