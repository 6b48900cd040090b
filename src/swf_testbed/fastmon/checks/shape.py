"""Shapes: the chi² of whole histograms."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from swf_testbed.fastmon.checks.base import EVERYTHING, CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.products import (
    AdcSpectrum,
    BunchPattern,
    FineTime,
    Product,
    TimeInFrame,
    UnitOccupancy,
)
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import among, of_scattering_chi2, two_sample_chi2
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Symptom

COMPARED: dict[type[Product], int] = {
    UnitOccupancy: 1,
    AdcSpectrum: 4,
    FineTime: 4,
    BunchPattern: 90,
    TimeInFrame: 16,
}
"""What is compared, and how many bins together: hits of one interaction share a bunch and a time."""


class ShapeSettings(CheckSettings):
    """What may be set."""

    least_effect: float = Field(1.5, ge=1, description="chi² over what is usual, above which it matters")
    least_hits: int = Field(500, ge=2, description="with fewer hits nothing is said")


@check
class Shape(SubsystemCheck):
    """chi²/ndf of the shapes, beside what it is between one good STF and the others.

    Bare it flags everything: hits come in clusters, and their mix scatters, so that even good data have a
    chi²/ndf well above 1, with fewer degrees of freedom than bins. Both are learned from the reference.
    """

    name, title, kind = "shape", "chi²/ndf of the shapes", Symptom.SHAPE
    explained_by = EVERYTHING
    Settings: ClassVar[type[CheckSettings]] = ShapeSettings
    settings: ShapeSettings

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """chi²/ndf of one STF and all before, by product."""
        if before is None:
            return {}
        found = {}
        for entry in COMPARED:
            chi2, freedom = two_sample_chi2(_grouped(now, entry), _grouped(before, entry))
            if freedom:
                found[entry.name] = chi2 / freedom
        return found

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """The worst of the products; None if none has enough hits."""
        worst: Verdict | None = None
        for entry in COMPARED:
            verdict = self._of(entry, now, expected)
            if verdict is not None and (worst is None or verdict.significance > worst.significance):
                worst = verdict
        return worst

    def _of(self, entry: type[Product], now: Tally, expected: Expected) -> Verdict | None:
        usual = expected.measured(f"{self.name}.{entry.name}")
        if now.counts(entry).sum() < self.settings.least_hits or usual.mean <= 0 or usual.variance <= 0:
            return None
        chi2, freedom = two_sample_chi2(_grouped(now, entry), _grouped(expected.tally, entry))
        if not freedom:
            return None
        ratio = chi2 / freedom / usual.mean
        significance = max(of_scattering_chi2(chi2 / freedom, freedom, usual.mean, usual.variance), 0.0)
        return Verdict(
            among(significance, len(COMPARED)) if ratio >= self.settings.least_effect else 0.0,
            f"{entry.title}: chi²/ndf {chi2 / freedom:.2f}, {usual.mean:.2f} is usual",
        )


def _grouped(tally: Tally, entry: type[Product]) -> IntArray:
    grouped: IntArray = tally.counts(entry).reshape(-1, COMPARED[entry]).sum(axis=1)
    return grouped
