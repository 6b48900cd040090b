"""STF files, TF samples and slices; related by their natural keys, so that no answer needs a join."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.states import State, Substate
from swf_testbed.model.status import CopyState, DatasetStatus, SliceStatus, StfStatus
from swf_testbed.monitor.store.models.base import (
    FILE_NAME,
    NAME,
    Timed,
    choice_field,
    document_field,
    word_field,
)
from swf_testbed.monitor.store.models.runs import Run


class StfFile(Timed):
    """An STF file in the exit buffer."""

    stf_filename = models.CharField(max_length=FILE_NAME, unique=True)
    file_id = models.UUIDField(unique=True)
    run = models.ForeignKey(Run, models.CASCADE, null=True, related_name="stf_files")
    stream = models.CharField(max_length=NAME, null=True, db_index=True)
    sequence = models.PositiveIntegerField(null=True, db_index=True)
    machine_state = models.CharField(max_length=NAME, null=True, db_index=True)
    file_url = models.TextField(null=True)
    file_size_bytes = models.BigIntegerField(null=True)
    checksum = models.CharField(max_length=32, null=True)
    status = choice_field(StfStatus, StfStatus.REGISTERED)
    daq_state = choice_field(State)
    daq_substate = choice_field(Substate)
    tf_first = models.BigIntegerField(null=True)
    tf_count = models.BigIntegerField(null=True)
    workflow_status = models.CharField(max_length=NAME, null=True)
    egress_at = models.DateTimeField(null=True, db_index=True)
    metadata = document_field()

    class Meta:
        """Newest first; counted by run and status."""

        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["run", "status"], name="stf_by_run")]

    def __str__(self) -> str:
        return str(self.stf_filename)


class StfCopy(Timed):
    """The copy of an STF file at one site."""

    stf_file = models.ForeignKey(
        StfFile, models.CASCADE, to_field="stf_filename", related_name="copies", db_index=False
    )
    site = models.CharField(max_length=NAME)
    state = choice_field(CopyState, CopyState.WAITING)
    url = models.TextField(null=True)
    checksum = models.CharField(max_length=32, null=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.TextField(default="", blank=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first; counted by site and state."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["stf_file", "site"], name="copy_once")]
        indexes: ClassVar = [models.Index(fields=["site", "state"], name="copy_by_site")]

    def __str__(self) -> str:
        return f"{self.stf_file_id}@{self.site}"


class Dataset(Timed):
    """All STF files of a run in the catalogue."""

    name = word_field(unique=True, db_index=False)
    scope = word_field(null=True)
    run = models.ForeignKey(Run, models.CASCADE, null=True, related_name="datasets")
    status = choice_field(DatasetStatus, DatasetStatus.OPEN)
    storage = word_field(null=True)
    sites = document_field(list)
    files = models.BigIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    expected_files = models.BigIntegerField(null=True)
    streams = document_field()
    problem = models.TextField(default="", blank=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.name)


class FastmonFile(Timed):
    """A file of sampled frames of one STF."""

    tf_filename = models.CharField(max_length=FILE_NAME, unique=True)
    tf_file_id = models.UUIDField(unique=True)
    stf_file = models.ForeignKey(
        StfFile, models.CASCADE, to_field="stf_filename", null=True, related_name="fastmon_files"
    )
    file_url = models.TextField(null=True)
    file_size_bytes = models.BigIntegerField(null=True)
    checksum = models.CharField(max_length=32, null=True)
    status = models.CharField(max_length=NAME, null=True, db_index=True)
    tf_first = models.BigIntegerField(null=True)
    tf_last = models.BigIntegerField(null=True)
    tf_count = models.BigIntegerField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.tf_filename)


class TfSlice(Timed):
    """A piece of work cut from a TF sample."""

    fastmon_file = models.ForeignKey(
        FastmonFile, models.CASCADE, to_field="tf_filename", related_name="slices", db_index=False
    )
    slice_id = models.PositiveIntegerField()
    tf_first = models.BigIntegerField(null=True)
    tf_last = models.BigIntegerField(null=True)
    tf_count = models.BigIntegerField(null=True)
    run_number = models.PositiveIntegerField(null=True)
    status = choice_field(SliceStatus, SliceStatus.QUEUED)
    retries = models.PositiveIntegerField(default=0)
    assigned_worker = models.CharField(max_length=NAME, null=True, db_index=True)
    assigned_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True, db_index=True)
    plotted_at = models.DateTimeField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first; counted by run and status; what is new in the plots is found by run and time."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fastmon_file", "slice_id"], name="slice_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["run_number", "status", "assigned_worker"], name="slice_by_run"),
            models.Index(fields=["run_number", "plotted_at"], name="slice_by_plot"),
        ]

    def __str__(self) -> str:
        return f"{self.fastmon_file_id}#{self.slice_id}"
