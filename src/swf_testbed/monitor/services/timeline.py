"""The way of every STF of a run through the stages, from egress to the plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from swf_testbed.monitor.services.run_times import Positions, RunTimes, Stf, Times
from swf_testbed.monitor.services.slice_moments import STAGES


@dataclass(frozen=True, slots=True)
class StfProgress:
    """One STF: how long after egress the last of its data reached each stage, s."""

    stf: Stf
    egress: datetime | None
    reached: dict[str, float | None]
    slices: int
    plotted: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All STFs in mind, oldest first.

    Attributes:
        stfs: the files.
        egress: when each left the DAQ, Unix seconds.
        reached: by stage, how long after egress the last of each STF's data was there, s; NaN before.
        slices, plotted: how many slices each STF has, and how many of them are in the plots.
    """

    stfs: Sequence[Stf]
    egress: Times
    reached: dict[str, Times]
    slices: Positions
    plotted: Positions

    def rows(self, first: int, number: int) -> list[StfProgress]:
        """`number` STFs from the one at `first`, which may lie before the beginning."""
        return [
            StfProgress(
                stf=self.stfs[at],
                egress=None if np.isnan(self.egress[at]) else datetime.fromtimestamp(self.egress[at], UTC),
                reached={stage: _known(after[at]) for stage, after in self.reached.items()},
                slices=int(self.slices[at]),
                plotted=int(self.plotted[at]),
            )
            for at in range(max(first, 0), min(first + number, len(self.stfs)))
        ]

    def table(self) -> dict[str, Any]:
        """What a browser draws: columns of equal length; None where nothing is known."""
        return {
            "stages": list(self.reached),
            "name": [stf.name for stf in self.stfs],
            "egress": _rounded(self.egress),
            "reached": [_rounded(after) for after in self.reached.values()],
            "slices": self.slices.tolist(),
            "plotted": self.plotted.tolist(),
        }


def timeline(times: RunTimes) -> Timeline:
    """The timeline of a run."""
    number, slices, egress = len(times.stfs), times.slices, times.egress
    sampled = _last(number, times.sample_stf, times.samples)
    reached = {
        "registered": times.registered,
        "sampled": np.fmax(sampled, _last(number, slices.stf, slices.sampled)),
        "queued": _last(number, slices.stf, slices.queued),
        "processed": _last(number, slices.stf, slices.processed),
        "plotted": _last(number, slices.stf, slices.plotted),
    }
    return Timeline(
        stfs=times.stfs,
        egress=egress,
        reached={stage: reached[stage] - egress for stage in STAGES},
        slices=_number(number, slices.stf),
        plotted=_number(number, slices.stf[~np.isnan(slices.plotted)]),
    )


def _last(number: int, stf: Positions, when: Times) -> Times:
    last = np.full(number, np.nan)
    known = stf >= 0
    np.fmax.at(last, stf[known], when[known])
    return last


def _number(number: int, stf: Positions) -> Positions:
    return np.bincount(stf[stf >= 0], minlength=number).astype(np.int64)


def _known(seconds: float) -> float | None:
    return None if np.isnan(seconds) else float(seconds)


def _rounded(values: Times) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 3) for value in values.tolist()]
