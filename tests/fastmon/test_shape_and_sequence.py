"""Checks of whole histograms and of the run's STFs, of a few numbers made by hand."""

from math import cbrt, log, sqrt

import pytest
from counted_by_hand import Counted, Measurements, bins, expected, said, tally
from judged_runs import stf

from swf_testbed.fastmon.checks.base import CERTAIN, Verdict
from swf_testbed.fastmon.checks.sequence import MissingStf, SequenceSettings
from swf_testbed.fastmon.checks.shape import Shape, ShapeSettings
from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.products import AdcSpectrum, FineTime, Product, UnitOccupancy
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.windows import StfSeen

UNITS = 96


def of_five(significance: float) -> float:
    """What Bonferroni leaves of the largest of five, to six places."""
    return round(sqrt(max(significance**2 - 2 * log(5), 0.0)), 6)


# --- shapes: of two groups of bins, of which 200 is the chi² beside the reference


def two_groups(first: int, second: int) -> IntArray:
    """Four bins are taken together: the last of the first group, the first of the second."""
    return bins(256, (3, first), (4, second))


def other_two(first: int, second: int) -> IntArray:
    """The same two groups in other bins of theirs."""
    return bins(256, (0, first), (7, second))


SHAPES: Measurements = {
    "shape.adc": (9.0, 11.0),
    "shape.fine_time": (7.0, 9.0),
    "shape.unit_occupancy": (9.0, 11.0),
}
TITLES: dict[type[Product], str] = {
    AdcSpectrum: "ADC spectrum",
    FineTime: "Time modulo one bunch crossing",
    UnitOccupancy: "Readout-unit occupancy",
}


def shapes(*entries: type[Product], known: tuple[float, ...] | None = None) -> Expected:
    """What is expected of some products."""
    measured: Measurements = SHAPES if known is None else {"shape.adc": known}
    return expected({entry: other_two(300, 100) for entry in entries}, measured)


def wilson_hilferty(ratio: float) -> float:
    """Of one degree of freedom."""
    return (cbrt(ratio) - 7 / 9) / sqrt(2 / 9)


@pytest.mark.parametrize(
    ("entries", "told", "usual"),
    [((AdcSpectrum,), AdcSpectrum, 10), ((AdcSpectrum, FineTime), FineTime, 8)],
)
def test_a_shape_is_judged_beside_what_is_usual_and_the_worst_is_told(
    entries: tuple[type[Product], ...], told: type[Product], usual: int
) -> None:
    now = tally({entry: two_groups(100, 300) for entry in entries})
    reason = f"{TITLES[told]}: chi²/ndf 200.00, {usual}.00 is usual"
    settings = ShapeSettings(least_hits=400, least_effect=20)
    wanted = Verdict(of_five(wilson_hilferty(200 / usual)), reason)
    assert said(Shape(settings), now, shapes(*entries)) == wanted
    ignored = ShapeSettings(least_hits=400, least_effect=25.5)
    first = f"{TITLES[entries[0]]}: chi²/ndf 200.00, 10.00 is usual"
    assert said(Shape(ignored), now, shapes(*entries)) == Verdict(0.0, first)


def test_of_shapes_that_are_equally_far_the_first_is_told() -> None:
    counted: Counted = {UnitOccupancy: bins(UNITS, (0, 100), (1, 300)), AdcSpectrum: two_groups(100, 300)}
    reference: Counted = {UnitOccupancy: bins(UNITS, (0, 300), (1, 100)), AdcSpectrum: other_two(300, 100)}
    verdict = said(Shape(ShapeSettings(least_hits=400)), tally(counted), expected(reference, SHAPES))
    assert verdict is not None
    assert verdict.reason == "Readout-unit occupancy: chi²/ndf 200.00, 10.00 is usual"


def test_a_shape_that_scatters_much_is_less_surprising() -> None:
    now, settings = tally({AdcSpectrum: two_groups(100, 300)}), ShapeSettings(least_hits=400)
    # A mean of 10 and a variance of 324, of which 2 are what one degree of freedom has.
    common = sqrt((324 - 2) / 2)
    wanted = Verdict(of_five(sqrt((200 - 1) / common)), "ADC spectrum: chi²/ndf 200.00, 10.00 is usual")
    assert said(Shape(settings), now, shapes(AdcSpectrum, known=(1, 1, 1, 37))) == wanted


def test_a_shape_of_few_hits_or_without_one_to_compare_with_is_not_judged() -> None:
    settings, now = ShapeSettings(least_hits=400), tally({AdcSpectrum: two_groups(100, 300)})
    for check, counted, reference in (
        (Shape(ShapeSettings(least_hits=401)), now, shapes(AdcSpectrum)),
        (Shape(settings), now, shapes(FineTime)),
        (Shape(settings), now, shapes(AdcSpectrum, known=(10, 10))),
        (Shape(settings), now, shapes(AdcSpectrum, known=(1, -1))),
        (
            Shape(settings),
            tally({AdcSpectrum: two_groups(400, 0)}),
            expected({AdcSpectrum: two_groups(9, 0)}, SHAPES),
        ),
        (Shape(settings), tally({}), shapes(AdcSpectrum)),
    ):
        assert said(check, counted, reference) is None
    assert said(Shape(settings), now, shapes(AdcSpectrum, known=(0.5, 1.5))) is not None


def test_the_usual_chi2_is_measured_of_an_stf_and_those_before() -> None:
    now = tally({AdcSpectrum: two_groups(100, 300), FineTime: two_groups(200, 200)})
    before = tally({AdcSpectrum: other_two(300, 100), FineTime: other_two(1, 1)})
    assert Shape().measure(now, before) == {"adc": 200.0}
    assert Shape().measure(now, None) == {}


# --- STFs


def side(number: int) -> StfSeen:
    return stf(number)._replace(stream="side")


def never_came(told: str, sequences: tuple[int, ...], after: StfSeen) -> Verdict:
    return Verdict(CERTAIN, f"STFs that never came: {told}", sequences=sequences, since=after.end)


NONE = Verdict(0.0, "no STF is missing")


@pytest.mark.parametrize(
    ("seen", "recent", "patience", "wanted"),
    [
        ([1, 2, 3, 4], [4, 3, 2, 1], 1, NONE),
        ([1, 2, 5, 6], [6, 5, 2, 1], 1, never_came("main 3-4", (3, 4), stf(2))),
        ([1, 2, 4, 6, 7], [7, 6, 4, 2, 1], 1, never_came("main 3, 5", (3, 5), stf(2))),
        ([1, 3], [3, 1], 1, NONE),
        ([1, 3], [3, 1], 0, never_came("main 2", (2,), stf(1))),
        ([1, 3, 4], [4, 3, 1], 2, NONE),
        ([1, 3, 4, 5], [5, 4, 3, 1], 2, never_came("main 2", (2,), stf(1))),
        ([1, 3, 4, 7, 8, 9], [9, 8, 7], 1, never_came("main 5-6", (5, 6), stf(4))),
        ([1, 3, 4, 7, 8, 9], [9, 8, 7, 4], 1, never_came("main 5-6", (5, 6), stf(4))),
        ([2], [2], 1, NONE),
        ([2], [2], 0, Verdict(CERTAIN, "STFs that never came: main 1", sequences=(1,), since=stf(2).start)),
    ],
)
def test_an_stf_is_missing_once_later_ones_of_its_stream_came(
    seen: list[int], recent: list[int], patience: int, wanted: Verdict
) -> None:
    check = MissingStf(SequenceSettings(patience=patience))
    assert check.judge_run([stf(one) for one in seen], [stf(one) for one in recent]) == wanted


def test_each_stream_counts_its_own_stfs() -> None:
    main, other = [stf(one) for one in (1, 2, 4, 5)], [side(one) for one in (1, 3, 5, 6)]
    wanted = never_came("main 3; side 2, 4", (2, 3, 4), stf(1))
    assert MissingStf().judge_run([*main, *other], [*reversed(main), *reversed(other)]) == wanted
    assert MissingStf().judge_run([*main, *other], [stf(5), stf(4)]) == never_came("main 3", (3,), stf(2))
