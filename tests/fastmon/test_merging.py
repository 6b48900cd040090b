"""Merged histograms equal those filled in one go, whatever the order and however often a part comes."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fastmon_samples import content, products, same
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.daq.content import Content
from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.products import volume_products
from swf_testbed.model.detectors import detectors

FRAMES = 24
MADE = content(FRAMES)
WHOLE = RunHistograms()
WHOLE.add("all", products(MADE, range(FRAMES)))
TRENDS = RunHistograms()


def trend(made: Content, begin: int, end: int) -> ProductSet:
    hits = made.counts[begin:end]
    # Spread over the run, so that trends grow while they are merged.
    tf = np.arange(begin, end) * 10_000
    return volume_products(tf, hits * 8, hits, detectors())


TRENDS.add("all", trend(MADE, 0, FRAMES))


@settings(max_examples=20)
@given(data=st.data())
def test_any_order_and_duplication_gives_the_same_bins(data: Any) -> None:
    edges = sorted({0, FRAMES, *data.draw(st.lists(st.integers(1, FRAMES - 1), max_size=6))})
    slices = list(pairwise(edges))
    deliveries = data.draw(st.permutations(slices + data.draw(st.lists(st.sampled_from(slices), max_size=6))))
    run, trends = RunHistograms(), RunHistograms()
    for begin, end in deliveries:
        # As it travels: every part goes through the wire format.
        part = json.loads(json.dumps(encode(products(MADE, range(begin, end)))))
        new = run.add(f"{begin}", decode(part))
        assert trends.add(f"{begin}", decode(encode(trend(MADE, begin, end)))) == new
    assert same(run.saved(), WHOLE.saved())
    assert same(trends.saved(), TRENDS.saved())
    assert run.parts == {str(begin) for begin, _ in slices}
    assert run.total("adc") == len(MADE.hits)
    for key in TRENDS.saved().counts:
        assert np.array_equal(trends.bins(key), TRENDS.bins(key))


@settings(max_examples=10)
@given(data=st.data())
def test_what_is_lost_and_tried_again_gives_the_same_bins(data: Any) -> None:
    """Slices are lost, a merger dies and goes on from what it saved, and all are delivered again."""
    edges = sorted({0, FRAMES, *data.draw(st.lists(st.integers(1, FRAMES - 1), max_size=5))})
    slices = list(pairwise(edges))
    run, saved, parts = RunHistograms(), RunHistograms().saved(), set[str]()
    steps = st.one_of(st.sampled_from(slices), st.sampled_from(["save", "die"]))
    # What was delivered and never acknowledged comes again, in any order.
    for step in data.draw(st.lists(steps, max_size=10)) + data.draw(st.permutations(slices)):
        if step == "save":
            saved, parts = decode(encode(run.saved())), set(run.parts)
        elif step == "die":
            run = RunHistograms(saved, parts)
        else:
            begin, end = step
            run.add(f"{begin}", decode(encode(products(MADE, range(begin, end)))))
    assert same(run.saved(), WHOLE.saved())
    assert run.total("adc") == len(MADE.hits)


def test_a_part_that_was_counted_is_refused_and_changes_nothing() -> None:
    run = RunHistograms()
    assert run.add("swf_tf_001.tf/0", products(MADE, [0, 1]))
    before = run.saved()
    run.take_changed()
    assert not run.add("swf_tf_001.tf/0", products(MADE, [2]))
    assert same(run.saved(), before)
    assert run.take_changed() == set()


def test_what_changed_is_said_once() -> None:
    run = RunHistograms()
    adc, fine = ProductKey("drich", "adc"), ProductKey("mpgd", "fine_time")
    run.add(
        "a", ProductSet(1, {adc: products(MADE, [0]).counts[adc], fine: products(MADE, [0]).counts[fine]})
    )
    assert run.take_changed() == {adc, fine}
    run.add("b", ProductSet(1, {adc: products(MADE, [1]).counts[adc]}))
    assert run.take_changed() == {adc}
    assert run.take_changed() == set()
    assert run.keys() == [adc, fine]


def test_a_saved_run_goes_on_where_it_was() -> None:
    first = RunHistograms()
    first.add("a", products(MADE, range(10)))
    again = RunHistograms(decode(encode(first.saved())), first.parts)
    assert not again.add("a", products(MADE, range(10)))
    assert again.add("b", products(MADE, range(10, FRAMES)))
    assert same(again.saved(), WHOLE.saved())
    assert again.frames == FRAMES


def test_filled_bins_are_found_after_many_small_parts() -> None:
    run, key = RunHistograms(), ProductKey("eeemcal", "channel_occupancy")
    rng = np.random.default_rng(1)
    total = np.zeros(2853, np.int64)
    for part in range(300):
        where = np.unique(rng.integers(0, 2853, 40))
        total[where] += 2
        run.add(str(part), ProductSet(1, {key: Counts(np.full(len(where), 2), where)}))
        if part % 70 == 0:
            assert np.array_equal(run.filled(key)[0], np.flatnonzero(total))
    assert np.array_equal(run.bins(key), total)
    assert np.array_equal(run.filled(key)[1], total[total > 0])


def test_bins_cannot_be_changed_from_outside() -> None:
    with pytest.raises(ValueError, match="read-only"):
        WHOLE.bins(ProductKey("drich", "adc"))[0] = 7


def test_a_trend_grows_bin_by_bin_to_the_end_of_its_axis() -> None:
    run, key = RunHistograms(), ProductKey("drich", "hits_vs_time")
    for place in range(300):
        run.add(str(place), ProductSet(0, {key: Counts(np.array([place + 1]), np.array([place]))}))
    assert run.bins(key).tolist() == list(range(1, 301))
    run.add("last", ProductSet(0, {key: Counts(np.array([7, 9]), np.array([2**18 - 1, 2**18]))}))
    assert len(run.bins(key)) == 2**18 + 1
    assert run.bins(key).dtype == np.int64
    where, values = run.filled(key)
    assert where.tolist() == [*range(300), 2**18 - 1, 2**18]
    assert values.tolist() == [*range(1, 301), 7, 9]
    assert run.saved().counts[key].total() == run.total("hits_vs_time") == 300 * 301 // 2 + 16


def test_bins_that_are_touched_in_several_parts_are_listed_once() -> None:
    run, key = RunHistograms(), ProductKey("btof", "channel_occupancy")
    for part, where in enumerate([[70, 2_359_295], [], [3, 70], [2_359_296]]):
        counts = Counts(np.ones(len(where), np.int64), np.array(where, np.int64))
        run.add(str(part), ProductSet(2, {key: counts}))
    places, hits = run.filled(key)
    assert (places.tolist(), hits.tolist()) == ([3, 70, 2_359_295, 2_359_296], [1, 2, 1, 1])
    assert run.frames == 8
    again, _ = run.filled(key)
    assert again.tolist() == places.tolist()


def test_dense_parts_are_added_and_what_is_saved_is_a_copy() -> None:
    run, here, there = RunHistograms(), ProductKey("drich", "bank_status"), ProductKey("mpgd", "bank_status")
    run.add("a", ProductSet(2, {there: Counts(np.array([1, 2, 3, 0])), here: Counts(np.array([5, 0, 0, 0]))}))
    saved = run.saved()
    run.add("b", ProductSet(1, {here: Counts(np.array([0, 1, 0, 7]))}))
    assert saved.counts[here].values.tolist() == [5, 0, 0, 0]
    assert run.saved().counts[here].values.tolist() == run.bins(here).tolist() == [5, 1, 0, 7]
    assert (run.frames, run.total("bank_status"), run.total("adc"), run.keys()) == (3, 19, 0, [here, there])
    assert run.saved().frames == 3
    assert run.saved().counts[here].where is None
    assert run.bins(here).dtype == np.int64
    for ask in (run.bins, run.filled):
        with pytest.raises(KeyError):
            ask(ProductKey("femc", "adc"))
    with pytest.raises(KeyError):
        run.filled(here)
