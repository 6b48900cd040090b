"""Who works and who listens: workers, agents, the namespaces that they belong to, subscribers."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from swf_testbed.model.fields import Count, FileName, Name, Namespace, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import AgentStatus, DeliveryType, OperationalState, WorkerStatus
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


class PoolReport(BaseModel):
    """How a pool of workers stands, as `metadata` of its controller's agent tells it under `pool`.

    The controller keeps it up to date. Times are in s; `wait_s` is null where nothing can be said of it.
    """

    model_config = ConfigDict(extra="ignore")

    engine: str
    engine_says: str = ""
    desired: int = 0
    present: int = 0
    helpers: int = 0
    engine_counts: dict[str, int] = Field(default_factory=dict)
    broker_counts: dict[str, int] = Field(default_factory=dict)
    queued: int = 0
    in_hand: int = 0
    arrivals_per_s: float = 0.0
    service_s: float = 0.0
    wait_s: float | None = None
    latency_target_s: float = 0.0
    held_back: str = ""
    launched: int = 0
    released: int = 0
    lost: int = 0
    died: int = 0


class NamespaceRecord(Record):
    """One instance of the testbed; its owner (at first, its maker) and its members control it."""

    resource: ClassVar[str] = "namespaces"
    key: ClassVar[tuple[str, ...]] = ("name",)

    name: Namespace
    owner: Name | None = None
    members: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    description: ShortText | None = None


class Subscriber(Record):
    """Somebody who gets messages: an agent on the broker, or a client of the event stream."""

    resource: ClassVar[str] = "subscribers"
    key: ClassVar[tuple[str, ...]] = ("subscriber_name",)

    subscriber_name: Name
    delivery_type: DeliveryType = DeliveryType.ACTIVEMQ
    is_active: bool = True
    fraction: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    client_ip: Annotated[str, StringConstraints(max_length=45)] | None = None
    connected_at: Timestamp | None = None
    disconnected_at: Timestamp | None = None
    message_filters: Document = Field(default_factory=dict)
    messages_received: Count = 0
    messages_sent: Count = 0
    messages_dropped: Count = 0
    metadata: Document = Field(default_factory=dict)
