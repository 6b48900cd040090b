"""Numbers that are counted from rows, never told by clients."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count

from swf_testbed.model.clock import now
from swf_testbed.model.names import LAST_RUN_NUMBER
from swf_testbed.model.status import AGENT_STALE_S, WorkerStatus
from swf_testbed.monitor.store.models import FastmonFile, TfSlice, Worker
from swf_testbed.records import SliceCounts


def small_integer(value: object) -> int | None:
    """A number that fits a 32-bit column, or None; programs write their extra data as they like."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if int(text) <= LAST_RUN_NUMBER else None


def slice_counts(run_numbers: Sequence[int]) -> dict[int, SliceCounts]:
    """The slices of each run by status."""
    tally: dict[int, dict[str, int]] = {number: {} for number in run_numbers}
    grouped = TfSlice.objects.filter(run_number__in=run_numbers).order_by()
    for number, status, count in grouped.values_list("run_number", "status").annotate(Count("id")):
        tally[number or 0][status] = count
    return {number: SliceCounts(created=sum(seen.values()), **seen) for number, seen in tally.items()}


def run_counters(run_numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    """The counters of `RunState` for each run."""
    slices = slice_counts(run_numbers)
    samples = dict(
        FastmonFile.objects.filter(stf_file__run__in=run_numbers)
        .order_by()
        .values_list("stf_file__run")
        .annotate(Count("id"))
    )
    at_work = (WorkerStatus.STARTING, WorkerStatus.IDLE, WorkerStatus.BUSY)
    fresh = now() - timedelta(seconds=AGENT_STALE_S)
    workers = dict(
        Worker.objects.filter(run_number__in=run_numbers, status__in=at_work, last_heartbeat__gte=fresh)
        .order_by()
        .values_list("run_number")
        .annotate(Count("id"))
    )
    return {
        number: {
            "active_worker_count": workers.get(number, 0),
            "stf_samples_received": samples.get(number, 0),
            **{f"slices_{name}": count for name, count in slices[number].model_dump().items()},
        }
        for number in run_numbers
    }
