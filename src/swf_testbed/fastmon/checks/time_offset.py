"""Time offset: where in the bunch crossing the hits lie."""

from collections.abc import Mapping
from math import pi, sqrt
from typing import ClassVar

import numpy as np
from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.products import FineTime
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import of_mean
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.detectors import BC_NS, FINE_PER_BC
from swf_testbed.model.faults import Fault

_TURN = np.exp(2j * pi * (np.arange(FINE_PER_BC) + 0.5) / FINE_PER_BC)


class TimeSettings(CheckSettings):
    """What may be set."""

    least_effect_ns: float = Field(0.1, ge=0, description="smaller offsets do not matter")
    least_contrast: float = Field(
        5.0, ge=0, description="how far, in standard deviations, the bunch structure must stand out"
    )


@check
class TimeOffset(SubsystemCheck):
    """The phase of the fine time's first Fourier component; offsets are known up to whole crossings."""

    name, title, kind = "time", "Time offset", Fault.TIME_OFFSET
    histogram = FineTime.name
    Settings: ClassVar[type[CheckSettings]] = TimeSettings
    settings: TimeSettings

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """How much later than before, ns."""
        if before is None or not _component(now) or not _component(before):
            return {}
        return {"step": _offset_ns(now, before)}

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None if the bunch structure cannot be seen."""
        hits, known = int(now.counts(FineTime).sum()), int(expected.tally.counts(FineTime).sum())
        steps = expected.measured("time.step")
        if not hits or not known or not steps.number:
            return None
        if abs(_component(now)) / sqrt(hits / 2) < self.settings.least_contrast:
            return None
        offset = _offset_ns(now, expected.tally)
        # The phase of a component that more noise dilutes scatters the more.
        diluted = max(_contrast(expected.tally) / _contrast(now), 1.0) ** 2
        # Steps have mean 0.
        variance = steps.squares / steps.number * (known / expected.stfs) * (diluted / hits + 1 / known)
        return Verdict(
            abs(of_mean(offset, variance, steps.number))
            if abs(offset) >= self.settings.least_effect_ns
            else 0.0,
            f"hits come {abs(offset):.2f} ns {'late' if offset > 0 else 'early'} (up to whole crossings of "
            f"{BC_NS:.2f} ns)",
        )


def _component(tally: Tally) -> complex:
    return complex(tally.counts(FineTime) @ _TURN)


def _contrast(tally: Tally) -> float:
    """The component in relation to all hits."""
    return abs(_component(tally)) / float(tally.counts(FineTime).sum())


def _offset_ns(now: Tally, then: Tally) -> float:
    """How much later, within half a crossing."""
    return float(np.angle(_component(now) * _component(then).conjugate())) / (2 * pi) * BC_NS
