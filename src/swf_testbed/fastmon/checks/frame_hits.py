"""Hits of a frame, from the index of all frames."""

from typing import NamedTuple

from swf_testbed.fastmon.products import EmptyTrend, FrameTrend, HitTrend, SquaredHitTrend
from swf_testbed.fastmon.windows import Tally


class FrameHits(NamedTuple):
    """Frames with hits, their mean hits, and the variance of those from frame to frame."""

    frames: int
    mean: float
    variance: float


def frame_hits(tally: Tally) -> FrameHits:
    """Of frames that have any: a missing bank is no low rate."""
    frames = tally.total(FrameTrend) - tally.total(EmptyTrend)
    if frames < 2:
        return FrameHits(frames, 0.0, 0.0)
    mean = tally.total(HitTrend) / frames
    return FrameHits(frames, mean, (tally.total(SquaredHitTrend) - frames * mean * mean) / (frames - 1))
