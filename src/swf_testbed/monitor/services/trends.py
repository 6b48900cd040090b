"""Rates and latencies of a run against time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.run_times import RunTimes, Times
from swf_testbed.monitor.services.slice_moments import STAGES
from swf_testbed.monitor.services.summary import percentiles
from swf_testbed.records import Percentiles

MAX_POINTS = 120
SMOOTHED_S, SMOOTHED_BINS = 12.0, 6
RECENT_S = 30.0
"""What 'now' means for a rate of a run that goes on."""

_WIDTHS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)

Table = dict[str, Any]
"""`time` (Unix, s), `unit`, `series` [{label, values}]; None where there is nothing."""


@dataclass(frozen=True, slots=True)
class Trends:
    """What the run page draws and says of a run's speed.

    Attributes:
        rates, latency: tables for plots.
        per_second: the rates of STFs, samples and slices now, or over the whole run when it has ended.
        stages: how long after egress from the DAQ each stage was reached.
    """

    rates: Table
    latency: Table
    per_second: dict[str, float | None]
    stages: dict[str, Percentiles]


def run_trends(times: RunTimes, *, ongoing: bool) -> Trends:
    """The trends of a run, as far as its times are in mind; `ongoing` when it has not ended."""
    return _trends(times, ongoing=True) if ongoing else _of_ended(times)


@lru_cache(maxsize=16)
def _of_ended(times: RunTimes) -> Trends:
    return _trends(times, ongoing=False)


def _trends(times: RunTimes, *, ongoing: bool) -> Trends:
    slices, egress = times.slices, times.slice_egress
    reached = {
        "registered": np.append(times.registered, np.nan)[slices.stf],
        "sampled": slices.sampled,
        "queued": slices.queued,
        "processed": slices.processed,
        "plotted": slices.plotted,
    }
    done, plotted = slices.processed, slices.plotted
    counted = {"STFs": times.egress, "samples": times.samples, "slices": done}
    edges = _edges([*counted.values(), plotted], ongoing)
    latency = [
        ("to result, p50", _percentile(done, done - egress, edges, 50)),
        ("to plot, p50", _percentile(plotted, plotted - egress, edges, 50)),
        ("to plot, p95", _percentile(plotted, plotted - egress, edges, 95)),
    ]
    return Trends(
        rates=_table(edges, "/s", [(name, _smooth(when, edges)) for name, when in counted.items()]),
        latency=_table(edges, "s", latency),
        per_second={name: rate(when, ongoing) for name, when in counted.items()},
        stages={name: percentiles(_known(reached[name] - egress)) for name in STAGES},
    )


def _known(times: Times) -> Times:
    return times[~np.isnan(times)]


def _edges(groups: Iterable[Times], ongoing: bool) -> Times:
    """Bin edges on whole multiples of the width; a bin that is not over yet is left out."""
    known = np.concatenate([_known(times) for times in groups])
    if not len(known):
        return np.empty(0)
    low, high = known.min(), known.max()
    width = next((width for width in _WIDTHS_S if (high - low) / width < MAX_POINTS), _WIDTHS_S[-1])
    first, last = np.floor(low / width), np.ceil(high / width) + 1
    if ongoing:
        last = max(min(last, np.floor(now().timestamp() / width)), first + 1)
    return np.asarray(np.arange(first, last + 1) * width, np.float64)


def rate(times: Times, ongoing: bool) -> float | None:
    """How many a second: of late for a run that goes on, else from first to last; None for too few."""
    known = _known(times)
    if ongoing:
        return float((known > now().timestamp() - RECENT_S).sum() / RECENT_S) if len(known) else None
    span = float(np.ptp(known)) if len(known) > 1 else 0.0
    return (len(known) - 1) / span if span else None


def _smooth(times: Times, edges: Times) -> Times:
    """Events a second in each bin, averaged over it and the bins before: STFs come in bursts."""
    if len(edges) < 2:
        return np.empty(0)
    counts = np.histogram(_known(times), edges)[0]
    bins = int(np.clip(SMOOTHED_S // (edges[1] - edges[0]), 1, SMOOTHED_BINS))
    return np.convolve(counts, np.full(bins, 1 / bins))[: len(counts)] / np.diff(edges)


def _percentile(when: Times, seconds: Times, edges: Times, percent: float) -> Times:
    """The percentile of `seconds` in each bin of `when`; NaN in empty bins."""
    result = np.full(max(len(edges) - 1, 0), np.nan)
    good = ~np.isnan(seconds) & ~np.isnan(when)
    position = np.searchsorted(edges, when[good], side="right") - 1
    for bin_number in np.unique(position[(position >= 0) & (position < len(result))]):
        result[bin_number] = np.percentile(seconds[good][position == bin_number], percent)
    return result


def _table(edges: Times, unit: str, series: Sequence[tuple[str, Times]]) -> Table:
    rounded = [
        {"label": label, "values": [None if np.isnan(v) else round(float(v), 4) for v in values]}
        for label, values in series
    ]
    return {"time": edges[:-1].tolist(), "unit": unit, "series": rounded if len(edges) else []}
