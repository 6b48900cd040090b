"""The command `token`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import show, show_table, tell
from swf_testbed.config.environment import settings, username
from swf_testbed.monitor.startup import prepare


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(token)


def token(
    user: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose token.")],
    create_user: Annotated[bool, typer.Option("--create-user", help="Make the user if need be.")] = False,
    name: Annotated[str | None, typer.Option(help="What to call the token; 'default' if not said.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="It reads and does not write.")] = False,
    expires_in: Annotated[
        int | None, typer.Option(metavar="DAYS", help="How long it works; always, if not said.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the user's tokens instead.")] = False,
    revoke: Annotated[
        str | None, typer.Option(metavar="NAME", help="Let the token of this name stop working instead.")
    ] = None,
) -> None:
    """Print a new API token of a user, to be used as `Authorization: Token ...`.

    It is shown this once, since the database knows only its digest. One of the same name stops working: that
    is how a token is replaced. Your own, which the testbed's programs use, is shown as it is unless an option
    asks for another one.
    """
    environment = settings()
    prepare(environment)
    from swf_testbed.monitor.services import tokens

    if list_:
        columns = ("Name", "Opens", "Made", "Last used", "Ends")
        show_table(f"Tokens of {user}", columns, tokens.described(user))
    elif revoke is not None:
        tokens.revoke(user, revoke)
        tell(f"the token {revoke} of {user} does not work any more")
    elif user == username() and name is None and not read_only and expires_in is None:
        show(tokens.local_token(user, environment.token_file))
    else:
        chosen = name or tokens.DEFAULT_NAME
        show(tokens.issue(user, chosen, read_only=read_only, days=expires_in, create_user=create_user))
