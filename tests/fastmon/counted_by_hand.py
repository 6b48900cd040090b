"""What was counted of a subsystem, and what a reference says of it: a few numbers, made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from swf_testbed.fastmon.checks.base import SubsystemCheck, Verdict
from swf_testbed.fastmon.counts import Counts, IntArray, ProductKey
from swf_testbed.fastmon.products import Product
from swf_testbed.fastmon.reference import Expected, Measured, Scatter
from swf_testbed.fastmon.windows import Sums, Tally
from swf_testbed.model.detectors import detector

SUBSYSTEM = "svt_inner"
"""96 units of 256 channels each; a bin of the ADC spectrum is one count, the pedestal 12."""

_OVERFLOW = 7_777
"""Of every dense product; nothing may count it."""

Counted = Mapping[type[Product], int | Mapping[int, int] | IntArray]
"""Of a trend its sum, of a sparse product its hits by channel, of all others their bins."""

Measurements = Mapping[str, Sequence[float]]
"""By `<check>.<name>`, as often as it was measured."""


def bins(size: int, *filled: tuple[int, int], flat: int = 0) -> IntArray:
    """As many in each bin, but for those that are named: (bin, contents)."""
    found = np.full(size, flat, np.int64)
    for place, contents in filled:
        found[place] = contents
    return found


def tally(counted: Counted, frames: int = 0) -> Tally:
    """What was counted in so many decoded frames."""
    sums = Sums(frames=frames)
    for entry, said in counted.items():
        key = ProductKey(SUBSYSTEM, entry.name)
        if isinstance(said, int):
            sums.bins[key] = np.array([said])
        elif isinstance(said, Mapping):
            values, where = (np.array(list(part), np.int64) for part in (said.values(), said))
            sums.channels[key] = [Counts(values, where)]
        else:
            sums.bins[key] = np.append(said, _OVERFLOW)
    return Tally(detector(SUBSYSTEM), sums)


def expected(
    counted: Counted, measured: Measurements | None = None, stfs: int = 10, frames: int = 0
) -> Expected:
    """A reference of so many STFs, in which each number was measured so often."""
    scatter: dict[Measured, Scatter] = {}
    for name, values in (measured or {}).items():
        one = scatter.setdefault(Measured(SUBSYSTEM, name), Scatter())
        for value in values:
            one.add(value)
    return Expected(tally(counted, frames), stfs, scatter)


NOTHING = expected({}, stfs=0)
"""What is expected without a reference."""


def said(check: SubsystemCheck, now: Tally, reference: Expected) -> Verdict | None:
    """What a check says, its significance to six places."""
    verdict = check.judge(now, reference)
    return None if verdict is None else replace(verdict, significance=round(verdict.significance, 6))
