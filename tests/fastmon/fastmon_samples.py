"""Content for the tests of fast monitoring, and its products."""

from collections.abc import Sequence

import numpy as np

from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.products import BankHits, hit_products
from swf_testbed.model.detectors import BC_PER_TF, beam, detectors


def content(frames: int, first_tf: int = 0, scale: float = 0.004) -> Content:
    """Some frames of the laptop's default."""
    return ContentGenerator(7, scale, beam("18x275")).generate(100_010, first_tf, frames)


def subsystems(made: Content, frames: Sequence[int]) -> list[BankHits]:
    """The hits of some frames (by position), put together for each subsystem."""
    bc0 = [(made.first_tf + frame) * BC_PER_TF for frame in frames]
    return [
        BankHits.of(detector, [made.bank(frame, slot) for frame in frames], bc0)
        for slot, detector in enumerate(detectors())
    ]


def products(made: Content, frames: Sequence[int]) -> ProductSet:
    """All hit products of some frames."""
    return hit_products(len(frames), subsystems(made, frames))


def same(one: ProductSet, other: ProductSet) -> bool:
    """Whether two sets hold the same counts, bin by bin."""
    if one.frames != other.frames or set(one.counts) != set(other.counts):
        return False
    for key, counts in one.counts.items():
        there = other.counts[key]
        if not np.array_equal(counts.values, there.values) or (counts.where is None) != (there.where is None):
            return False
        if (
            counts.where is not None
            and there.where is not None
            and not np.array_equal(counts.where, there.where)
        ):
            return False
    return True
