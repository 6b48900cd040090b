"""`manage.py copy_database --from sqlite:///PATH`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from swf_testbed.monitor.services.copying import Copied, copy_from

_SCHEME = "sqlite://"


class Command(BaseCommand):
    """Copies everything that a SQLite database holds into the empty PostgreSQL database that is set."""

    help = "Copy a SQLite database of the testbed into the empty PostgreSQL database that is set."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where from."""
        parser.add_argument(
            "--from",
            dest="source",
            required=True,
            metavar="FILE",
            help="the SQLite file, like $SWF_HOME/var/monitor/monitor.sqlite3, or sqlite:// and its path",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each table that has rows."""
        del args
        source = Path(options["source"].removeprefix(_SCHEME)).expanduser()
        copied = copy_from(source, self._tell)
        rows = sum(one.rows for one in copied)
        self.stdout.write(f"copied {rows} rows of {len(copied)} tables; counts and checksums are the same")

    def _tell(self, one: Copied) -> None:
        if one.rows:
            self.stdout.write(f"{one.table:40}{one.rows:>10} rows  checksum {one.checksum}")
