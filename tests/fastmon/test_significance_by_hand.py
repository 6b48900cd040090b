"""Significances of numbers so small and round that a person can work them out."""

from math import log, sqrt

import numpy as np
import pytest

from swf_testbed.fastmon.significance import (
    among,
    of_chi2,
    of_counts,
    of_mean,
    of_scattering_chi2,
    two_sample_chi2,
)


@pytest.mark.parametrize(
    ("seen", "should", "spread", "wanted"),
    [
        (20, 10, 1, sqrt(40 * log(2) - 20)),
        (5, 10, 1, -sqrt(10 - 10 * log(2))),
        (5, 10, 0.5, -sqrt(10 - 10 * log(2))),
        (20, 10, 4, sqrt(40 * log(2) - 20) / 2),
        (10, 10, 1, 0),
        (2, 0, 1, sqrt(4 * log(2e9) - 4)),
        (0, 0, 1, -sqrt(2e-9)),
        (0, 0.5, 1, -1),
        (1, 0.5, 1, sqrt(2 * log(2) - 1)),
    ],
)
def test_a_count_is_as_far_as_its_deviance_says(
    seen: float, should: float, spread: float, wanted: float
) -> None:
    found = of_counts(np.array([seen, 10.0]), np.array([should, 10.0]), spread)
    assert found.tolist() == [pytest.approx(wanted), 0.0]


@pytest.mark.parametrize(
    ("ratio", "freedom", "wanted"),
    [
        (8, 8, 37 / 6),
        (1, 8, 1 / 6),
        (0, 8, -35 / 6),
        (-1, 8, -35 / 6),
        (8, 1, 11 / sqrt(18)),
        (8, 0, 11 / sqrt(18)),
    ],
)
def test_a_chi2_is_as_far_as_its_cube_root_says(ratio: float, freedom: float, wanted: float) -> None:
    assert of_chi2(ratio, freedom) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("ratio", "mean", "variance", "wanted"),
    [
        (4, 2, 0.25, of_chi2(2, 8)),
        (4, 2, 0.1, of_chi2(2, 8)),
        (4, 0.5, 0.25, of_chi2(4, 8)),
        # A common cause of half the mean's unit: it is granted its long tail where that is less surprising.
        (4, 2, 0.75, of_chi2(2, 8)),
        (20, 2, 0.75, sqrt(18.5 / 0.5)),
        (20, 0.5, 0.75, sqrt(19 / 0.5)),
        (30, 1.4, 0.75, sqrt(29 / 0.5)),
        (1, 2, 0.75, of_chi2(0.5, 8)),
        (1.55, 2, 0.75, of_chi2(0.775, 8)),
        (2, 2, 2.25, of_chi2(1, 8)),
    ],
)
def test_a_chi2_is_judged_by_its_mean_and_what_is_more_than_its_own_variance(
    ratio: float, mean: float, variance: float, wanted: float
) -> None:
    assert of_scattering_chi2(ratio, 8, mean, variance) == pytest.approx(wanted)


def test_a_chi2_of_many_bins_that_is_a_little_more_is_what_its_common_cause_does() -> None:
    assert of_scattering_chi2(2.2, 800, 2, 0.5 + 2 / 800) == pytest.approx(sqrt(0.7 / 0.5))


@pytest.mark.parametrize(
    ("significance", "looked_at", "wanted"),
    [
        (5, 1, 5),
        (5, 0, 5),
        (-5, 100, -sqrt(25 - 2 * log(100))),
        (1, 100, 0),
        (0.5, 2, 0),
        (1.2, 2, sqrt(1.44 - 2 * log(2))),
    ],
)
def test_what_is_gained_by_looking_at_many_is_taken_away(
    significance: float, looked_at: int, wanted: float
) -> None:
    assert among(significance, looked_at) == pytest.approx(wanted)


def test_the_least_that_a_variance_is_learned_from_are_two() -> None:
    assert of_mean(2.0, 4.0, 2) == pytest.approx(sqrt(log(2)))
    assert of_mean(2.0, 0.5, 3) == pytest.approx(sqrt(2 * log(5)))
    assert of_mean(2.0, 4.0, 1.9) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ([10, 20], [20, 40], (0.0, 1)),
        ([100, 300], [300, 100], (200.0, 1)),
        ([30, 10], [50, 30], (1.875, 1)),
        ([50, 30], [30, 10], (1.875, 1)),
        # Of a bin that is not full enough there is nothing more to be taken together with.
        ([5, 3, 92], [5, 1, 94], (1 + 4 / 186, 2)),
        ([5, 1, 94], [5, 1, 94], (0.0, 2)),
        ([5, 5, 90], [5, 5, 90], (0.0, 2)),
        ([5, 4, 91], [5, 5, 90], (1 / 9 + 1 / 181, 2)),
        # Two such bins are taken together, even if one of the shapes has nothing there.
        ([5, 2, 2, 91], [5, 0, 0, 95], (4 + 16 / 186, 2)),
        ([5, 0, 0, 95], [5, 2, 2, 91], (4 + 16 / 186, 2)),
        ([100, 0], [200, 0], (0.0, 0)),
        ([1, 2], [2, 1], (0.0, 0)),
        ([0, 0], [200, 0], (0.0, 0)),
        ([200, 0], [0, 0], (0.0, 0)),
        ([100, 1], [200, 0], (200 / 101 * (1 + 1 / 300), 1)),
    ],
)
def test_shapes_are_compared_bin_by_bin_and_small_bins_together(
    one: list[int], other: list[int], wanted: tuple[float, int]
) -> None:
    chi2, freedom = two_sample_chi2(np.array(one), np.array(other))
    assert chi2 == pytest.approx(wanted[0])
    assert freedom == wanted[1]
