"""The control law in simulated time: arrivals, a queue, workers that need a while to come."""

import math
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from swf_testbed.agents.pool.gauge import Arrivals, ServiceTime
from swf_testbed.agents.pool.law import Law, Measured
from swf_testbed.config.pool import Pool
from swf_testbed.messages import WorkerHeartbeatContent
from swf_testbed.model.status import WorkerStatus

_SAID_EVERY_S = 0.2
_DRAIN, _SLICE = 0, 1
"""What is in the queue; who is to go hears so before the next slice."""


@dataclass(frozen=True)
class Moment:
    """What was measured and wanted at a time, s."""

    at: float
    queued: int
    workers: int
    wanted: int
    wait_s: float


@dataclass(frozen=True)
class Noise:
    """What is not regular in a pool: a part `outliers` of the slices takes `times` as long.

    Lengths scatter log-normally by `sigma` about their mean, and workers come after half to twice their time.
    The machine stands still at each of `standstills` for so long, s: who works then is busy so much longer.
    """

    seed: int = 0
    sigma: float = 0.0
    outliers: float = 0.0
    times: float = 20.0
    standstills: Sequence[tuple[float, float]] = ()


@dataclass
class Simulation:
    """A pool under a load.

    Args:
        pool: as configured.
        rate: slices a second, given the time.
        service_s: how long one takes.
        start_s: how long a worker takes to come.
        workers: at the beginning.
        first_s: how much longer the first slice of a worker takes, as its payload has to be loaded.
        batch: slices come so many at once.
        stalls: times at which nothing comes on for so long, and then all at once, s.
        noise: what is not regular.
    """

    pool: Pool
    rate: Callable[[float], float]
    service_s: float
    start_s: float
    workers: int = 0
    first_s: float = 0.0
    batch: int = 1
    stalls: Sequence[tuple[float, float]] = ()
    noise: Noise = Noise()
    curve: list[Moment] = field(default_factory=list)

    def run(self, until_s: float) -> list[Moment]:
        """The curve, one moment a decision."""
        self._env = simpy.Environment()
        self._dice = random.Random(self.noise.seed)
        self._queue = simpy.PriorityStore(self._env)
        self._arrived, self._coming, self._here, self._surplus = 0, 0, 0, 0
        for _ in range(self.workers):
            self._env.process(self._worker(0.0))
        self._env.process(self._arrivals())
        self._env.process(self._control())
        self._env.run(until=until_s)
        return self.curve

    def _arrivals(self) -> Generator[Any, Any, None]:
        while True:
            rate = self.rate(self._env.now)
            if rate <= 0:
                yield self._env.timeout(1.0)
                continue
            yield self._env.timeout(self.batch / rate)
            self._env.process(self._arrive(self._stalled()))

    def _stalled(self) -> float:
        """How long what leaves now is held up."""
        return max(
            (begin + long - self._env.now for begin, long in self.stalls if begin <= self._env.now), default=0
        )

    def _arrive(self, after_s: float) -> Generator[Any, Any, None]:
        yield self._env.timeout(max(0.0, after_s))
        for _ in range(self.batch):
            self._arrived += 1
            yield self._queue.put((_SLICE, self._arrived))

    def _worker(self, start_s: float) -> Generator[Any, Any, None]:
        self._coming += 1
        yield self._env.timeout(start_s)
        self._coming -= 1
        self._here += 1
        done, busy_s = 0, 0.0
        before = said = _beat(0, 0.0)
        said_at = self._env.now
        while (yield self._queue.get())[0] is not _DRAIN:
            takes_s = self._takes() + (0.0 if done else self.first_s)
            takes_s += self._still(takes_s)
            yield self._env.timeout(takes_s)
            done, busy_s = done + 1, busy_s + takes_s
            if self._env.now - said_at >= _SAID_EVERY_S:
                before, said, said_at = said, _beat(done, busy_s), self._env.now
                self._service.heard(before, said, said_at)
        self._surplus -= 1
        self._here -= 1

    def _takes(self) -> float:
        """How long the next slice takes, s."""
        sigma = self.noise.sigma
        scatter = self._dice.lognormvariate(-(sigma**2) / 2, sigma) if sigma else 1.0
        return (
            self.service_s
            * scatter
            * (self.noise.times if self._dice.random() < self.noise.outliers else 1.0)
        )

    def _still(self, takes_s: float) -> float:
        """How much longer, as the machine stands still."""
        at = self._env.now
        return sum(long for begin, long in self.noise.standstills if at <= begin < at + takes_s)

    def _start(self) -> float:
        """After how long a worker comes, s."""
        return self.start_s * (self._dice.uniform(0.5, 2.0) if self.noise.sigma else 1.0)

    def _control(self) -> Generator[Any, Any, None]:
        law, arrivals, self._service = Law(self.pool), Arrivals(), ServiceTime()
        while True:
            yield self._env.timeout(self.pool.interval)
            at = self._env.now
            workers = self._here + self._coming - self._surplus
            queued = max(0, len(self._queue.items) - self._surplus)
            known = self._service.measured_s
            service_s = self.service_s if known is None else known
            measured = Measured(at, queued, arrivals.saw(at, self._arrived), service_s, workers)
            wanted = law.wanted(measured)
            here = max(1, self._here)
            self.curve.append(Moment(at, queued, workers, wanted, queued * self.service_s / here))
            for _ in range(wanted - workers):
                self._env.process(self._worker(self._start()))
            for number in range(workers - wanted):
                self._surplus += 1
                yield self._queue.put((_DRAIN, number))


def _beat(done: int, busy_s: float) -> WorkerHeartbeatContent:
    """What a worker says of itself."""
    return WorkerHeartbeatContent(
        worker_id="w", hostname="h", state=WorkerStatus.BUSY, slices_completed=done, busy_s=busy_s
    )


def steady(rate: float, service_s: float, pool: Pool) -> int:
    """How many workers a load needs when nothing changes."""
    return math.ceil(rate * service_s / pool.utilisation - 1e-9)
