"""Tools that look at one thing: a record by its key, what a run has, how it stood at a time."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from swf_testbed.model.clock import now
from swf_testbed.model.fields import RunNumber
from swf_testbed.model.status import Quality
from swf_testbed.monitor.mcp.answers import MOST_ITEMS, Cursor, Limit, Listing, OfRun
from swf_testbed.monitor.mcp.listing import FEW, listing, one
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services import history
from swf_testbed.records import (
    Histogram,
    Log,
    NamespaceRecord,
    QualityFlag,
    Run,
    RunState,
    StfFile,
    SystemAgent,
    TfSlice,
    WorkflowExecution,
)
from swf_testbed.records.answers import StateAt


@tool(Effect.READS)
def get_run(run_number: RunNumber) -> Run:
    """One run: times, conditions, number of STF files, why it ended."""
    return one(Run, run_number)


@tool(Effect.READS)
def get_run_state(run_number: RunNumber) -> RunState:
    """Phase and state of a run, and its counters of samples, slices and workers."""
    return one(RunState, run_number)


@tool(Effect.READS)
def state_at(
    time: Annotated[datetime | None, Field(description="ISO 8601 with offset; now if left out")] = None,
    run_number: OfRun = None,
) -> StateAt:
    """The datataking state that was in effect at a time, and the event that began it."""
    return StateAt.model_validate(history.state_at(time or now(), run_number))


@tool(Effect.READS)
def get_stf_file(stf_filename: Annotated[str, Field(description="its name, or its UUID")]) -> StfFile:
    """One STF file."""
    return one(StfFile, stf_filename)


@tool(Effect.READS)
def get_tf_slice(tf_filename: str, slice_id: Annotated[int, Field(ge=0)]) -> TfSlice:
    """One slice by its sample file and number."""
    return one(TfSlice, tf_filename, slice_id)


@tool(Effect.READS)
def list_histograms(
    run_number: RunNumber,
    subsystem: str | None = None,
    limit: Limit = MOST_ITEMS,
    cursor: Cursor = None,
) -> Listing[Histogram]:
    """Which histograms a run has, by subsystem and name; `get_histogram` has their contents."""
    found = listing(Histogram, limit, cursor, run_number=run_number, subsystem=subsystem)
    items = tuple(entry.model_copy(update={"content": {}}) for entry in found.items)
    return found.model_copy(update={"items": items})


@tool(Effect.READS)
def get_histogram(run_number: RunNumber, subsystem: str, name: str) -> Histogram:
    """One merged histogram of a run with its contents (UHI serialisation)."""
    return one(Histogram, run_number, subsystem, name)


@tool(Effect.READS)
def get_quality(
    run_number: RunNumber,
    quality: Quality | None = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[QualityFlag]:
    """What the checks say about a run's subsystems: good, medium, bad or null, why, and since when."""
    return listing(QualityFlag, limit, cursor, run_number=run_number, quality=quality)


@tool(Effect.READS)
def get_agent(instance_name: str) -> SystemAgent:
    """One agent by its name."""
    return one(SystemAgent, instance_name)


@tool(Effect.READS)
def get_namespace(name: str) -> NamespaceRecord:
    """One testbed instance by its name."""
    return one(NamespaceRecord, name)


@tool(Effect.READS)
def get_workflow_execution(execution_id: str) -> WorkflowExecution:
    """One execution: expanded parameters, environment, metrics, error and stack trace."""
    return one(WorkflowExecution, execution_id)


@tool(Effect.READS)
def get_log_entry(id: Annotated[int, Field(ge=1)]) -> Log:  # noqa: A002  # as the resource calls it
    """One line of a log, with everything that came with it."""
    return one(Log, id)
