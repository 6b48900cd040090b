"""Rate: hits of all frames, from the index."""

from math import sqrt
from typing import ClassVar

from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.checks.frame_hits import frame_hits
from swf_testbed.fastmon.products import HitTrend
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Fault, Symptom


class RateSettings(CheckSettings):
    """What may be set."""

    least_effect: float = Field(0.05, ge=0, description="smaller changes, relative, do not matter")
    least_frames: int = Field(20, ge=2, description="with fewer frames nothing is said")


@check
class Rate(SubsystemCheck):
    """Mean hits of a frame that has any, with the variance from frame to frame as the reference saw it.

    That variance holds what a bare root of N forgets: interactions of which all hits come together.
    """

    name, title, kind = "rate", "Hit rate", Symptom.RATE
    histogram = HitTrend.name
    explained_by = frozenset({Fault.NOISE, Fault.HOT_CHANNELS, Fault.DEAD_UNITS, Fault.MISSING_BANK})
    Settings: ClassVar[type[CheckSettings]] = RateSettings
    settings: RateSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """Of all frames, from the index."""
        frames, mean, _ = frame_hits(now)
        known, should, variance = frame_hits(expected.tally)
        if min(frames, known) < self.settings.least_frames or should <= 0 or variance <= 0:
            return None
        effect = mean / should - 1
        significance = abs(mean - should) / sqrt(variance * (1 / frames + 1 / known))
        return Verdict(
            significance if abs(effect) >= self.settings.least_effect else 0.0,
            f"{mean:.4g} hits a frame in {frames} frames, {should:.4g} expected ({effect:+.1%})",
        )
