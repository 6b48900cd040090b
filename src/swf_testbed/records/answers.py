"""What the interface answers beyond records: what became of a POST, numbers, and what is wrong."""

from pydantic import BaseModel, ConfigDict

from swf_testbed.model.fields import Count, Timestamp
from swf_testbed.records.base import Document
from swf_testbed.records.health import Health


class Problem(BaseModel):
    """Why a request was refused; `field`, `value` and `allowed` where one field is to blame."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detail: str
    field: str | None = None
    value: str | None = None
    allowed: str | None = None


class ResultsProblem(Problem):
    """A step of merging that does not fit: where the run's histograms are, and which parts are in already."""

    revision: Count | None = None
    known_parts: tuple[str, ...] | None = None


class StateAt(BaseModel):
    """The datataking state that was in effect at a time, and the event that began it."""

    time: Timestamp
    state: str
    substate: str | None
    since: Timestamp
    run_number: int | None
    event_type: str
    message_id: str


class LogCount(BaseModel):
    """How many lines of one level a program logged."""

    app_name: str
    instance_name: str
    levelname: str
    count: Count
    latest: Timestamp


class LogSummary(BaseModel):
    """Lines by program and level."""

    results: tuple[LogCount, ...]


class StreamClient(BaseModel):
    """An open stream of events; `sent` and the like count messages, and may be some seconds old."""

    client: str
    process: str | None
    account: str | None
    address: str | None
    agent: str | None
    since: Timestamp | None
    filters: Document
    received: Count
    sent: Count
    dropped: Count
    waiting: Count
    last_id: Count


class StreamEviction(StreamClient):
    """A stream that was closed because its client did not read."""

    reason: str | None


class StreamStatus(BaseModel):
    """The open streams of all web processes, and the latest that were closed because they were slow.

    `last_id` is the number of the newest message that the answering `process` has handed on.
    """

    last_id: Count
    process: str
    count: Count
    evicted: Count
    clients: tuple[StreamClient, ...]
    evictions: tuple[StreamEviction, ...]


ANSWERS: tuple[type[BaseModel], ...] = (Problem, ResultsProblem, Health, StateAt, LogSummary, StreamStatus)
