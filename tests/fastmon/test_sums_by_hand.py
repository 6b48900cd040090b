"""Sums, windows, profiles and references of a few numbers made by hand, compared whole."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from judged_runs import KEY, T0

from swf_testbed.fastmon import windows as windows_module
from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.products import BankStatus, ChannelOccupancy, HitTrend
from swf_testbed.fastmon.reference import (
    Expected,
    Measured,
    Profile,
    Reference,
    Scatter,
    make_reference,
)
from swf_testbed.fastmon.windows import RunWindows, StfSeen, Sums, Tally, Window
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput

MPGD = detector("mpgd")
TREND, BANKS, CHANNELS = (ProductKey("mpgd", one.name) for one in (HitTrend, BankStatus, ChannelOccupancy))


def counts(values: list[int], where: list[int] | None = None) -> Counts:
    return Counts(np.array(values, np.int64), None if where is None else np.array(where, np.int64))


def part(frames: int, hits: int, channels: dict[int, int]) -> ProductSet:
    """Of some frames: their hits in two bins of time, as many good banks, and the hits of channels."""
    found = {
        TREND: counts([hits, hits], [0, 5]),
        BANKS: counts([frames, 0, 0, 1]),
        CHANNELS: counts(list(channels.values()), list(channels)),
    }
    return ProductSet(frames, found)


def plain(products: ProductSet) -> dict[str, Any]:
    """As whole numbers, in lists."""
    found: dict[str, Any] = {"frames": products.frames}
    for key, one in products.counts.items():
        assert one.values.dtype == (one.values if one.where is None else one.where).dtype == np.int64
        found[key.product] = (one.values.tolist(), None if one.where is None else one.where.tolist())
    return found


def summed(*parts: ProductSet) -> Sums:
    sums = Sums()
    for one in parts:
        sums.add(one)
    return sums


FIRST, SECOND = part(2, 10, {3: 2, 4: 1, 9: 7}), part(3, 100, {0: 5, 9: 2})
BOTH = {
    "frames": 5,
    "hits_vs_time": ([220], [0]),
    "bank_status": ([5, 0, 0, 2], None),
    "channel_occupancy": ([5, 2, 9], [0, 3, 9]),
}


def test_sums_of_products_are_products() -> None:
    """A channel that is hit once in an STF is not kept."""
    sums = summed(FIRST, SECOND)
    assert plain(sums.products()) == BOTH
    assert plain(decode(encode(sums.products()))) == BOTH
    assert plain(summed(part(0, 0, {})).products())["channel_occupancy"] == ([], [])
    assert plain(Sums().products()) == {"frames": 0}
    nothing = {"frames": 0, "channel_occupancy": ([], [])}
    assert plain(ProductSet(0, {CHANNELS: Sums().sparse(CHANNELS)})) == nothing


def test_sums_add_and_a_copy_goes_its_own_way() -> None:
    sums = summed(FIRST)
    other = sums.copy()
    other.merge(summed(SECOND))
    assert plain(other.products()) == BOTH
    assert plain(sums.products()) == plain(summed(FIRST).products())
    sums.add(SECOND)
    assert plain(sums.products()) == plain(other.products())
    apart = Sums()
    apart.merge(sums)
    apart.merge(sums)
    assert plain(sums.products()) == BOTH
    assert plain(apart.products())["bank_status"] == ([10, 0, 0, 4], None)


def test_what_is_added_is_not_changed() -> None:
    sums, added = Sums(), part(2, 10, {3: 2})
    sums.add(added)
    sums.add(added)
    assert plain(added) == plain(part(2, 10, {3: 2}))


def test_the_channels_of_a_long_run_are_put_together_in_between() -> None:
    sums, one = Sums(), ProductSet(1, {CHANNELS: counts([2, 3], [7, 8])})
    for _ in range(1000):
        sums.add(one)
    assert len(sums.channels[CHANNELS]) == 1000
    sums.add(one)
    assert len(sums.channels[CHANNELS]) == 1
    assert plain(sums.products()) == {"frames": 1001, "channel_occupancy": ([2002, 3003], [7, 8])}


def test_what_was_counted_of_a_subsystem_is_nothing_where_nothing_came() -> None:
    there, none = Tally(MPGD, summed(FIRST)), Tally(detector("drich"), summed(FIRST))
    assert [one.counts(BankStatus).tolist() for one in (there, none)] == [[2, 0, 0], [0, 0, 0]]
    assert {one.counts(BankStatus).dtype for one in (there, none)} == {np.dtype(np.int64)}
    assert [one.total(HitTrend) for one in (there, none)] == [20, 0]
    assert [one.sparse(ChannelOccupancy).values.tolist() for one in (there, none)] == [[2, 7], []]


# --- windows: of STFs of a second each


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def stf(number: int, stream: str = "main") -> StfSeen:
    return StfSeen(number, at(number), at(number + 1), stream)


def banks(number: int) -> ProductSet:
    return ProductSet(1, {BANKS: counts([10**number, 0, 0, 0])})


def shown(window: Window | None) -> tuple[datetime, datetime, int, int] | None:
    """From when to when, of how many STFs, and which: a digit for each of their parts."""
    if window is None:
        return None
    return window.start, window.end, window.stfs, int(window.sums.bins[BANKS][0])


def filled(*numbers: int, longest_s: float = 4) -> RunWindows:
    windows = RunWindows(longest_s)
    for number in numbers:
        windows.add(stf(number), banks(number))
    return windows


def test_windows_end_with_the_newest_and_begin_with_an_stf() -> None:
    windows = filled(0, 1, 2, 3, 4, 5)
    assert shown(windows.run) == (at(0), at(6), 6, 111111)
    assert windows.recent() == (stf(5), stf(4), stf(3), stf(2))
    assert [shown(windows.last(seconds)) for seconds in (0, 0.5, 1, 1.9, 2, 9)] == [
        (at(5), at(6), 1, 100000),
        (at(5), at(6), 1, 100000),
        (at(5), at(6), 1, 100000),
        (at(5), at(6), 1, 100000),
        (at(4), at(6), 2, 110000),
        (at(2), at(6), 4, 111100),
    ]
    assert shown(windows.last()) == (at(5), at(6), 1, 100000)
    assert [shown(window) for window in windows.ladder()] == [
        (at(5), at(6), 1, 100000),
        (at(4), at(6), 2, 110000),
        (at(2), at(6), 4, 111100),
    ]
    assert [window.seconds for window in windows.ladder()] == [1.0, 2.0, 4.0]
    assert [window.stfs for window in filled(0, 1, 2).ladder()] == [1, 2, 3]
    assert windows.sums_of(stf(3)).bins[BANKS].tolist() == [1000, 0, 0, 0]
    with pytest.raises(KeyError):
        windows.sums_of(stf(1))


def test_an_stf_that_comes_late_is_of_the_run_and_of_a_window_that_goes_so_far_back() -> None:
    windows = filled(2, 5, 0, 3, 1)
    assert shown(windows.run) == (at(0), at(6), 5, 101111)
    assert windows.recent() == (stf(5), stf(3), stf(2))
    windows.add(stf(3), banks(3))
    windows.add(stf(1), banks(1))
    assert shown(windows.run) == (at(0), at(6), 5, 102121)
    assert [shown(window) for window in windows.ladder()] == [
        (at(5), at(6), 1, 100000),
        (at(3), at(6), 2, 102000),
        (at(2), at(6), 3, 102100),
    ]


def test_streams_are_counted_beside_one_another() -> None:
    assert RunWindows().recent() == ()
    windows = filled(0, 1)
    windows.add(stf(1, "side"), banks(2))
    windows.add(stf(0, "side"), banks(3))
    assert shown(windows.run) == (at(0), at(2), 4, 1111)
    assert windows.recent() == (stf(1, "side"), stf(1), stf(0, "side"), stf(0))
    alone = filled(7, longest_s=0.25)
    assert (alone.recent(), shown(alone.run)) == ((stf(7),), (at(7), at(8), 1, 10**7))


def test_a_window_is_half_a_minute_and_holds_so_many_stfs_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = RunWindows()
    for number in range(33):
        windows.add(stf(number), ProductSet(1, {BANKS: counts([1, 0, 0, 0])}))
    assert [one.sequence for one in windows.recent()] == list(range(32, 2, -1))
    assert [window.stfs for window in windows.ladder()] == [1, 2, 4, 8, 16, 30]
    monkeypatch.setattr(windows_module, "MAX_STFS", 3)
    assert filled(0, 1, 2, 3, longest_s=30).recent() == (stf(3), stf(2), stf(1))


# --- profiles and references


def test_a_scatter_is_a_mean_and_a_variance() -> None:
    one = Scatter()
    assert (one.mean, one.variance) == (0.0, 0.0)
    one.add(3.0)
    assert (one, one.mean, one.variance) == (Scatter(1, 3.0, 9.0), 3.0, 0.0)
    one.merge(Scatter(2, 11.0, 61.0))
    assert (one, one.mean) == (Scatter(3, 14.0, 70.0), 14 / 3)
    assert one.variance == pytest.approx(7 / 3)
    assert Scatter(2, 6.0, 17.9).variance == 0.0


GAIN, SPREAD = Measured("mpgd", "gain.mean"), Measured("drich", "occupancy.spread")


def profile() -> Profile:
    made = Profile()
    made.add(summed(FIRST), {GAIN: 2.0, SPREAD: 1.0})
    made.add(summed(SECOND), {GAIN: 3.0})
    return made


def test_a_profile_is_written_whole_and_read_again() -> None:
    document = profile().document()
    assert plain(decode(document.pop("histograms"))) == BOTH
    assert document == {
        "stfs": 2,
        "scatter": [["drich", "occupancy.spread", 1, 1.0, 1.0], ["mpgd", "gain.mean", 2, 5.0, 13.0]],
    }
    read = Profile.of_document(profile().document())
    assert (read.stfs, read.scatter) == (2, {SPREAD: Scatter(1, 1.0, 1.0), GAIN: Scatter(2, 5.0, 13.0)})
    assert plain(read.sums.products()) == BOTH
    read.merge(profile())
    assert (read.stfs, read.sums.frames, read.scatter[GAIN]) == (4, 10, Scatter(4, 10.0, 26.0))


def test_profiles_that_are_put_together_stay_as_they_are() -> None:
    whole, one = Profile(), profile()
    whole.merge(one)
    whole.merge(one)
    assert (whole.stfs, whole.scatter[GAIN], one.scatter[GAIN]) == (
        4,
        Scatter(4, 10.0, 26.0),
        Scatter(2, 5.0, 13.0),
    )
    assert plain(one.sums.products()) == BOTH


def reference() -> Reference:
    return make_reference(KEY, 3, {9: profile(), 4: profile()}, T0, "alice")


ABOUT = {
    "configuration": "laptop",
    "beam": "18x275",
    "state": "run/physics",
    "version": 3,
    "runs": [4, 9],
    "made_at": "2026-01-01T00:00:00+00:00",
    "made_by": "alice",
}


def test_a_reference_is_written_whole_and_read_again() -> None:
    document = reference().document()
    read = Reference.of_document(document)
    assert document.pop("profile") == reference().profile.document() == read.profile.document()
    assert document == ABOUT
    assert replace(read, profile=Profile()) == Reference(KEY, 3, (4, 9), T0, "alice", Profile())


def test_a_reference_says_what_to_expect_of_a_subsystem() -> None:
    expected = reference().of("mpgd")
    assert (expected.tally.detector, expected.stfs, expected.tally.total(HitTrend)) == (MPGD, 4, 440)
    assert expected.measured("gain.mean") == Scatter(4, 10.0, 26.0)
    assert expected.measured("occupancy.spread") == Scatter()
    with pytest.raises(BadInput, match=r"^detector = 'mpdg': must be one of svt_inner, "):
        reference().of("mpdg")


def test_what_depends_on_a_reference_alone_is_looked_for_once() -> None:
    expected, numbers = Expected(Tally(MPGD, Sums()), 0, {}), iter(range(9))
    found = [expected.once(name, lambda: next(numbers)) for name in ("gap", "gap", "other", "gap")]
    assert found == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"version": 0}, "reference.version = 0: Input should be greater than or equal to 1"),
        ({"colour": "red"}, "reference.colour = 'red': Extra inputs are not permitted"),
        (
            {"profile": {"stfs": -1}},
            "reference.profile.stfs = -1: Input should be greater than or equal to 0",
        ),
        ({"made_at": "once"}, "reference.made_at = 'once': "),
    ],
)
def test_what_is_wrong_in_a_reference_is_named(change: dict[str, Any], error: str) -> None:
    document = {**reference().document(), **change}
    with pytest.raises(BadInput) as caught:
        Reference.of_document(document)
    assert str(caught.value).startswith(error)


def test_what_is_wrong_in_a_profile_is_named() -> None:
    with pytest.raises(BadInput, match=r"^profile\.stfs = -1: Input should be greater than or equal to 0$"):
        Profile.of_document({**profile().document(), "stfs": -1})
    with pytest.raises(BadInput, match=r"^runs = \[\]: a reference needs at least one run$"):
        make_reference(KEY, 1, {}, T0, "alice")
