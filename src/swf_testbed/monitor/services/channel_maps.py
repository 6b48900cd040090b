"""Every channel of a subsystem by itself: units beside one another, their channels above one another."""

from typing import Any

import numpy as np

from swf_testbed.fastmon.counts import ProductKey
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.products import ChannelOccupancy
from swf_testbed.fastmon.root_2d import MAX_BINS
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput

NAME = "channel_map"


def channel_map(counted: RunHistograms, subsystem: str) -> dict[str, Any] | None:
    """The hits of every channel as a UHI document of two axes: unit, and channel in the unit.

    Where there are more than the browser can be sent, neighbours come together. None if nothing is counted.
    """
    try:
        here = detector(subsystem)
        channels, hits = counted.filled(ProductKey(subsystem, ChannelOccupancy.name))
    except (BadInput, KeyError):
        return None
    known = channels < here.channels
    units, places = np.divmod(channels[known], here.channels_per_unit)
    grouped_x, grouped_y = (-(-bins // MAX_BINS) for bins in (here.units, here.channels_per_unit))
    shape = -(-here.units // grouped_x), -(-here.channels_per_unit // grouped_y)
    values = np.zeros(shape, np.int64)
    np.add.at(values, (units // grouped_x, places // grouped_y), hits[known])
    return {
        "uhi_schema": 1,
        "metadata": {"name": NAME, "label": f"{here.title}: Every channel", "quantity": "hits"},
        "axes": [
            _axis("readout unit", shape[0], grouped_x),
            _axis("channel in the unit", shape[1], grouped_y),
        ],
        "storage": {"type": "int", "values": values.tolist()},
    }


def _axis(label: str, bins: int, group: int) -> dict[str, Any]:
    flow = {"underflow": False, "overflow": False, "circular": False}
    words = {"name": label.split(maxsplit=1)[0], "label": label, "unit": ""}
    return {
        "type": "regular",
        "lower": 0.0,
        "upper": float(bins * group),
        "bins": bins,
        **flow,
        "metadata": words,
    }
