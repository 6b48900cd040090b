"""The abort gap in bunch patterns made by hand: where it is, how surely, and what noise there is in it."""

from dataclasses import replace
from math import lgamma, log, sqrt

import numpy as np
import pytest
from counted_by_hand import NOTHING, Counted, bins, expected, said, tally

from swf_testbed.fastmon.checks.abort_gap import (
    Levels,
    find_gap,
    gap_core,
    in_gap,
    levels_at,
    signed,
    spreads,
)
from swf_testbed.fastmon.checks.base import Verdict
from swf_testbed.fastmon.checks.bunch import BunchSettings, BunchShift, Noise, NoiseSettings
from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.products import BankStatus, BunchPattern, EmptyTrend, FrameTrend, HitTrend
from swf_testbed.fastmon.reference import Expected

BUNCHES = 1260
NUMBERS = np.arange(BUNCHES)


def pattern(filled: int, empty: int, late: int = 0, *others: tuple[int, int]) -> IntArray:
    """1160 filled bunches and a gap of 100, which is late by so many crossings."""
    found = np.roll(np.repeat([filled, empty], [1160, 100]), late)
    for bunch, contents in others:
        found[bunch] = contents
    return found


def likelier(seen: tuple[int, int], levels: Levels, spread: Levels) -> float:
    """By how much the logarithm falls if an empty bunch and a filled one, as seen, change their places."""

    def probability(count: int, mean: float, wide: float) -> float:
        size = mean / (wide - 1)
        ways = lgamma(count + size) - lgamma(size) - lgamma(count + 1)
        return ways - size * log(wide) + count * log((wide - 1) / wide)

    filled, empty = (
        probability(count, levels.filled, spread.filled) - probability(count, levels.empty, spread.empty)
        for count in seen
    )
    return filled - empty


# --- the gap itself


def test_the_spread_is_that_of_bunches_away_from_the_edges() -> None:
    found = np.where(NUMBERS < 1160, 8 + 4 * (NUMBERS % 2), 2 * (NUMBERS % 2))
    found[[*range(10), *range(1160, 1170), *range(1250, 1260)]] = 999
    wanted = {"filled": pytest.approx(4 * 1150 / 1149 / 10), "empty": pytest.approx(80 / 79)}
    assert spreads(tally({BunchPattern: found})) == wanted
    assert spreads(tally({BunchPattern: pattern(1, 0)})) == {"filled": 0.0}
    assert BunchShift().measure(tally({BunchPattern: pattern(0, 0, 0, (1200, 1))}), None) == {
        "empty": pytest.approx(1.0)
    }
    assert spreads(tally({})) == {}


@pytest.mark.parametrize(
    ("late", "core", "gap"),
    [
        (0, range(1170, 1250), range(1160, 1260)),
        (5, range(1175, 1255), [*range(5), *range(1165, 1260)]),
        (-3, range(1167, 1247), range(1157, 1257)),
        (100, [*range(10, 90)], range(100)),
    ],
)
def test_a_gap_is_late_by_crossings(late: int, core: list[int], gap: list[int]) -> None:
    assert sorted(gap_core(NUMBERS, late)) == list(core)
    assert np.flatnonzero(in_gap(late)).tolist() == list(gap)


@pytest.mark.parametrize(
    ("shift", "wanted"),
    [(0, 0), (630, 630), (631, -629), (-1, -1), (1259, -1), (1260, 0), (-631, 629), (1265, 5)],
)
def test_a_shift_goes_the_shorter_way(shift: int, wanted: int) -> None:
    assert signed(shift) == wanted


def test_levels_are_means_away_from_the_edges_and_an_empty_bunch_has_half_a_hit_in_all() -> None:
    assert levels_at(NUMBERS, 0) == (579.5, 1209.5)
    assert levels_at(NUMBERS, 10) == (589.5, 1219.5)
    assert levels_at(pattern(7, 0, 5), 5) == (7.0, 0.5 / 80)


TWO = Levels(2.0, 1.5)


@pytest.mark.parametrize("late", [60, -45, 120, 630])
def test_the_gap_is_where_it_is_likeliest(late: int) -> None:
    seen, moved = pattern(10, 1, late), min(abs(late), 100)
    gain = moved * likelier((10, 1), Levels(10, 1), TWO)
    assert find_gap(seen, TWO, 0, Levels(20, 2)) == pytest.approx((late, gain))
    assert find_gap(seen, TWO, late, Levels(20, 2)) == (late, 0.0)
    assert find_gap(np.roll(seen, 25), TWO, 25, Levels(10, 1)) == pytest.approx((signed(late + 25), gain))


def test_bunches_that_do_not_scatter_are_taken_for_as_good_as_poisson() -> None:
    found = find_gap(pattern(10, 1, 60), Levels(0.0, 1.0), 0, Levels(10, 1))
    gain = 60 * likelier((10, 1), Levels(10, 1), Levels(1.01, 1.01))
    assert found == pytest.approx((60, gain))


@pytest.mark.parametrize(
    ("seen", "levels", "there"),
    [
        (pattern(10, 1), Levels(1.2, 1.0), True),
        (pattern(10, 1), Levels(1.19, 1.0), False),
        (pattern(6, 5), Levels(10, 1), True),
        (pattern(59, 50), Levels(10, 1), False),
        (pattern(5, 5), Levels(10, 1), False),
    ],
)
def test_a_gap_that_is_hardly_emptier_is_none(seen: IntArray, levels: Levels, there: bool) -> None:
    assert (find_gap(seen, TWO, 0, levels) is not None) is there


# --- the check of the gap's place

KNOWN = {"bunch.filled": (2.0,), "bunch.empty": (1.5,)}
NARROW = {"bunch.filled": (2.0,), "bunch.empty": (1.4,)}
SURE = sqrt(2 * 60 * likelier((100, 1), Levels(100, 1), TWO) - 2 * log(BUNCHES))


def counted(seen: IntArray, banks: int, **trends: int) -> Counted:
    index: Counted = {FrameTrend: 10, EmptyTrend: 0, HitTrend: 10 * trends["mean"]} if trends else {}
    return {BunchPattern: seen, BankStatus: bins(3, (0, banks)), **index}


def usual(late: int = 0, *others: tuple[int, int]) -> Expected:
    """A reference of 1000 banks, its gap late by so much, with a hundredth of the hits in it."""
    return expected(counted(pattern(1000, 10, late, *others), 1000), KNOWN)


def moved(significance: float, way: str) -> Verdict:
    told = f"hits where the abort gap should be; it is some {way}"
    return Verdict(round(significance, 6), told)


IN_PLACE = Verdict(0.0, "the abort gap is where it should be")


@pytest.mark.parametrize(
    ("reference", "late", "wanted"),
    [
        (usual(), 0, IN_PLACE),
        (usual(), 60, moved(SURE, "60 crossings (609 ns) late")),
        (usual(), -60, moved(SURE, "60 crossings (609 ns) early")),
        (usual(60), 60, IN_PLACE),
        (usual(60), 120, moved(SURE, "60 crossings (609 ns) late")),
        (usual(60), 0, moved(SURE, "60 crossings (609 ns) early")),
        # Late hits spill into the first bunches of the reference's gap, which then seems to be later.
        (usual(2), 0, IN_PLACE),
        (usual(2), 2, IN_PLACE),
    ],
    ids=["as usual", "late", "early", "both late", "later", "back", "spilled", "both spilled"],
)
def test_a_gap_is_moved_beside_the_references(reference: Expected, late: int, wanted: Verdict) -> None:
    assert said(BunchShift(), tally(counted(pattern(100, 1, late), 100)), reference) == wanted


def sure(crossings: int) -> float:
    """How sure a shift by so many crossings is."""
    return sqrt(2 * crossings * likelier((100, 1), Levels(100, 1), TWO) - 2 * log(BUNCHES))


@pytest.mark.parametrize(
    ("reference", "late", "settings", "wanted"),
    [
        (usual(), 1, BunchSettings(least_crossings=1), IN_PLACE),
        (usual(), 2, BunchSettings(), moved(sure(2), "2 crossings (20 ns) late")),
        (usual(), 2, BunchSettings(least_crossings=3), moved(0.0, "2 crossings (20 ns) late")),
        (usual(3), 0, BunchSettings(), moved(sure(3), "3 crossings (30 ns) early")),
    ],
)
def test_a_shift_by_one_crossing_is_none_and_by_two_is_one(
    reference: Expected, late: int, settings: BunchSettings, wanted: Verdict
) -> None:
    assert said(BunchShift(settings), tally(counted(pattern(100, 1, late), 100)), reference) == wanted


THREE = sqrt(2 * (3 * log(100) - 3 + 0.03) / (1.4 * (1 + 3 / 80)) - 2 * log(BUNCHES))
A_LITTLE = moved(THREE, "4 crossings (41 ns) late")


@pytest.mark.parametrize(("spilled", "wanted"), [(10, A_LITTLE), (15, A_LITTLE), (16, IN_PLACE)])
def test_a_few_hits_in_the_gap_are_no_more_surprising_than_their_number(
    spilled: int, wanted: Verdict
) -> None:
    """Three bunches of the gap have a hit, where one in a hundred has; late hits tell nothing."""
    known = pattern(1000, 10, 0, (1161, spilled))
    reference = expected(counted(known, 1000), NARROW)
    assert said(BunchShift(), tally(counted(pattern(1, 0, 4), 1)), reference) == wanted
    early = replace(A_LITTLE, reason=A_LITTLE.reason.replace("late", "early"))
    assert said(BunchShift(), tally(counted(pattern(1, 0, -4), 1)), reference) == early


@pytest.mark.parametrize("check", [BunchShift(), Noise()])
def test_without_a_gap_in_the_reference_or_hits_nothing_is_said(check: BunchShift | Noise) -> None:
    now = tally(counted(pattern(100, 1), 100))
    assert said(check, now, NOTHING) is None
    assert said(check, now, expected(counted(pattern(10, 10), 1000), KNOWN)) is None
    assert said(check, tally(counted(pattern(0, 0), 100)), usual()) is None


def test_hits_that_are_as_many_in_the_gap_have_not_moved_it() -> None:
    everywhere = tally(counted(pattern(100, 100), 100))
    assert said(BunchShift(), everywhere, usual()) == IN_PLACE
    assert said(Noise(), everywhere, usual()) == noise(8000, 80, "+9900%", wide(8000, 80))
    no_banks = expected(counted(pattern(1000, 10), 0), KNOWN)
    assert said(Noise(), tally(counted(pattern(100, 1), 100)), no_banks) is None


# --- noise


def noise(seen: int, should: float, change: str, significance: float) -> Verdict:
    told = f"{seen} hits in 80 empty bunches, {should:.1f} expected ({change})"
    return Verdict(round(significance, 6), told)


def wide(seen: float, should: float) -> float:
    """The deviance's root, of counts and a reference of ten times as many that scatter 1.5 times as much."""
    return sqrt(2 * abs(seen * log(seen / should) - seen + should) / (1.5 * 1.1))


@pytest.mark.parametrize(
    ("now", "reference", "wanted"),
    [
        (pattern(100, 2), usual(), noise(160, 80, "+100%", wide(160, 80))),
        (pattern(100, 2, 60), usual(), noise(160, 80, "+100%", wide(160, 80))),
        (pattern(100, 2, 60), usual(60), noise(160, 80, "+100%", wide(160, 80))),
        (pattern(100, 1), usual(), noise(80, 80, "+0%", 0.0)),
        (
            pattern(100, 1, 0, *((bunch, 2) for bunch in range(1170, 1190))),
            usual(),
            noise(100, 80, "+25%", wide(100, 80)),
        ),
        (
            pattern(100, 1, 0, *((bunch, 2) for bunch in range(1170, 1189))),
            usual(),
            noise(99, 80, "+24%", 0.0),
        ),
        (
            pattern(100, 1, 0, *((bunch, 0) for bunch in range(1170, 1190))),
            usual(),
            noise(60, 80, "-25%", wide(60, 80)),
        ),
    ],
    ids=[
        "twice",
        "twice where it is now",
        "twice where it always is",
        "as usual",
        "just enough",
        "too little",
        "less",
    ],
)
def test_noise_is_what_is_in_the_gap(now: IntArray, reference: Expected, wanted: Verdict) -> None:
    assert said(Noise(), tally(counted(now, 100)), reference) == wanted


@pytest.mark.parametrize(("more", "wanted"), [(40, noise(40, 20, "+100%", wide(40, 20))), (39, None)])
def test_noise_is_judged_where_twenty_hits_are_expected(more: int, wanted: Verdict | None) -> None:
    """Two hits in each of the 80 bunches of the reference, and in some of them one more."""
    known = pattern(1000, 2, 0, *((bunch, 3) for bunch in range(1170, 1170 + more)))
    now = pattern(100, 0, 0, *((bunch, 1) for bunch in range(1170, 1210)))
    assert said(Noise(), tally(counted(now, 100)), expected(counted(known, 1000), KNOWN)) == wanted


NO_NOISE = Verdict(0.0, "hits in the empty bunches are other, but the rate is not: no noise")
EIGHT = noise(808, 800, "+1%", 0.0)


@pytest.mark.parametrize(
    ("here", "there", "follows"),
    [(164, 100, True), (163, 100, False), (0, 100, True), (163, 0, True), (1, 100, False), (227, 100, True)],
)
def test_noise_in_the_gap_is_in_the_rate_too(here: int, there: int, follows: bool) -> None:
    """Eight hits more in 80 bunches of a frame are 126 in all: at least half of them must be in the rate."""
    now = tally(counted(pattern(1000, 10, 0, (1170, 18)), 1, mean=here))
    reference = expected(counted(pattern(1000, 10), 1, mean=there), KNOWN)
    check = Noise(NoiseSettings(least_effect=0.005))
    spread = 1.5 * 2
    significance = sqrt(2 * (808 * log(1.01) - 8) / spread)
    assert said(check, now, reference) == (noise(808, 800, "+1%", significance) if follows else NO_NOISE)
    assert said(Noise(), now, reference) == (EIGHT if follows else NO_NOISE)


def test_the_noise_of_a_reference_that_does_not_scatter_scatters_as_counts_do() -> None:
    reference = expected(counted(pattern(1000, 10), 1000), {"bunch.filled": (2.0,), "bunch.empty": (0.5,)})
    significance = sqrt(2 * (160 * log(2) - 80) / 1.1)
    now = tally(counted(pattern(100, 2), 100))
    assert said(Noise(), now, reference) == noise(160, 80, "+100%", significance)
