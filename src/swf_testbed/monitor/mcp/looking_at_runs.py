"""Tools that look at runs: states, files, slices, workers, histograms and quality."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from swf_testbed.model.clock import now
from swf_testbed.model.fields import RunNumber
from swf_testbed.model.status import (
    Quality,
    SliceStatus,
    StfStatus,
    WorkerStatus,
)
from swf_testbed.monitor.mcp.answers import (
    MOST_ITEMS,
    Cursor,
    InNamespace,
    Limit,
    Listing,
    OfExecution,
    OfRun,
    Since,
    Until,
)
from swf_testbed.monitor.mcp.listing import FEW, listing, one
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services import history
from swf_testbed.records import (
    FastmonFile,
    Histogram,
    QualityFlag,
    Run,
    RunState,
    StfFile,
    TfSlice,
    Worker,
)
from swf_testbed.records.answers import StateAt


@tool(Effect.READS)
def list_runs(
    namespace: InNamespace = None,
    execution_id: OfExecution = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[Run]:
    """Runs of the DAQ; times are those of the start."""
    return listing(
        Run,
        limit,
        cursor,
        namespace=namespace,
        execution=execution_id,
        start_time=start_time,
        end_time=end_time,
    )


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
def list_stf_files(
    run_number: OfRun = None,
    status: StfStatus | None = None,
    namespace: InNamespace = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[StfFile]:
    """Super time frame files with size, checksum, status and replicas."""
    return listing(
        StfFile,
        limit,
        cursor,
        run_number=run_number,
        status=status,
        namespace=namespace,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def get_stf_file(stf_filename: Annotated[str, Field(description="its name, or its UUID")]) -> StfFile:
    """One STF file."""
    return one(StfFile, stf_filename)


@tool(Effect.READS)
def list_tf_files(
    run_number: OfRun = None,
    stf_filename: Annotated[str | None, Field(description="samples of this STF file alone")] = None,
    namespace: InNamespace = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[FastmonFile]:
    """Sample files: the time frames that fast monitoring took out of STF files."""
    return listing(
        FastmonFile,
        limit,
        cursor,
        run_number=run_number,
        stf_file=stf_filename,
        namespace=namespace,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def list_tf_slices(
    run_number: OfRun = None,
    status: SliceStatus | None = None,
    assigned_worker: str | None = None,
    namespace: InNamespace = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[TfSlice]:
    """Slices, the units of work of the pool, with status, retries and worker."""
    return listing(
        TfSlice,
        limit,
        cursor,
        run_number=run_number,
        status=status,
        assigned_worker=assigned_worker,
        namespace=namespace,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def get_tf_slice(tf_filename: str, slice_id: Annotated[int, Field(ge=0)]) -> TfSlice:
    """One slice by its sample file and number."""
    return one(TfSlice, tf_filename, slice_id)


@tool(Effect.READS)
def list_workers(
    run_number: OfRun = None,
    status: WorkerStatus | None = None,
    namespace: InNamespace = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[Worker]:
    """Workers with place, status and slices completed; times are those of the last heartbeat."""
    return listing(
        Worker,
        limit,
        cursor,
        run_number=run_number,
        status=status,
        namespace=namespace,
        start_time=start_time,
        end_time=end_time,
    )


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
