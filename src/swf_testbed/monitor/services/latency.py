"""How long slices took from egress to each stage, counted when they are in the plots."""

from collections.abc import Iterable
from datetime import datetime

from swf_testbed.monitor import metrics
from swf_testbed.monitor.services.slice_moments import EGRESS, STAGES
from swf_testbed.monitor.store.models import TfSlice

Moments = tuple[datetime | None, ...]
"""Egress, then each of `STAGES`."""


def moments_of(files: Iterable[str], plotted_at: datetime) -> list[Moments]:
    """The moments of the slices of these TF samples that were plotted just then."""
    rows = TfSlice.objects.filter(fastmon_file__in=set(files), plotted_at=plotted_at).order_by()
    return list(rows.values_list(EGRESS, *STAGES.values()))


def observe(slices: Iterable[Moments]) -> None:
    """Count them."""
    for egress, *reached in slices:
        for stage, moment in zip(STAGES, reached, strict=True):
            if egress is not None and moment is not None:
                seconds = max(0.0, (moment - egress).total_seconds())
                metrics.slice_latency.labels(stage).observe(seconds)
