"""What the page of one subsystem of a run shows, except its plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from swf_testbed.fastmon.flags import worst
from swf_testbed.fastmon.products import RUN
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detector
from swf_testbed.model.status import Quality
from swf_testbed.monitor.services import run_references, run_trends
from swf_testbed.monitor.services.overview import BADNESS, subsystem_lines
from swf_testbed.monitor.services.run_figures import RunLine, run_line
from swf_testbed.monitor.services.trends import Table
from swf_testbed.monitor.store.models import QualityFlag
from swf_testbed.records import SubsystemLine

MOST_FLAGS = 500
MOST_FINDINGS = 40
MOST_POINTS, MOST_SERIES = 600, 6

TITLES = {"stf": "one STF", "30s": "30 s", "run": "run", "all": "integrated"}
"""Windows, and what pages call them."""


def windows(run: str) -> dict[str, str]:
    """The source of each window, as `plot_sources` understands it, of a run by number or of the `newest`."""
    return {"stf": f"{run}@stf", "30s": f"{run}@30s", "run": run, "all": f"{run}@all"}


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which the quality was the same, and where it is drawn, in percent of the run."""

    quality: Quality
    begin: datetime
    end: datetime
    left: float
    width: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubsystemPage:
    """One subsystem of a run, with the `reference` to look at it beside; `line` is None for the whole run."""

    line: SubsystemLine | None
    run: RunLine
    title: str
    findings: list[QualityFlag]
    intervals: list[Interval]
    reference: str | None
    trend: Table

    @property
    def run_number(self) -> int:
        """The run."""
        return self.run.run.run_number


def subsystem_page(run_number: int, name: str) -> SubsystemPage:
    """The page of a subsystem; `NotFound` if there is no such run."""
    line = run_line(run_number)
    flags = list(QualityFlag.objects.filter(run=line.run, subsystem=name)[:MOST_FLAGS])
    own = None if name == RUN else next(one for one in subsystem_lines(line.run) if one.subsystem == name)
    begin = line.run.start_time or min((flag.since for flag in flags), default=None)
    return SubsystemPage(
        line=own,
        run=line,
        title="Whole run" if name == RUN else detector(name).title,
        findings=_findings(flags),
        intervals=[] if begin is None else intervals(flags, begin, line.run.end_time or now()),
        reference=run_references.beside(line.run),
        trend=_trend(run_number, name),
    )


def _trend(run_number: int, name: str) -> Table:
    """What was measured of each STF, as `trends.js` draws it: to its mean, so that all share an axis."""
    told = run_trends.of_run(run_number)
    when = [None if moment is None else moment.timestamp() for moment in told.since]
    kept = [place for place, moment in enumerate(when) if moment is not None][-MOST_POINTS:]
    series = []
    for label, values in list(told.subsystems.get(name, {}).items())[:MOST_SERIES]:
        known = [value for value in values if value is not None]
        mean = sum(known) / len(known) if known else 0.0
        if mean:
            shown = [None if (value := values[place]) is None else round(value / mean, 4) for place in kept]
            series.append({"label": label, "values": shown})
    return {"time": [when[place] for place in kept], "unit": "of the mean", "series": series}


def _findings(flags: Sequence[QualityFlag]) -> list[QualityFlag]:
    """What is not good: what holds before what is over, each the worst and the newest first."""
    found = [flag for flag in flags if flag.quality in {Quality.BAD, Quality.MEDIUM}]
    found.sort(
        key=lambda flag: (flag.until is not None, BADNESS[Quality(flag.quality)], -flag.since.timestamp())
    )
    return found[:MOST_FINDINGS]


def intervals(flags: Sequence[QualityFlag], begin: datetime, end: datetime) -> list[Interval]:
    """The worst quality of all checks against time, from `begin` to `end`; null where none says anything.

    Judgements that overlap come to the worst of them; neighbours of the same quality are one interval.
    """
    spans = [(max(flag.since, begin), min(flag.until or end, end), flag) for flag in flags]
    spans = [span for span in spans if span[0] < span[1]]
    if begin >= end:
        return []
    edges = sorted({begin, end, *(span[0] for span in spans), *(span[1] for span in spans)})
    found: list[Interval] = []
    whole = (end - begin).total_seconds()
    for left, right in pairwise(edges):
        here = [flag for since, until, flag in spans if since <= left and until >= right]
        quality = worst(Quality(flag.quality) for flag in here)
        reasons = tuple(sorted({flag.reason for flag in here if flag.quality == quality and flag.reason}))
        if found and (found[-1].quality, found[-1].reasons) == (quality, reasons):
            left = found.pop().begin  # noqa: PLW2901  # the interval goes on
        share = (left - begin).total_seconds() / whole, (right - left).total_seconds() / whole
        found.append(Interval(quality, left, right, 100 * share[0], 100 * share[1], reasons))
    return found
