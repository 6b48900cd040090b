"""A run in figures, as the hub and its own page tell it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Aggregate, Count, Exists, OuterRef, Q, Sum

from swf_testbed.model.clock import now
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services import windows
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Run, RunState, StfFile, Window
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


class Files(NamedTuple):
    """What is counted of the STF files of a run: all, those of late, their frames and bytes."""

    stfs: int = 0
    recent_stfs: int = 0
    frames: int = 0
    bytes: int = 0


def run_lines(runs: Iterable[Run]) -> list[RunLine]:
    """Runs with their counts, in two queries however many they are; their states were selected with them."""
    found = list(runs)
    numbers = [run.run_number for run in found]
    files, slices = _files(numbers), slice_counts(numbers)
    return [RunLine(run, state_of(run), *files[run.run_number], slices[run.run_number]) for run in found]


def run_line(run_number: int) -> RunLine:
    """One run with its counts, in two queries; `NotFound` if there is no such run.

    `run.has_prompt` says whether prompt processing has filled histograms of all its frames.
    """
    runs = Run.objects.select_related("run_state").annotate(**_counts("stf_files__"))
    prompt = Window.objects.filter(run=OuterRef("pk"), window=windows.PROMPT)
    run = runs.filter(run_number=run_number).annotate(has_prompt=Exists(prompt)).first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    files = Files(*(getattr(run, name) or 0 for name in Files._fields))
    return RunLine(run, state_of(run), *files, slice_counts([run_number])[run_number])


def add_counts(rows: list[Row]) -> None:
    """Add `duration`, `stfs`, `bytes`, and the slices by status, to rows with `run_number` and its times."""
    numbers = [row["run_number"] for row in rows]
    files, slices = _files(numbers), slice_counts(numbers)
    for row in rows:
        begin, end = row["start_time"], row["end_time"]
        row["duration"] = (end or now()) - begin if begin else None
        row["stfs"], row["bytes"] = files[row["run_number"]].stfs, files[row["run_number"]].bytes
        row.update(slices[row["run_number"]].model_dump())


def _counts(files: str = "") -> dict[str, Aggregate]:
    """The expressions for `Files`, of files at the end of a path."""
    recent = Q(**{f"{files}egress_at__gt": now() - timedelta(seconds=RECENT_S)})
    counts = (
        Count(f"{files}id"),
        Count(f"{files}id", filter=recent),
        Sum(f"{files}tf_count"),
        Sum(f"{files}file_size_bytes"),
    )
    return dict(zip(Files._fields, counts, strict=True))


def _files(run_numbers: Sequence[int]) -> dict[int, Files]:
    rows = StfFile.objects.filter(run_id__in=run_numbers).order_by().values_list("run_id")
    counted = {number: Files(*(one or 0 for one in counts)) for number, *counts in rows.annotate(**_counts())}
    return {number: counted.get(number, Files()) for number in run_numbers}


def state_of(run: Run) -> RunState | None:
    """The state of a run, None before anything was told of it."""
    return getattr(run, "run_state", None)
