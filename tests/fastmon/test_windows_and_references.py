"""Windows are sums of what came, whatever the order; profiles and references are sums that can be stored."""

import json
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from fastmon_samples import content, products
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_runs import KEY, STF_S, T0, stf

from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.overlay import overlay
from swf_testbed.fastmon.products import AdcSpectrum, ChannelOccupancy, FrameTrend, HitTrend, volume_products
from swf_testbed.fastmon.reference import (
    Measured,
    Profile,
    Reference,
    ReferenceKey,
    make_reference,
)
from swf_testbed.fastmon.windows import RunWindows, StfSeen, Sums
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput

STFS = 8
FRAMES = 3


@cache
def parts() -> list[tuple[StfSeen, ProductSet]]:
    """Of each STF what the index gives, and the sample in two slices."""
    found = []
    for sequence in range(1, STFS + 1):
        made = content(FRAMES, (sequence - 1) * FRAMES)
        tf = made.first_tf + np.arange(FRAMES)
        found.append((stf(sequence), volume_products(tf, made.counts * 8, made.counts, detectors())))
        found += [(stf(sequence), products(made, [0, 1])), (stf(sequence), products(made, [2]))]
    return found


def summed(stfs: int) -> Sums:
    """The last STFs, in one go."""
    sums = Sums()
    for seen, part in parts():
        if seen.sequence > STFS - stfs:
            sums.add(part)
    return sums


def same(one: Sums, other: Sums) -> bool:
    return (
        one.frames == other.frames
        and one.bins.keys() == other.bins.keys()
        and all(np.array_equal(values, other.bins[key]) for key, values in one.bins.items())
        and all(np.array_equal(one.sparse(key).values, other.sparse(key).values) for key in one.channels)
    )


@settings(max_examples=10)
@given(order=st.permutations(range(3 * STFS)))
def test_windows_are_the_sums_of_their_stfs_in_any_order(order: list[int]) -> None:
    windows = RunWindows(4 * STF_S)
    for place in order:
        windows.add(*parts()[place])
    run, newest, recent = windows.run, windows.last(), windows.last(2.5 * STF_S)
    assert run is not None
    assert newest is not None
    assert recent is not None
    assert same(run.sums, summed(STFS))
    assert (run.start, run.end, run.stfs) == (stf(1).start, stf(STFS).end, STFS)
    assert same(newest.sums, summed(1))
    assert same(recent.sums, summed(2))
    assert recent.seconds == pytest.approx(2 * STF_S)
    assert [window.stfs for window in windows.ladder()] == [1, 2, 4]
    for window in windows.ladder():
        assert same(window.sums, summed(window.stfs))
    assert [seen.sequence for seen in windows.recent()] == [8, 7, 6, 5]


@settings(deadline=None, max_examples=10)
@given(chance=st.randoms(use_true_random=False))
def test_windows_of_many_stfs_are_their_sums_whenever_they_are_asked_for(
    chance: Random,
) -> None:
    windows, key = RunWindows(150 * STF_S), ProductKey("femc", "fine_time")
    asked = {219, *(chance.randrange(220) for _ in range(12))}
    for place, sequence in enumerate(sorted(range(1, 221), key=lambda one: one + chance.uniform(0, 12))):
        windows.add(stf(sequence), ProductSet(1, {key: Counts(np.full(257, sequence))}))
        if place in asked:
            recent = windows.recent()
            ladder = [*windows.ladder(), windows.last(80 * STF_S)]
            for window in ladder:
                assert window is not None
                newest = recent[: window.stfs]
                assert (window.start, window.end) == (newest[-1].start, newest[0].end)
                assert window.sums.bins[key][0] == sum(one.sequence for one in newest)
                assert window.sums.frames == window.stfs
    assert [window.stfs for window in windows.ladder()][:7] == [1, 2, 4, 8, 16, 32, 64]


def test_a_window_before_the_first_stf_is_none() -> None:
    windows = RunWindows()
    assert windows.run is None
    assert windows.last(30) is None
    assert list(windows.ladder()) == []


def test_a_window_knows_each_subsystem() -> None:
    windows = RunWindows()
    for seen, part in parts():
        windows.add(seen, part)
    assert windows.run is not None
    drich = windows.run.of("drich")
    assert drich.total(FrameTrend) == STFS * FRAMES
    # All frames are in the sample here.
    assert drich.total(HitTrend) == drich.counts(AdcSpectrum).sum()
    assert (drich.sparse(ChannelOccupancy).values >= 2).all()
    with pytest.raises(BadInput, match="drihc"):
        windows.run.of("drihc")


def profile(first: int, last: int) -> Profile:
    """Of some of the STFs, with one number measured."""
    made = Profile()
    for sequence in range(first, last + 1):
        sums = Sums()
        for seen, part in parts():
            if seen.sequence == sequence:
                sums.add(part)
        made.add(sums, {Measured("drich", "gain.mean"): float(sequence)})
    return made


def made_reference(version: int = 1, key: ReferenceKey = KEY) -> Reference:
    return make_reference(key, version, {7: profile(1, 3), 5: profile(4, 8)}, T0, "alice")


def test_a_reference_is_the_sum_of_its_runs_and_survives_being_stored() -> None:
    stored = Reference.of_document(json.loads(json.dumps(made_reference().document())))
    assert (stored.key, stored.version, stored.runs, stored.made_by) == (KEY, 1, (5, 7), "alice")
    assert stored.made_at == T0
    assert stored.profile.stfs == STFS
    assert same(stored.profile.sums, summed(STFS))
    measured = stored.of("drich").measured("gain.mean")
    numbers = np.arange(1.0, 9.0)
    assert measured.mean == pytest.approx(numbers.mean())
    assert measured.variance == pytest.approx(numbers.var(ddof=1))
    assert stored.of("mpgd").measured("gain.mean").number == 0


@settings(max_examples=5)
@given(order=st.permutations([(1, 3), (4, 4), (5, 8)]))
def test_profiles_add_in_any_order(order: list[tuple[int, int]]) -> None:
    whole = Profile()
    for first, last in order:
        whole.merge(Profile.of_document(profile(first, last).document()))
    assert same(whole.sums, summed(STFS))
    assert whole.stfs == STFS
    assert whole.scatter[Measured("drich", "gain.mean")].number == STFS


def test_a_reference_needs_a_run_and_a_whole_document() -> None:
    with pytest.raises(BadInput, match="at least one run"):
        make_reference(KEY, 1, {}, T0, "alice")
    good = made_reference().document()
    broken: list[Any] = [
        None,
        {},
        {**good, "version": 0},
        {**good, "colour": "red"},
        {**good, "profile": {**good["profile"], "stfs": -1}},
        {**good, "profile": {**good["profile"], "histograms": {"version": 1, "frames": 1, "data": "?"}}},
        {**good, "profile": {**good["profile"], "scatter": [["drich", "gain.mean", 1]]}},
    ]
    for document in broken:
        with pytest.raises(BadInput):
            Reference.of_document(document)


def test_data_is_laid_over_its_reference() -> None:
    reference = made_reference()
    same_shape = overlay(summed(STFS), reference, "drich", "adc")
    assert np.allclose(same_shape.expected, same_shape.values)
    assert np.allclose(same_shape.ratio[same_shape.values > 0], 1)
    fewer = overlay(summed(2), reference, "drich", "adc", "frames")
    assert fewer.expected.sum() == pytest.approx(summed(STFS).bins[ProductKey("drich", "adc")][:-1].sum() / 4)
    pulls = (fewer.ratio - 1) / fewer.error
    assert 0.3 < np.nanstd(pulls[fewer.expected > 20]) < 3
    document = json.loads(json.dumps(fewer.document()))
    assert len(document["ratio"]) == document["axis"]["bins"] == 256
    assert None in document["ratio"]


@pytest.mark.parametrize("name", ["hits_vs_time", "channel_occupancy", "latency", "colour"])
def test_only_dense_histograms_of_subsystems_are_laid_over(name: str) -> None:
    with pytest.raises(BadInput, match="product = "):
        overlay(Sums(), made_reference(), "run" if name == "latency" else "drich", name)
