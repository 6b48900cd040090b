"""How much work waits, how fast it comes, and how long it takes: measured."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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

_FORGET = 0.03
"""Weight that the service times of earlier slices lose with each new one."""


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
    """Slices that come in a second, over the last `WINDOW_S`."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, at: float, arrived: int) -> float:
        """After so many have come in all; a count that falls is a broker that has begun anew."""
        if self._seen and arrived < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at, arrived))
        while len(self._seen) > 2 and self._seen[1][0] <= at - WINDOW_S:
            self._seen.popleft()
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - begin) if end > begin else 0.0


@dataclass(slots=True)
class ServiceTime:
    """How long a slice keeps a worker busy, from what workers say of themselves: the mean of the newest.

    The first slices of a worker are slow, as their payload has to be loaded. They count only as long as there
    are no others: else each worker that comes would make it seem that more are needed.
    """

    measured_s: float | None = None
    _slices: float = 0.0
    _busy_s: float = 0.0

    def heard(self, before: WorkerHeartbeatContent | None, said: WorkerHeartbeatContent) -> None:
        """A heartbeat, and the one before of the same worker."""
        earlier = 0 if before is None else _ended(before)
        done = _ended(said) - earlier
        busy_s = said.busy_s - (0.0 if before is None else before.busy_s)
        if done <= 0 or busy_s < 0:
            return
        if earlier:
            kept = (1 - _FORGET) ** done
            self._slices, self._busy_s = kept * self._slices + done, kept * self._busy_s + busy_s
            self.measured_s = self._busy_s / self._slices
        elif not self._slices:
            self.measured_s = busy_s / done


def _ended(said: WorkerHeartbeatContent) -> int:
    return said.slices_completed + said.slices_failed


def clock() -> float:
    """The time of all decisions, s."""
    return time.monotonic()
