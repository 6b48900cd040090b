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


OPEN_EXECUTION = tuple(status for status in ExecutionStatus if not status.terminal)
"""Of an execution that has not ended."""


class StfStatus(StrEnum):
    """Life of an STF file."""

    REGISTERED = "registered"
    PROCESSING = "processing"
    PROCESSED = "processed"
    DONE = "done"
    FAILED = "failed"


class CopyState(StrEnum):
    """How far the copy of a file at a site is."""

    WAITING = "waiting"
    """On its way, or in a queue for it."""
    ARRIVED = "arrived"
    """There, and not yet verified."""
    VERIFIED = "verified"
    """Its bytes there have the size and checksum of the announcement."""
    FAILED = "failed"
    """It could not be brought there, or is not what it should be; it is tried again."""
    REMOVED = "removed"
    """It was taken away, as was asked for."""


class BufferLevel(StrEnum):
    """How full the exit buffer is."""

    LOW = "low"
    HIGH = "high"
    """Above the high-water mark: what is archived is deleted before its time."""
    FULL = "full"
    """No room for another file: the DAQ pauses."""


class DatasetStatus(StrEnum):
    """Life of the dataset of a run."""

    OPEN = "open"
    """The run goes on."""
    CLOSING = "closing"
    """The run has ended; not all of its files are registered yet."""
    CLOSED = "closed"
    """Every file that the DAQ has counted is registered; nothing more is attached."""
    ARCHIVED = "archived"
    """Closed, and every file is verified at every site."""


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


class RunMark(StrEnum):
    """What a person says of a run as a whole: references are made of good ones."""

    GOOD = "good"
    BAD = "bad"
