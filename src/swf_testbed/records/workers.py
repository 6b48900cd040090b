"""Who works: workers, agents, and the namespaces that they belong to."""

from typing import ClassVar

from pydantic import Field

from swf_testbed.model.fields import Count, FileName, Name, Namespace, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import AgentStatus, OperationalState, WorkerStatus
from swf_testbed.records.base import Document, Record, SmallInt


class Worker(Record):
    """One worker process."""

    resource: ClassVar[str] = "workers"
    key: ClassVar[tuple[str, ...]] = ("worker_id",)

    worker_id: Name
    namespace: Namespace | None = None
    run_number: RunNumber | None = None
    panda_job: Name | None = None
    location: Name | None = None
    status: WorkerStatus = WorkerStatus.STARTING
    current_slice_id: SmallInt | None = None
    tf_filename: FileName | None = None
    slices_completed: Count = 0
    last_heartbeat: Timestamp | None = None
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    metadata: Document = Field(default_factory=dict)


class SystemAgent(Record):
    """One agent of the testbed."""

    resource: ClassVar[str] = "systemagents"
    key: ClassVar[tuple[str, ...]] = ("instance_name",)

    instance_name: Name
    agent_type: Name | None = None
    status: AgentStatus = AgentStatus.UNKNOWN
    operational_state: OperationalState = OperationalState.STARTING
    last_heartbeat: Timestamp | None = None
    pid: SmallInt | None = None
    hostname: Name | None = None
    namespace: Namespace | None = None
    workflow_enabled: bool = True
    current_stf_count: Count = 0
    total_stf_processed: Count = 0
    metadata: Document = Field(default_factory=dict)


class NamespaceRecord(Record):
    """One instance of the testbed."""

    resource: ClassVar[str] = "namespaces"
    key: ClassVar[tuple[str, ...]] = ("name",)

    name: Namespace
    owner: Name | None = None
    members: tuple[Name, ...] = ()
    description: ShortText | None = None
