"""What runs ask for before their work is there, and how workers are released after it."""

import math
from dataclasses import dataclass

from swf_testbed.messages import WorkerRunContent


@dataclass(slots=True)
class _Run:
    wanted: WorkerRunContent
    announced_at: float
    ended_at: float | None = None
    working_since: float | None = None
    workers_at_end: int = 0


class Ramp:
    """The runs of a namespace; times are s of any clock that only goes forward.

    A run that is announced has its workers in even steps within `worker_rampup_time`, until its slices come
    and the measurements of `hold_s` can tell what it needs. When it has ended and its work is done, the
    workers are released in even steps within `worker_rampdown_time`.
    """

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._runs: dict[int, _Run] = {}

    def announced(self, wanted: WorkerRunContent, at: float) -> None:
        """A run is imminent; said again it changes nothing."""
        self._runs.setdefault(wanted.run_id, _Run(wanted, at))

    def ended(self, run_id: int, at: float, workers: int) -> None:
        """A run has ended; its work may go on."""
        run = self._runs.get(run_id)
        if run is not None and run.ended_at is None:
            run.ended_at, run.workers_at_end = at, workers

    def service_s(self) -> float | None:
        """How long a slice takes, as the newest run says."""
        newest = self._newest()
        return None if newest is None else newest.wanted.slice_processing_time

    def newest(self) -> WorkerRunContent | None:
        """What the newest run has asked for; None when it has ended."""
        newest = self._newest()
        return None if newest is None or newest.ended_at is not None else newest.wanted

    def measured(self, at: float) -> WorkerRunContent | None:
        """The same, once measurements can tell what it needs."""
        newest = self._newest()
        return None if newest is None or self._unmeasured(newest, at) else self.newest()

    def working(self, at: float) -> None:
        """There are slices."""
        for run in self._runs.values():
            if run.working_since is None:
                run.working_since = at

    def floor(self, at: float) -> int:
        """So many workers are asked for before there is anything to measure."""
        return max((_asked(run, at) for run in self._runs.values() if self._unmeasured(run, at)), default=0)

    def ceiling(self, at: float, *, idle: bool) -> int | None:
        """At most so many while workers are released; None while there is a run, or work."""
        if not idle or any(run.ended_at is None for run in self._runs.values()):
            return None
        left = [_left(run, at) for run in self._runs.values()]
        if left and max(left) == 0:
            self._runs.clear()
        return max(left, default=None)

    def _newest(self) -> _Run | None:
        return max(self._runs.values(), key=lambda run: run.announced_at, default=None)

    def _unmeasured(self, run: _Run, at: float) -> bool:
        begun = run.working_since
        return run.ended_at is None and (begun is None or at < begun + self._hold_s)


def _asked(run: _Run, at: float) -> int:
    ramp = run.wanted.worker_rampup_time
    part = 1.0 if ramp <= 0 else min(1.0, (at - run.announced_at) / ramp)
    return max(1, math.ceil(part * run.wanted.target_worker_count - 1e-9))


def _left(run: _Run, at: float) -> int:
    ramp, since = run.wanted.worker_rampdown_time, at - (run.ended_at or at)
    if ramp <= 0 or since >= ramp:
        return 0
    return math.ceil((1 - since / ramp) * run.workers_at_end)
