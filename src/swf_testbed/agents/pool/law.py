"""The control law: how many workers the work needs, from what is measured. Pure: time comes from outside."""

import math
import os
from collections import deque
from dataclasses import dataclass

from swf_testbed.config.pool import Pool

BOOST = 0.12
"""While work comes in, a backlog adds at most this part to the workers that the load alone needs."""

TOLERANCE = 0.1
"""A need within this part of the present number changes nothing."""

_CALM = 0.25
"""Slices that wait for less than this part of the latency target hardly wait."""

_HORIZON = 3.0
"""A backlog is to be worked off in so many times the latency target."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The work, as it is now.

    Args:
        at: s, of any clock that only goes forward.
        queued: slices that wait.
        arrivals_per_s: of new slices, smoothed.
        service_s: how long a worker is busy with one.
        workers: those that work, and those that are on their way.
    """

    at: float
    queued: int
    arrivals_per_s: float
    service_s: float
    workers: int

    @property
    def wait_s(self) -> float:
        """How long a slice that comes now will wait, s; without workers for ever."""
        if not self.queued:
            return 0.0
        return self.queued * self.service_s / self.workers if self.workers else math.inf


def most_workers(pool: Pool) -> int:
    """The upper limit."""
    return (os.cpu_count() or 1) if pool.max_workers is None else pool.max_workers


def needed(measured: Measured, pool: Pool) -> float:
    """How many workers are busy as much as they are meant to be, and bring the backlog down.

    The load alone keeps arrivals times service of them busy. What waits beyond half of the latency target is
    worked off within three of them: first in the time that they are not meant to be busy, and then by a few
    more. A backlog that grew while workers were on their way is no reason to have many more than the load
    needs. Only one that would keep more than those busy for as long as they are held has what it alone needs.
    """
    busy = measured.arrivals_per_s * measured.service_s
    load = busy / pool.utilisation
    allowed = measured.arrivals_per_s * pool.latency_target / 2
    backlog_s = max(0.0, measured.queued - allowed) * measured.service_s
    in_time_s = _HORIZON * pool.latency_target
    return max(
        load, min(busy + backlog_s / in_time_s, (1 + BOOST) * load), backlog_s / max(in_time_s, pool.hold)
    )


class Law:
    """Remembers what was needed lately: measurements scatter, and workers take time to come.

    More is granted when two decisions in a row say so; less only when it was enough for a while, and what is
    taken over counts as needed. Those that are there are enough while slices hardly wait, or what waits
    becomes less so fast that it is gone in time: however much came a moment ago, and however many workers
    have only just come.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool, self._most = pool, most_workers(pool)
        self._before: Measured | None = None
        self._lately: deque[tuple[float, int]] = deque()

    def wanted(self, measured: Measured, floor: int = 0) -> int:
        """How many workers there should be.

        Args:
            measured: now.
            floor: so many in any case, as a run that is about to begin has asked for.
        """
        present = measured.workers
        need = max(math.ceil(needed(measured, self._pool) - 1e-9), min(measured.queued, 1))
        if not self._lately:
            self._lately.append((measured.at, present))
        more = min(need, self._lately[-1][1]) if self._before is not None and present else need
        if self._in_time(measured):
            more = min(more, present)
        self._before = measured
        more, enough = self._within(max(more, floor)), self._lasting(measured.at, max(need, floor))
        slack = max(1.0, TOLERANCE * present)
        if more >= present + slack or more > present == 0:
            return more
        return enough if enough <= present - slack else self._within(present)

    def _within(self, workers: int) -> int:
        """So many, or what is nearest to it within the limits."""
        return max(self._pool.min_workers, min(workers, self._most))

    def _lasting(self, at: float, need: int) -> int:
        """The most that was needed in the last `hold`, with what is needed now."""
        self._lately.append((at, need))
        while self._lately[0][0] < at - self._pool.hold:
            self._lately.popleft()
        return self._within(max(need for _, need in self._lately))

    def _in_time(self, measured: Measured) -> bool:
        """Whether what waits will be gone in three latency targets, as it goes, or hardly waits at all."""
        if measured.wait_s <= _CALM * self._pool.latency_target:
            return True
        before = self._before
        if before is None or before.at >= measured.at:
            return False
        fewer = (before.queued - measured.queued) / (measured.at - before.at)
        return fewer * _HORIZON * self._pool.latency_target >= measured.queued
