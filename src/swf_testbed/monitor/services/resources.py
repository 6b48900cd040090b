"""Every resource of the REST contract, declared once: its record, table, filters and rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services import messages, references, statuses
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store import models as store
from swf_testbed.records import RECORDS, Record


class Rule(Enum):
    """What a POST of a record whose natural key exists does."""

    UPSERT = "changes the fields that were sent"
    APPEND = "changes nothing: the record is known"
    IMMUTABLE = "is an error unless the record is the same"


def _nothing(rows: list[Row]) -> None:
    del rows


@dataclass(frozen=True)
class Resource:
    """One resource.

    Attributes:
        name: as in the path.
        model: its table.
        filters: fields that a list can be filtered and ordered by, beyond the natural key.
        namespace, run: paths of the `namespace` and `run_number` filters, where the table has them.
        time: what `start_time` and `end_time` limit.
        rule: what happens to a record that exists.
        aliases: model fields whose name differs from the record's.
        lookups: further unique fields that a single record can be fetched by.
        prepare: completes rows before they are written, and refuses what refers to nothing.
        hold: names the sent fields that must not change an existing row.
        complete: adds what is computed to rows that are answered.
    """

    name: str
    model: type[models.Model]
    filters: tuple[str, ...] = ()
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
    def merges(self) -> bool:
        """Whether there is `metadata` to merge."""
        return "metadata" in self.columns


_ALL = (
    Resource(
        "runs",
        store.Run,
        filters=("start_time", "end_time", "execution", "created_at"),
        namespace="namespace",
        run="run_number",
        time="start_time",
    ),
    Resource(
        "stf-files",
        store.StfFile,
        filters=(
            "file_id",
            "run",
            "status",
            "machine_state",
            "daq_state",
            "daq_substate",
            "sequence",
            "egress_at",
            "created_at",
        ),
        namespace="run__namespace",
        run="run",
        lookups=("file_id",),
        prepare=references.stf_files,
        hold=statuses.stf_file,
        held_fields=("status",),
    ),
    Resource(
        "fastmon-files",
        store.FastmonFile,
        filters=("tf_file_id", "stf_file", "status", "created_at"),
        namespace="stf_file__run__namespace",
        run="stf_file__run",
        lookups=("tf_file_id",),
        prepare=references.fastmon_files,
    ),
    Resource(
        "tf-slices",
        store.TfSlice,
        filters=("run_number", "status", "assigned_worker", "completed_at", "created_at"),
        namespace="fastmon_file__stf_file__run__namespace",
        run="run_number",
        prepare=references.tf_slices,
        hold=statuses.tf_slice,
        held_fields=("status", "retries"),
    ),
    Resource(
        "workers",
        store.Worker,
        filters=("run_number", "status", "location", "last_heartbeat", "created_at"),
        namespace="namespace",
        run="run_number",
        time="last_heartbeat",
    ),
    Resource(
        "run-states",
        store.RunState,
        filters=("phase", "state", "substate", "state_changed_at", "created_at"),
        namespace="run__namespace",
        run="run",
        time="state_changed_at",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        hold=statuses.run_state,
        held_fields=("phase",),
        complete=references.count_run_states,
    ),
    Resource(
        "system-state-events",
        store.SystemStateEvent,
        filters=("run_number", "timestamp", "state", "substate"),
        namespace=None,
        run="run_number",
        time="timestamp",
        rule=Rule.APPEND,
    ),
    Resource(
        "workflow-definitions",
        store.WorkflowDefinition,
        filters=("workflow_type", "created_by", "created_at"),
        rule=Rule.IMMUTABLE,
        prepare=references.definitions,
    ),
    Resource(
        "workflow-executions",
        store.WorkflowExecution,
        filters=("workflow_definition", "status", "executed_by", "start_time", "end_time", "created_at"),
        namespace="namespace",
        time="start_time",
        prepare=references.executions,
        hold=statuses.execution,
        held_fields=("status",),
    ),
    Resource(
        "workflow-messages",
        store.WorkflowMessage,
        filters=(
            "id",
            "message_type",
            "sender_agent",
            "recipient_agent",
            "execution_id",
            "run_id",
            "sent_at",
            "received_at",
        ),
        namespace="namespace",
        run="run_id",
        time="sent_at",
        rule=Rule.APPEND,
        prepare=messages.keep_order,
    ),
    Resource(
        "systemagents",
        store.SystemAgent,
        filters=("agent_type", "status", "operational_state", "last_heartbeat", "created_at"),
        namespace="namespace",
        time="last_heartbeat",
    ),
    Resource("namespaces", store.Namespace, filters=("owner", "created_at")),
    Resource(
        "logs",
        store.Log,
        filters=(
            "app_name",
            "instance_name",
            "timestamp",
            "level",
            "levelname",
            "execution_id",
            "run_id",
            "username",
        ),
        namespace="namespace",
        run="run_id",
        time="timestamp",
        rule=Rule.APPEND,
        prepare=references.logs,
    ),
    Resource(
        "histograms",
        store.Histogram,
        filters=("quality", "revision"),
        namespace="run__namespace",
        run="run",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
    ),
)

RESOURCES: dict[str, Resource] = {resource.name: resource for resource in _ALL}
"""Every resource by its name."""


def resource(name: str) -> Resource:
    """The resource of that name; `NotFound` if there is none."""
    found = RESOURCES.get(name)
    if found is None:
        raise NotFound(f"there is no resource {name!r}; there are {', '.join(sorted(RESOURCES))}")
    return found
