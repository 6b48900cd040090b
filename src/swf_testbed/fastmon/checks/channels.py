"""Hot channels."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.checks.units import expected_units
from swf_testbed.fastmon.flags import ranges
from swf_testbed.fastmon.products import ChannelOccupancy
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import Floats, among, of_counts
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Fault

HOT_HITS, HOT_FACTOR = 40, 10
"""A channel is hot with more than so many hits and so many times the expectation."""


class HotSettings(CheckSettings):
    """What may be set."""

    least_hits: int = Field(HOT_HITS, ge=1, description="a hot channel has more hits than these")
    least_factor: float = Field(HOT_FACTOR, gt=1, description="and more than so many times the expectation")


@check
class HotChannels(SubsystemCheck):
    """Channels with many times the hits that they, or else those of their unit, have in the reference."""

    name, title, kind = "hot", "Hot channels", Fault.HOT_CHANNELS
    histogram = ChannelOccupancy.name
    Settings: ClassVar[type[CheckSettings]] = HotSettings
    settings: HotSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None without a hit."""
        if not now.sums.frames:
            return None
        counts = now.sparse(ChannelOccupancy)
        many = (counts.values > self.settings.least_hits) & (counts.places < now.detector.channels)
        channel, seen = counts.places[many], counts.values[many].astype(np.float64)
        should = _expected(channel, now, expected)
        hot = seen > self.settings.least_factor * should
        if not hot.any():
            return Verdict(0.0, "no hot channel")
        channel, seen, should = channel[hot], seen[hot], should[hot]
        first = int(seen.argmax())
        return Verdict(
            among(float(of_counts(seen, should).max()), now.detector.channels),
            f"channels {ranges(channel.tolist())}; channel {channel[first]} has {seen[first]:.0f} hits, "
            f"{should[first]:.2g} expected",
            channels=tuple(channel.tolist()),
        )


def _expected(channel: np.ndarray[tuple[int], np.dtype[np.int64]], now: Tally, expected: Expected) -> Floats:
    """The mean of the unit's channels, or what the channel itself has in the reference where that is more."""
    here = now.detector
    _, units, _ = expected_units(now, expected)
    should: Floats = units[channel // here.channels_per_unit] / here.channels_per_unit
    known = expected.tally.sparse(ChannelOccupancy)
    if not len(known.values) or not expected.tally.sums.frames:
        return should
    place = np.minimum(np.searchsorted(known.places, channel), len(known.values) - 1)
    scale = now.sums.frames / expected.tally.sums.frames
    own = np.where(known.places[place] == channel, known.values[place] * scale, 0.0)
    return np.maximum(should, own)
