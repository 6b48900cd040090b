"""Products count what is in the words: every hit once, in the right bin."""

import subprocess
import sys

import numpy as np
import pytest
from fastmon_samples import content, products, subsystems
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Axis, Counts, ProductKey, ProductSet, dense, sparse
from swf_testbed.fastmon.products import (
    REGISTRY,
    TFS_PER_TREND_BIN,
    BankHits,
    HitProduct,
    axis_of,
    hit_products,
    latency_products,
    product,
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
    made = latency_products([0.05, 0.06, 1.23, -3.0, 59.97, 60.0, 1e6])
    assert made.frames == 0
    [(key, counts)] = made.counts.items()
    assert key == ("run", "latency")
    assert counts.where is None
    assert {place: counts.values[place] for place in np.flatnonzero(counts.values)} == {
        0: 3,
        12: 1,
        599: 1,
        600: 2,
    }
    assert len(counts.values) == 601


@pytest.mark.parametrize(
    ("subsystem", "name", "told"),
    [
        ("drich", "colour", f"product = 'colour': must be one of {', '.join(REGISTRY)}"),
        ("drihc", "adc", "detector = 'drihc': must be one of svt_inner, svt_outer, svt_disks"),
        ("drich", "latency", "subsystem = 'drich': must be run for latency"),
    ],
)
def test_unknown_products_and_subsystems_are_named(subsystem: str, name: str, told: str) -> None:
    with pytest.raises(BadInput, match=f"^{told}"):
        axis_of(ProductKey(subsystem, name))


ORBIT_OF_EIC = 1260
CROSSING_NS = 1e9 / 98.5e6
TRENDS = {
    "frames_vs_time": "Frames against time",
    "hits_vs_time": "Hits against time",
    "hits_squared_vs_time": "Squared hits a frame against time",
    "bytes_vs_time": "Bytes against time",
    "empty_vs_time": "Frames without data against time",
}


@pytest.mark.parametrize(
    ("name", "title", "axis"),
    [
        ("unit_occupancy", "Readout-unit occupancy", Axis("readout unit", "", 1248, 0, 1248)),
        ("channel_occupancy", "Channel occupancy", Axis("channel", "", 319_488, 0, 319_488)),
        ("adc", "ADC spectrum", Axis("ADC", "counts", 256, 0, 1024)),
        (
            "fine_time",
            "Time modulo one bunch crossing",
            Axis("t mod one crossing", "ns", 256, 0, CROSSING_NS),
        ),
        ("bunch_pattern", "Bunch pattern", Axis("bunch", "", ORBIT_OF_EIC, 0, ORBIT_OF_EIC)),
        (
            "time_in_frame",
            "Time in the frame",
            Axis("time in frame", "us", 256, 0, 65_536 * CROSSING_NS / 1000),
        ),
        ("bank_status", "Banks: good, wrong CRC, missing", Axis("good, wrong CRC, missing", "", 3, 0, 3)),
        *(
            (name, title, Axis("time in run", "s", 2**18, 0, 2**18 * 250 * 65_536 * CROSSING_NS * 1e-9))
            for name, title in TRENDS.items()
        ),
    ],
)
def test_every_histogram_of_a_subsystem_has_its_title_and_binning(name: str, title: str, axis: Axis) -> None:
    assert product(name).title == title
    assert product(name).is_sparse == (name in TRENDS or name == "channel_occupancy")
    assert axis_of(ProductKey("drich", name)) == axis
    assert axis.width == pytest.approx((axis.high - axis.low) / axis.bins)


def test_latency_is_of_the_whole_run() -> None:
    assert axis_of(ProductKey("run", "latency")) == Axis("latency", "s", 600, 0, 60)
    assert product("latency").title == "Latency from egress to the plot"


def test_bins_are_as_wide_as_the_axis_says() -> None:
    assert Axis("x", "", 4, 10, 12).width == 0.5


@pytest.mark.parametrize("hits", [1, 13_607, 13_608, 30_000])
def test_few_and_many_hits_are_counted_in_the_bunches_of_their_orbit(hits: int) -> None:
    rng = np.random.default_rng(hits)
    crossing = rng.integers(0, 65_536, hits)
    crossing[-1] = 65_535
    # Frame 236 begins four crossings before an orbit ends, and so reaches into one orbit more than others.
    first, second = 236 * BC_PER_TF, 5 * BC_PER_TF
    zeros = np.zeros(hits, np.int64)
    words = pack_hits(zeros, zeros, zeros, crossing)
    cut = hits // 3
    banks = BankHits.of(HERE, [words[:cut], words[cut:]], [second, first])
    bunch = (np.where(np.arange(hits) < cut, second, first) + crossing) % ORBIT_OF_EIC
    wanted = [np.count_nonzero(bunch == number) for number in range(ORBIT_OF_EIC)]
    found = hit_products(2, [banks]).counts[ProductKey("drich", "bunch_pattern")]
    assert found.where is None
    assert found.values.tolist() == [*wanted, 0]
    assert found.values.dtype == np.int64


def test_volumes_of_a_few_frames_are_these() -> None:
    """Before the run, in its first bin, where the second begins, in a later one, and beyond the last."""
    end = 250 * 2**18
    tf = np.array([999, 1000, 1249, 1250, 1250 + 500, 1000 + end - 1, 1000 + end, 1000 + end + 250])
    hits = np.array([[1, 10], [2, 0], [3, 30], [4, 0], [0, 50], [6, 60], [7, 0], [8, 80]], np.uint32)
    counted = volume_products(tf, hits * np.uint32(8), hits, [detector("mpgd"), HERE], origin_tf=1000)
    assert counted.frames == 0
    wanted = {
        ("mpgd", "frames_vs_time"): [3, 1, 1, 1, 2],
        ("mpgd", "hits_vs_time"): [6, 4, 0, 6, 15],
        ("mpgd", "hits_squared_vs_time"): [14, 16, 0, 36, 113],
        ("mpgd", "bytes_vs_time"): [48, 32, 0, 48, 120],
        ("mpgd", "empty_vs_time"): [0, 0, 1, 0, 0],
        ("drich", "frames_vs_time"): [3, 1, 1, 1, 2],
        ("drich", "hits_vs_time"): [40, 0, 50, 60, 80],
        ("drich", "hits_squared_vs_time"): [1000, 0, 2500, 3600, 6400],
        ("drich", "bytes_vs_time"): [320, 0, 400, 480, 640],
        ("drich", "empty_vs_time"): [1, 1, 0, 0, 1],
    }
    assert {tuple(key): counts.values.tolist() for key, counts in counted.counts.items()} == wanted
    for counts in counted.counts.values():
        assert counts.where is not None
        assert counts.where.tolist() == [0, 1, 3, 2**18 - 1, 2**18]
        assert counts.values.dtype == np.int64


def test_without_an_origin_time_begins_with_frame_0() -> None:
    one = np.ones((2, 1), np.uint32)
    counted = volume_products(np.array([249, 250]), one, one, [HERE])
    where = counted.counts[ProductKey("drich", "frames_vs_time")].where
    assert where is not None
    assert where.tolist() == [0, 1]


def test_counts_are_whole_numbers_of_64_bits() -> None:
    for counts in (dense(np.array([1, 7], np.uint8), 3), sparse(np.array([1, 7], np.uint8), 3)):
        assert counts.values.dtype == np.int64
    few = sparse(np.array([7, 1], np.uint8), 100)
    assert few.where is not None
    assert {few.values.dtype, few.where.dtype} == {np.dtype(np.int64)}
    assert (few.values.tolist(), few.where.tolist(), few.total()) == ([1, 1], [1, 7], 2)


def test_the_sum_of_a_product_is_over_its_subsystems_alone() -> None:
    some = ProductSet(
        2,
        {
            ProductKey("drich", "adc"): Counts(np.array([1, 2])),
            ProductKey("mpgd", "adc"): Counts(np.array([4]), np.array([7])),
            ProductKey("mpgd", "fine_time"): Counts(np.array([100])),
        },
    )
    assert (some.total("adc"), some.total("fine_time"), some.total("colour")) == (7, 100, 0)


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
