"""What a resource of the REST interface is: its record, table, filters and rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from swf_testbed.monitor.services import news, statuses
from swf_testbed.monitor.services.rows import Row
from swf_testbed.records import RECORDS, Record

PART_OF_RUN = "are parts of their run and of its histograms: delete the run"
"""Why records of a run are not deleted one by one."""


class Rule(Enum):
    """What a POST of a record whose natural key exists does."""

    UPSERT = "changes the fields that were sent"
    APPEND = "changes nothing: the record is known"
    IMMUTABLE = "is an error unless the record is the same"

    @property
    def refusal(self) -> str:
        """Why a record that exists is not changed; empty if it may be."""
        return _REFUSALS.get(self, "")


_REFUSALS = {
    Rule.APPEND: "are only ever added: what was once written is never changed or deleted",
    Rule.IMMUTABLE: "never change once they exist: write a new version",
}


def _nothing(rows: list[Row]) -> None:
    del rows


def _free(row: Row) -> str:
    del row
    return ""


@dataclass(frozen=True)
class Resource:
    """One resource.

    Attributes:
        name: as in the path.
        model: its table.
        filters: fields that a list can be filtered and ordered by, beyond the natural key.
        related: further filters, and the paths of what they compare in other tables.
        namespace, run: paths of the `namespace` and `run_number` filters, where the table has them.
        time: what `start_time` and `end_time` limit.
        rule: what happens to a record that exists.
        aliases: model fields whose name differs from the record's.
        lookups: further unique fields that a single record can be fetched by.
        prepare: completes rows before they are written, and refuses what refers to nothing.
        hold: names the sent fields that must not change an existing row.
        complete: adds what is computed to rows that are answered.
        append: stores rows whose key the server gives, told who sent them; None adds them as they are.
        change: changes one such row, told by whom; None where nothing changes.
        tells: makes the messages that say what a client has changed.
        follow: lets what depends on rows follow from those that were stored.
        told_fields: what these compare with what was before.
        guarded: whether records of an owned namespace are written only by those who control it.
        owner: the column of the account that a record belongs to: only that user, and staff, writes it.
        kept: why a record cannot be deleted by itself; empty if it can.
        in_use: why a record, as it is, cannot be deleted now; empty if it can.
    """

    name: str
    model: type[models.Model]
    filters: tuple[str, ...] = ()
    related: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None
    run: str | None = None
    time: str = "created_at"
    rule: Rule = Rule.UPSERT
    aliases: Mapping[str, str] = field(default_factory=dict)
    lookups: tuple[str, ...] = ()
    prepare: Callable[[list[Row]], None] = _nothing
    hold: Callable[[Row, Row], set[str]] = statuses.hold_nothing
    held_fields: tuple[str, ...] = ()
    complete: Callable[[list[Row]], None] = _nothing
    append: Callable[[list[Row], str | None], list[Row]] | None = None
    change: Callable[[int, Row, str | None], None] | None = None
    tells: news.Tells = news.nothing
    follow: Callable[[list[Row]], None] = _nothing
    told_fields: tuple[str, ...] = ()
    guarded: bool = False
    owner: str | None = None
    kept: str = ""
    in_use: Callable[[Row], str] = _free

    @property
    def record(self) -> type[Record]:
        """The record class."""
        return RECORDS[self.name]

    @property
    def key(self) -> tuple[str, ...]:
        """The natural key, in the record's words."""
        return self.record.key

    @cached_property
    def columns(self) -> dict[str, str]:
        """The column (attribute of the model) of every stored field of the record."""
        found: dict[str, str] = {}
        for name in self.record.model_fields:
            try:
                entry = self.model._meta.get_field(self.aliases.get(name, name))
            except FieldDoesNotExist:
                continue
            if isinstance(entry, models.Field):
                found[name] = entry.attname
        return found

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the natural key."""
        return tuple(self.columns[name] for name in self.key)

    @property
    def numbered(self) -> bool:
        """Whether the server gives the key: each POST makes a new record."""
        return self.key == ("id",)

    @property
    def merges(self) -> bool:
        """Whether there is `metadata` to merge."""
        return "metadata" in self.columns
