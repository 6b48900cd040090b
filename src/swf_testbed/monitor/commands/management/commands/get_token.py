"""`manage.py get_token USERNAME`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from swf_testbed.config.settings import settings, username
from swf_testbed.monitor.services.tokens import local_token, new_token


class Command(BaseCommand):
    """Shows the local user's token; makes a new one for anybody else, as only its digest is kept."""

    help = "Print a user's API token: the local user's own, or a new one that replaces an earlier one."

    def add_arguments(self, parser: CommandParser) -> None:
        """One name."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token alone, so that it can be piped."""
        del args
        name = options["username"]
        key = local_token(name, settings().token_file) if name == username() else new_token(name)
        self.stdout.write(key)
