"""Data beside its reference: the expectation on the same scale, and the ratio with its errors."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Axis, IntArray, ProductKey
from swf_testbed.fastmon.products import RUN, BankStatus, FrameTrend, Trend, axis_of, product
from swf_testbed.fastmon.reference import Reference
from swf_testbed.fastmon.windows import Sums, Tally
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput

Scaled = Literal["content", "frames"]
"""By what the reference is scaled: to as much content, which compares shapes, or to as many frames, rates."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A histogram and what the reference expects of it.

    Attributes:
        axis: the binning of all four.
        values: the counts.
        expected: the reference's, scaled.
        ratio: counts over expected; NaN where nothing is expected.
        error: of the ratio, from both counts as if hits were independent.
    """

    axis: Axis
    values: IntArray
    expected: Floats
    ratio: Floats
    error: Floats

    def document(self) -> dict[str, Any]:
        """As JSON; None where there is no ratio."""
        return {
            "axis": {"title": self.axis.title, "unit": self.axis.unit, "bins": self.axis.bins}
            | {"low": self.axis.low, "high": self.axis.high},
            "values": self.values.tolist(),
            "expected": self.expected.tolist(),
            "ratio": _listed(self.ratio),
            "error": _listed(self.error),
        }


def overlay(
    sums: Sums, reference: Reference, subsystem: str, product_name: str, scaled: Scaled = "content"
) -> Overlay:
    """A dense product of a subsystem beside its reference.

    Args:
        sums: of a window or of the run.
        reference: what to compare with.
        subsystem, product_name: which histogram.
        scaled: `content` compares shapes, `frames` rates.

    Raises:
        BadInput: there is no such subsystem, or the product has no fixed bins that could be compared.
    """
    entry = product(product_name)
    if isinstance(entry, Trend) or entry.is_sparse or subsystem == RUN:
        raise BadInput("product", product_name, "must be a histogram of a subsystem with fixed, dense bins")
    now, then = Tally(detector(subsystem), sums), reference.of(subsystem).tally
    values, known = now.counts(type(entry)), then.counts(type(entry)).astype(np.float64)
    scale = _scale(now, then, values.sum() / known.sum() if known.sum() else 0.0, scaled)
    expected = known * scale
    # NaN where nothing is expected, and with it all that is divided by it.
    nonzero = np.where(expected > 0, expected, np.nan)
    ratio = values / nonzero
    # The relative variance of a ratio is the sum of both; a count of 0 is known to 1.
    error = np.sqrt(np.maximum(values, 1) / nonzero**2 + ratio**2 / known)
    return Overlay(axis_of(ProductKey(subsystem, product_name)), values, expected, ratio, error)


def _scale(now: Tally, then: Tally, by_content: float, scaled: Scaled) -> float:
    if scaled == "content":
        return by_content
    return _frames(now) / _frames(then) if _frames(then) else 0.0


def _frames(tally: Tally) -> int:
    """Frames whose hits were counted; of an index alone, all of them."""
    return int(tally.counts(BankStatus)[0]) or tally.total(FrameTrend)


def _listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]
