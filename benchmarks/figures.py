"""What a benchmark found: a figure beside its limit or its peer, told on a line and kept for the page of all.

A benchmark ends by telling its figures. `python benchmarks/run_all.py` gives it a file to add them to, by the
environment variable BENCHMARK_FIGURES; without it they are only printed.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

VARIABLE = "BENCHMARK_FIGURES"


@dataclass(frozen=True)
class Figure:
    """A measured number, and what it is to be seen beside.

    Attributes:
        name: what was measured, the same in every run of the benchmark.
        value: the number, in `unit`.
        unit: as people write it, like "MB/s".
        beside: what the number is compared with, in words, like "bare bincount" or "limit".
        other: the number of that, in the same unit, measured in the same run if it is a peer.
        better: whether a higher or a lower value is better.
        bound: the ratio `value / other` that is asked for, as a minimum if higher is better, else a maximum;
            None if none is asked.
    """

    name: str
    value: float
    unit: str
    beside: str
    other: float
    better: Literal["higher", "lower"] = "lower"
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """The value as a multiple of what stands beside it."""
        return self.value / self.other if self.other else float("inf")

    @property
    def within(self) -> bool | None:
        """Whether the ratio is what is asked for; None if nothing is."""
        if self.bound is None:
            return None
        good = self.ratio >= self.bound if self.better == "higher" else self.ratio <= self.bound
        return bool(good)  # NumPy's own is nothing that JSON knows

    def __str__(self) -> str:
        asked = ""
        if self.bound is not None:
            least = "at least" if self.better == "higher" else "at most"
            asked = f" (asked: {least} {self.bound:g}{'' if self.within else '; NOT MET'})"
        beside = f"{self.beside} {self.other:.4g} {self.unit}"
        return f"{self.name}: {self.value:.4g} {self.unit} beside {beside}: {self.ratio:.3g} x{asked}"


def tell(*figures: Figure) -> bool:
    """Print figures and keep them; whether none misses what is asked of it."""
    for figure in figures:
        print(figure, flush=True)
    if file := os.environ.get(VARIABLE):
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.writelines(
                json.dumps({**asdict(figure), "within": figure.within}) + "\n" for figure in figures
            )
    return all(figure.within is not False for figure in figures)
