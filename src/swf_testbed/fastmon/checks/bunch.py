"""What the abort gap tells: a shift of the bunch crossing, and noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from swf_testbed.fastmon.checks.abort_gap import (
    CORE,
    Levels,
    find_gap,
    gap_core,
    in_gap,
    levels_at,
    signed,
    spreads,
)
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

_MOVED = 4.0
"""The gap is taken to be elsewhere only with a significance above this."""

_LEAST_SHARE = 0.5
"""Of the hits a frame that noise in the gap means for all bunches, so many must be there."""

_EDGE = 2
"""Crossings by which a reference's gap may seem to be moved: late hits spill into its first bunches."""

_SPILL = 1.5
"""Bunches of the gap with more than so many times its mean have late hits of filled ones."""

_GUARD = 1
"""Bunches at either edge of the gap that tell nothing: an offset of less than a crossing fills them too."""


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
    known = expected.once("bunch.gap", lambda: _known(expected))
    pattern = now.counts(BunchPattern)
    if known is None or not pattern.sum():
        return None
    scale = _banks(now) / max(_banks(expected.tally), 1)
    levels = Levels(known.levels.filled * scale, known.levels.empty * scale)
    place = find_gap(pattern, known.spread, known.usual, levels)
    if place is None:
        return _Gap(known.usual, 0, 0.0)
    surprise = _surprise(pattern, known, place.shift, levels.empty)
    likelier = sqrt(2 * place.gain)
    # Where hits are in the gap without doubt, the likelihood knows more: it looks bunch by bunch, and also
    # at those that are newly empty.
    told = likelier if surprise > _MOVED else min(surprise, likelier)
    significance = max(among(told, BUNCHES_PER_ORBIT), 0.0)
    return _Gap(known.usual, signed(place.shift - known.usual), significance)


@dataclass(frozen=True, slots=True)
class _Known:
    """The abort gap in the reference.

    Attributes:
        usual: by how many crossings it is late.
        levels: mean hits of filled and empty bunches.
        spread: variance over mean in those, of one STF.
        empty: the bunches of the gap in which there are no hits of filled ones.
    """

    usual: int
    levels: Levels
    spread: Levels
    empty: Mask


def _known(expected: Expected) -> _Known | None:
    """None if the reference shows no gap."""
    pattern = expected.tally.counts(BunchPattern)
    spread = Levels(*(expected.measured(f"bunch.{name}").mean for name in ("filled", "empty")))
    place = find_gap(pattern, spread, 0, levels_at(pattern, 0))
    if place is None:
        return None
    usual = place.shift if abs(place.shift) > _EDGE and sqrt(2 * place.gain) > _MOVED else 0
    levels = levels_at(pattern, usual)
    gap = np.roll(in_gap(usual), _GUARD) & np.roll(in_gap(usual), -_GUARD)
    return _Known(usual, levels, spread, gap & (pattern <= _SPILL * levels.empty))


def _surprise(pattern: IntArray, known: _Known, shift: int, least: float) -> float:
    """How surprising the hits are in the gap as it usually is, if it is elsewhere.

    The noise there is now is seen where the gap seems to be, in as few bunches as the gap has; of an empty
    bunch at least `least` hits are expected, as in the reference.
    """
    struck = known.empty & ~in_gap(shift)
    bunches = int(struck.sum())
    should = np.array([bunches * max(float(gap_core(pattern, shift).mean()), least)])
    seen = np.array([float(pattern[struck].sum())])
    return float(of_counts(seen, should, max(known.spread.empty, 1.0) * (1 + bunches / CORE))[0])


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
