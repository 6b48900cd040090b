"""Workflow definitions, executions, messages and logs."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor.store.models.base import (
    NAME,
    WORD,
    Timed,
    choice_field,
    document_field,
    word_field,
)


class WorkflowDefinition(Timed):
    """A workflow's code and configuration, never changed once written."""

    label = models.CharField(max_length=2 * WORD + 1, unique=True)
    """`<workflow_name>/<version>`, what executions refer to."""

    workflow_name = word_field()
    version = word_field()
    workflow_type = models.CharField(max_length=NAME, null=True, db_index=True)
    definition = models.TextField(default="")
    parameter_values = document_field()
    source = document_field()
    created_by = models.CharField(max_length=NAME, null=True, db_index=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workflow_name", "version"], name="definition_once"),
        ]

    def __str__(self) -> str:
        return str(self.label)


class WorkflowExecution(Timed):
    """One execution of a workflow."""

    execution_id = models.CharField(max_length=NAME, unique=True)
    workflow_definition = models.ForeignKey(
        WorkflowDefinition, models.PROTECT, to_field="label", null=True, related_name="executions"
    )
    namespace = word_field(null=True)
    parameter_values = document_field()
    execution_environment = document_field()
    performance_metrics = document_field()
    status = choice_field(ExecutionStatus, ExecutionStatus.PENDING)
    start_time = models.DateTimeField(null=True, db_index=True)
    end_time = models.DateTimeField(null=True, db_index=True)
    executed_by = models.CharField(max_length=NAME, null=True, db_index=True)
    error_message = models.TextField(null=True)
    stack_trace = models.TextField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.execution_id)


class WorkflowMessage(models.Model):
    """A message as it went over the bus; the primary key is its number in the stream."""

    message_id = models.UUIDField(unique=True)
    message_type = models.CharField(max_length=NAME, db_index=True)
    sender_agent = models.CharField(max_length=NAME, db_index=True)
    recipient_agent = models.CharField(max_length=NAME, null=True, db_index=True)
    namespace = word_field()
    execution_id = models.CharField(max_length=NAME, null=True, db_index=True)
    run_id = models.PositiveIntegerField(null=True, db_index=True)
    message_content = document_field()
    sent_at = models.DateTimeField(null=True, db_index=True)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    destination = models.CharField(max_length=NAME, null=True)
    causation_id = models.UUIDField(null=True, db_index=True)

    class Meta:
        """Newest first; counted from an index alone."""

        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["message_type", "sender_agent", "namespace", "sent_at"], name="message_counted"
            )
        ]


class Log(models.Model):
    """One line of a log."""

    app_name = models.CharField(max_length=NAME, db_index=True)
    instance_name = models.CharField(max_length=NAME, db_index=True)
    timestamp = models.DateTimeField(db_index=True)
    level = models.PositiveIntegerField(db_index=True)
    levelname = models.CharField(max_length=NAME, db_index=True)
    message = models.TextField()
    module = models.CharField(max_length=NAME, null=True)
    funcname = models.CharField(max_length=NAME, null=True)
    lineno = models.PositiveIntegerField(null=True)
    process = models.PositiveIntegerField(null=True)
    thread = models.CharField(max_length=NAME, null=True)
    extra_data = document_field()
    namespace = word_field(null=True)
    execution_id = models.CharField(max_length=NAME, null=True, db_index=True)
    run_id = models.PositiveIntegerField(null=True, db_index=True)
    username = models.CharField(max_length=NAME, null=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Newest first; the errors of an execution are found among its lines, all are counted by an index."""

        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["execution_id", "level"], name="log_by_execution"),
            models.Index(
                fields=["app_name", "instance_name", "levelname", "namespace", "timestamp"],
                name="log_counted",
            ),
        ]
