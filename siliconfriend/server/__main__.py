"""`python -m siliconfriend.server serve`: the server's commands by themselves."""

import typer

from siliconfriend.server.cli import register

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
register(app)
app()
