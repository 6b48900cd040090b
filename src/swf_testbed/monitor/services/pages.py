"""Runs as lists show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.store.models import Run, RunState, StfFile
from swf_testbed.records import SliceCounts


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as lists show it."""

    run: Run
    state: RunState | None
    stfs: int
    bytes: int
    slices: SliceCounts

    @property
    def duration(self) -> timedelta | None:
        """From the start to the end, or to now."""
        return (self.run.end_time or now()) - self.run.start_time if self.run.start_time else None


def run_lines(runs: Any) -> list[RunLine]:
    """Runs with their counts, in three queries however many they are."""
    found: Sequence[Run] = runs if isinstance(runs, list) else list(runs.select_related("run_state"))
    numbers = [run.run_number for run in found]
    counted = StfFile.objects.filter(run_id__in=numbers).order_by().values_list("run_id")
    files = {
        number: (count, size or 0)
        for number, count, size in counted.annotate(Count("id"), Sum("file_size_bytes"))
    }
    slices = slice_counts(numbers)
    return [
        RunLine(
            run=run,
            state=getattr(run, "run_state", None),
            stfs=files.get(run.run_number, (0, 0))[0],
            bytes=files.get(run.run_number, (0, 0))[1],
            slices=slices[run.run_number],
        )
        for run in found
    ]
