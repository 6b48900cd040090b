"""The monitoring products: what is counted of every subsystem. A new one is one more class in this file."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Axis, Counts, IntArray, ProductKey, ProductSet, dense, sparse
from swf_testbed.fastmon.registry import (
    REGISTRY,
    RUN,
    TFS_PER_TREND_BIN,
    TREND_BINS,
    BankHits,
    HitProduct,
    Product,
    RunProduct,
    Trend,
    axis_of,
    hit_entries,
    product,
    registered,
    trends,
)
from swf_testbed.model.detectors import BC_NS, BC_PER_TF, BUNCHES_PER_ORBIT, FINE_PER_BC, TF_NS, Detector

# Imported from here rather than from the registry, so that the list is full before anybody asks it.
__all__ = [
    "REGISTRY",
    "RUN",
    "TFS_PER_TREND_BIN",
    "BankHits",
    "HitProduct",
    "Product",
    "Trend",
    "axis_of",
    "product",
]

ADC_BINS = 256
CROSSINGS_PER_TIME_BIN = 256
_ORBITS = -(-(BC_PER_TF + BUNCHES_PER_ORBIT) // BUNCHES_PER_ORBIT)
"""Orbits that a frame can reach into."""

_FEW_BESIDE_BINS = 0.2
"""Hits a bin along the frame below which a division a hit is cheaper than counting along the frame."""


@registered
class UnitOccupancy(HitProduct):
    """Hits of each readout unit."""

    name, title = "unit_occupancy", "Readout-unit occupancy"

    def axis(self, detector: Detector) -> Axis:
        """One bin a unit."""
        return Axis("readout unit", "", detector.units, 0, detector.units)

    def count(self, hits: BankHits) -> Counts:
        """By channel number, as units have equal numbers of channels."""
        return dense(hits.channel // np.uint32(hits.detector.channels_per_unit), hits.detector.units)


@registered
class ChannelOccupancy(HitProduct):
    """Hits of each channel."""

    name, title = "channel_occupancy", "Channel occupancy"
    is_sparse = True

    def axis(self, detector: Detector) -> Axis:
        """One bin a channel."""
        return Axis("channel", "", detector.channels, 0, detector.channels)

    def count(self, hits: BankHits) -> Counts:
        """Sparse: a slice touches few of the channels."""
        return sparse(hits.channel, hits.detector.channels)


@registered
class AdcSpectrum(HitProduct):
    """ADC counts, pedestal not subtracted."""

    name, title = "adc", "ADC spectrum"

    def axis(self, detector: Detector) -> Axis:
        """The subsystem's ADC range in 256 bins."""
        return Axis("ADC", "counts", ADC_BINS, 0, detector.adc_end)

    def count(self, hits: BankHits) -> Counts:
        """A shift is the division by the bins' width, a power of two."""
        return dense(hits.adc >> np.uint16(hits.detector.adc_bits - 8), ADC_BINS)


@registered
class FineTime(HitProduct):
    """Time within one bunch crossing."""

    name, title = "fine_time", "Time modulo one bunch crossing"

    def axis(self, detector: Detector) -> Axis:
        """One crossing, in the steps of the fine time."""
        del detector
        return Axis("t mod one crossing", "ns", FINE_PER_BC, 0, BC_NS)

    def count(self, hits: BankHits) -> Counts:
        """As read out."""
        return dense(hits.fine, FINE_PER_BC)


@registered
class BunchPattern(HitProduct):
    """Bunch of the orbit that a hit belongs to."""

    name, title = "bunch_pattern", "Bunch pattern"

    def axis(self, detector: Detector) -> Axis:
        """One orbit."""
        del detector
        return Axis("bunch", "", BUNCHES_PER_ORBIT, 0, BUNCHES_PER_ORBIT)

    def count(self, hits: BankHits) -> Counts:
        """The frame's first crossing counts too, as frames are not aligned to orbits."""
        phase = np.repeat((hits.bc0 % BUNCHES_PER_ORBIT).astype(np.uint32), hits.lengths)
        late = hits.crossing + phase
        if len(late) < _FEW_BESIDE_BINS * _ORBITS * BUNCHES_PER_ORBIT:
            return dense(late % np.uint32(BUNCHES_PER_ORBIT), BUNCHES_PER_ORBIT)
        # Counted along the frame and then folded: a division a bin, not one a hit.
        along = np.bincount(late, minlength=_ORBITS * BUNCHES_PER_ORBIT)
        bunches = along.reshape(_ORBITS, BUNCHES_PER_ORBIT).sum(axis=0)
        return Counts(np.append(bunches, 0).astype(np.int64, copy=False))


@registered
class TimeInFrame(HitProduct):
    """Time since the start of the frame."""

    name, title = "time_in_frame", "Time in the frame"

    def axis(self, detector: Detector) -> Axis:
        """One frame in bins of 256 crossings."""
        del detector
        return Axis("time in frame", "us", BC_PER_TF // CROSSINGS_PER_TIME_BIN, 0, TF_NS / 1000)

    def count(self, hits: BankHits) -> Counts:
        """By the crossing alone."""
        return dense(hits.crossing // np.uint16(CROSSINGS_PER_TIME_BIN), BC_PER_TF // CROSSINGS_PER_TIME_BIN)


@registered
class BankStatus(HitProduct):
    """How banks arrived: good (bin 0), with a wrong CRC (1), missing (2)."""

    name, title = "bank_status", "Banks: good, wrong CRC, missing"

    def axis(self, detector: Detector) -> Axis:
        """Three cases."""
        del detector
        return Axis("good, wrong CRC, missing", "", 3, 0, 3)

    def count(self, hits: BankHits) -> Counts:
        """As the reader found them."""
        return Counts(np.array([len(hits.lengths), hits.crc_errors, hits.missing, 0], np.int64))


@registered
class FrameTrend(Trend):
    """Frames."""

    name, title = "frames_vs_time", "Frames against time"

    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """One each."""
        del size
        return np.ones_like(hits)


@registered
class HitTrend(Trend):
    """Hits of all frames."""

    name, title = "hits_vs_time", "Hits against time"

    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """As the index has them."""
        del size
        return hits


@registered
class SquaredHitTrend(Trend):
    """Sums of the squares of the frames' hits, from which their variance follows."""

    name, title = "hits_squared_vs_time", "Squared hits a frame against time"

    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """Squared."""
        del size
        return hits * hits


@registered
class ByteTrend(Trend):
    """Bytes of all frames."""

    name, title = "bytes_vs_time", "Bytes against time"

    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """As the index has them."""
        del hits
        return size


@registered
class EmptyTrend(Trend):
    """Frames in which a subsystem has no data at all: where a bank is missing, or empty."""

    name, title = "empty_vs_time", "Frames without data against time"

    def volume(self, hits: IntArray, size: IntArray) -> IntArray:
        """One where there are no bytes."""
        del hits
        empty: IntArray = (size == 0).astype(np.int64)
        return empty


@registered
class Latency(RunProduct):
    """Time from the egress of a frame's STF to the plot that shows it."""

    name, title = "latency", "Latency from egress to the plot"

    def axis(self) -> Axis:
        """One minute in steps of 0.1 s."""
        return Axis("latency", "s", 600, 0, 60)


def hit_products(frames: int, subsystems: Iterable[BankHits]) -> ProductSet:
    """All products of a slice.

    Args:
        frames: frames in the slice.
        subsystems: the hits of each subsystem.
    """
    counts = {
        ProductKey(hits.detector.name, entry.name): entry.count(hits)
        for hits in subsystems
        for entry in hit_entries()
    }
    return ProductSet(frames, counts)


def volume_products(
    tf: NDArray[np.integer[Any]],
    slot_bytes: NDArray[np.integer[Any]],
    slot_hits: NDArray[np.integer[Any]],
    subsystems: Sequence[Detector],
    origin_tf: int = 0,
) -> ProductSet:
    """Hits and bytes of all frames of an STF against time, from its index.

    Args:
        tf: frame numbers.
        slot_bytes, slot_hits: of every frame and subsystem, (frames, subsystems), as the index has them.
        subsystems: of the slots, in order.
        origin_tf: the run's first frame number, where time is 0.
    """
    late = np.clip(tf.astype(np.int64) - origin_tf, 0, None)
    where, position = np.unique(np.minimum(late // TFS_PER_TREND_BIN, TREND_BINS), return_inverse=True)
    result = ProductSet()
    hits, size = slot_hits.astype(np.int64), slot_bytes.astype(np.int64)
    for trend in trends():
        sums = np.zeros((len(where), len(subsystems)), np.int64)
        np.add.at(sums, position, trend.volume(hits, size))
        for slot, detector in enumerate(subsystems):
            result.counts[ProductKey(detector.name, trend.name)] = Counts(sums[:, slot].copy(), where)
    return result


def latency_products(seconds: Iterable[float]) -> ProductSet:
    """The latency histogram of some plotted frames; negative values (clocks that differ) count as 0."""
    axis = Latency().axis()
    index = (np.clip(np.fromiter(seconds, float), 0, axis.high) / axis.width).astype(np.int64)
    return ProductSet(0, {ProductKey(RUN, Latency.name): dense(index, axis.bins)})
