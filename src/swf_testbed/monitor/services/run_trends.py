"""Figures against time: of the STFs of a run, and of one run after the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Avg, Count, Max, Min, Sum

from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.monitor.services.rows import Row, number_in
from swf_testbed.monitor.store.models import Run, StfFigures
from swf_testbed.records import Trends
from swf_testbed.records.monitoring import Column

MOST_STFS = 20_000
"""STFs of one answer, the newest: some 4 hours at ePIC's rate."""

MOST_RUNS = 200
_STF_COLUMNS = (
    "sequence",
    "frames",
    "sampled",
    "evaluated",
    "bytes_read",
    "stf_bytes",
    "requests",
    "latency_s",
)
_SUMS = ("frames", "sampled", "evaluated", "bytes_read", "stf_bytes", "requests")

Values = Mapping[str, Mapping[str, Any]]


def of_run(run_number: int) -> Trends:
    """The STFs of a run in the order of taking; `NotFound` if there is no such run."""
    if not Run.objects.filter(run_number=run_number).exists():
        raise NotFound(f"run {run_number} does not exist")
    newest = StfFigures.objects.filter(run=run_number).order_by("-since", "-stf_filename")
    rows = list(newest.values("stf_filename", "since", "values", *_STF_COLUMNS)[:MOST_STFS])[::-1]
    columns = {name: tuple(row[name] for row in rows) for name in _STF_COLUMNS}
    columns["sampled_fraction"] = _ratio(columns["sampled"], columns["evaluated"])
    return Trends(
        points=tuple(row["stf_filename"] for row in rows),
        since=tuple(row["since"] for row in rows),
        columns=columns,
        subsystems=_by_subsystem([row["values"] for row in rows]),
    )


def of_runs(run_numbers: Sequence[int]) -> Trends:
    """Runs one after the other, ascending; those without STFs are left out.

    Counts are sums over a run, everything else the mean over its STFs.
    """
    if not 1 <= len(run_numbers) <= MOST_RUNS:
        raise BadInput("run_number", len(run_numbers), f"must be given 1 to {MOST_RUNS} times")
    figures = StfFigures.objects.filter(run__in=run_numbers).order_by("run")
    sums = {name: Sum(name) for name in _SUMS}
    seen = {"stfs": Count("id"), "changed": Max("updated_at")}
    by_run = figures.values("run").annotate(begin=Min("since"), latency=Avg("latency_s"), **seen, **sums)
    rows: list[Row] = [dict(row) for row in by_run]
    columns: dict[str, Column] = {name: tuple(row[name] for row in rows) for name in _SUMS}
    columns |= {"latency_s": tuple(row["latency"] for row in rows)}
    columns["sampled_fraction"] = _ratio(columns["sampled"], columns["evaluated"])
    return Trends(
        points=tuple(str(row["run"]) for row in rows),
        since=tuple(row["begin"] for row in rows),
        columns=columns,
        subsystems=_by_subsystem(_means_of([(row["run"], row["stfs"], row["changed"]) for row in rows])),
    )


def _ratio(part: Column, whole: Column) -> Column:
    return tuple(a / b if a is not None and b else None for a, b in zip(part, whole, strict=True))


def _by_subsystem(rows: Sequence[Values]) -> dict[str, dict[str, Column]]:
    names: dict[str, dict[str, None]] = {}
    for row in rows:
        for subsystem, values in row.items():
            names.setdefault(subsystem, {}).update(dict.fromkeys(values))
    return {
        subsystem: {
            name: tuple(number_in(row.get(subsystem, {}).get(name)) for row in rows) for name in of_it
        }
        for subsystem, of_it in sorted(names.items())
    }


_Seen = tuple[int, int, Any]
"""A run, how many STFs it had, when they last changed: what was seen so keeps its means."""

_MOST_MEANS = 5 * MOST_RUNS
_means: dict[_Seen, Values] = {}


def _means_of(seen: Sequence[_Seen]) -> list[Values]:
    """The mean values of runs; those that changed since they were last asked for are read in one query."""
    known = {one: _means[one] for one in seen if one in _means}
    missing = {one[0]: one for one in seen if one not in known}
    rows = StfFigures.objects.filter(run__in=missing).order_by("run").values_list("run", "values")
    for run, of_it in groupby(rows.iterator(), key=itemgetter(0)) if missing else ():
        known[missing[run]] = _mean_values(values for _, values in of_it)
    if len(_means) + len(missing) > _MOST_MEANS:
        _means.clear()
    _means.update(known)
    return [known.get(one, {}) for one in seen]


def _mean_values(rows: Iterable[Values]) -> Values:
    gathered: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        for subsystem, values in row.items():
            of_it = gathered.setdefault(subsystem, {})
            for name, value in values.items():
                if (number := number_in(value)) is not None:
                    of_it.setdefault(name, []).append(number)
    mean: Callable[[list[float]], float] = lambda numbers: sum(numbers) / len(numbers)  # noqa: E731  # short
    return {
        subsystem: {name: mean(numbers) for name, numbers in of_it.items()}
        for subsystem, of_it in gathered.items()
    }
