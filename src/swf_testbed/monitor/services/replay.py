"""A run that has ended, as one document of its events: whoever has it can tell how things were at any time.

Times are whole milliseconds after `start` (Unix, s), -1 for what never happened. What there is much of is
told as columns; times of a slice are told after its queueing, and that after the queueing of the one before:
small numbers make a short document.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from django.db.models.fields.json import KT
from numpy.typing import NDArray
from pydantic_core import to_json

from swf_testbed.model.errors import NotFound, Refused
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor.services.epochs import UnixSeconds
from swf_testbed.monitor.store.models import FastmonFile, Run, StfFile, SystemStateEvent, TfSlice, Worker

MOST = {"events": 5_000, "workers": 5_000, "stfs": 20_000, "samples": 100_000, "slices": 100_000}
"""Rows of each kind that a document holds; `left_out` counts the rest."""

_NEVER = -1
Rows = Sequence[Sequence[Any]]


def ended_run(run_number: int) -> Run:
    """The run, with its state.

    Raises:
        NotFound: there is none.
        Refused: it goes on.
    """
    run = Run.objects.filter(run_number=run_number).select_related("run_state").first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    if run.end_time is None:
        raise Refused(f"run {run_number} has not ended: follow it on its own page, and replay it when it has")
    return run


def recent_ended(number: int) -> list[Run]:
    """The newest runs that have ended."""
    runs = Run.objects.filter(end_time__isnull=False).select_related("run_state")
    return list(runs.order_by("-run_number")[:number])


def replay(run_number: int) -> bytes:
    """The document of a run, as JSON; errors as of `ended_run`."""
    run = ended_run(run_number)
    waiting = TfSlice.objects.filter(run_number=run_number).exclude(status=SliceStatus.COMPLETED).count()
    return _document(run_number, run.updated_at.isoformat(), run.histogram_revision, waiting)


@lru_cache(maxsize=4)
def _document(run_number: int, *version: object) -> bytes:
    """Made once for what is stored: after its end a run hardly changes."""
    del version
    rows = _read(run_number)
    kept = {kind: found[: MOST[kind]] for kind, found in rows.items()}
    start, end = _span(kept)
    after = _Clock(start)
    told = {
        "run": run_number,
        "start": start,
        "length": after(end),
        "events": [
            {"t": after(when), "type": kind, "state": state, "substate": substate}
            for when, kind, state, substate in kept["events"]
        ],
        "workers": [{"name": name, "from": after(a), "to": after(b)} for name, a, b in kept["workers"]],
        "stfs": _stf_columns(kept["stfs"], after),
        "samples": _sample_columns(kept["samples"], kept["stfs"], after),
        "slices": _slice_columns(kept["slices"], kept["samples"], after),
        "left_out": sorted(kind for kind in rows if len(rows[kind]) > len(kept[kind])),
    }
    return to_json(told)


class _Clock:
    """Milliseconds after the start."""

    def __init__(self, start: float) -> None:
        self._start = start

    def __call__(self, when: float | None) -> int:
        return _NEVER if when is None else max(0, round((when - self._start) * 1000))

    def all(self, times: Sequence[float | None]) -> NDArray[np.int64]:
        """Of many; `_NEVER` for None."""
        known = np.array(times, np.float64)
        return np.where(np.isnan(known), _NEVER, np.maximum(0, np.rint((known - self._start) * 1000))).astype(
            np.int64
        )


def _read(run_number: int) -> dict[str, Rows]:
    """The rows of each kind, one more than is kept of any."""
    at = UnixSeconds
    queries = {
        "events": SystemStateEvent.objects.filter(run_number=run_number)
        .order_by("timestamp", "id")
        .values_list(at("timestamp"), "event_type", "state", "substate"),
        "workers": Worker.objects.filter(run_number=run_number)
        .order_by("worker_id")
        .values_list("worker_id", at("started_at"), at("ended_at")),
        "stfs": StfFile.objects.filter(run=run_number)
        .order_by("id")
        .values_list("stf_filename", "file_size_bytes", at("egress_at"), at("created_at")),
        "samples": FastmonFile.objects.filter(stf_file__run=run_number)
        .order_by("id")
        .values_list("tf_filename", "stf_file_id", "tf_count", at("created_at")),
        "slices": TfSlice.objects.filter(run_number=run_number)
        .order_by("id")
        .values_list(
            *("fastmon_file_id", "slice_id", "status", "assigned_worker"),
            *(at(name) for name in ("created_at", "assigned_at", "completed_at", "plotted_at")),
            KT("metadata__result__processing_start_at"),
        ),
    }
    return {kind: list(query[: MOST[kind] + 1]) for kind, query in queries.items()}


def _span(kept: dict[str, Rows]) -> tuple[float, float]:
    """From the first event to the last."""
    columns = {"events": (0,), "stfs": (2, 3), "samples": (3,), "slices": (4, 5, 6, 7)}
    times = [
        row[column]
        for kind, places in columns.items()
        for column in places
        for row in kept[kind]
        if row[column]
    ]
    return (min(times), max(times)) if times else (0.0, 0.0)


def _stf_columns(stfs: Rows, after: _Clock) -> dict[str, Any]:
    return {
        "name": [row[0] for row in stfs],
        "size": [row[1] or 0 for row in stfs],
        "egress": after.all([row[2] for row in stfs]).tolist(),
        "registered": after.all([row[3] for row in stfs]).tolist(),
    }


def _sample_columns(samples: Rows, stfs: Rows, after: _Clock) -> dict[str, Any]:
    place = _places(stfs)
    return {
        "name": [row[0] for row in samples],
        "stf": [place.get(row[1], _NEVER) for row in samples],
        "frames": [row[2] or 0 for row in samples],
        "t": after.all([row[3] for row in samples]).tolist(),
    }


def _slice_columns(slices: Rows, samples: Rows, after: _Clock) -> dict[str, Any]:
    place = _places(samples)
    workers = sorted({row[3] for row in slices if row[3]})
    seat = {name: number for number, name in enumerate(workers)}
    taken = [_taken(row[5], row[8]) for row in slices]
    columns = [row[4] for row in slices], taken, [row[6] for row in slices], [row[7] for row in slices]
    queued, *reached = map(after.all, columns)
    assigned, done, plotted = (np.where(t == _NEVER, _NEVER, np.maximum(t - queued, 0)) for t in reached)
    return {
        "workers": workers,
        "sample": [place.get(row[0], _NEVER) for row in slices],
        "number": [row[1] for row in slices],
        "worker": [seat.get(row[3], _NEVER) for row in slices],
        "queued": np.diff(queued, prepend=0).tolist(),
        "assigned": assigned.tolist(),
        "done": done.tolist(),
        "plotted": plotted.tolist(),
        "failed": [number for number, row in enumerate(slices) if row[2] == SliceStatus.FAILED],
    }


def _taken(assigned: float | None, started: str | None) -> float | None:
    """When a worker took a slice: the result says it exactly, a heartbeat before there is a result."""
    try:
        return datetime.fromisoformat(started or "").timestamp()
    except ValueError:
        return assigned


def _places(rows: Rows) -> dict[str, int]:
    return {row[0]: number for number, row in enumerate(rows)}
