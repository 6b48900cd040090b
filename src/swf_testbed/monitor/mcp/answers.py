"""What tools answer, beyond the records of REST, and the words of their arguments."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from swf_testbed.model.fields import RunNumber
from swf_testbed.records import (
    Alarm,
    FrozenDocument,
    Log,
    Record,
    RunState,
    SliceCounts,
    WorkflowExecution,
    WorkflowMessage,
)
from swf_testbed.records.answers import StateAt
from swf_testbed.records.health import Health

R = TypeVar("R", bound=Record)

MOST_ITEMS = 200

Limit = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="at most so many items")]
Cursor = Annotated[int | None, Field(ge=0, description="`next_cursor` of the answer before, to go on")]
Since = Annotated[datetime | None, Field(description="not before this time (ISO 8601 with offset)")]
Until = Annotated[datetime | None, Field(description="before this time (ISO 8601 with offset)")]
InNamespace = Annotated[str | None, Field(description="one testbed instance alone")]
OfRun = Annotated[RunNumber | None, Field(description="one run alone")]
OfExecution = Annotated[str | None, Field(description="one workflow execution alone")]
Confirm = Annotated[bool, Field(description="false only tells what would be done; true does it")]


class Listing(FrozenDocument, Generic[R]):
    """A part of a list, newest first; `total` is how many pass the filters."""

    total: int
    items: tuple[R, ...]
    next_cursor: int | None = None


class SystemState(FrozenDocument):
    """How the testbed stands."""

    health: Health
    state: StateAt | None = Field(description="the datataking state; null before anything had happened")
    active_runs: tuple[RunState, ...]
    running_executions: tuple[WorkflowExecution, ...]
    agents: dict[str, int] = Field(description="number of agents by operational state")
    open_alarms: tuple[Alarm, ...]


class WorkflowMonitor(FrozenDocument):
    """How one execution goes, or went."""

    execution: WorkflowExecution
    ended: bool
    runs: tuple[RunState, ...]
    slices: dict[RunNumber, SliceCounts]
    messages: dict[str, int] = Field(description="number of messages by type")
    last_messages: tuple[WorkflowMessage, ...]
    errors: tuple[Log, ...] = Field(description="the newest lines of level ERROR or above")


class Done(FrozenDocument):
    """What became of a wish to change something."""

    done: bool
    what: str = Field(description="in words: what was done, or with `done` false what would be")
    result: dict[str, Any] = Field(default_factory=dict, description="what whoever did it answered")
