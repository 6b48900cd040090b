"""Memory of every program, and what waits in the broker, taken down while a testbed works."""

import contextlib
import math
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from xmlrpc.client import Fault

import psutil

from bench.stack import Stack
from swf_testbed.model.errors import SwfError

EVERY_S = 5.0
_QUEUED = re.compile(r"^swf_(?:queue|subscription)_messages\{[^}]*\} (\S+)$", re.M)


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through points: what it rises in a unit of time, and the standard error of that."""

    value: float
    error: float
    mean: float

    @classmethod
    def of(cls, times: Sequence[float], values: Sequence[float]) -> "Slope":
        """The line of least squares; of fewer than three points nothing is known."""
        if len(times) < 3:
            return cls(0.0, math.inf, fmean(values) if values else 0.0)
        middle, mean = fmean(times), fmean(values)
        spread = sum((time - middle) ** 2 for time in times)
        pairs = list(zip(times, values, strict=True))
        rise = sum((time - middle) * (value - mean) for time, value in pairs) / spread
        left = sum((value - mean - rise * (time - middle)) ** 2 for time, value in pairs)
        return cls(rise, math.sqrt(left / (len(times) - 2) / spread), mean)


class Watch:
    """Looks every 5 s, in a thread of its own, until closed; times are in s since it began."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._began = time.monotonic()
        self.memory_mb: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.queued: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()

    @property
    def now_s(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(60)

    def _look_on(self) -> None:
        while not self._over.wait(EVERY_S):
            with contextlib.suppress(SwfError, Fault):  # they may be going down
                self._look()

    def _look(self) -> None:
        for program in self._stack.processes():
            if program.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    size = psutil.Process(program.pid).memory_info().rss / 1e6
                    self.memory_mb[program.name].append((self.now_s, size))
        with self._stack.monitor() as monitor:
            waiting = sum(float(found) for found in _QUEUED.findall(monitor.metrics()))
        self.queued.append((self.now_s, waiting))

    def slopes(self, since_s: float, step_s: float) -> dict[str, Slope]:
        """MB an hour by program, after a time; from means over steps, so that points are independent."""
        found = {}
        for name, seen in sorted(self.memory_mb.items()):
            means = _means([point for point in seen if point[0] >= since_s], step_s)
            found[name] = Slope.of([at / 3600 for at, _ in means], [value for _, value in means])
        return found


def _means(points: Sequence[tuple[float, float]], step_s: float) -> list[tuple[float, float]]:
    steps: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for point in points:
        steps[int(point[0] // step_s)].append(point)
    mean: Callable[[list[tuple[float, float]], int], float] = lambda some, index: fmean(  # noqa: E731  # of two columns
        one[index] for one in some
    )
    return [(mean(some, 0), mean(some, 1)) for some in steps.values()]
