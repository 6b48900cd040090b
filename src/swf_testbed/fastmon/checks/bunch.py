"""What the abort gap tells: a shift of the bunch crossing, and noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from swf_testbed.fastmon.checks.abort_gap import CORE, find_gap, gap_core, in_gap, signed, spreads
from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.checks.frame_hits import frame_hits
from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.products import BankStatus, BunchPattern
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import among, of_counts
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.detectors import BC_NS, BUNCHES_PER_ORBIT
from swf_testbed.model.faults import Fault

Mask = NDArray[np.bool_]

_ALL: Mask = np.ones(BUNCHES_PER_ORBIT, bool)

_MOVED = 4.0
"""The gap is taken to be elsewhere only with a significance above this."""

_LEAST_SHARE = 0.5
"""Of the hits a frame that noise in the gap means for all bunches, so many must be there."""

_EDGE = 2
"""Crossings by which a reference's gap may seem to be moved: late hits spill into its first bunches."""

_SPILL = 1.5
"""Bunches of the gap with more than so many times its mean have late hits of filled ones."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """The abort gap in the data.

    Attributes:
        usual: by how many crossings the reference has it late.
        shift: by how many crossings it is later than that, where it is likeliest.
        significance: of the hits in the bunches that should be empty and would not be there.
    """

    usual: int
    shift: int
    significance: float

    @property
    def place(self) -> int:
        """Where to take it to be."""
        moved = self.shift if self.significance > _MOVED else 0
        return signed(self.usual + moved)


def _gap(now: Tally, expected: Expected) -> _Gap | None:
    """None if there is no gap to be seen."""
    spreads_known = tuple(expected.measured(f"bunch.{name}").mean for name in ("filled", "empty"))
    pattern, known = now.counts(BunchPattern), expected.tally.counts(BunchPattern)
    there = expected.once("bunch.gap", lambda: _moved(known, 0, spreads_known, _ALL, 0.0))
    if there is None or not pattern.sum():
        return None
    usual = there[0] if there[1] > _MOVED and abs(there[0]) > _EDGE else 0
    level = float(gap_core(known, usual).mean())
    scale = _banks(now) / max(_banks(expected.tally), 1)
    here = _moved(pattern, usual, spreads_known, known <= _SPILL * level, level * scale)
    return _Gap(usual, 0, 0.0) if here is None else _Gap(usual, signed(here[0] - usual), here[1])


def _moved(
    pattern: IntArray, usual: int, spread: Sequence[float], empty: Mask, least: float
) -> tuple[int, float] | None:
    """Where the gap is likeliest, and how surprising the hits are in the gap as it usually is.

    Args:
        pattern: hits of each bunch of the orbit.
        usual: by how many crossings the gap is late as a rule.
        spread: variance over mean in filled and in empty bunches.
        empty: the bunches that count.
        least: hits of an empty bunch, at least; the noise there is now is seen where the gap seems to be.
    """
    place = find_gap(pattern, spread[0], spread[1], usual)
    if place is None:
        return None
    struck = in_gap(usual) & ~in_gap(place) & empty
    bunches = int(struck.sum())
    should = np.array([bunches * max(float(gap_core(pattern, place).mean()), least)])
    seen = np.array([float(pattern[struck].sum())])
    surprise = float(of_counts(seen, should, max(spread[1], 1.0) * (1 + bunches / CORE))[0])
    return place, max(among(surprise, BUNCHES_PER_ORBIT), 0.0)


def _banks(tally: Tally) -> int:
    """Banks whose hits were counted."""
    return int(tally.counts(BankStatus)[0])


class BunchSettings(CheckSettings):
    """What may be set."""

    least_crossings: int = Field(2, ge=1, description="smaller shifts do not matter")


@check
class BunchShift(SubsystemCheck):
    """Where the abort gap is likeliest, and how surprising the hits are where it should be."""

    name, title, kind = "bunch", "Bunch-crossing shift", Fault.BUNCH_SHIFT
    histogram = BunchPattern.name
    Settings: ClassVar[type[CheckSettings]] = BunchSettings
    settings: BunchSettings

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """The over-dispersion of filled and of empty bunches."""
        del before
        return spreads(now)

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None if the gap cannot be seen."""
        gap = _gap(now, expected)
        if gap is None:
            return None
        crossings = abs(gap.shift)
        return Verdict(
            gap.significance if crossings >= self.settings.least_crossings else 0.0,
            f"hits where the abort gap should be; it is some {crossings} crossings "
            f"({crossings * BC_NS:.0f} ns) {'late' if gap.shift > 0 else 'early'}"
            if gap.significance
            else "the abort gap is where it should be",
        )


class NoiseSettings(CheckSettings):
    """What may be set."""

    least_effect: float = Field(0.25, ge=0, description="smaller changes, relative, do not matter")
    least_expected: float = Field(20, gt=0, description="with fewer expected hits in the gap nothing is said")


def _follows(now: Tally, expected: Expected, a_frame: float) -> bool:
    """Whether the rate differs too: noise is in all bunches, while hits of a clock that is off only move."""
    here, there = frame_hits(now), frame_hits(expected.tally)
    if not here.mean or not there.mean:
        return True
    return (here.mean - there.mean) / a_frame > _LEAST_SHARE if a_frame else True


@check
class Noise(SubsystemCheck):
    """Hits in the abort gap, where no beam makes any: the electronic noise alone.

    The rate of all frames must follow, for hits in the gap may also come from a clock that is off.
    """

    name, title, kind = "noise", "Noise", Fault.NOISE
    histogram = BunchPattern.name
    explained_by = frozenset({Fault.HOT_CHANNELS, Fault.DEAD_UNITS})
    Settings: ClassVar[type[CheckSettings]] = NoiseSettings
    settings: NoiseSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None if the gap cannot be seen, or has too few hits."""
        gap = _gap(now, expected)
        banks, known = _banks(now), _banks(expected.tally)
        if gap is None or not banks or not known:
            return None
        seen = float(gap_core(now.counts(BunchPattern), gap.place).sum())
        scale = banks / known
        should = float(gap_core(expected.tally.counts(BunchPattern), gap.usual).sum()) * scale
        if should < self.settings.least_expected:
            return None
        effect = seen / should - 1
        spread = max(expected.measured("bunch.empty").mean, 1.0) * (1 + scale)
        significance = abs(float(of_counts(np.array([seen]), np.array([should]), spread)[0]))
        a_frame = (seen - should) / banks * BUNCHES_PER_ORBIT / CORE
        if not _follows(now, expected, a_frame):
            return Verdict(0.0, "hits in the empty bunches are other, but the rate is not: no noise")
        return Verdict(
            significance if abs(effect) >= self.settings.least_effect else 0.0,
            f"{seen:.0f} hits in {CORE} empty bunches, {should:.1f} expected ({effect:+.0%})",
        )
