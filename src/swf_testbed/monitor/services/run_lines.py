"""What lists of runs count beside each run."""

from django.db.models import Count, Sum

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import StfFile


def add_counts(rows: list[Row]) -> None:
    """Add `duration`, `stfs`, `bytes`, and the slices by status, to rows with `run_number` and its times."""
    numbers = [row["run_number"] for row in rows]
    counted = StfFile.objects.filter(run_id__in=numbers).order_by().values_list("run_id")
    files = {
        number: (count, size or 0)
        for number, count, size in counted.annotate(Count("id"), Sum("file_size_bytes"))
    }
    slices = slice_counts(numbers)
    for row in rows:
        begin, end = row["start_time"], row["end_time"]
        row["duration"] = (end or now()) - begin if begin else None
        row["stfs"], row["bytes"] = files.get(row["run_number"], (0, 0))
        row.update(slices[row["run_number"]].model_dump())
