"""How a run is sampled, stream by stream, with what that came to."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.sampling import sampling_config
from swf_testbed.model.names import MAIN_STREAM
from swf_testbed.monitor.services import run_sampling
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Run, StfFigures
from swf_testbed.records import RunSampling

_NOTHING: Row = dict.fromkeys(("stfs", *run_sampling.SUMS), 0)


@dataclass(frozen=True, slots=True)
class StreamLine:
    """One stream: what its policies are called, those of subsystems by name, and sums over its STFs."""

    stream: str
    policy: str
    subsystems: dict[str, str]
    sums: Row

    @property
    def fraction(self) -> float | None:
        """Sampled over evaluated; None before anything was."""
        return self.sums["sampled"] / self.sums["evaluated"] if self.sums.get("evaluated") else None


@dataclass(frozen=True, slots=True)
class SamplingPage:
    """The sampling of a run, and of each of its streams."""

    run: Run
    sampling: RunSampling
    streams: list[StreamLine]

    @property
    def read_fraction(self) -> float | None:
        """The part of the files' bytes that was read."""
        found = self.sampling
        return found.bytes_read / found.stf_bytes if found.stf_bytes else None

    @property
    def said(self) -> dict[str, Any]:
        """The parameters that say something."""
        return {name: value for name, value in self.sampling.sampling.items() if value not in (None, [], {})}


def sampling_page(run_number: int) -> SamplingPage:
    """What the page shows; `NotFound` if there is no such run."""
    sampling = run_sampling.sampling_of(run_number)
    run = Run.objects.get(run_number=run_number)
    return SamplingPage(run, sampling, _streams(run, run_sampling.after(Parameters(), [sampling.sampling])))


def _streams(run: Run, parameters: Parameters) -> list[StreamLine]:
    figures = StfFigures.objects.filter(run=run).order_by().values("stream")
    sums = {name: Sum(name) for name in run_sampling.SUMS}
    rows: list[Row] = [dict(row) for row in figures.annotate(stfs=Count("id"), **sums)]
    found = {row["stream"] or MAIN_STREAM: row for row in rows}
    names = dict.fromkeys([MAIN_STREAM, *parameters.fastmon.streams, *sorted(found)])
    return [_line(name, parameters, found.get(name, _NOTHING)) for name in names]


def _line(stream: str, parameters: Parameters, sums: Row) -> StreamLine:
    config = sampling_config(parameters, stream=stream)
    besides = {
        subsystem: "+".join(policy.kind for policy in policies)
        for subsystem, policies in sorted(config.subsystems.items())
    }
    return StreamLine(stream, "+".join(policy.kind for policy in config.policies), besides, sums)
