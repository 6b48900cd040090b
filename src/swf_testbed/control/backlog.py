"""How work piles up when slices come faster than workers can take them, and when the last is done."""

import math
from collections.abc import Iterable, Iterator

from swf_testbed.config.parameters import FastProcessing
from swf_testbed.daq.plan import Enter, SideBySide, Step, TakeStf, seconds_of
from swf_testbed.model import states


def timeline(steps: Iterable[Step], at: float = 0.0) -> Iterator[tuple[float, str]]:
    """When each STF is complete, and of which stream; ascending."""
    for step in steps:
        if isinstance(step, SideBySide):
            yield from sorted(one for side in step.streams for one in timeline(side, at))
        at += seconds_of(step)
        if isinstance(step, TakeStf):
            yield at, step.stream


def first_run(steps: Iterable[Step]) -> float:
    """When the first run is announced."""
    at = 0.0
    for step in steps:
        if step == Enter(states.BEAM_NOT_READY):
            break
        at += seconds_of(step)
    return at


def finished(work: list[tuple[float, float]], begin: float, wanted: FastProcessing) -> float:
    """When the last of the work is done, s.

    Work flows like a liquid: what is done until a time is at most what workers could have done.

    Args:
        work: time of arrival and worker-seconds of each piece; ascending.
        begin: when the workers' number begins to grow, evenly in `worker_rampup_time`.
        wanted: how many workers, and how long a slice takes.
    """
    workers, ramp = wanted.target_worker_count, wanted.worker_rampup_time

    def could_do(at: float) -> float:
        since = max(0.0, at - begin)
        return workers * (since * since / (2 * ramp) if since < ramp else since - ramp / 2)

    used = 0.0
    for at, load in work:
        used = max(used, could_do(at)) + load
    in_ramp = used < workers * ramp / 2
    since = math.sqrt(2 * ramp * used / workers) if in_ramp else used / workers + ramp / 2
    return max(begin + since, work[-1][0] + wanted.slice_processing_time)
