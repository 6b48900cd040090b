"""Workers, agents, namespaces and subscribers."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.status import AgentStatus, DeliveryType, OperationalState, WorkerStatus
from swf_testbed.monitor.store.models.base import (
    FILE_NAME,
    NAME,
    WORD,
    Timed,
    choice_field,
    document_field,
    word_field,
)


class Worker(Timed):
    """One worker process."""

    worker_id = models.CharField(max_length=NAME, unique=True)
    namespace = word_field(null=True)
    run_number = models.PositiveIntegerField(null=True, db_index=True)
    panda_job = models.CharField(max_length=NAME, null=True)
    location = models.CharField(max_length=NAME, null=True, db_index=True)
    status = choice_field(WorkerStatus, WorkerStatus.STARTING)
    current_slice_id = models.PositiveIntegerField(null=True)
    tf_filename = models.CharField(max_length=FILE_NAME, null=True)
    slices_completed = models.BigIntegerField(default=0)
    last_heartbeat = models.DateTimeField(null=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    metadata = document_field()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.worker_id)


class SystemAgent(Timed):
    """One agent of the testbed."""

    instance_name = models.CharField(max_length=NAME, unique=True)
    agent_type = models.CharField(max_length=NAME, null=True, db_index=True)
    status = choice_field(AgentStatus, AgentStatus.UNKNOWN)
    operational_state = choice_field(OperationalState, OperationalState.STARTING)
    last_heartbeat = models.DateTimeField(null=True, db_index=True)
    pid = models.PositiveIntegerField(null=True)
    hostname = models.CharField(max_length=NAME, null=True)
    namespace = word_field(null=True)
    workflow_enabled = models.BooleanField(default=True)
    current_stf_count = models.BigIntegerField(default=0)
    total_stf_processed = models.BigIntegerField(default=0)
    metadata = document_field()

    class Meta:
        """By name."""

        ordering: ClassVar = ["instance_name"]

    def __str__(self) -> str:
        return str(self.instance_name)


class Namespace(Timed):
    """One instance of the testbed."""

    name = models.CharField(max_length=WORD, unique=True)
    owner = models.CharField(max_length=NAME, null=True, db_index=True)
    members = document_field(list)
    description = models.TextField(null=True)

    class Meta:
        """By name."""

        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return str(self.name)


class Subscriber(Timed):
    """Somebody who gets messages."""

    subscriber_name = models.CharField(max_length=NAME, unique=True)
    delivery_type = choice_field(DeliveryType, DeliveryType.ACTIVEMQ)
    is_active = models.BooleanField(default=True, db_index=True)
    fraction = models.FloatField(default=1.0)
    client_ip = models.CharField(max_length=45, null=True)
    connected_at = models.DateTimeField(null=True, db_index=True)
    disconnected_at = models.DateTimeField(null=True, db_index=True)
    message_filters = document_field()
    messages_received = models.BigIntegerField(default=0)
    messages_sent = models.BigIntegerField(default=0)
    messages_dropped = models.BigIntegerField(default=0)
    metadata = document_field()

    class Meta:
        """By name."""

        ordering: ClassVar = ["subscriber_name"]

    def __str__(self) -> str:
        return str(self.subscriber_name)
