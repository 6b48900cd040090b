"""Gain: the mean amplitude."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.products import AdcSpectrum
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import of_mean
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Fault


class GainSettings(CheckSettings):
    """What may be set."""

    least_effect: float = Field(0.015, ge=0, description="smaller changes, relative, do not matter")
    least_hits: int = Field(500, ge=2, description="with fewer hits nothing is said")


@check
class Gain(SubsystemCheck):
    """The mean ADC above pedestal.

    How it scatters from STF to STF is learned, not computed: the mix of noise and physics scatters more than
    the amplitudes do.
    """

    name, title, kind = "gain", "Mean ADC", Fault.GAIN
    histogram = AdcSpectrum.name
    explained_by = frozenset({Fault.NOISE, Fault.HOT_CHANNELS})
    Settings: ClassVar[type[CheckSettings]] = GainSettings
    settings: GainSettings

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """The mean ADC of one STF."""
        del before
        hits, mean = _mean_adc(now)
        return {"mean": mean} if hits else {}

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None with too few hits."""
        hits, mean = _mean_adc(now)
        known, should = _mean_adc(expected.tally)
        scatter = expected.measured("gain.mean")
        if hits < self.settings.least_hits or not known or should <= 0:
            return None
        a_part = known / expected.stfs
        effect = mean / should - 1
        variance = scatter.variance * a_part * (1 / hits + 1 / known)
        return Verdict(
            abs(of_mean(mean - should, variance, scatter.number))
            if abs(effect) >= self.settings.least_effect
            else 0.0,
            f"mean ADC above pedestal {mean:.4g} of {hits} hits, {should:.4g} expected ({effect:+.1%})",
        )


def _mean_adc(tally: Tally) -> tuple[int, float]:
    """Hits, and their mean ADC above pedestal."""
    spectrum = tally.counts(AdcSpectrum)
    hits = int(spectrum.sum())
    width = tally.detector.adc_end / len(spectrum)
    middle = (np.arange(len(spectrum)) + 0.5) * width - tally.detector.pedestal
    return hits, float(spectrum @ middle) / hits if hits else 0.0
