"""A whole database copied into an empty one of PostgreSQL: every row, the same numbers, and proof of it."""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, DataError, connections, models

from swf_testbed.model.errors import BadData, BadInput, Refused
from swf_testbed.monitor.services.writing import writing

_SOURCE = "source"
_CHUNK = 2000
_SUM_BYTES = 8

Model = type[models.Model]
Row = tuple[Any, ...]


class Copied(NamedTuple):
    """A table that was copied: its rows, and the sum of their digests, the same on both sides."""

    table: str
    rows: int
    checksum: str


class _Sum:
    """A checksum of rows that does not depend on their order."""

    def __init__(self) -> None:
        self.rows, self._total = 0, 0

    def add(self, row: Row) -> None:
        said = json.dumps([_plain(value) for value in row], sort_keys=True).encode()
        digest = hashlib.blake2b(said, digest_size=_SUM_BYTES).digest()
        self._total = (self._total + int.from_bytes(digest)) % 2 ** (8 * _SUM_BYTES)
        self.rows += 1

    def __str__(self) -> str:
        return f"{self._total:0{2 * _SUM_BYTES}x}"


def _plain(value: Any) -> Any:
    """A value in a form that both databases give alike: PostgreSQL has one kind of number in a document."""
    match value:
        case dict():
            return {key: _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case float() if value.is_integer():
            return int(value)
        case None | bool() | int() | float() | str():
            return value
    return _text(value)


def _text(value: Any) -> str:
    """What JSON has no form for."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
    return str(value)


def copy_from(source: Path, tell: Callable[[Copied], None] = lambda _: None) -> list[Copied]:
    """Copy a SQLite database of the testbed into the present one, all of it or nothing.

    The source is read at one moment, also while it is in use, and stays as it is; one of an earlier release
    is brought up to date on the way.

    Args:
        source: its file.
        tell: told of each table when it is copied.

    Raises:
        BadInput: there is no such file, or it is no database of the testbed.
        Refused: the present database is not PostgreSQL, or holds rows already.
        BadData: a row cannot be stored, or what is stored differs from what was read.
    """
    target = connections[DEFAULT_DB_ALIAS]
    if target.vendor != "postgresql":
        raise Refused("what is copied into must be PostgreSQL: set SWF_MODE=local and DB_HOST, DB_NAME, …")
    copied = []
    with _opened(source), writing():
        _refuse_rows()
        # These were made with the tables; their numbers must be those that other rows refer to.
        for made in (Permission, ContentType):
            made.objects.all().delete()
        tables = list(_tables())
        for model in tables:
            copied.append(_copy(model))
            tell(copied[-1])
        with target.cursor() as cursor:
            for statement in target.ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)
    return copied


def _tables() -> Iterator[Model]:
    """Every model that has a table of its own, also those between two others."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


@contextmanager
def _opened(source: Path) -> Iterator[None]:
    """A copy of the source as it is now, up to date, as the database `source`."""
    if not source.is_file():
        raise BadInput("--from", str(source), "there is no such file")
    with tempfile.TemporaryDirectory(prefix="swf-copy-") as folder:
        snapshot = Path(folder) / "snapshot.sqlite3"
        _take_snapshot(source, snapshot)
        connections.databases[_SOURCE] = {
            **connections.databases[DEFAULT_DB_ALIAS],
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(snapshot),
            "OPTIONS": {},
        }
        try:
            call_command("migrate", database=_SOURCE, interactive=False, verbosity=0)
            yield
        finally:
            connections[_SOURCE].close()
            del connections[_SOURCE]
            del connections.databases[_SOURCE]


def _take_snapshot(source: Path, snapshot: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(snapshot)) as written,
        ):
            read.execute("SELECT count(*) FROM store_run").fetchone()
            read.backup(written)
    except sqlite3.Error as error:
        raise BadInput("--from", str(source), f"must be a database of the testbed: {error}") from None


def _refuse_rows() -> None:
    for model in _tables():
        if model not in {Permission, ContentType} and _rows_of(model, DEFAULT_DB_ALIAS).exists():
            name = connections[DEFAULT_DB_ALIAS].settings_dict["NAME"]
            raise Refused(
                f"the database {name} is not empty: {model._meta.db_table} has rows; copy into one that was "
                "made anew (createdb), before any program of the testbed was started with it"
            )


def _rows_of(model: Model, alias: str) -> "models.QuerySet[Any, Any]":
    return model._base_manager.using(alias).order_by()


def _read(model: Model, alias: str) -> Iterable[Row]:
    names = [field.attname for field in model._meta.concrete_fields]
    return _rows_of(model, alias).values_list(*names).iterator(chunk_size=_CHUNK)


def _copy(model: Model) -> Copied:
    table, fields = model._meta.db_table, model._meta.concrete_fields
    read, stored = _Sum(), _Sum()
    try:
        _write(table, fields, _counted(_read(model, _SOURCE), read))
    except DataError as error:
        raise BadData(f"{table}: row {read.rows} cannot be stored: {' '.join(str(error).split())}") from None
    for row in _read(model, DEFAULT_DB_ALIAS):
        stored.add(row)
    if (read.rows, str(read)) != (stored.rows, str(stored)):
        raise BadData(
            f"{table}: {read.rows} rows with checksum {read} were read, {stored.rows} with {stored} stored"
        )
    return Copied(table, read.rows, str(read))


def _counted(rows: Iterable[Row], seen: _Sum) -> Iterator[Row]:
    for row in rows:
        seen.add(row)
        yield row


def _write(table: str, fields: "Sequence[models.Field[Any, Any]]", rows: Iterable[Row]) -> None:
    target = connections[DEFAULT_DB_ALIAS]
    quote = target.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with target.cursor() as cursor, cursor.copy(f"COPY {quote(table)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(value, target) for field, value in zip(fields, row, strict=True)]
            )
