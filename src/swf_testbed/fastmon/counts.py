"""Counts of what was seen, binned: plain integer sums, so that merging is addition."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """Equal bins from `low` to `high`; what lies above is counted in an overflow bin after the last."""

    title: str
    unit: str
    bins: int
    low: float
    high: float

    @property
    def width(self) -> float:
        """Width of a bin."""
        return (self.high - self.low) / self.bins


class ProductKey(NamedTuple):
    """What a histogram is of; with the run it says which histogram it is."""

    subsystem: str
    product: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Contents of bins.

    Attributes:
        values: of every bin and then the overflow; or, if sparse, of the bins in `where`.
        where: bin numbers, ascending, each once; None if not sparse.
    """

    values: IntArray
    where: IntArray | None = None

    @property
    def places(self) -> IntArray:
        """The bin of each of the values."""
        return np.arange(len(self.values)) if self.where is None else self.where

    def total(self) -> int:
        """The sum over all bins, overflow included."""
        return int(self.values.sum())


@dataclass(slots=True)
class ProductSet:
    """Products of some frames: of a slice, or of an STF's index.

    Attributes:
        frames: frames whose hits were decoded.
        counts: what was counted.
    """

    frames: int = 0
    counts: dict[ProductKey, Counts] = field(default_factory=dict)

    def total(self, product: str) -> int:
        """The sum of a product over all subsystems."""
        return sum(counts.total() for key, counts in self.counts.items() if key.product == product)


def dense(index: NDArray[np.integer[Any]], bins: int) -> Counts:
    """Count bin numbers (none negative); those beyond the last bin go to the overflow."""
    found = np.bincount(index, minlength=bins + 1)
    if len(found) > bins + 1:
        found[bins] = found[bins:].sum()
        found = found[: bins + 1].copy()
    return Counts(found.astype(np.int64, copy=False))


def sparse(index: NDArray[np.integer[Any]], bins: int) -> Counts:
    """Count bin numbers that are few in number beside the bins; beyond the last as in `dense`."""
    # Measured: sorting costs 6 to 9 ns a hit, counting into all bins 3 ns a hit and 1.5 ns a bin.
    if 4 * len(index) > bins:
        values = dense(index, bins).values
        # NumPy finds what is true several times faster than what is not zero.
        where = np.flatnonzero(values != 0)
        return Counts(values[where], where)
    ordered = np.sort(np.minimum(index, bins))
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)])
    return Counts(np.diff(first, append=len(ordered)), ordered[first].astype(np.int64))
