"""What a product is, and the list of all of them; `products` fills the list and is what others import."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Axis, Counts, IntArray, ProductKey
from swf_testbed.model.detectors import TF_NS, Detector
from swf_testbed.model.detectors import detector as detector_named
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.stf import layout

Words = NDArray[np.uint64]

TFS_PER_TREND_BIN = 250
"""A sixth of a second: four bins an STF."""

TREND_BINS = 1 << 18
"""12 hours of frames without a gap; what comes later is counted in the overflow."""


@dataclass(frozen=True)
class BankHits:
    """All banks of one subsystem in a slice, their hits put together.

    Attributes:
        detector: the subsystem.
        words: HIT64 words of the good banks, one bank after another.
        lengths: hits of each bank.
        bc0: first bunch crossing of each bank's frame.
        crc_errors: banks that were not used because their CRC is wrong.
        missing: frames without a bank of this subsystem.
    """

    detector: Detector
    words: Words
    lengths: NDArray[np.int64]
    bc0: NDArray[np.int64]
    crc_errors: int = 0
    missing: int = 0

    @classmethod
    def of(
        cls,
        detector: Detector,
        banks: Sequence[Words],
        bc0: Sequence[int],
        crc_errors: int = 0,
        missing: int = 0,
    ) -> "BankHits":
        """From single banks and their frames' first crossings."""
        words = np.concatenate(banks) if banks else np.empty(0, np.uint64)
        lengths = np.array([len(bank) for bank in banks], np.int64)
        return cls(detector, words, lengths, np.array(bc0, np.int64), crc_errors, missing)

    @cached_property
    def adc(self) -> NDArray[np.uint16]:
        """ADC counts."""
        return layout.adc(self.words)

    @cached_property
    def channel(self) -> NDArray[np.uint32]:
        """Channel numbers."""
        return layout.channel(self.words)

    @cached_property
    def fine(self) -> NDArray[np.uint8]:
        """Fine time in the crossing."""
        return layout.fine(self.words)

    @cached_property
    def crossing(self) -> NDArray[np.uint16]:
        """Bunch crossing in the frame."""
        return layout.crossing(self.words)


class Product(ABC):
    """One kind of histogram.

    Attributes:
        name, title: what it is called, in keys and on plots.
        is_sparse: only bins with content are kept.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    is_sparse: ClassVar[bool] = False


class SubsystemProduct(Product):
    """A histogram that every subsystem has one of."""

    @abstractmethod
    def axis(self, detector: Detector) -> Axis:
        """The binning in a subsystem."""


class HitProduct(SubsystemProduct):
    """A histogram of hits, filled from the banks of a slice."""

    @abstractmethod
    def count(self, hits: BankHits) -> Counts:
        """The counts of a slice."""


class Trend(SubsystemProduct):
    """A sum over frames against time; filled from the index of all frames, not from samples."""

    is_sparse = True

    def axis(self, detector: Detector) -> Axis:
        """Seconds of frame time since the run's first frame."""
        del detector
        return Axis("time in run", "s", TREND_BINS, 0, TREND_BINS * TFS_PER_TREND_BIN * TF_NS * 1e-9)

    @abstractmethod
    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """What each frame adds, given its hits and bytes in each subsystem: arrays (frames, subsystems)."""


class RunProduct(Product):
    """A histogram that a run has one of."""

    @abstractmethod
    def axis(self) -> Axis:
        """The binning."""


RUN = "run"
"""Stands for the subsystem in the key of a product that the run has only one of."""

REGISTRY: dict[str, Product] = {}
P = TypeVar("P", bound=type[Product])


def registered(cls: P) -> P:
    """Add a product to those that are filled, sent, merged and shown."""
    REGISTRY[cls.name] = cls()
    return cls


def hit_entries() -> list[HitProduct]:
    """All products of hits, in the order in which they were registered."""
    return [entry for entry in REGISTRY.values() if isinstance(entry, HitProduct)]


def trends() -> list[Trend]:
    """All products of an index, in the order in which they were registered."""
    return [entry for entry in REGISTRY.values() if isinstance(entry, Trend)]


def product(name: str) -> Product:
    """The product of that name; `BadInput` if there is none."""
    found = REGISTRY.get(name)
    if found is None:
        raise BadInput("product", name, one_of(REGISTRY))
    return found


def axis_of(key: ProductKey) -> Axis:
    """The binning of a histogram; `BadInput` if there is no such product or subsystem."""
    entry = product(key.product)
    if isinstance(entry, RunProduct):
        if key.subsystem != RUN:
            raise BadInput("subsystem", key.subsystem, f"must be {RUN} for {entry.name}")
        return entry.axis()
    return cast(SubsystemProduct, entry).axis(detector_named(key.subsystem))
