"""Products count what is in the words: every hit once, in the right bin."""

import subprocess
import sys

import numpy as np
import pytest
from fastmon_samples import content, products, subsystems
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import ProductKey, dense, sparse
from swf_testbed.fastmon.products import (
    REGISTRY,
    TFS_PER_TREND_BIN,
    BankHits,
    HitProduct,
    axis_of,
    hit_products,
    latency_products,
    volume_products,
)
from swf_testbed.model.detectors import BC_PER_TF, detector, detectors
from swf_testbed.model.errors import BadInput
from swf_testbed.stf.layout import pack_hits

HERE = detector("drich")


def one_bank(adc: int, channel: int, fine: int, crossing: int, *, tf: int = 0) -> BankHits:
    word = pack_hits(*(np.array([value], np.int64) for value in (adc, channel, fine, crossing)))
    return BankHits.of(HERE, [word], [tf * BC_PER_TF])


def filled_bins(hits: BankHits) -> dict[str, list[int]]:
    """The bins with content, by product."""
    found = {}
    for key, counts in hit_products(1, [hits]).counts.items():
        where = np.flatnonzero(counts.values) if counts.where is None else counts.where
        found[key.product] = where.tolist()
    return found


def test_one_hit_is_counted_in_the_bin_where_it_belongs() -> None:
    assert filled_bins(one_bank(adc=403, channel=70_000, fine=17, crossing=5000, tf=3)) == {
        "unit_occupancy": [70_000 // 256],
        "channel_occupancy": [70_000],
        "adc": [403 // 4],
        "fine_time": [17],
        "bunch_pattern": [(3 * 65_536 + 5000) % 1260],
        "time_in_frame": [5000 // 256],
        "bank_status": [0],
    }


def test_what_does_not_exist_is_counted_in_the_overflow() -> None:
    found = filled_bins(one_bank(adc=65_535, channel=2**24 - 1, fine=255, crossing=65_535))
    assert found["unit_occupancy"] == [HERE.units]
    assert found["channel_occupancy"] == [HERE.channels]
    assert found["adc"] == [256]
    assert found["time_in_frame"] == [255]


def test_every_hit_product_counts_every_hit_once() -> None:
    made = content(20)
    counted = products(made, range(20))
    for name, entry in REGISTRY.items():
        if isinstance(entry, HitProduct) and name != "bank_status":
            assert counted.total(name) == len(made.hits)
            for slot, subsystem in enumerate(detectors()):
                assert counted.counts[ProductKey(subsystem.name, name)].total() == made.counts[:, slot].sum()
    assert counted.frames == 20


def test_bad_and_missing_banks_are_counted_and_hold_no_hits() -> None:
    counted = hit_products(5, [BankHits.of(HERE, [np.empty(0, np.uint64)] * 2, [0, 0], 2, 1)])
    assert counted.counts[ProductKey("drich", "bank_status")].values.tolist() == [2, 2, 1, 0]
    assert counted.total("adc") == 0
    nothing = hit_products(5, [BankHits.of(HERE, [], [], 4, 1)])
    assert nothing.counts[ProductKey("drich", "bank_status")].values.tolist() == [0, 4, 1, 0]
    assert nothing.total("channel_occupancy") == 0


def test_units_are_sums_of_their_channels() -> None:
    made = content(50)
    counted = products(made, range(50))
    for subsystem in detectors():
        channels = counted.counts[ProductKey(subsystem.name, "channel_occupancy")]
        assert channels.where is not None
        by_unit = np.bincount(
            channels.where // subsystem.channels_per_unit, channels.values, minlength=subsystem.units + 1
        )
        assert np.array_equal(by_unit, counted.counts[ProductKey(subsystem.name, "unit_occupancy")].values)


@given(index=st.lists(st.integers(0, 60), max_size=300), bins=st.integers(1, 50))
def test_sparse_and_dense_counts_agree(index: list[int], bins: int) -> None:
    numbers = np.array(index, np.uint32)
    full, few = dense(numbers, bins).values, sparse(numbers, bins)
    assert few.where is not None
    assert (np.diff(few.where) > 0).all()
    again = np.zeros(bins + 1, np.int64)
    again[few.where] = few.values
    assert np.array_equal(again, full)
    assert full.sum() == len(index)
    assert full[bins] == sum(number >= bins for number in index)


@settings(max_examples=20)
@given(first_tf=st.integers(0, 10**6), count=st.integers(1, 900))
def test_volumes_are_those_of_the_index(first_tf: int, count: int) -> None:
    rng = np.random.default_rng(count)
    hits: NDArray[np.uint32] = rng.integers(0, 20_000, (count, 16), dtype=np.uint32)
    tf = np.arange(first_tf, first_tf + count)
    counted = volume_products(tf, hits * np.uint32(8), hits, detectors(), origin_tf=first_tf // 2)
    key = ProductKey("mpgd", "hits_vs_time")
    here, where = hits[:, detector("mpgd").id].astype(np.int64), counted.counts[key].where
    assert where is not None
    assert where[0] == (first_tf - first_tf // 2) // TFS_PER_TREND_BIN
    assert counted.counts[key].total() == here.sum()
    assert counted.counts[ProductKey("mpgd", "bytes_vs_time")].total() == 8 * here.sum()
    assert counted.counts[ProductKey("mpgd", "hits_squared_vs_time")].total() == (here**2).sum()
    assert counted.counts[ProductKey("mpgd", "frames_vs_time")].total() == count
    assert counted.frames == 0


def test_latencies_are_binned_and_strange_clocks_are_kept() -> None:
    counts = latency_products([0.05, 0.06, 1.23, -3.0, 1e6]).counts[ProductKey("run", "latency")].values
    assert (counts[0], counts[12], counts[600], counts.sum()) == (3, 1, 1, 5)


def test_unknown_products_and_subsystems_are_named() -> None:
    with pytest.raises(BadInput, match="product = 'colour'"):
        axis_of(ProductKey("drich", "colour"))
    with pytest.raises(BadInput, match="detector = 'drihc'"):
        axis_of(ProductKey("drihc", "adc"))
    with pytest.raises(BadInput, match="must be run for latency"):
        axis_of(ProductKey("drich", "latency"))


def test_bank_hits_keep_the_order_of_banks() -> None:
    made = content(3)
    here = subsystems(made, [0, 2])[HERE.id]
    assert here.lengths.tolist() == [made.counts[0, HERE.id], made.counts[2, HERE.id]]
    assert np.array_equal(here.words[: here.lengths[0]], made.bank(0, HERE.id))


def test_a_worker_that_fills_loads_no_histogram_library() -> None:
    script = (
        "import sys, swf_testbed.fastmon.products, swf_testbed.fastmon.sampling, swf_testbed.fastmon.codec,"
        " swf_testbed.fastmon.merging, swf_testbed.fastmon.presentation\n"
        "print(sorted({'hist', 'boost_histogram', 'uhi'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
