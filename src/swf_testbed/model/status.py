"""The statuses of things: executions, files, slices, workers, agents."""

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """Life of a workflow execution."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TERMINATED = "terminated"

    @property
    def terminal(self) -> bool:
        """True when nothing follows."""
        return self in {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.TERMINATED}


class StfStatus(StrEnum):
    """Life of an STF file."""

    REGISTERED = "registered"
    PROCESSING = "processing"
    PROCESSED = "processed"
    DONE = "done"
    FAILED = "failed"


class SliceStatus(StrEnum):
    """Life of a TF slice; `failed` with attempts left becomes `queued` again."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """True when no worker will touch the slice any more."""
        return self in {SliceStatus.COMPLETED, SliceStatus.FAILED}


SLICE_ATTEMPTS = 3
"""How often a slice is tried before it is failed for good."""


class SliceOutcome(StrEnum):
    """What a worker says of a slice when it lets go of it."""

    DONE = "done"
    FAILED = "failed"


class WorkerStatus(StrEnum):
    """Life of a worker process."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    DRAINING = "draining"
    ENDED = "ended"


class OperationalState(StrEnum):
    """What an agent is doing."""

    STARTING = "STARTING"
    READY = "READY"
    PROCESSING = "PROCESSING"
    EXITED = "EXITED"


class AgentStatus(StrEnum):
    """How an agent is."""

    UNKNOWN = "UNKNOWN"
    OK = "OK"
    WARNING = "WARNING"
    ERROR = "ERROR"
    EXITED = "EXITED"


AGENT_STALE_S = 180
"""Seconds without a heartbeat after which an agent counts as EXITED."""


class ProcessingStatus(StrEnum):
    """How far an agent has come with one STF; `failed` may still become `finished`."""

    RECEIVED = "received"
    STARTED = "started"
    FAILED = "failed"
    FINISHED = "finished"


class DeliveryType(StrEnum):
    """How a subscriber gets its messages."""

    ACTIVEMQ = "activemq"
    SSE = "sse"


class Quality(StrEnum):
    """A judgement on data; `null` is too little data to tell."""

    GOOD = "good"
    MEDIUM = "medium"
    BAD = "bad"
    NULL = "null"


class Severity(StrEnum):
    """How much an alarm matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
