"""A small picture of each run for lists: how many results were merged, and how late, against time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from django.db.models import Avg, Case, Count, FloatField, IntegerField, Value, When
from django.db.models.functions import Cast, Floor

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.epochs import UnixSeconds
from swf_testbed.monitor.services.slice_moments import EGRESS
from swf_testbed.monitor.store.models import Run, TfSlice

SOON_S, LATE_S = 10.0, 30.0
"""The field asks for a plot within the first, at the latest within the second, after egress from the DAQ."""

BINS, HEIGHT = 24, 10
_FRESH_S = 10.0
"""A picture of a run that goes on is made again after this, or when a bin is half full."""

_KEPT = 500


def lateness(seconds: float | None) -> str:
    """Whether a plot came in time after egress: good, medium or bad; empty when it is not known."""
    if seconds is None:
        return ""
    return "good" if seconds <= SOON_S else "medium" if seconds <= LATE_S else "bad"


class Bar(NamedTuple):
    """One bar, in units of `BINS` by `HEIGHT`."""

    left: int
    top: float
    height: float
    tone: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Slices merged into the plots in each of `BINS` equal parts of a run.

    Attributes:
        counts: how many; the heights of the bars.
        latency: the mean time from egress to plot, s; None where nothing was merged.
        seconds: the width of a bin.
    """

    counts: tuple[int, ...]
    latency: tuple[float | None, ...]
    seconds: float

    @property
    def bars(self) -> list[Bar]:
        """The bars, in the colour of how late the results were."""
        most = max(self.counts, default=0)
        told = enumerate(zip(self.counts, self.latency, strict=True))
        heights = ((place, max(0.5, HEIGHT * count / most), late) for place, (count, late) in told if count)
        return [Bar(place, HEIGHT - height, height, lateness(late)) for place, height, late in heights]

    @property
    def mean_latency(self) -> float | None:
        """Of all that was merged, s."""
        told = [
            (late, count) for late, count in zip(self.latency, self.counts, strict=True) if late is not None
        ]
        number = sum(count for _, count in told)
        return sum(late * count for late, count in told) / number if number else None


_EMPTY = Picture((), (), 0.0)


class _Gallery:
    """Pictures as they were last made, by run; the state of a run decides whether one still holds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[int, tuple[object, datetime, Picture]] = {}

    def known(self, run: Run) -> Picture | None:
        """The picture, if it still holds."""
        found = self._made.get(run.run_number)
        if found is None:
            return None
        stamp, made, picture = found
        if stamp == _stamp(run):
            return picture
        age = (now() - made).total_seconds()
        still = run.end_time is None and age < max(_FRESH_S, picture.seconds / 2)
        return picture if still else None

    def keep(self, run: Run, picture: Picture) -> None:
        """Remember; the one that was made first is forgotten first."""
        with self._lock:
            self._made.pop(run.run_number, None)
            self._made[run.run_number] = (_stamp(run), now(), picture)
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]


_gallery = _Gallery()


def _stamp(run: Run) -> object:
    return run.created_at, run.histogram_revision, run.end_time


def pictures(runs: Iterable[Run]) -> dict[int, Picture]:
    """The pictures of runs by number, in at most one query; that of a run that has not begun is empty."""
    all_runs = list(runs)
    found = {run.run_number: _EMPTY for run in all_runs if run.start_time is None}
    found |= {run.run_number: picture for run in all_runs if (picture := _gallery.known(run)) is not None}
    missing = [run for run in all_runs if run.run_number not in found]
    for run, picture in zip(missing, _made(missing), strict=True):
        _gallery.keep(run, picture)
        found[run.run_number] = picture
    return found


def _made(runs: Sequence[Run]) -> list[Picture]:
    if not runs:
        return []
    spans = {run.run_number: _span(run) for run in runs}
    begin = _by_run({number: first for number, (first, _) in spans.items()})
    width = _by_run({number: seconds for number, (_, seconds) in spans.items()})
    plotted = UnixSeconds("plotted_at")
    merged = TfSlice.objects.filter(run_number__in=list(spans), plotted_at__isnull=False).order_by()
    binned = merged.annotate(bin=Cast(Floor((plotted - begin) / width), IntegerField()))
    rows = binned.values_list("run_number", "bin").annotate(
        Count("id"), late=Avg(plotted - UnixSeconds(EGRESS))
    )
    counts = {number: [0] * BINS for number in spans}
    latency: dict[int, list[float | None]] = {number: [None] * BINS for number in spans}
    for number, place, count, late in rows:
        if 0 <= place < BINS:
            counts[number][place], latency[number][place] = count, late
    return [Picture(tuple(counts[n]), tuple(latency[n]), seconds) for n, (_, seconds) in spans.items()]


def _span(run: Run) -> tuple[float, float]:
    """Where a run's picture begins, and how wide a bin is; what is merged after the end has a place, too."""
    begin, end = run.start_time, run.end_time or now()
    assert begin is not None  # noqa: S101  # only of runs that have begun
    seconds = max((end - begin).total_seconds() * 1.1, 1.0)
    return begin.timestamp(), seconds / BINS


def _by_run(values: dict[int, float]) -> Any:
    cases = [When(run_number=number, then=Value(value)) for number, value in values.items()]
    return Case(*cases, output_field=FloatField())
