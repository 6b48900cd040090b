"""A run's data STF by STF: sums over the last one, over the last 30 s, over the run, side by side.

Kept are the sums of each STF of the longest window, and the sum of the run. Parts of an STF (its index, the
slices of its sample) may come in any order; that each comes once is the caller's care.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import numpy as np

from swf_testbed.fastmon.counts import Counts, IntArray, ProductKey, ProductSet
from swf_testbed.fastmon.registry import Product, Trend, axis_of, product
from swf_testbed.model.detectors import Detector, detector
from swf_testbed.model.names import MAIN_STREAM

MAX_STFS = 4096
"""STFs that a window holds at most, however short they are."""

_MOST_PARTS = 1000
"""Parts of a sparse product that are put together at last, so that a long run stays small."""

_LEAST_REPEATED = 2
"""Channels with fewer hits in an STF's sample are not kept one by one: there may be millions of them."""


class StfSeen(NamedTuple):
    """An STF: its place in its stream, and when its data was taken."""

    sequence: int
    start: datetime
    end: datetime
    stream: str = MAIN_STREAM

    def place(self) -> tuple[datetime, str, int]:
        """To sort by: the oldest first, of all streams."""
        return self.start, self.stream, self.sequence


@dataclass(slots=True)
class Sums:
    """Sums of products over some STFs.

    Attributes:
        bins: of every dense product all bins and the overflow; of a trend one number, its sum.
        channels: of every sparse product the parts that were added, to be put together when asked for.
        frames: frames whose hits were decoded.
    """

    bins: dict[ProductKey, IntArray] = field(default_factory=dict)
    channels: dict[ProductKey, list[Counts]] = field(default_factory=dict)
    frames: int = 0

    def add(self, products: ProductSet) -> None:
        """Add what a worker or an index gave; channels hit once in it are left out."""
        self.frames += products.frames
        for key, counts in products.counts.items():
            entry = product(key.product)
            if isinstance(entry, Trend):
                self._add_bins(key, np.array([counts.values.sum()], np.int64))
            elif counts.where is None:
                self._add_bins(key, counts.values)
            else:
                kept = counts.values >= _LEAST_REPEATED
                self._add_parts(key, [Counts(counts.values[kept], counts.where[kept])])

    def merge(self, other: "Sums") -> None:
        """Add other sums."""
        self.frames += other.frames
        for key, bins in other.bins.items():
            self._add_bins(key, bins)
        for key, parts in other.channels.items():
            self._add_parts(key, parts)

    def copy(self) -> "Sums":
        """The same sums, which may be added to."""
        bins = {key: values.copy() for key, values in self.bins.items()}
        return Sums(bins, {key: list(parts) for key, parts in self.channels.items()}, self.frames)

    def sparse(self, key: ProductKey) -> Counts:
        """A sparse product put together: bins in ascending order, each once."""
        parts = self.channels.get(key, [])
        if len(parts) > 1:
            where, place = np.unique(np.concatenate([part.places for part in parts]), return_inverse=True)
            values = np.zeros(len(where), np.int64)
            np.add.at(values, place, np.concatenate([part.values for part in parts]))
            self.channels[key] = parts = [Counts(values, where)]
        return parts[0] if parts else Counts(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def products(self) -> ProductSet:
        """The same as products, to be stored by `codec`; trends as one bin."""
        counts = {}
        for key, values in self.bins.items():
            is_trend = isinstance(product(key.product), Trend)
            counts[key] = Counts(values, np.zeros(1, np.int64)) if is_trend else Counts(values)
        return ProductSet(self.frames, counts | {key: self.sparse(key) for key in self.channels})

    def _add_parts(self, key: ProductKey, parts: Sequence[Counts]) -> None:
        there = self.channels.setdefault(key, [])
        there.extend(parts)
        if len(there) > _MOST_PARTS:
            self.sparse(key)

    def _add_bins(self, key: ProductKey, values: IntArray) -> None:
        there = self.bins.get(key)
        if there is None:
            self.bins[key] = values.astype(np.int64)
        else:
            there += values


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of one subsystem."""

    detector: Detector
    sums: Sums

    def counts(self, entry: type[Product]) -> IntArray:
        """All bins of a dense product, without the overflow; zeros if there is nothing."""
        key = ProductKey(self.detector.name, entry.name)
        found = self.sums.bins.get(key)
        return np.zeros(axis_of(key).bins, np.int64) if found is None else found[:-1]

    def total(self, entry: type[Trend]) -> int:
        """The sum of a trend."""
        found = self.sums.bins.get(ProductKey(self.detector.name, entry.name))
        return 0 if found is None else int(found[0])

    def sparse(self, entry: type[Product]) -> Counts:
        """A sparse product; channels hit only once in a part are left out."""
        return self.sums.sparse(ProductKey(self.detector.name, entry.name))


@dataclass(frozen=True, slots=True)
class Window:
    """The sums over some STFs that follow one another."""

    start: datetime
    end: datetime
    stfs: int
    sums: Sums

    def of(self, subsystem: str) -> Tally:
        """One subsystem; `BadInput` if there is none of that name."""
        return Tally(detector(subsystem), self.sums)

    @property
    def seconds(self) -> float:
        """From the start of the first STF to the end of the last."""
        return (self.end - self.start).total_seconds()


_ALONE, _PIECES = 64, 32
"""So many of the newest STFs are added one by one, those before in pieces of time, of which the longest
window has so many: at ten times ePIC's rate adding all one by one was a third of what judging took."""


class RunWindows:
    """The sums of a run's last STFs and of the whole run.

    Args:
        longest_s: the longest window, s.
    """

    def __init__(self, longest_s: float = 30.0) -> None:
        self._longest = timedelta(seconds=longest_s)
        self._recent: dict[StfSeen, Sums] = {}
        self._newest_first: tuple[StfSeen, ...] | None = None
        self._pieces: dict[int, tuple[tuple[StfSeen, ...], Sums]] = {}
        self._run: Window | None = None
        self._stfs: set[tuple[str, int]] = set()

    def add(self, stf: StfSeen, products: ProductSet) -> None:
        """Add a part of an STF: what its index gave, or a slice."""
        if self._run is None:
            self._run = Window(stf.start, stf.end, 0, Sums())
        self._stfs.add((stf.stream, stf.sequence))
        run = self._run
        run.sums.add(products)
        self._run = Window(min(run.start, stf.start), max(run.end, stf.end), len(self._stfs), run.sums)
        if stf.end > self._run.end - self._longest:
            if stf not in self._recent:
                self._newest_first = None
            self._recent.setdefault(stf, Sums()).add(products)
            self._pieces.pop(self._piece(stf), None)
        self._forget()

    @property
    def run(self) -> Window | None:
        """The whole run; None before its first STF."""
        return self._run

    def recent(self) -> Sequence[StfSeen]:
        """The STFs of the longest window, newest first."""
        if self._newest_first is None:
            self._newest_first = tuple(sorted(self._recent, key=StfSeen.place, reverse=True))
        return self._newest_first

    def sums_of(self, stf: StfSeen) -> Sums:
        """The sums of one STF of the longest window; `KeyError` if it is not in there."""
        return self._recent[stf]

    def last(self, seconds: float = 0.0) -> Window | None:
        """The STFs that end in the last `seconds`; at least the last one. None before the first."""
        recent = self.recent()
        edge = recent[0].end - timedelta(seconds=seconds) if recent else None
        chosen = [stf for place, stf in enumerate(recent) if not place or (edge and stf.start >= edge)]
        return self._summed(chosen) if chosen else None

    def ladder(self) -> Iterator[Window]:
        """Windows of the last 1, 2, 4, 8 … STFs, up to the longest; of about so many beyond the first 64."""
        recent = self.recent()
        sums, stfs, length = Sums(), 0, 1
        for oldest, count, part in self._parts(recent):
            sums.merge(part)
            stfs += count
            if stfs >= length or stfs == len(recent):
                yield Window(oldest.start, recent[0].end, stfs, sums.copy())
                while length <= stfs:
                    length *= 2

    def _summed(self, chosen: Sequence[StfSeen]) -> Window:
        sums = Sums()
        for _, _, part in self._parts(chosen):
            sums.merge(part)
        return Window(chosen[-1].start, chosen[0].end, len(chosen), sums)

    def _parts(self, stfs: Sequence[StfSeen]) -> Iterator[tuple[StfSeen, int, Sums]]:
        """What adds up to the sums of STFs, newest first: the oldest in each part, how many, the sums."""
        for stf in stfs[:_ALONE]:
            yield stf, 1, self._recent[stf]
        for piece, members in groupby(stfs[_ALONE:], self._piece):
            some = tuple(members)
            there, sums = self._pieces.get(piece, ((), Sums()))
            if there != some:
                sums = Sums()
                for stf in some:
                    sums.merge(self._recent[stf])
                self._pieces[piece] = some, sums
            yield some[-1], len(some), sums

    def _piece(self, stf: StfSeen) -> int:
        """The piece of time in which an STF begins; pieces that are cut off at either end are summed anew."""
        return int(stf.start.timestamp() / (self._longest.total_seconds() / _PIECES))

    def _forget(self) -> None:
        if self._run is None:
            return
        edge = self._run.end - self._longest
        recent = self.recent()
        for place, stf in enumerate(recent):
            if place >= MAX_STFS or (place and stf.start < edge):
                del self._recent[stf]
                self._newest_first = None
                self._pieces.pop(self._piece(stf), None)
