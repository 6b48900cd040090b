"""Readout units: dead ones, and those with too few or too many hits."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.flags import ranges
from swf_testbed.fastmon.products import UnitOccupancy
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import Floats, among, of_counts, two_sample_chi2
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Fault, Symptom

DEAD_EXPECTED = 60
"""A unit without hits is dead where more than so many are expected."""


def expected_units(now: Tally, expected: Expected) -> tuple[Floats, Floats, float]:
    """Hits of each unit, those expected for as many in all, and how much more than Poisson they scatter."""
    seen = now.counts(UnitOccupancy).astype(np.float64)
    known = expected.tally.counts(UnitOccupancy).astype(np.float64)
    # Units that are silent now are left out of the sum, or else a dead half would make the rest look hot.
    live = seen > 0
    scale = seen[live].sum() / known[live].sum() if known[live].sum() else 0.0
    spread = max(expected.measured("occupancy.spread").mean, 1.0)
    return seen, known * scale, spread * (1 + scale)


class DeadSettings(CheckSettings):
    """What may be set."""

    least_expected: float = Field(
        DEAD_EXPECTED, gt=0, description="a unit counts only where more hits than these are expected"
    )


@check
class DeadUnits(SubsystemCheck):
    """Readout units without a hit where many are expected."""

    name, title, kind = "dead", "Dead readout units", Fault.DEAD_UNITS
    histogram = UnitOccupancy.name
    Settings: ClassVar[type[CheckSettings]] = DeadSettings
    settings: DeadSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None if no unit has enough expected."""
        seen, should, spread = expected_units(now, expected)
        enough = should > self.settings.least_expected
        if not enough.any():
            return None
        dead = np.flatnonzero(enough & (seen == 0))
        if not len(dead):
            return Verdict(0.0, f"no dead unit among {int(enough.sum())} with enough data")
        surprise = -of_counts(seen[dead], should[dead], spread).min()
        return Verdict(
            among(float(surprise), len(seen)),
            f"no hit in units {ranges(dead.tolist())}, {should[dead].min():.0f} or more expected in each",
            units=tuple(dead.tolist()),
        )


class OccupancySettings(CheckSettings):
    """What may be set."""

    least_effect: float = Field(0.25, ge=0, description="smaller changes of a unit, relative, do not matter")
    least_expected: float = Field(10, gt=0, description="units with fewer expected hits are not looked at")


@check
class Occupancy(SubsystemCheck):
    """Pulls of the readout units, with the over-dispersion that the reference saw."""

    name, title, kind = "occupancy", "Readout-unit occupancy", Symptom.OCCUPANCY
    histogram = UnitOccupancy.name
    explained_by = frozenset({Fault.DEAD_UNITS, Fault.HOT_CHANNELS, Fault.NOISE})
    Settings: ClassVar[type[CheckSettings]] = OccupancySettings
    settings: OccupancySettings

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """The chi² over its degrees of freedom, of one STF and all before: the over-dispersion."""
        if before is None:
            return {}
        chi2, freedom = two_sample_chi2(now.counts(UnitOccupancy), before.counts(UnitOccupancy))
        return {"spread": chi2 / freedom} if freedom else {}

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None if no unit has enough expected."""
        seen, should, spread = expected_units(now, expected)
        looked_at = (should >= self.settings.least_expected) & (seen > 0)
        if not looked_at.any():
            return None
        effect = np.divide(seen, should, out=np.ones_like(seen), where=looked_at) - 1
        pulls = np.where(looked_at, of_counts(seen, should, spread), 0.0)
        pulls[np.abs(effect) < self.settings.least_effect] = 0.0
        worst = int(np.abs(pulls).argmax())
        if not pulls[worst]:
            return Verdict(0.0, f"all {int(looked_at.sum())} units with enough data are as expected")
        far = np.flatnonzero(np.abs(pulls) > np.abs(pulls[worst]) / 2)
        return Verdict(
            among(abs(float(pulls[worst])), len(seen)),
            f"unit {worst}: {seen[worst]:.0f} hits, {should[worst]:.1f} expected ({effect[worst]:+.0%})",
            units=tuple(far.tolist()),
        )
