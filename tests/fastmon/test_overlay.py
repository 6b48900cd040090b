"""Data beside its reference: the figures that follow, of a few bins by hand."""

import json
from math import sqrt

import numpy as np
import pytest
from judged_runs import KEY, T0

from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.overlay import Scaled, overlay
from swf_testbed.fastmon.reference import Profile, Reference
from swf_testbed.fastmon.windows import Sums
from swf_testbed.model.errors import BadInput

STATUS, FRAMES = ProductKey("drich", "bank_status"), ProductKey("drich", "frames_vs_time")
AXIS = {"title": "good, wrong CRC, missing", "unit": "", "bins": 3, "low": 0, "high": 3}
NONE = [None, None, None]


def summed(*banks: int, frames: int = 0) -> Sums:
    """Banks good, damaged, missing; and so many frames in the index."""
    counts = {STATUS: Counts(np.array([*banks, 99]))} if banks else {}
    counts |= {FRAMES: Counts(np.array([frames]), np.array([0]))} if frames else {}
    sums = Sums()
    sums.add(ProductSet(1, counts))
    return sums


def reference(sums: Sums) -> Reference:
    return Reference(KEY, 1, (1,), T0, "alice", Profile(sums, 1))


def error(value: int, expected: float, known: int) -> float:
    """Of a ratio: both counts scatter as Poisson's do, and a count of 0 by 1."""
    ratio = value / expected
    return sqrt(max(value, 1) / expected**2 + ratio**2 / known)


def test_shapes_are_compared_at_the_same_content() -> None:
    document = overlay(summed(5, 0, 5), reference(summed(30, 10, 0)), "drich", "bank_status").document()
    assert json.loads(json.dumps(document)) == {
        "axis": AXIS,
        "values": [5, 0, 5],
        "expected": [7.5, 2.5, 0.0],
        "ratio": [pytest.approx(2 / 3), 0.0, None],
        "error": [pytest.approx(error(5, 7.5, 30)), pytest.approx(error(0, 2.5, 10)), None],
    }


def test_rates_are_compared_at_as_many_sampled_frames() -> None:
    found = overlay(
        summed(5, 0, 5, frames=700), reference(summed(40, 10, 0, frames=7)), "drich", "bank_status", "frames"
    )
    assert found.document() == {
        "axis": AXIS,
        "values": [5, 0, 5],
        "expected": [5.0, 1.25, 0.0],
        "ratio": [1.0, 0.0, None],
        "error": [pytest.approx(error(5, 5, 40)), pytest.approx(error(0, 1.25, 10)), None],
    }


def test_without_a_sample_the_frames_of_the_index_count() -> None:
    now, then = summed(frames=50), summed(40, 10, 0, frames=200)
    found = overlay(now, reference(then), "drich", "bank_status", "frames")
    assert found.expected.tolist() == [50.0, 12.5, 0.0]
    assert found.document()["ratio"] == [0.0, 0.0, None]
    unsampled = overlay(now, reference(summed(0, 10, 0, frames=100)), "drich", "bank_status", "frames")
    assert unsampled.expected.tolist() == [0.0, 5.0, 0.0]


@pytest.mark.parametrize("scaled", ["content", "frames"])
def test_a_reference_without_anything_expects_nothing(scaled: Scaled) -> None:
    found = overlay(summed(5, 0, 5), reference(Sums()), "drich", "bank_status", scaled)
    assert found.document() == {
        "axis": AXIS,
        "values": [5, 0, 5],
        "expected": [0.0, 0.0, 0.0],
        "ratio": NONE,
        "error": NONE,
    }


def test_data_without_anything_is_compared_too() -> None:
    found = overlay(Sums(), reference(summed(30, 10, 0)), "drich", "bank_status")
    assert found.document() == {
        "axis": AXIS,
        "values": [0, 0, 0],
        "expected": [0.0, 0.0, 0.0],
        "ratio": NONE,
        "error": NONE,
    }


@pytest.mark.parametrize(
    ("subsystem", "name"),
    [("drich", "hits_vs_time"), ("drich", "channel_occupancy"), ("run", "latency"), ("run", "adc")],
)
def test_what_has_no_fixed_bins_is_refused_with_what_has(subsystem: str, name: str) -> None:
    with pytest.raises(BadInput) as refused:
        overlay(Sums(), reference(Sums()), subsystem, name)
    assert (refused.value.field, refused.value.value, refused.value.allowed) == (
        "product",
        name,
        "must be a histogram of a subsystem with fixed, dense bins",
    )
