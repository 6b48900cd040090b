"""`python migration_walk.py MIGRATION …`: up from empty, with rows of every table at each stop.

With `--stay` it ends at the last stop, as an earlier release left its database.
A program of its own: Django is set up once in a process. Prints as JSON how many rows each table should have,
and how many the present models read at the end.
"""

import json
import sys
from typing import Any
from uuid import uuid4

from django.db import models

from swf_testbed.config.environment import settings
from swf_testbed.model.clock import now
from swf_testbed.monitor.startup import prepare, set_up_django

VALUES: dict[str, Any] = {
    "CharField": lambda number: f"r{number}",
    "TextField": lambda number: f"r{number}",
    "SlugField": lambda number: f"r{number}",
    "EmailField": lambda number: f"r{number}@example.org",
    "UUIDField": lambda number: uuid4(),
    "DateTimeField": lambda number: now(),
    "JSONField": lambda number: {"row": number, "of": ["a", 1.5, None]},
    "BooleanField": lambda number: False,
    "FloatField": lambda number: number + 0.5,
}


class Rows:
    """Makes rows of historical models, with what they must have and nothing else."""

    def __init__(self) -> None:
        self._number = 0

    def make(self, model: Any) -> Any:
        """One row; those that it refers to are made first."""
        self._number += 1
        said = {
            field.name: self._value(field)
            for field in model._meta.concrete_fields
            if not (field.null or field.has_default() or isinstance(field, models.AutoField))
        }
        return model.objects.create(**said)

    def _value(self, field: Any) -> Any:
        if field.remote_field is not None:
            return self.make(field.related_model)
        if field.choices:
            return field.choices[0][0]
        make = VALUES.get(field.get_internal_type(), lambda number: number)
        value = make(self._number)
        return value[: field.max_length] if isinstance(value, str) and field.max_length else value


def main(stops: list[str], stay: bool) -> None:
    """Walk, fill, and count."""
    swf = settings()
    swf.database_file.parent.mkdir(parents=True, exist_ok=True)
    set_up_django()
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    rows = Rows()
    for stop in stops:
        executor = MigrationExecutor(connection)
        executor.migrate([("store", stop)])
        for model in executor.loader.project_state([("store", stop)]).apps.get_models():
            if model._meta.app_label == "store":
                rows.make(model)
    tables = {model._meta.db_table: model for model in apps.get_app_config("store").get_models()}
    before = _counts(connection, tables)
    if stay:
        sys.stdout.write(json.dumps({"before": before}) + "\n")
        return
    prepare(swf)
    read = {name: len(list(model._base_manager.all())) for name, model in tables.items()}
    sys.stdout.write(json.dumps({"before": before, "read": read}) + "\n")


def _counts(connection: Any, tables: Any) -> dict[str, int]:
    there = set(connection.introspection.table_names()) & set(tables)
    counts = {}
    with connection.cursor() as cursor:
        for name in sorted(there):
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608  # names of our own tables
            counts[name] = cursor.fetchone()[0]
    return counts


if __name__ == "__main__":
    main([one for one in sys.argv[1:] if one != "--stay"], "--stay" in sys.argv)
