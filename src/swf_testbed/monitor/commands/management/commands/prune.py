"""`manage.py prune --older-than 30d [--dry-run]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from swf_testbed.model.clock import iso, now
from swf_testbed.monitor.commands.ages import age
from swf_testbed.monitor.services.retention import prune


class Command(BaseCommand):
    """Throws old messages and logs away; definitions, executions, runs and what belongs to them stay."""

    help = "Delete messages and logs that arrived longer ago than said."

    def add_arguments(self, parser: CommandParser) -> None:
        """How old, and whether to delete."""
        parser.add_argument("--older-than", type=age, required=True, metavar="AGE", help="like 30d or 12h")
        parser.add_argument("--dry-run", action="store_true", help="say how many there are, delete none")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many of each."""
        del args
        before = now() - options["older_than"]
        counts = prune(before, dry_run=options["dry_run"])
        listed = " and ".join(f"{count} {name}" for name, count in counts.items())
        verb = "would delete" if options["dry_run"] else "deleted"
        self.stdout.write(f"{verb} {listed} that arrived before {iso(before)}")
