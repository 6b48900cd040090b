"""`manage.py get_token USERNAME`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from swf_testbed.config.environment import settings, username
from swf_testbed.model.errors import SwfError
from swf_testbed.monitor.services import tokens


class Command(BaseCommand):
    """Makes, lists and revokes tokens; the local user's own, which is kept in a file, is shown as it is."""

    help = "Print a new API token of a user; one of the same name stops working. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        """A name, and what the token is to be."""
        parser.add_argument("username")
        parser.add_argument("--create-user", action="store_true", help="make the user if there is none")
        parser.add_argument("--name", help=f"what to call the token (default: {tokens.DEFAULT_NAME})")
        parser.add_argument("--read-only", action="store_true", help="it reads and does not write")
        parser.add_argument("--expires-in", type=int, metavar="DAYS", help="how long it works; else always")
        parser.add_argument("--list", action="store_true", help="list the user's tokens instead")
        parser.add_argument("--revoke", metavar="NAME", help="let the token of this name stop working")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token alone, so that it can be piped."""
        del args
        try:
            self._handle(options)
        except SwfError as error:
            raise CommandError(str(error)) from None

    def _handle(self, options: dict[str, Any]) -> None:
        user = options["username"]
        if options["list"]:
            for line in tokens.described(user):
                self.stdout.write("\t".join(line))
        elif options["revoke"] is not None:
            tokens.revoke(user, options["revoke"])
        elif user == username() and not (options["name"] or options["read_only"] or options["expires_in"]):
            self.stdout.write(tokens.local_token(user, settings().token_file))
        else:
            key = tokens.issue(
                user,
                options["name"] or tokens.DEFAULT_NAME,
                read_only=options["read_only"],
                days=options["expires_in"],
                create_user=options["create_user"],
            )
            self.stdout.write(key)
