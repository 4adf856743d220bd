"""`memorybank`: the memory from the command line. Every command says its own help.

Law of this package: it reads options, calls one verb of the library and shows the outcome. What
is asked for goes to standard output; progress and errors go to standard error. Exit codes: 0
done, 1 the system failed, 2 what was asked for cannot be.
"""

from __future__ import annotations

import typer

from memorybank.cli import audit, care, inout, look, one, proof
from memorybank.cli.running import run, versioned
from memorybank.cli.words import both

HELP = both(
    "Long-term memory for language models, with a real forgetting curve.",
    "给语言模型的长期记忆，带真正的遗忘曲线。",
)
app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(help=HELP)(versioned)
for room in (inout, look, one, care, audit):
    room.register(app)
app.add_typer(proof.app, name="eval")
proof.register(app)


def main() -> None:
    """Run the command line."""
    run(app, "memorybank")
