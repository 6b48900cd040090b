"""Flags cover time as they should, and significances are what they say."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import erfc, exp, lgamma, log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.fastmon.flags import Flag, FlagBook, intervals, ranges, worst
from swf_testbed.fastmon.significance import (
    among,
    of_chi2,
    of_counts,
    of_mean,
    of_scattering_chi2,
    two_sample_chi2,
)
from swf_testbed.model.status import Quality

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def flag(quality: Quality, since: float, until: float | None = None, units: tuple[int, ...] = ()) -> Flag:
    end = None if until is None else at(until)
    return Flag("drich", "dead", "dead_units", quality, "", at(since), at(since), units=units, until=end)


# --- flags


def test_a_flag_stands_until_another_is_said() -> None:
    book = FlagBook()
    assert book.enter([flag(Quality.GOOD, 0)]) == [flag(Quality.GOOD, 0)]
    assert book.enter([flag(Quality.GOOD, 5)]) == []
    assert book.enter([flag(Quality.BAD, 8)]) == [flag(Quality.GOOD, 0, 8), flag(Quality.BAD, 8)]
    assert book.standing() == [flag(Quality.BAD, 8)]
    assert book.close(at(10)) == [flag(Quality.BAD, 8, 10)]
    assert book.standing() == []


def test_a_flag_of_another_part_is_another_flag() -> None:
    book = FlagBook()
    book.enter([flag(Quality.BAD, 0, units=(1,))])
    ended, begun = book.enter([flag(Quality.BAD, 4, units=(1, 2))])
    assert (ended.until, ended.units, begun.units) == (at(4), (1,), (1, 2))


def test_a_flag_that_began_before_its_predecessor_takes_its_place() -> None:
    book = FlagBook()
    book.enter([flag(Quality.GOOD, 3)])
    [begun] = book.enter([flag(Quality.BAD, 1)])
    assert (begun.since, begun.quality) == (at(3), Quality.BAD)


QUALITIES = st.sampled_from(Quality)
SPANS = st.tuples(st.integers(-5, 25), st.integers(0, 20), QUALITIES)


@given(spans=st.lists(SPANS, max_size=8))
def test_intervals_cover_the_time_without_gaps_with_the_worst_of_each_moment(
    spans: list[tuple[int, int, Quality]],
) -> None:
    flags = [flag(quality, since, since + length) for since, length, quality in spans]
    found = intervals(flags, at(0), at(20))
    assert found[0].since == at(0)
    assert found[-1].until == at(20)
    for before, after in pairwise(found):
        assert before.until == after.since
        assert before.quality is not after.quality
    for second in range(20):
        moment = second + 0.5
        now = [quality for since, length, quality in spans if since <= moment < since + length]
        [interval] = [one for one in found if one.since <= at(moment) < one.until]
        assert interval.quality is worst(now)


def test_an_open_flag_holds_to_the_end() -> None:
    assert [one.quality for one in intervals([flag(Quality.GOOD, 5)], at(0), at(9))] == [
        Quality.NULL,
        Quality.GOOD,
    ]


@pytest.mark.parametrize(
    ("numbers", "most", "words"),
    [
        ([3, 7, 8, 9, 3], 8, "3, 7-9"),
        ([1, 0], 8, "0-1"),
        (range(0, 40, 2), 8, "0, 2, 4, 6, 8, 10, 12, 14, 12 more"),
        (range(0, 18, 2), 8, "0, 2, 4, 6, 8, 10, 12, 14, 1 more"),
        (range(0, 16, 2), 8, "0, 2, 4, 6, 8, 10, 12, 14"),
        ([1, 3, 5, 6, 7, 9], 2, "1, 3, 4 more"),
        ([], 8, ""),
    ],
)
def test_numbers_are_told_in_few_words(numbers: Iterable[int], most: int, words: str) -> None:
    assert ranges(numbers, most) == words
    assert most != 8 or ranges(numbers) == words


def test_a_part_is_told_in_words() -> None:
    assert flag(Quality.BAD, 0, units=(5,)).part == "unit 5"
    both = replace(flag(Quality.BAD, 0, units=(5, 6)), channels=(7,))
    assert (both.part, replace(both, units=()).part) == ("units 5-6, channel 7", "channel 7")
    assert flag(Quality.BAD, 0).part == ""


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({"quality": Quality.MEDIUM}, True),
        ({"units": (1,)}, True),
        ({"channels": (1,)}, True),
        ({"sequences": (1,)}, True),
        ({"reason": "41 hits", "significance": 7.0, "window_s": 30.0, "told_at": at(9)}, False),
    ],
)
def test_numbers_that_change_with_every_judgement_make_no_other_flag(
    change: dict[str, Any], other: bool
) -> None:
    book, first = FlagBook(), flag(Quality.BAD, 0)
    book.enter([first])
    changed = replace(first, since=at(5), **change)
    assert book.enter([changed]) == ([replace(first, until=at(5)), changed] if other else [])
    assert book.of("drich", "dead") == (changed if other else first)


def test_flags_of_other_checks_and_subsystems_stand_beside_one_another() -> None:
    book, one = FlagBook(), flag(Quality.BAD, 4)
    all_three = [one, replace(one, check="hot"), replace(one, subsystem="mpgd")]
    assert book.enter(all_three) == book.standing() == all_three
    assert [book.of("mpgd", "dead"), book.of("mpgd", "hot")] == [all_three[2], None]
    good = replace(one, quality=Quality.GOOD)
    assert book.enter([all_three[1], good]) == [good]
    # The data end before a flag begins that was said of a time to come.
    assert book.close(at(3)) == [replace(two, until=at(4)) for two in (good, *all_three[1:])]


def test_the_worst_of_none_is_not_known() -> None:
    ordered = [Quality.NULL, Quality.GOOD, Quality.MEDIUM, Quality.BAD]
    for place in range(4):
        assert worst(ordered[: place + 1]) is worst(ordered[place::-1]) is ordered[place]
    assert worst([]) is Quality.NULL


def test_intervals_are_of_the_time_that_is_asked_for() -> None:
    flags = [
        flag(Quality.BAD, -3, 2),
        flag(Quality.GOOD, 0, 6),
        flag(Quality.MEDIUM, 4, 5),
        flag(Quality.MEDIUM, 8),
        flag(Quality.BAD, -9, 0),
        flag(Quality.BAD, 10, 12),
        flag(Quality.BAD, 11),
    ]
    assert intervals(flags, at(0), at(10)) == [
        (at(0), at(2), Quality.BAD),
        (at(2), at(4), Quality.GOOD),
        (at(4), at(5), Quality.MEDIUM),
        (at(5), at(6), Quality.GOOD),
        (at(6), at(8), Quality.NULL),
        (at(8), at(10), Quality.MEDIUM),
    ]


# --- significances


def upper_tail(seen: int, mean: float) -> float:
    """The probability of a Poisson count of `seen` or more."""
    return sum(exp(-mean + k * log(mean) - lgamma(k + 1)) for k in range(seen, seen + 400))


@pytest.mark.parametrize(("seen", "mean"), [(12, 2.0), (30, 8.0), (95, 50.0), (600, 480.0)])
def test_the_significance_of_a_count_has_the_probability_of_its_tail(seen: int, mean: float) -> None:
    said = float(of_counts(np.array([float(seen)]), np.array([mean]))[0])
    tail = upper_tail(seen, mean)
    # Within a factor 4 of the exact probability, where a Gaussian would be wrong by orders of magnitude.
    assert tail / 4 < erfc(said / sqrt(2)) / 2 < 4 * tail


def test_no_hit_where_sixty_were_expected_is_far_out_even_in_clusters() -> None:
    assert of_counts(np.zeros(1), np.array([60.0]))[0] == pytest.approx(-sqrt(120))
    assert of_counts(np.zeros(1), np.array([60.0]), 3.0)[0] == pytest.approx(-sqrt(40))


@pytest.mark.parametrize("looked_at", [1, 100, 3_000_000])
@pytest.mark.parametrize("significance", [6.0, 8.0, -7.0])
def test_looking_at_many_costs_what_bonferroni_says(significance: float, looked_at: int) -> None:
    left = abs(among(significance, looked_at))
    assert among(significance, looked_at) * significance >= 0
    if left > 3:
        wanted = looked_at * erfc(abs(significance) / sqrt(2))
        assert wanted / 2 < erfc(left / sqrt(2)) < wanted * 2


def test_a_variance_known_from_few_parts_is_believed_less() -> None:
    assert of_mean(6.0, 1.0, 1e9) == pytest.approx(6.0)
    assert of_mean(-6.0, 1.0, 11) == pytest.approx(-sqrt(10 * log(4.6)))
    assert of_mean(6.0, 0.0, 100) == 0.0
    assert of_mean(6.0, 1.0, 1) == 0.0


def test_shapes_of_the_same_source_agree_and_others_do_not() -> None:
    rng = np.random.default_rng(5)
    shape = np.concatenate((np.full(50, 40.0), np.full(50, 0.05)))
    ratios = []
    for _ in range(300):
        chi2, freedom = two_sample_chi2(rng.poisson(shape), rng.poisson(shape * 30))
        ratios.append(of_chi2(chi2 / freedom, freedom))
    # Bins where next to nothing is expected would make the tails long if they stood alone.
    assert abs(np.mean(ratios)) < 0.2
    assert 0.8 < np.std(ratios) < 1.2
    assert np.max(ratios) < 4.5
    chi2, freedom = two_sample_chi2(rng.poisson(shape[::-1]), rng.poisson(shape * 30))
    assert of_chi2(chi2 / freedom, freedom) > 10
    assert two_sample_chi2(np.zeros(5, int), np.ones(5, int)) == (0.0, 0)


def test_a_chi2_that_one_cause_moves_is_granted_its_long_tail() -> None:
    rng = np.random.default_rng(6)
    freedom, strength = 63, 0.25
    ratios = rng.chisquare(freedom - 1, 20_000) / freedom + strength * rng.chisquare(1, 20_000)
    mean, variance = float(ratios.mean()), float(ratios.var())
    said = np.array([of_scattering_chi2(one, freedom, mean, variance) for one in ratios.tolist()])
    for limit in (3.0, 4.0):
        # At most some times as often as a Gaussian exceeds it.
        assert (said > limit).mean() < 4 * erfc(limit / sqrt(2)) + 1e-4
    assert of_scattering_chi2(15.0, freedom, mean, variance) > 6
