"""How much work waits, how fast it comes, and how long it takes: measured."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from swf_testbed.config.settings import Mode
from swf_testbed.messages import WorkerHeartbeatContent
from swf_testbed.model import destinations
from swf_testbed.model.errors import SwfError
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import TfSlice
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.broker_counts import BrokerCounts

WINDOW_S = 15.0
"""Arrivals are averaged over so long."""

SILENCE_S = 30.0
"""What comes after a silence of up to this length was made in it."""

_MEMORY_S, _LEAST, _MOST = 60.0, 50, 4000
"""Service times are of so long ago, and of at least and at most so many heartbeats."""

_FAR = 3.0
"""A heartbeat tells of slices of at most so many times the median length: an outlier need not come again."""

_GROUPS = 5
"""Of the means of so many groups, one after the other in time, the median counts."""


class Depth(NamedTuple):
    """The queue of slices; `arrived` counts up."""

    queued: int
    in_hand: int
    arrived: int


def depth_gauge(context: AgentContext) -> Callable[[], Depth | None]:
    """Asks the embedded broker; of others nobody but the monitor tells."""
    if context.settings.swf_mode is Mode.EMBEDDED:
        counts = BrokerCounts(context.bus, "pool")
        queue = destinations.slices(context.namespace)
        return lambda: _of_broker(counts, queue)
    return lambda: _of_monitor(context.monitor, context.namespace)


def _of_broker(counts: BrokerCounts, queue: str) -> Depth | None:
    said = counts.ask()
    if said is None:
        return None
    found = said["destinations"].get(queue)
    if found is None:
        return Depth(0, 0, 0)
    return Depth(found["queued"], found["in_flight"], found["enqueued"])


def _of_monitor(monitor: MonitorClient, namespace: str) -> Depth | None:
    try:
        queued, in_hand, arrived = (
            monitor.page(TfSlice, limit=1, namespace=namespace, status=status).total
            for status in (SliceStatus.QUEUED, SliceStatus.PROCESSING, None)
        )
    except SwfError:
        return None
    return Depth(queued, in_hand, arrived)


class Arrivals:
    """Slices that come in a second, over the last `WINDOW_S`.

    What comes at once after a silence, as when the machine stood still, came all through it. Else it would
    count twice: once as waiting, and once as more to come.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, at: float, arrived: int) -> float:
        """After so many have come in all; a count that falls is a broker that has begun anew."""
        seen = self._seen
        if seen and arrived < seen[-1][1]:
            seen.clear()
        if len(seen) > 1 and seen[-2][1] == seen[-1][1]:
            _, count = seen.pop()  # a silence is two points, of which the second goes along with it
            if arrived > count:
                begin, _ = seen.pop()
                seen.append((max(begin, at - SILENCE_S), count))
        seen.append((at, arrived))
        while len(seen) > 2 and seen[1][0] <= at - WINDOW_S:
            seen.popleft()
        (begin, first), (then, second) = seen[0], seen[min(1, len(seen) - 1)]
        since = max(begin, at - WINDOW_S)
        if at <= since:
            return 0.0
        before = first + (second - first) * (since - begin) / (then - begin)
        return (arrived - before) / (at - since)


@dataclass(slots=True)
class ServiceTime:
    """How long a slice keeps a worker busy, from what workers say of themselves: the median of means.

    A machine that stood still makes all slices in hand long, once: that is one group of `_GROUPS`, and does
    not move the median. What goes on being slow is in most groups. The first slices of a worker are slow, as
    their payload has to be loaded. They count only as long as there are no others: else each worker that
    comes would make it seem that more are needed.
    """

    _first_s: float | None = field(default=None, init=False)
    _newest: deque[tuple[float, int, float]] = field(default_factory=lambda: deque(maxlen=_MOST), init=False)

    def heard(self, before: WorkerHeartbeatContent | None, said: WorkerHeartbeatContent, at: float) -> None:
        """A heartbeat, and the one before of the same worker."""
        earlier = 0 if before is None else _ended(before)
        done = _ended(said) - earlier
        busy_s = said.busy_s - (0.0 if before is None else before.busy_s)
        if done <= 0 or busy_s < 0:
            return
        if not earlier:
            self._first_s = busy_s / done
            return
        self._newest.append((at, done, busy_s))
        while len(self._newest) > _LEAST and self._newest[0][0] < at - _MEMORY_S:
            self._newest.popleft()

    @property
    def measured_s(self) -> float | None:
        """What it comes to; None before any slice."""
        if not self._newest:
            return self._first_s
        groups = min(_GROUPS, len(self._newest))
        most_s = _FAR * median(busy_s / done for _, done, busy_s in self._newest)
        newest = [(done, min(busy_s, most_s * done)) for _, done, busy_s in self._newest]
        cuts = [len(newest) * number // groups for number in range(groups + 1)]
        return median(_mean(newest[begin:end]) for begin, end in pairwise(cuts))


def _mean(told: Sequence[tuple[int, float]]) -> float:
    return sum(busy_s for _, busy_s in told) / sum(done for done, _ in told)


def _ended(said: WorkerHeartbeatContent) -> int:
    return said.slices_completed + said.slices_failed


def clock() -> float:
    """The time of all decisions, s."""
    return time.monotonic()
