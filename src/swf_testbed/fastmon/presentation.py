"""The histograms that are shown of a run: products as they are, and what follows from them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.checks.channels import HOT_FACTOR, HOT_HITS
from swf_testbed.fastmon.checks.units import DEAD_EXPECTED
from swf_testbed.fastmon.counts import Axis, ProductKey
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.products import (
    RUN,
    AdcSpectrum,
    BankStatus,
    BunchPattern,
    ByteTrend,
    ChannelOccupancy,
    FineTime,
    FrameTrend,
    HitTrend,
    Latency,
    TimeInFrame,
    UnitOccupancy,
    axis_of,
    product,
)
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.detectors import Detector, detector

MAX_BINS = 1024
Values = NDArray[Any]
Binned = tuple[Axis, Values]


@dataclass(frozen=True, slots=True)
class Shown:
    """One histogram of a subsystem on the page: from which products it follows, and how."""

    name: str
    title: str
    quantity: str
    sources: frozenset[str]
    make: Callable[[RunHistograms, str], Binned]


def present(run: RunHistograms, changed: Iterable[ProductKey]) -> dict[ProductKey, dict[str, Any]]:
    """UHI documents of all histograms that follow from what has changed.

    Args:
        run: the merged counts.
        changed: as `RunHistograms.take_changed` says; `run.keys()` for all.

    Returns:
        Documents by (subsystem, name). Channels come in groups, so that no document has more than some
        thousand bins; `full` gives them one by one.
    """
    stale = set(changed)
    present_keys = set(run.keys())
    documents = {}
    for subsystem in sorted({key.subsystem for key in stale}):
        touched = {key.product for key in stale if key.subsystem == subsystem}
        for shown in SHOWN:
            needed = {ProductKey(subsystem, source) for source in shown.sources}
            if shown.sources & touched and needed <= present_keys:
                axis, values = shown.make(run, subsystem)
                documents[ProductKey(subsystem, shown.name)] = to_uhi(
                    shown.name,
                    f"{_title(subsystem)}: {shown.title}" if subsystem != RUN else shown.title,
                    axis,
                    values,
                    subsystem=subsystem,
                    quantity=shown.quantity,
                )
    return documents


def full(run: RunHistograms, key: ProductKey) -> dict[str, Any]:
    """The UHI document of a product with all its bins, sparse where the product is."""
    entry = product(key.product)
    axis, values = _as_counted(run, key)
    return to_uhi(
        key.product,
        entry.title,
        axis,
        values,
        sparse=entry.is_sparse,
        subsystem=key.subsystem,
        quantity="hits",
    )


def grouped(axis: Axis, values: Values, most: int = MAX_BINS) -> Binned:
    """The same counts in at most `most` bins; the last may reach beyond the end of the axis."""
    size = -(-axis.bins // most)
    if size == 1:
        return axis, values
    bins = -(-axis.bins // size)
    padded = np.zeros(bins * size, values.dtype)
    padded[: axis.bins] = values[: axis.bins]
    sums = padded.reshape(bins, size).sum(axis=1)
    high = axis.low + axis.width * bins * size
    return replace(axis, bins=bins, high=high), np.append(sums, values[axis.bins :].sum())


def _title(subsystem: str) -> str:
    return detector(subsystem).title


def _as_counted(run: RunHistograms, key: ProductKey) -> Binned:
    axis, values = axis_of(key), run.bins(key)
    whole = np.zeros(axis.bins + 1, values.dtype)
    whole[: len(values)] = values
    return axis, whole


def _plain(name: str, run: RunHistograms, subsystem: str) -> Binned:
    return grouped(*_as_counted(run, ProductKey(subsystem, name)), most=2 * MAX_BINS)


def _channels(run: RunHistograms, subsystem: str) -> Binned:
    key = ProductKey(subsystem, ChannelOccupancy.name)
    axis, (where, hits) = axis_of(key), run.filled(key)
    size = -(-axis.bins // MAX_BINS)
    bins = -(-axis.bins // size)
    group = np.where(where < axis.bins, where // size, bins)
    values = np.bincount(group, hits, minlength=bins + 1).astype(np.int64)
    return replace(axis, bins=bins, high=axis.low + axis.width * bins * size), values


def _per_frame(name: str, run: RunHistograms, subsystem: str) -> Binned:
    """A trend divided by the number of frames; 0 where there were none."""
    key = ProductKey(subsystem, FrameTrend.name)
    frames, sums = run.bins(key), run.bins(ProductKey(subsystem, name))
    whole = axis_of(key)
    length = max(min(len(frames), whole.bins), 1)
    axis = replace(whole, bins=length, high=whole.low + whole.width * length)
    coarse, frames = grouped(axis, _fitted(frames, length))
    _, sums = grouped(axis, _fitted(sums, length))
    return coarse, np.divide(sums, frames, out=np.zeros(len(sums)), where=frames > 0)


def _fitted(values: Values, bins: int) -> Values:
    """Cut or filled with zeros to `bins`, and an empty overflow."""
    fitted = np.zeros(bins + 1, values.dtype)
    fitted[: min(len(values), bins)] = values[:bins]
    return fitted


def _dead_units(run: RunHistograms, subsystem: str) -> Binned:
    """1 for each unit without a hit where hits are expected."""
    key = ProductKey(subsystem, UnitOccupancy.name)
    hits = run.bins(key)
    dead = (hits == 0) & (np.median(hits[:-1]) > DEAD_EXPECTED)
    dead[-1] = False
    return axis_of(key), dead.astype(np.int64)


def _hot_channels(run: RunHistograms, subsystem: str) -> Binned:
    """The number of hot channels in each unit."""
    here: Detector = detector(subsystem)
    channels, hits = run.filled(ProductKey(subsystem, ChannelOccupancy.name))
    units = ProductKey(subsystem, UnitOccupancy.name)
    expected = np.median(run.bins(units)[:-1]) / here.channels_per_unit
    hot = channels[hits > max(HOT_HITS, HOT_FACTOR * expected)]
    # What lies beyond the last channel lies beyond the last unit.
    return axis_of(units), np.bincount(hot // here.channels_per_unit, minlength=here.units + 1)


def _product(cls: Any, quantity: str = "hits") -> Shown:
    return Shown(cls.name, cls.title, quantity, frozenset({cls.name}), partial(_plain, cls.name))


SHOWN: tuple[Shown, ...] = (
    Shown(
        "hits_per_frame",
        "Hits a frame, all frames",
        "hits a frame",
        frozenset({FrameTrend.name, HitTrend.name}),
        partial(_per_frame, HitTrend.name),
    ),
    Shown(
        "bytes_per_frame",
        "Bytes a frame, all frames",
        "bytes a frame",
        frozenset({FrameTrend.name, ByteTrend.name}),
        partial(_per_frame, ByteTrend.name),
    ),
    _product(UnitOccupancy),
    Shown(
        ChannelOccupancy.name,
        ChannelOccupancy.title,
        "hits",
        frozenset({ChannelOccupancy.name}),
        _channels,
    ),
    _product(AdcSpectrum),
    _product(FineTime),
    _product(BunchPattern),
    _product(TimeInFrame),
    _product(BankStatus, "banks"),
    Shown("dead_units", "Dead readout units", "dead", frozenset({UnitOccupancy.name}), _dead_units),
    Shown(
        "hot_channels",
        "Hot channels of each readout unit",
        "hot channels",
        frozenset({UnitOccupancy.name, ChannelOccupancy.name}),
        _hot_channels,
    ),
    _product(Latency, "frames"),
)
"""What a subsystem's page shows, in this order."""
