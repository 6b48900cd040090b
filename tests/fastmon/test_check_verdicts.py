"""What checks say of a few numbers made by hand: about what just matters, just does not, and too little."""

from math import log, sqrt

import pytest
from counted_by_hand import NOTHING, Counted, bins, expected, said, tally

from swf_testbed.config.fastmon import Checks
from swf_testbed.fastmon.checks.banks import BankSettings, CorruptedBank, MissingBank
from swf_testbed.fastmon.checks.base import SubsystemCheck, Verdict, check_named
from swf_testbed.fastmon.checks.frame_hits import FrameHits, frame_hits
from swf_testbed.fastmon.checks.gain import Gain, GainSettings
from swf_testbed.fastmon.checks.rate import Rate, RateSettings
from swf_testbed.fastmon.checks.time_offset import TimeOffset, TimeSettings
from swf_testbed.fastmon.counts import IntArray
from swf_testbed.fastmon.judge import make_checks
from swf_testbed.fastmon.products import (
    AdcSpectrum,
    BankStatus,
    EmptyTrend,
    FineTime,
    FrameTrend,
    HitTrend,
    SquaredHitTrend,
)
from swf_testbed.fastmon.reference import Expected
from swf_testbed.model.detectors import BC_NS
from swf_testbed.model.errors import BadInput


def verdict(significance: float, reason: str) -> Verdict:
    return Verdict(round(significance, 6), reason)


def poisson(seen: float, should: float) -> float:
    """The signed root of the deviance of a Poisson distribution."""
    return sqrt(2 * (seen * log(seen / should) - seen + should))


def student(squared: float, learned_from: int) -> float:
    """Student's t, of which this is the square, made a Gaussian."""
    return sqrt((learned_from - 1) * log(1 + squared / (learned_from - 1)))


def test_a_check_is_known_by_its_name_and_has_its_settings_from_the_beginning() -> None:
    assert check_named("gain") is Gain
    assert Gain().settings == GainSettings()
    assert Gain(GainSettings(least_hits=7)).settings == GainSettings(least_hits=7)
    with pytest.raises(BadInput, match=r"^check = 'gian': must be one of crc, bank, bunch, noise, "):
        check_named("gian")


def test_a_check_that_measures_nothing_says_so() -> None:
    assert CorruptedBank().measure(tally({}), None) == {}


def test_checks_are_made_as_they_are_configured() -> None:
    made = make_checks(Checks(off=("crc", "gain"), settings={"rate": {"least_frames": 30}}))
    settings = {one.name: one.settings for one in made}
    assert settings.keys() & {"crc", "gain", "bank", "rate"} == {"bank", "rate"}
    assert (settings["rate"], settings["bank"]) == (RateSettings(least_frames=30), BankSettings())
    with pytest.raises(BadInput, match=r"^check = 'colour': must be one of "):
        make_checks(Checks(settings={"colour": {}}))


# --- banks: good, of a wrong CRC, missing


def banks(good: int, corrupt: int, missing: int, **trends: int) -> Counted:
    return {BankStatus: bins(3, (0, good), (1, corrupt), (2, missing)), **_index(**trends)}


def _index(frames: int = 0, empty: int = 0) -> Counted:
    return {FrameTrend: frames, EmptyTrend: empty} if frames else {}


@pytest.mark.parametrize(
    ("counted", "wanted"),
    [
        (banks(90, 10, 5), verdict(poisson(10, 0.001), "10 of 100 banks fail their CRC")),
        (banks(1, 0, 5), verdict(0.0, "0 of 1 banks fail their CRC")),
        (banks(400_000, 1, 0), verdict(0.0, "1 of 400001 banks fail their CRC")),
        (banks(0, 0, 5), None),
    ],
)
def test_corrupted_banks_are_counted_among_those_that_came(counted: Counted, wanted: Verdict | None) -> None:
    assert said(CorruptedBank(), tally(counted), NOTHING) == wanted


@pytest.mark.parametrize(
    ("counted", "reference", "wanted"),
    [
        # 5 of the sample say more than the index does, and then the index more than 1 of the sample.
        (
            banks(90, 10, 5, frames=1000, empty=40),
            banks(0, 0, 0, frames=2000, empty=19),
            verdict(
                poisson(5, 0.00105),
                "5 of 105 sampled frames without a bank; 40 of all 1000 frames have no data, 10 expected",
            ),
        ),
        (
            banks(99, 0, 1, frames=1000, empty=40),
            banks(0, 0, 0, frames=2000, empty=19),
            verdict(
                poisson(40, 10),
                "1 of 100 sampled frames without a bank; 40 of all 1000 frames have no data, 10 expected",
            ),
        ),
        # Of a million frames one would be expected to be empty, but ten are tolerated.
        (
            banks(99, 0, 1, frames=1_000_000, empty=90),
            banks(0, 0, 0, frames=1_000_000, empty=0),
            verdict(
                poisson(90, 10),
                "1 of 100 sampled frames without a bank; 90 of all 1000000 frames have no data, 10 expected",
            ),
        ),
        (
            banks(100, 0, 0, frames=1000, empty=40),
            banks(0, 0, 0, frames=2000, empty=19),
            verdict(0.0, "0 of 100 sampled frames without a bank"),
        ),
        (
            banks(99, 0, 1, frames=1000, empty=40),
            {},
            verdict(poisson(1, 0.001), "1 of 100 sampled frames without a bank"),
        ),
        (
            banks(99, 0, 1),
            banks(0, 0, 0, frames=2000, empty=19),
            verdict(poisson(1, 0.001), "1 of 100 sampled frames without a bank"),
        ),
        (banks(0, 0, 1), {}, verdict(poisson(1, 1e-5), "1 of 1 sampled frames without a bank")),
        (banks(0, 0, 0, frames=1000, empty=40), banks(0, 0, 0, frames=2000), None),
    ],
    ids=[
        "sample",
        "index",
        "tolerated",
        "none missing",
        "no reference",
        "no index",
        "one frame",
        "no sample",
    ],
)
def test_missing_banks_are_seen_in_the_sample_and_counted_in_the_index(
    counted: Counted, reference: Counted, wanted: Verdict | None
) -> None:
    assert said(MissingBank(), tally(counted), expected(reference)) == wanted


# --- the mean ADC


def adc(hits: int, mean: int) -> Counted:
    """Half of the hits in the bin below the mean, half in that above."""
    return {AdcSpectrum: bins(256, (mean + 11, hits // 2), (mean + 12, hits - hits // 2))}


# Its variance is 10/3; half a thousand hits an STF.
ADC = expected(adc(10_000, 100), {"gain.mean": (98, 99, 101, 102)}, stfs=20)
ADC_VARIANCE = 10 / 3 * 500


@pytest.mark.parametrize(
    ("hits", "mean", "effect", "settings"),
    [
        (600, 103, "+3.0%", GainSettings()),
        (600, 97, "-3.0%", GainSettings()),
        (500, 150, "+50.0%", GainSettings(least_effect=0.5)),
        (600, 101, "+1.0%", GainSettings()),
        (600, 149, "+49.0%", GainSettings(least_effect=0.5)),
    ],
)
def test_a_mean_adc_is_judged_by_how_it_scatters_from_stf_to_stf(
    hits: int, mean: int, effect: str, settings: GainSettings
) -> None:
    variance = ADC_VARIANCE * (1 / hits + 1 / 10_000)
    matters = abs(mean - 100) / 100 >= settings.least_effect
    assert said(Gain(settings), tally(adc(hits, mean)), ADC) == verdict(
        student((mean - 100) ** 2 / variance, 4) if matters else 0.0,
        f"mean ADC above pedestal {mean} of {hits} hits, 100 expected ({effect})",
    )


def test_a_mean_adc_is_not_judged_of_few_hits_or_without_one_to_expect() -> None:
    assert said(Gain(), tally(adc(498, 103)), ADC) is None
    assert said(Gain(), tally(adc(600, 103)), NOTHING) is None
    assert said(Gain(), tally(adc(600, 103)), expected(adc(10_000, 0))) is None
    assert said(Gain(), tally(adc(600, 2)), expected(adc(10_000, 1), {"gain.mean": (0, 2)})) == verdict(
        student(1 / (2 * 1000 * (1 / 600 + 1 / 10_000)), 2),
        "mean ADC above pedestal 2 of 600 hits, 1 expected (+100.0%)",
    )
    assert (Gain().measure(tally(adc(2, 103)), None), Gain().measure(tally({}), None)) == (
        {"mean": 103.0},
        {},
    )


# --- the rate


def rate(frames: int, mean: float, variance: float, empty: int = 5) -> Counted:
    """Frames with hits, their mean and variance, beside empty ones."""
    squares = round(frames * mean**2 + (frames - 1) * variance)
    return {
        FrameTrend: frames + empty,
        EmptyTrend: empty,
        HitTrend: round(frames * mean),
        SquaredHitTrend: squares,
    }


@pytest.mark.parametrize(
    ("counted", "wanted"),
    [
        (rate(10, 10, 10), FrameHits(10, 10.0, 10.0)),
        (rate(2, 3, 2), FrameHits(2, 3.0, 2.0)),
        (rate(1, 3, 0), FrameHits(1, 0.0, 0.0)),
        ({}, FrameHits(0, 0.0, 0.0)),
    ],
)
def test_empty_frames_are_no_low_rate(counted: Counted, wanted: FrameHits) -> None:
    assert frame_hits(tally(counted)) == wanted


@pytest.mark.parametrize(
    ("now", "should", "settings", "wanted"),
    [
        (
            rate(25, 12, 9),
            rate(100, 10, 10),
            RateSettings(),
            verdict(2 / sqrt(0.5), "12 hits a frame in 25 frames, 10 expected (+20.0%)"),
        ),
        (
            rate(20, 8, 9),
            rate(20, 10, 10),
            RateSettings(),
            verdict(2.0, "8 hits a frame in 20 frames, 10 expected (-20.0%)"),
        ),
        (
            rate(25, 10.4, 9),
            rate(100, 10, 10),
            RateSettings(),
            verdict(0.0, "10.4 hits a frame in 25 frames, 10 expected (+4.0%)"),
        ),
        (
            rate(24, 15, 9),
            rate(100, 10, 10),
            RateSettings(least_effect=0.5),
            verdict(5 / sqrt(10 / 24 + 0.1), "15 hits a frame in 24 frames, 10 expected (+50.0%)"),
        ),
        (
            rate(25, 2, 9),
            rate(100, 1, 1),
            RateSettings(),
            verdict(1 / sqrt(0.05), "2 hits a frame in 25 frames, 1 expected (+100.0%)"),
        ),
        (rate(19, 12, 9), rate(100, 10, 10), RateSettings(), None),
        (rate(25, 12, 9), rate(19, 10, 10), RateSettings(), None),
        (rate(25, 12, 9), rate(100, 0, 10), RateSettings(), None),
        (rate(25, 12, 9), rate(100, 10, 0), RateSettings(), None),
        (rate(25, 12, 9), {}, RateSettings(), None),
    ],
    ids=[
        "higher",
        "lower",
        "a little higher",
        "just enough",
        "of few hits",
        "few frames",
        "few frames in the reference",
        "no hits",
        "no variance",
        "no reference",
    ],
)
def test_a_rate_is_judged_by_its_variance_from_frame_to_frame(
    now: Counted, should: Counted, settings: RateSettings, wanted: Verdict | None
) -> None:
    assert said(Rate(settings), tally(now), expected(should)) == wanted


# --- the time in a crossing


def fine(hits: int, place: int, flat: int = 0) -> IntArray:
    """All hits in one bin, but for as many in each of all bins."""
    return bins(256, (place, hits + flat), flat=flat)


STEPS = {"time.step": (0.1, -0.1, 0.2, -0.2)}
TIME = expected({FineTime: fine(1000, 32)}, STEPS)
DILUTED = expected({FineTime: fine(1000, 32, 10)}, STEPS)
# The mean of the steps' squares is 0.025; the references have 100 and 356 hits an STF.
BIN_NS = BC_NS / 256


@pytest.mark.parametrize(
    ("now", "reference", "later", "variance", "word"),
    [
        (fine(100, 64), TIME, 32, 2.5 * (1 / 100 + 1 / 1000), "1.27 ns late"),
        (fine(100, 0), TIME, -32, 2.5 * (1 / 100 + 1 / 1000), "1.27 ns early"),
        (fine(13, 35), TIME, 3, 2.5 * (1 / 13 + 1 / 1000), "0.12 ns late"),
        (fine(100, 34), TIME, 0, 1.0, "0.08 ns late"),
        (fine(100, 64, 1), TIME, 32, 2.5 * (3.56**2 / 356 + 1 / 1000), "1.27 ns late"),
        (fine(100, 64), DILUTED, 32, 8.9 * (1 / 100 + 1 / 3560), "1.27 ns late"),
    ],
    ids=["late", "early", "few hits", "too little to matter", "diluted by noise", "diluted in the reference"],
)
def test_an_offset_is_the_phase_of_the_crossings(
    now: IntArray, reference: Expected, later: int, variance: float, word: str
) -> None:
    assert said(TimeOffset(), tally({FineTime: now}), reference) == verdict(
        student((later * BIN_NS) ** 2 / variance, 4),
        f"hits come {word} (up to whole crossings of 10.15 ns)",
    )


def test_no_offset_is_told_where_no_crossings_are_seen() -> None:
    check: SubsystemCheck = TimeOffset()
    now, none = tally({FineTime: fine(100, 64)}), tally({FineTime: fine(0, 0)})
    assert said(check, tally({FineTime: fine(12, 64)}), TIME) is None
    assert said(check, now, NOTHING) is None
    assert said(check, now, expected({FineTime: fine(1000, 32)})) is None
    assert said(TimeOffset(TimeSettings(least_contrast=0)), none, TIME) is None
    assert check.measure(now, TIME.tally) == {"step": pytest.approx(32 * BIN_NS)}
    assert [check.measure(*pair) for pair in ((now, None), (now, none), (none, now))] == [{}, {}, {}]
