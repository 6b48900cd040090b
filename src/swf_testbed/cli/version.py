"""`--version`, of `testbed` and `stf`."""

from typing import Annotated

import typer

from swf_testbed import __version__


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"swf-testbed {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit."),
]


def add_to(app: typer.Typer) -> None:
    """Give the command the option; what it does without it stays as it is."""

    @app.callback()
    def _root(version: Version = False) -> None:
        del version
