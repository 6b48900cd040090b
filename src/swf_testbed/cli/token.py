"""The command `token`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import show
from swf_testbed.config.settings import settings, username
from swf_testbed.monitor.startup import prepare


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(token)


def token(
    user: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose token; the user is made if new.")],
) -> None:
    """Print a user's API token.

    Your own is shown as it is, as the testbed's programs use it. Anybody else's is made afresh, since the
    database knows only its digest: an earlier one stops working. Use it as `Authorization: Token ...`.
    """
    environment = settings()
    prepare(environment)
    from swf_testbed.monitor.services.tokens import local_token, new_token

    own = user == username()
    show(local_token(user, environment.token_file) if own else new_token(user))
