"""A run in figures, as the hub and its own page tell it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, Sum

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.store.models import Run, RunState, StfFile
from swf_testbed.records import SliceCounts

RECENT_S = 60.0
"""What 'now' means for rates and latencies."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, and what is counted of it; `recent_stfs` left the DAQ within `RECENT_S`."""

    run: Run
    state: RunState | None
    stfs: int
    recent_stfs: int
    frames: int
    bytes: int
    slices: SliceCounts

    @property
    def duration(self) -> timedelta | None:
        """From the start to the end, or to now."""
        return (self.run.end_time or now()) - self.run.start_time if self.run.start_time else None


def run_lines(runs: Iterable[Run]) -> list[RunLine]:
    """Runs with their counts, in two queries however many they are; their states were selected with them."""
    found = list(runs)
    numbers = [run.run_number for run in found]
    counted = StfFile.objects.filter(run_id__in=numbers).order_by().values_list("run_id")
    recent = Q(egress_at__gt=now() - timedelta(seconds=RECENT_S))
    rows = counted.annotate(
        Count("id"), Sum("tf_count"), Sum("file_size_bytes"), recent=Count("id", filter=recent)
    )
    files = {number: (count, fresh, frames or 0, size or 0) for number, count, frames, size, fresh in rows}
    slices = slice_counts(numbers)
    return [
        RunLine(run, state_of(run), *files.get(run.run_number, (0, 0, 0, 0)), slices[run.run_number])
        for run in found
    ]


def state_of(run: Run) -> RunState | None:
    """The state of a run, None before anything was told of it."""
    return getattr(run, "run_state", None)
