"""What an execution came to in figures: counts, rates, and how long its steps took."""

import time
from collections import defaultdict
from collections.abc import Callable
from statistics import quantiles
from typing import Any, TypeVar

T = TypeVar("T")

_DIGITS = 6


class Meter:
    """Counts, and times named steps; starts when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._counts: dict[str, int] = defaultdict(int)
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a count."""
        self._counts[name] += amount

    def timed(self, step: str, work: Callable[[], T]) -> T:
        """Do a step, and remember how long it took; one that fails is not counted."""
        began = time.monotonic()
        done = work()
        self._seconds[step].append(time.monotonic() - began)
        return done

    def figures(self, simulated_s: float) -> dict[str, Any]:
        """Everything so far.

        Returns:
            `counts`; `rates` a second of the clock on the wall; `latency_s` of each step (p50, p95, max);
            `wall_s`, `simulated_s`, and `speed`, how many simulated seconds passed in one.
        """
        wall_s = time.monotonic() - self._began
        return {
            **self._counts,
            "simulated_s": round(simulated_s, _DIGITS),
            "wall_s": round(wall_s, _DIGITS),
            "speed": round(simulated_s / wall_s, 3) if wall_s else None,
            "rates": {f"{name}_per_s": round(n / wall_s, 3) for name, n in self._counts.items() if wall_s},
            "latency_s": {step: _percentiles(taken) for step, taken in self._seconds.items()},
        }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    found = {"p50": cuts[9], "p95": cuts[18], "max": max(seconds)}
    return {name: round(value, _DIGITS) for name, value in found.items()}
