"""Runs: what the DAQ did, and how far it has come."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from swf_testbed.model.fields import Count, Name, Namespace, RunNumber, ShortText, Timestamp
from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import RunMark
from swf_testbed.records.base import Document, FrozenDocument, Record, SmallInt

_ALWAYS = Record.server_fields


class Marking(FrozenDocument):
    """A person's word on a run; `mark` null takes it back."""

    mark: RunMark | None
    note: ShortText = ""


class Run(Record):
    """One run of the DAQ."""

    resource: ClassVar[str] = "runs"
    key: ClassVar[tuple[str, ...]] = ("run_number",)
    server_fields: ClassVar[frozenset[str]] = _ALWAYS | {
        "histogram_revision",
        "duplicates",
        "mark",
        "marked_by",
        "mark_note",
    }

    run_number: RunNumber
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    run_conditions: Document = Field(default_factory=dict)
    namespace: Namespace | None = None
    execution: Name | None = None
    dataset: Name | None = None
    total_stf_files: Count | None = None
    end_reason: ShortText | None = None
    histogram_revision: Count | None = None
    duplicates: Count | None = None
    reference: Name | None = None
    mark: RunMark | None = None
    marked_by: Name | None = None
    mark_note: ShortText | None = None
    metadata: Document = Field(default_factory=dict)


class RunState(Record):
    """The state of a run as Echelon 1 has heard it; the counters are counted by the server."""

    resource: ClassVar[str] = "run-states"
    key: ClassVar[tuple[str, ...]] = ("run_number",)
    COUNTERS: ClassVar[tuple[str, ...]] = (
        "active_worker_count",
        "stf_samples_received",
        "slices_created",
        "slices_queued",
        "slices_processing",
        "slices_completed",
        "slices_failed",
    )
    server_fields: ClassVar[frozenset[str]] = _ALWAYS | frozenset(COUNTERS)

    run_number: RunNumber
    phase: RunPhase | None = None
    state: State | None = None
    substate: Substate | None = None
    target_worker_count: SmallInt | None = None
    active_worker_count: Count | None = None
    stf_samples_received: Count | None = None
    slices_created: Count | None = None
    slices_queued: Count | None = None
    slices_processing: Count | None = None
    slices_completed: Count | None = None
    slices_failed: Count | None = None
    state_changed_at: Timestamp | None = None
    metadata: Document = Field(default_factory=dict)


SAMPLING_CHANGED = "sampling_changed"
"""The `event_type` of a change of how a run is sampled, which is none of the datataking state."""


class SystemStateEvent(Record):
    """One change of the datataking state, or of how a run is sampled."""

    resource: ClassVar[str] = "system-state-events"
    key: ClassVar[tuple[str, ...]] = ("message_id", "event_type")

    message_id: UUID
    event_type: Name
    timestamp: Timestamp
    run_number: RunNumber | None = None
    state: State
    substate: Substate | None = None
    event_data: Document = Field(default_factory=dict)
