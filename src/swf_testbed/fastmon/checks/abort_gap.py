"""Where the abort gap is in a subsystem's bunch pattern, and how likely it is anywhere else.

Outside the gap hits come from interactions, in clusters; inside from noise, one by one. So each bunch is
weighed by how much likelier its count is for a filled bunch than for an empty one, each with its own
over-dispersion (a negative binomial distribution, which sums keep); the sum over the gap's place is the
logarithm of its likelihood there.
"""

from collections.abc import Mapping
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.products import BunchPattern
from swf_testbed.fastmon.significance import Floats
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.detectors import BUNCHES_PER_ORBIT, FILLED_BUNCHES

GAP = BUNCHES_PER_ORBIT - FILLED_BUNCHES
MARGIN = 10
"""Bunches at either edge of the gap that are left out where late hits of filled ones may spill over."""

CORE = GAP - 2 * MARGIN
_LEAST_CONTRAST = 1.2
"""Filled bunches must have so many times the hits of empty ones: with less the gap is nowhere to be seen."""

_LEAST_SPREAD = 1.01
"""A variance at or below the mean has no negative binomial; this one is as good as Poisson's."""


def spreads(tally: Tally) -> Mapping[str, float]:
    """Variance over mean of the counts of bunches: `filled`, and `empty` ones; none if there are no hits."""
    pattern = tally.counts(BunchPattern)
    found = {}
    for name, part in (("filled", pattern[MARGIN:FILLED_BUNCHES]), ("empty", gap_core(pattern, 0))):
        if part.sum():
            found[name] = float(part.var(ddof=1) / part.mean())
    return found


def gap_core(pattern: IntArray, shift: int) -> IntArray:
    """The bunches in the gap, without its margins, if it is late by so many crossings."""
    return np.roll(pattern, -shift)[FILLED_BUNCHES + MARGIN : BUNCHES_PER_ORBIT - MARGIN]


class Levels(NamedTuple):
    """Mean hits of a filled and of an empty bunch."""

    filled: float
    empty: float


class Place(NamedTuple):
    """Where the abort gap is likeliest.

    Attributes:
        shift: by how many crossings it is late.
        gain: logarithm of how much likelier it is there than where it usually is.
    """

    shift: int
    gain: float


def levels_at(pattern: IntArray, shift: int) -> Levels:
    """The levels if the gap is late by so many crossings."""
    empty = max(float(gap_core(pattern, shift).mean()), 0.5 / CORE)
    return Levels(float(np.roll(pattern, -shift)[MARGIN : FILLED_BUNCHES - MARGIN].mean()), empty)


def find_gap(pattern: IntArray, spread: Levels, usual: int, expected: Levels) -> Place | None:
    """Where the gap is likeliest; None if none is emptier than the rest.

    Args:
        pattern: hits of each bunch of the orbit.
        spread: variance over mean in filled and empty bunches.
        usual: where the gap is as a rule.
        expected: levels to begin with. They cannot be taken from where the gap usually is: if it has moved
            by its whole length, the bunches there are as full as all others.
    """
    first = _likeliest(pattern, spread, usual, expected)
    # Once more with the levels there, for they may differ from what was expected.
    return first and _likeliest(pattern, spread, usual, levels_at(pattern, first.shift))


def _likeliest(pattern: IntArray, spread: Levels, usual: int, levels: Levels) -> Place | None:
    """Where the gap is likeliest at these levels; None if they hardly differ."""
    if levels.filled < _LEAST_CONTRAST * levels.empty:
        return None
    weights = _log_ratio(pattern, levels.filled, spread.filled)
    weights -= _log_ratio(pattern, levels.empty, spread.empty)
    sums = _sliding_sum(weights)
    best = int(sums.argmin())
    return Place(signed(best), float(sums[usual % BUNCHES_PER_ORBIT] - sums[best]))


def in_gap(shift: int) -> NDArray[np.bool_]:
    """Per bunch, whether it is in the gap if that is late by so many crossings."""
    return (np.arange(BUNCHES_PER_ORBIT) - shift) % BUNCHES_PER_ORBIT >= FILLED_BUNCHES


def _sliding_sum(weights: Floats) -> Floats:
    """Of the gap's length, by shift."""
    start = FILLED_BUNCHES
    ring = np.concatenate((weights, weights, weights))
    sums = np.concatenate(([0.0], np.cumsum(ring)))
    begin = start + np.arange(BUNCHES_PER_ORBIT)
    found: Floats = sums[begin + GAP] - sums[begin]
    return found


def _log_ratio(counts: IntArray, mean: float, spread: float) -> Floats:
    """Logarithm of the negative binomial's probabilities, without the factorial that all have in common."""
    spread = max(spread, _LEAST_SPREAD)
    size = mean / (spread - 1)
    steps = np.log(size + np.arange(int(counts.max(initial=0))))
    rising = np.concatenate(([0.0], np.cumsum(steps)))
    found: Floats = rising[counts] - size * log(spread) + counts * log((spread - 1) / spread)
    return found


def signed(shift: int) -> int:
    """A shift along the orbit as the shorter way, forward or back."""
    shift %= BUNCHES_PER_ORBIT
    return shift - BUNCHES_PER_ORBIT if shift > BUNCHES_PER_ORBIT // 2 else shift
