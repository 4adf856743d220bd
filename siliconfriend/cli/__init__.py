"""`siliconfriend`: the companion from the command line. Every command says its own help.

What is asked for goes to standard output, errors to standard error. Exit codes: 0 done, 1 the
system failed, 2 what was asked for cannot be.
"""

from __future__ import annotations

import typer

from memorybank.cli.running import run, versioned
from memorybank.cli.words import both
from siliconfriend.bench import cli as bench
from siliconfriend.cli import chat
from siliconfriend.finetune import cli as finetune
from siliconfriend.server import cli as server
from siliconfriend.simulate import cli as simulate

HELP = both("A companion that remembers you.", "一个记得你的伙伴。")
app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(help=HELP)(versioned)
for room in (chat, server, finetune, simulate, bench):
    room.register(app)


def main() -> None:
    """Run the command line."""
    run(app, "siliconfriend")
