"""`manage.py repair_stuck [--older-than 1h] [--dry-run]`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from swf_testbed.monitor.commands.ages import age
from swf_testbed.monitor.services.repair import repair_stuck


class Command(BaseCommand):
    """Ends executions and runs that nobody ended and of which nothing was heard for long."""

    help = "End executions and runs that nobody ended."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long nothing was heard, and whether to change anything."""
        parser.add_argument(
            "--older-than",
            type=age,
            default=timedelta(hours=1),
            metavar="AGE",
            help="how long nothing was heard of it, like 90m (default 1h)",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each thing that was ended."""
        del args
        repairs = repair_stuck(options["older_than"], dry_run=options["dry_run"])
        for repair in repairs:
            self.stdout.write(f"{'would end ' if options['dry_run'] else ''}{repair}")
        if not repairs:
            self.stdout.write("nothing is stuck")
