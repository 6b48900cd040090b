"""Checks that name a part of a subsystem, its units and its channels, of a few numbers made by hand."""

from math import log, sqrt

import pytest
from counted_by_hand import NOTHING, Counted, bins, expected, said, tally

from swf_testbed.fastmon.checks.base import Verdict
from swf_testbed.fastmon.checks.channels import HotChannels, HotSettings
from swf_testbed.fastmon.checks.units import DeadUnits, Occupancy, OccupancySettings, expected_units
from swf_testbed.fastmon.products import ChannelOccupancy, UnitOccupancy
from swf_testbed.fastmon.windows import Tally

UNITS, CHANNELS = 96, 24_576


def poisson(seen: float, should: float, spread: float = 1.0) -> float:
    """The root of the deviance of a Poisson distribution that is so much wider."""
    logarithm = seen * log(seen / should) if seen else 0.0
    return sqrt(2 * (logarithm - seen + should) / spread)


def of_many(significance: float, looked_at: int) -> float:
    """What Bonferroni leaves of it, to six places."""
    return round(sqrt(max(significance**2 - 2 * log(looked_at), 0.0)), 6)


# --- units


def units(flat: int, *others: tuple[int, int]) -> Counted:
    return {UnitOccupancy: bins(UNITS, *others, flat=flat)}


def test_expectations_are_for_as_many_hits_in_the_units_that_live() -> None:
    now, known = tally(units(50, (3, 0), (4, 100), (5, 1))), units(100, (3, 900), (4, 200), (5, 2))
    reference = expected(known, {"occupancy.spread": (2.5, 3.5)})
    seen, should, spread = expected_units(now, reference)
    assert seen.tolist() == bins(UNITS, (3, 0), (4, 100), (5, 1), flat=50).tolist()
    assert should.tolist() == bins(UNITS, (3, 450), (4, 100), (5, 1), flat=50).tolist()
    assert spread == 3.0 * 1.5
    assert expected_units(now, expected(known, {"occupancy.spread": (0.5,)}))[2] == 1.5
    seen, should, spread = expected_units(now, NOTHING)
    assert (seen.sum(), should.sum(), spread) == (93 * 50 + 101, 0.0, 1.0)


@pytest.mark.parametrize(
    ("now", "reference", "wanted"),
    [
        (
            units(50, (3, 0)),
            units(100, (3, 122)),
            Verdict(
                of_many(poisson(0, 61, 3.0), UNITS),
                "no hit in units 3, 61 or more expected in each",
                units=(3,),
            ),
        ),
        (
            units(50, (3, 0), (7, 0), (8, 0)),
            units(200, (3, 800), (7, 300), (8, 320)),
            Verdict(
                of_many(poisson(0, 200, 2 * 1.25), UNITS),
                "no hit in units 3, 7-8, 75 or more expected in each",
                units=(3, 7, 8),
            ),
        ),
        (
            units(50, (3, 0), (4, 100)),
            units(100, (3, 120), (4, 200)),
            Verdict(0.0, "no dead unit among 1 with enough data"),
        ),
        (units(50, (3, 0)), units(100, (3, 120)), None),
        (units(50), units(0), None),
    ],
    ids=["one", "three", "just too few expected", "few expected in all", "no reference"],
)
def test_a_dead_unit_is_one_without_hits_where_more_than_sixty_are_expected(
    now: Counted, reference: Counted, wanted: Verdict | None
) -> None:
    assert said(DeadUnits(), tally(now), expected(reference, {"occupancy.spread": (2.0,)})) == wanted


def occupied(*others: tuple[int, int]) -> Tally:
    return tally(units(100, *others))


AS_USUAL = f"all {UNITS} units with enough data are as expected"


@pytest.mark.parametrize(
    ("now", "settings", "wanted"),
    [
        (
            occupied((2, 160), (4, 40), (6, 126), (8, 74)),
            OccupancySettings(),
            Verdict(
                of_many(poisson(40, 100, 2.0), UNITS),
                "unit 4: 40 hits, 100.0 expected (-60%)",
                units=(2, 4),
            ),
        ),
        (
            occupied((2, 400), (4, 200), (5, 10), (6, 10), (7, 10), (8, 10), (9, 60)),
            OccupancySettings(least_effect=1.5),
            Verdict(
                of_many(poisson(400, 100, 2.0), UNITS),
                "unit 2: 400 hits, 100.0 expected (+300%)",
                units=(2,),
            ),
        ),
        (
            occupied((4, 75), (5, 125)),
            OccupancySettings(),
            Verdict(0.0, "unit 4: 75 hits, 100.0 expected (-25%)", units=(4, 5)),
        ),
        (occupied((4, 76), (5, 124)), OccupancySettings(), Verdict(0.0, AS_USUAL)),
        (occupied(), OccupancySettings(least_effect=0), Verdict(0.0, AS_USUAL)),
        (occupied(), OccupancySettings(least_expected=100), Verdict(0.0, AS_USUAL)),
        (occupied(), OccupancySettings(least_expected=100.5), None),
        (occupied((3, 0)), OccupancySettings(least_effect=0), Verdict(0.0, AS_USUAL.replace("96", "95"))),
        (
            occupied((3, 1), (4, 199)),
            OccupancySettings(),
            Verdict(
                of_many(poisson(1, 100, 2.0), UNITS),
                "unit 3: 1 hits, 100.0 expected (-99%)",
                units=(3, 4),
            ),
        ),
        (tally({}), OccupancySettings(), None),
    ],
    ids=[
        "low",
        "high",
        "just enough",
        "just too little",
        "nothing",
        "just expected",
        "too few expected",
        "a dead one is not looked at",
        "one hit",
        "no hits",
    ],
)
def test_a_unit_with_too_few_or_too_many_hits_is_named_with_those_like_it(
    now: Tally, settings: OccupancySettings, wanted: Verdict | None
) -> None:
    assert said(Occupancy(settings), now, expected(units(100))) == wanted


def test_a_unit_that_is_always_silent_is_as_expected() -> None:
    now, reference = occupied((9, 0)), expected(units(100, (9, 0)))
    assert said(Occupancy(), now, reference) == Verdict(0.0, AS_USUAL.replace("96", "95"))


def test_the_spread_of_units_is_the_chi2_of_an_stf_and_those_before() -> None:
    now, before = tally(units(0, (0, 100), (1, 300))), tally(units(0, (0, 300), (1, 100)))
    assert Occupancy().measure(now, before) == {"spread": 200.0}
    assert Occupancy().measure(now, None) == Occupancy().measure(now, tally({})) == {}


# --- channels: one is expected to have a hit, those of unit 1 two, those of unit 2 a half


def hits(*channels: tuple[int, int]) -> Counted:
    return {**units(256, (1, 512), (2, 128)), ChannelOccupancy: dict(channels)}


USUAL = units(25_600, (1, 51_200), (2, 12_800))


def hot(channels: tuple[int, ...], significance: float, reason: str) -> Verdict:
    return Verdict(of_many(significance, CHANNELS), reason, channels=channels)


@pytest.mark.parametrize(
    ("now", "known", "wanted"),
    [
        (
            hits((300, 41)),
            {},
            hot((300,), poisson(41, 2), "channels 300; channel 300 has 41 hits, 2 expected"),
        ),
        (
            hits((512, 41)),
            {5: 20},
            hot((512,), poisson(41, 0.5), "channels 512; channel 512 has 41 hits, 0.5 expected"),
        ),
        (hits((300, 40)), {}, Verdict(0.0, "no hot channel")),
        (hits(), {}, Verdict(0.0, "no hot channel")),
        (
            hits((300, 61)),
            {5: 20, 300: 600},
            hot((300,), poisson(61, 6), "channels 300; channel 300 has 61 hits, 6 expected"),
        ),
        (hits((300, 60)), {300: 600}, Verdict(0.0, "no hot channel")),
        (
            hits((300, 45)),
            {300: 100},
            hot((300,), poisson(45, 2), "channels 300; channel 300 has 45 hits, 2 expected"),
        ),
        (
            hits((300, 45)),
            {299: 6000, 301: 6000},
            hot((300,), poisson(45, 2), "channels 300; channel 300 has 45 hits, 2 expected"),
        ),
        (
            hits((300, 45)),
            {5: 6000},
            hot((300,), poisson(45, 2), "channels 300; channel 300 has 45 hits, 2 expected"),
        ),
        (
            hits((0, 50), (1, 45), (600, 90)),
            {600: 800},
            hot((0, 1, 600), poisson(50, 1), "channels 0-1, 600; channel 600 has 90 hits, 8 expected"),
        ),
        (
            hits((24_575, 50), (24_576, 1000)),
            {},
            hot((24_575,), poisson(50, 1), "channels 24575; channel 24575 has 50 hits, 1 expected"),
        ),
    ],
    ids=[
        "hot",
        "of the next unit",
        "just too few hits",
        "none",
        "hot by itself",
        "just too few times as usual",
        "known to be quiet",
        "its neighbours are noisy",
        "one far away is noisy",
        "three",
        "the last",
    ],
)
def test_a_hot_channel_has_many_times_the_hits_of_its_unit_or_its_own(
    now: Counted, known: dict[int, int], wanted: Verdict
) -> None:
    reference = expected({**USUAL, ChannelOccupancy: known}, frames=1000)
    assert said(HotChannels(), tally(now, frames=10), reference) == wanted


def test_hot_channels_are_looked_for_in_decoded_frames_by_what_may_be_set() -> None:
    now = hits((300, 45))
    noisy: Counted = {**USUAL, ChannelOccupancy: {300: 6000}}
    assert said(HotChannels(), tally(now), expected(USUAL)) is None
    wanted = hot((300,), poisson(45, 2), "channels 300; channel 300 has 45 hits, 2 expected")
    assert said(HotChannels(), tally(now, frames=1), expected(noisy)) == wanted
    assert said(HotChannels(), tally(now, frames=1), expected(USUAL, frames=1)) == wanted
    nothing = Verdict(0.0, "no hot channel")
    for settings in (HotSettings(least_hits=45), HotSettings(least_factor=22.5)):
        assert said(HotChannels(settings), tally(now, frames=10), expected(USUAL, frames=1000)) == nothing
