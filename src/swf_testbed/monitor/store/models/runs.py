"""Runs, their states, and the history of the datataking state."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import RunMark
from swf_testbed.monitor.store.models.base import NAME, Timed, choice_field, document_field, word_field


class Run(Timed):
    """One run of the DAQ."""

    run_number = models.PositiveIntegerField(primary_key=True)
    start_time = models.DateTimeField(null=True, db_index=True)
    end_time = models.DateTimeField(null=True, db_index=True)
    run_conditions = document_field()
    namespace = word_field(null=True)
    execution = models.CharField(max_length=NAME, null=True, db_index=True)
    dataset = models.CharField(max_length=NAME, null=True)
    total_stf_files = models.BigIntegerField(null=True)
    end_reason = models.TextField(null=True)
    histogram_revision = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=NAME, null=True, db_index=True)
    mark = choice_field(RunMark)
    marked_by = models.CharField(max_length=NAME, null=True)
    mark_note = models.TextField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-run_number"]

    def __str__(self) -> str:
        return f"run {self.run_number}"


class RunState(Timed):
    """How far a run has come."""

    run = models.OneToOneField(
        Run, models.CASCADE, primary_key=True, db_column="run_number", related_name="run_state"
    )
    phase = choice_field(RunPhase)
    state = choice_field(State)
    substate = choice_field(Substate)
    target_worker_count = models.PositiveIntegerField(null=True)
    state_changed_at = models.DateTimeField(null=True, db_index=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-run"]


class SystemStateEvent(models.Model):
    """One change of the datataking state, never changed once written."""

    message_id = models.UUIDField()
    event_type = models.CharField(max_length=NAME, db_index=True)
    timestamp = models.DateTimeField(db_index=True)
    run_number = models.PositiveIntegerField(null=True)
    state = choice_field(State)
    substate = choice_field(Substate)
    event_data = document_field()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Unique by the message that caused it; found by run and time."""

        ordering: ClassVar = ["timestamp", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message_id", "event_type"], name="event_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["run_number", "timestamp"], name="event_by_run")]
