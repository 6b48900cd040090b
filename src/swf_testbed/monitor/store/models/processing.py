"""What becomes of STFs, agent by agent."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.status import ProcessingStatus
from swf_testbed.monitor.store.models.base import NAME, Timed, choice_field, document_field
from swf_testbed.monitor.store.models.files import StfFile


class _Processing(Timed):
    """What a workflow and its stages have in common."""

    status = choice_field(ProcessingStatus, ProcessingStatus.RECEIVED)
    received_at = models.DateTimeField(null=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, db_index=True)
    message = models.TextField(null=True)
    metadata = document_field()

    class Meta:
        """No table of its own."""

        abstract = True


class Workflow(_Processing):
    """The processing of one STF."""

    workflow_id = models.UUIDField(unique=True)
    stf_file = models.ForeignKey(
        StfFile, models.CASCADE, to_field="stf_filename", null=True, related_name="workflows"
    )

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.workflow_id)


class WorkflowStage(_Processing):
    """One agent's part in it."""

    stage_id = models.UUIDField(unique=True)
    workflow = models.ForeignKey(
        Workflow, models.CASCADE, to_field="workflow_id", null=True, related_name="stages"
    )
    agent = models.CharField(max_length=NAME, null=True, db_index=True)
    agent_type = models.CharField(max_length=NAME, null=True, db_index=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.stage_id)
