"""What a configuration needs of workers, bandwidth, disk and broker, why, and whether it is there."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from swf_testbed.config.parameters import FastProcessing, Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.control.backlog import finished, first_run, timeline
from swf_testbed.daq.content import ContentGenerator
from swf_testbed.daq.plan import Stream, has_end, intervals_of, plan, streams_of
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.sampling import choose, sampling_config
from swf_testbed.fastmon.slicing import slices_by_file
from swf_testbed.model import states
from swf_testbed.model.detectors import TF_NS, beam, detectors
from swf_testbed.model.errors import BadInput
from swf_testbed.stf import layout

BROKER_RATE = 1500.0
"""Messages/s that the embedded broker confirms one by one, on two shared cores (`benchmarks/broker.py`)."""

EXIT_BUFFER_S = 72 * 3600.0
"""How long the exit buffer of ePIC holds what was taken, s."""

_HIT_BYTES = 8
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is needed: how much, how much there is (None if that is not known), and why."""

    name: str
    needed: float
    unit: str
    how: str
    available: float | None = None

    @property
    def enough(self) -> bool | None:
        """Whether there is enough; None if it is not known how much there is."""
        return None if self.available is None else self.needed <= self.available


@dataclass(frozen=True, slots=True)
class Limits:
    """What there is: disk in bytes, bandwidth of the exit buffer in bytes/s, messages/s of the broker."""

    disk: float | None = None
    bandwidth: float | None = None
    broker: float = BROKER_RATE


@dataclass(frozen=True, slots=True)
class Flow:
    """One stream while data is taken: STFs/s, bytes and frames of each, and what is made of it.

    `interval` is what was asked for, s; that of `stream` is at least as long as writing takes.
    """

    stream: Stream
    interval: float
    rate: float
    frames: int
    frame_bytes: float
    sampled: int
    sample_files: int
    slices: int

    @property
    def stf_bytes(self) -> float:
        """Size of an STF file."""
        return self.frames * self.frame_bytes

    @property
    def messages(self) -> int:
        """Messages for each STF: two of it, one of its volume, its samples; three for each slice."""
        return 3 + self.sample_files + 3 * self.slices


def needs(parameters: Parameters, limits: Limits) -> list[Need]:
    """Everything that a configuration needs, while it takes data and in all.

    Raises:
        BadInput: the beam does not exist, or frames are not sampled as the parameters say.
    """
    flows = [
        _flow(parameters, stream, interval, simulation)
        for stream, interval, simulation in zip(
            streams_of(parameters),
            intervals_of(parameters),
            parameters.simulation.of_each_stream(),
            strict=True,
        )
    ]
    found = [need for flow in flows for need in _of_stream(flow)]
    found += [_workers(flows, parameters.fast_processing), *_rates(flows, parameters, limits)]
    if has_end(parameters.daq_state_machine):
        found += _in_all(flows, parameters, limits)
    return found


def _flow(parameters: Parameters, stream: Stream, interval: float, simulation: Simulation) -> Flow:
    frames = simulation.tf_per_stf
    content = ContentGenerator(simulation.seed, simulation.scale, beam(simulation.beam))
    banks = len(detectors())
    around = layout.FRAME_HEADER.itemsize + layout.INDEX_ENTRY.itemsize
    around += banks * (layout.BANK.itemsize + layout.SLOT.itemsize)
    blocks = _sample(parameters, frames)
    wanted = parameters.fast_processing.slices_per_sample
    return Flow(
        stream=stream,
        interval=interval,
        rate=1 / stream.interval,
        frames=frames,
        frame_bytes=0.0 if simulation.source == "announce" else content.mean_hits * _HIT_BYTES + around,
        sampled=sum(blocks),
        sample_files=len(blocks),
        slices=sum(slices_by_file(blocks, wanted)) if blocks else 0,
    )


def _sample(parameters: Parameters, frames: int) -> list[int]:
    """How many frames each sample file of an STF has; what depends on the data is taken to accept all."""
    config = sampling_config(parameters)
    known = tuple(policy for policy in config.policies if policy.kind != "volume")
    chosen = choose(
        config.model_copy(update={"policies": known}), StfFrames.complete(0, 0, frames, state=states.PHYSICS)
    )
    return [len(block) for block in chosen.blocks]


def _of_stream(flow: Flow) -> Iterator[Need]:
    name = flow.stream.name
    yield Need(
        f"{name}: STF rate", flow.rate, "1/s", f"1 STF every {_s(flow.stream.interval)} while data is taken"
    )
    yield Need(
        f"{name}: time for an STF",
        flow.frames * TF_NS * 1e-9 + flow.stream.writing_s,
        "s",
        f"{flow.frames} frames of {TF_NS * 1e-6:.3f} ms, {_s(flow.stream.writing_s)} to write; "
        "there is stf_interval",
        available=flow.interval,
    )
    yield Need(
        f"{name}: STF size",
        flow.stf_bytes / _MB,
        "MB",
        f"{flow.frames} frames of {flow.frame_bytes:.0f} bytes",
    )
    yield Need(
        f"{name}: slices of an STF",
        flow.slices,
        "",
        f"{flow.sampled} of {flow.frames} frames in {flow.sample_files} sample files",
    )


def _workers(flows: list[Flow], wanted: FastProcessing) -> Need:
    rate = sum(flow.rate * flow.slices for flow in flows)
    busy = rate * wanted.slice_processing_time
    return Need(
        "workers",
        math.ceil(busy - 1e-9),
        "",
        f"{_terms(f'{_n(flow.rate)}/s x {flow.slices}' for flow in flows)} = {_n(rate)} slices/s, "
        f"each busy for {_s(wanted.slice_processing_time)}; there are target_worker_count",
        available=wanted.target_worker_count,
    )


def _rates(flows: list[Flow], parameters: Parameters, limits: Limits) -> Iterator[Need]:
    written = sum(flow.rate * flow.stf_bytes for flow in flows)
    sampled = sum(flow.rate * flow.sampled * flow.frame_bytes for flow in flows)
    checked = written if parameters.data.verify_checksum else 0.0
    # Sampled frames are read from the exit buffer, written as samples, and read by workers.
    total = written + checked + 3 * sampled
    yield Need(
        "bandwidth",
        total / _MB,
        "MB/s",
        f"{_n(written / _MB)} written + {_n(checked / _MB)} read for checksums "
        f"+ 3 x {_n(sampled / _MB)} sampled",
        available=None if limits.bandwidth is None else limits.bandwidth / _MB,
    )
    messages = sum(flow.rate * flow.messages for flow in flows)
    yield Need(
        "broker",
        messages,
        "messages/s",
        f"{_terms(f'{_n(flow.rate)}/s x {flow.messages}' for flow in flows)} "
        "(3 + sample files + 3 x slices for each STF)",
        available=limits.broker,
    )
    yield Need(
        "exit buffer of 72 h", written * EXIT_BUFFER_S / 1e12, "TB", f"{_n(written / _MB)} MB/s x 72 h"
    )


def _in_all(flows: list[Flow], parameters: Parameters, limits: Limits) -> Iterator[Need]:
    """What the plan comes to."""
    by_name = {flow.stream.name: flow for flow in flows}
    taken = list(timeline(plan(parameters)))
    counts = {name: sum(one == name for _, one in taken) for name in by_name}
    size = sum(
        count * by_name[name].frame_bytes * (by_name[name].frames + by_name[name].sampled)
        for name, count in counts.items()
    )
    yield Need(
        "disk",
        size / _MB,
        "MB",
        f"{_terms(f'{count} STFs of {name}' for name, count in counts.items())}, and their samples",
        available=None if limits.disk is None else limits.disk / _MB,
    )
    wanted = parameters.fast_processing
    work = [
        (at, by_name[name].slices * wanted.slice_processing_time) for at, name in taken if name in by_name
    ]
    if work:
        begin = first_run(plan(parameters))
        last = work[-1][0]
        late = finished(work, begin, wanted) - last
        yield Need(
            "last result after the last STF",
            late,
            "s",
            f"{wanted.target_worker_count} workers, ramped up in {_s(wanted.worker_rampup_time)} "
            "from run_imminent",
        )


def document(found: list[Need]) -> dict[str, object]:
    """As JSON: every need with its arithmetic, and whether all that is known suffices."""
    return {
        "sufficient": sufficient(found),
        "needs": [
            {
                "name": one.name,
                "needed": round(one.needed, 6),
                "available": None if one.available is None else round(one.available, 6),
                "unit": one.unit or None,
                "sufficient": one.enough,
                "how": one.how,
            }
            for one in found
        ],
    }


def sufficient(found: list[Need]) -> bool:
    """Whether there is enough of everything of which it is known."""
    return all(one.enough is not False for one in found)


def limits_of(disk: float | None, bandwidth_mb: float | None, broker: float | None) -> Limits:
    """Limits as a person says them: MB/s and messages/s; `BadInput` unless they are above zero."""
    for name, value in (("--bandwidth", bandwidth_mb), ("--broker-rate", broker)):
        if value is not None and value <= 0:
            raise BadInput(name, value, "must be more than 0")
    return Limits(disk, None if bandwidth_mb is None else bandwidth_mb * _MB, broker or BROKER_RATE)


def _terms(said: Iterable[str]) -> str:
    return " + ".join(said)


def _s(seconds: float) -> str:
    return f"{_n(seconds)} s"


def _n(value: float) -> str:
    return f"{value:.4g}"
