"""When a run's data reached each stage: what is past is read once, so that a look costs what is new."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from swf_testbed.monitor.services.epochs import UnixSeconds
from swf_testbed.monitor.store.models import FastmonFile, Run, StfFile, TfSlice

MAX_SAMPLES = 200_000
"""Samples that are kept in mind of a run, its newest; of STF files all are."""

MAX_SLICES = 60_000
"""Slices that are kept in mind of a run, its newest."""

MAX_OPEN = 3_000
"""Slices that are not in the plots yet, of which more wait when workers do not keep up."""

_GRAIN = timedelta(milliseconds=2)
"""How far a time in `UnixSeconds` may be from what is stored."""

Times = NDArray[np.float64]
Positions = NDArray[np.int64]
"""Places in the list of STF files; -1 for one that is not in mind any more."""


class Stf(NamedTuple):
    """An STF file of a run; times in Unix seconds, NaN where there is none."""

    name: str
    sequence: int | None
    egress: float
    registered: float
    frames: int
    bytes: int


class Slices(NamedTuple):
    """Slices of a run, one row each; times in Unix seconds, NaN for what has not happened.

    Attributes:
        stf: where the STF file of each is.
        worker: who worked on it last, as a place in `RunTimes.workers`; -1 before anybody did.
        sampled, queued, processed, plotted: when each stage was reached.
    """

    stf: Positions
    worker: Positions
    sampled: Times
    queued: Times
    processed: Times
    plotted: Times

    def __len__(self) -> int:
        """How many slices."""
        return len(self.stf)


@dataclass(frozen=True, slots=True, eq=False)
class RunTimes:
    """What is known now; the same object as long as nothing is new.

    Attributes:
        stfs: its STF files, oldest first.
        samples, sample_stf: when each sample was registered, and of which STF file it is.
        sampled_frames, sample_bytes: of all samples.
        slices: those in the plots, by time, and then the newest of the others.
        workers: names of who worked on them.
    """

    stfs: Sequence[Stf]
    workers: Sequence[str]
    samples: Times
    sample_stf: Positions
    sampled_frames: int
    sample_bytes: int
    slices: Slices

    @property
    def egress(self) -> Times:
        """When each STF file left the DAQ."""
        return np.array([stf.egress for stf in self.stfs], np.float64)

    @property
    def registered(self) -> Times:
        """When each STF file was registered."""
        return np.array([stf.registered for stf in self.stfs], np.float64)

    @property
    def slice_egress(self) -> Times:
        """When the STF of each slice left the DAQ."""
        return np.append(self.egress, np.nan)[self.slices.stf]


def run_times(run: Run) -> RunTimes:
    """The times of a run, in four queries; rows that were deleted stay in mind until the server restarts."""
    return _memory(run.run_number, run.created_at).look(run.run_number)


@lru_cache(maxsize=32)
def _memory(run_number: int, created_at: datetime) -> "_Memory":
    # The time tells apart a run that was deleted from another of the same number.
    del run_number, created_at
    return _Memory()


@dataclass
class _Memory:
    """What has been read of one run."""

    lock: Lock = field(default_factory=Lock)
    last_stf: int = 0
    last_sample: int = 0
    last_plotted: float = 0.0
    newest: dict[int, float] = field(default_factory=dict)
    """The slices plotted about `last_plotted`, which the next look finds again."""

    stfs: list[Stf] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)
    """Position of an STF file by name."""

    samples: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Position of its STF and time, by name."""

    workers: dict[str, int] = field(default_factory=dict)
    """Who worked on slices, in the order in which they were met."""

    frames: int = 0
    bytes: int = 0
    settled: list[Slices] = field(default_factory=list)
    waiting: list[tuple[Any, ...]] = field(default_factory=list)
    known: RunTimes | None = None

    def look(self, run_number: int) -> RunTimes:
        """Read what is new."""
        with self.lock:
            before = self._extent()
            self._read_stfs(run_number)
            self._read_samples(run_number)
            self._read_settled(run_number)
            unplotted = TfSlice.objects.filter(run_number=run_number, plotted_at=None).order_by("-id")
            waiting = _slice_rows(unplotted, MAX_OPEN)
            if self.known is None or waiting != self.waiting or before != self._extent():
                self.known, self.waiting = self._told(waiting), waiting
            return self.known

    def _extent(self) -> tuple[object, ...]:
        """What differs when anything is new that does not change any more."""
        return self.last_stf, self.last_sample, self.last_plotted, len(self.newest)

    def _told(self, waiting: Sequence[tuple[Any, ...]]) -> RunTimes:
        return RunTimes(
            stfs=tuple(self.stfs),
            slices=_joined([*self.settled, self._slices(waiting)]),
            workers=tuple(self.workers),
            samples=np.array([when for _, when in self.samples.values()], np.float64),
            sample_stf=np.array([place for place, _ in self.samples.values()], np.int64),
            sampled_frames=self.frames,
            sample_bytes=self.bytes,
        )

    def _read_stfs(self, run_number: int) -> None:
        columns = ("id", "stf_filename", "sequence", "tf_count", "file_size_bytes")
        fresh = StfFile.objects.filter(run=run_number, id__gt=self.last_stf).order_by("id")
        rows = fresh.values_list(*columns, UnixSeconds("egress_at"), UnixSeconds("created_at"))
        for number, name, sequence, frames, size, egress, registered in rows:
            self.last_stf = number
            self.place[name] = len(self.stfs)
            self.stfs.append(Stf(name, sequence, _nan(egress), registered, frames or 0, size or 0))

    def _read_samples(self, run_number: int) -> None:
        columns = ("id", "tf_filename", "stf_file_id", "tf_count", "file_size_bytes")
        fresh = FastmonFile.objects.filter(stf_file__run=run_number, id__gt=self.last_sample).order_by("-id")
        rows = fresh.values_list(*columns, UnixSeconds("created_at"))[:MAX_SAMPLES]
        for number, name, stf, frames, size, sampled in reversed(list(rows)):
            self.last_sample = number
            self.samples[name] = (self.place.get(stf, -1), sampled)
            self.frames += frames or 0
            self.bytes += size or 0
        if len(self.samples) > 2 * MAX_SAMPLES:
            self.samples = dict(islice(self.samples.items(), MAX_SAMPLES, None))

    def _read_settled(self, run_number: int) -> None:
        known = datetime.fromtimestamp(self.last_plotted, UTC) - _GRAIN
        fresh = TfSlice.objects.filter(run_number=run_number, plotted_at__gt=known).order_by("-plotted_at")
        rows = [row for row in _slice_rows(fresh, MAX_SLICES) if row[0] not in self.newest]
        if not rows:
            return
        self.last_plotted = rows[0][-1]
        edge = self.last_plotted - 2 * _GRAIN.total_seconds()
        seen = self.newest | {row[0]: row[-1] for row in rows}
        self.newest = {number: plotted for number, plotted in seen.items() if plotted >= edge}
        rows.reverse()
        self.settled = [_joined([*self.settled, self._slices(rows)], MAX_SLICES)]

    def _slices(self, rows: Sequence[tuple[Any, ...]]) -> Slices:
        samples = [self.samples.get(name, _NO_SAMPLE) for _, name, *_ in rows]
        workers = [self._worker(name) for _, _, name, *_ in rows]
        times = np.array([row[3:] for row in rows], np.float64).reshape(-1, 3)
        return Slices(
            np.array([stf for stf, _ in samples], np.int64),
            np.array(workers, np.int64),
            np.array([when for _, when in samples], np.float64),
            *times.T,
        )

    def _worker(self, name: str | None) -> int:
        return -1 if name is None else self.workers.setdefault(name, len(self.workers))


_NO_SAMPLE = (-1, np.nan)


def _slice_rows(rows: Any, most: int) -> list[tuple[Any, ...]]:
    """Number, sample, worker, and when it was queued, processed and plotted."""
    times = (UnixSeconds(name) for name in ("created_at", "completed_at", "plotted_at"))
    return list(rows.values_list("id", "fastmon_file_id", "assigned_worker", *times)[:most])


def _joined(parts: Sequence[Slices], most: int | None = None) -> Slices:
    """All of them, or only the last."""
    stf, worker, *times = zip(*parts, strict=True)
    first = 0 if most is None else -most
    return Slices(
        np.concatenate(stf)[first:],
        np.concatenate(worker)[first:],
        *(np.concatenate(column)[first:] for column in times),
    )


def _nan(value: float | None) -> float:
    return np.nan if value is None else value
