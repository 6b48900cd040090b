"""What a subsystem's page shows: whole documents of counts that are made up here."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from swf_testbed.fastmon.counts import Axis, Counts, ProductKey, ProductSet
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.presentation import full, grouped, present

HERE = "eeemcal"
UNITS, CHANNELS = 92, 2852
TREND_BIN_S = 250 * 65_536 / 98.5e6


def sparse(counted: dict[int, int]) -> Counts:
    where = sorted(counted)
    return Counts(np.array([counted[place] for place in where], np.int64), np.array(where, np.int64))


def numbers(bins: int) -> list[int]:
    """Of every bin and the overflow, no two neighbours alike."""
    return [(7 * place + 3) % 11 for place in range(bins + 1)]


def run_of(**counted: Counts) -> RunHistograms:
    """One part of a run, by the names of the products."""
    run = RunHistograms()
    keys = {name: ProductKey("run" if name == "latency" else HERE, name) for name in counted}
    run.add("part", ProductSet(1, {keys[name]: counts for name, counts in counted.items()}))
    return run


def document(name: str, label: str, quantity: str, axis: Axis, values: Sequence[float]) -> dict[str, Any]:
    kind = "int" if isinstance(values[0], int) else "double"
    return {
        "uhi_schema": 1,
        "metadata": {"name": name, "label": label, "subsystem": HERE, "quantity": quantity},
        "axes": [
            {
                "type": "regular",
                "lower": axis.low,
                "upper": pytest.approx(axis.high),
                "bins": axis.bins,
                "underflow": False,
                "overflow": True,
                "circular": False,
                "metadata": {"name": "x", "label": axis.title, "unit": axis.unit},
            }
        ],
        "storage": {"type": kind, "values": values},
    }


def time_axis(bins: int, width: int = 1) -> Axis:
    return Axis("time in run", "s", bins, 0, bins * width * TREND_BIN_S)


PLAIN = {
    "adc": ("ADC spectrum", "hits", Axis("ADC", "counts", 256, 0, 16_384)),
    "fine_time": (
        "Time modulo one bunch crossing",
        "hits",
        Axis("t mod one crossing", "ns", 256, 0, 1e9 / 98.5e6),
    ),
    "bunch_pattern": ("Bunch pattern", "hits", Axis("bunch", "", 1260, 0, 1260)),
    "time_in_frame": ("Time in the frame", "hits", Axis("time in frame", "us", 256, 0, 65_536 / 98.5)),
    "bank_status": (
        "Banks: good, wrong CRC, missing",
        "banks",
        Axis("good, wrong CRC, missing", "", 3, 0, 3),
    ),
}


def test_every_document_of_a_subsystem_is_this() -> None:
    unit_hits = [61] * UNITS + [5]
    unit_hits[7] = 0
    # Ten times as many as the others have are 19.7: with so few hits a channel is hot beyond 40.
    channel_hits = {0: 40, 2: 1, 3: 2, 5: 41, 31 * 9 + 30: 41, 31 * 9: 50, CHANNELS - 1: 41, CHANNELS: 99}
    plain = {name: Counts(np.array(numbers(axis.bins))) for name, (_, _, axis) in PLAIN.items()}
    run = run_of(
        **plain,
        unit_occupancy=Counts(np.array(unit_hits)),
        channel_occupancy=sparse(channel_hits),
        frames_vs_time=sparse({0: 250, 1: 100, 3: 50}),
        hits_vs_time=sparse({0: 500, 1: 50}),
        bytes_vs_time=sparse({0: 1000, 1: 400, 3: 25}),
    )
    coarse = [0] * 952
    coarse[:2] = [41, 43]
    coarse[93], coarse[103], coarse[950], coarse[951] = 50, 41, 41, 99
    hot = [0] * (UNITS + 1)
    hot[0], hot[9], hot[91], hot[92] = 1, 2, 1, 1
    units = Axis("readout unit", "", UNITS, 0, UNITS)
    wanted: dict[str, tuple[str, str, Axis, Sequence[float]]] = {
        "hits_per_frame": (
            "Hits a frame, all frames",
            "hits a frame",
            time_axis(4),
            [2.0, 0.5, 0.0, 0.0, 0.0],
        ),
        "bytes_per_frame": (
            "Bytes a frame, all frames",
            "bytes a frame",
            time_axis(4),
            [4.0, 4.0, 0.0, 0.5, 0.0],
        ),
        "unit_occupancy": ("Readout-unit occupancy", "hits", units, unit_hits),
        "channel_occupancy": ("Channel occupancy", "hits", Axis("channel", "", 951, 0, 2853), coarse),
        **{name: (*told, numbers(told[-1].bins)) for name, told in PLAIN.items()},
        "dead_units": (
            "Dead readout units",
            "dead",
            units,
            [int(place == 7) for place in range(UNITS + 1)],
        ),
        "hot_channels": ("Hot channels of each readout unit", "hot channels", units, hot),
    }
    assert {tuple(key): made for key, made in present(run, run.keys()).items()} == {
        (HERE, name): document(name, f"Electron endcap ECAL: {title}", quantity, axis, values)
        for name, (title, quantity, axis, values) in wanted.items()
    }


def test_the_latency_is_of_no_subsystem() -> None:
    run = run_of(latency=Counts(np.array(numbers(600))))
    wanted = document(
        "latency", "Latency from egress to the plot", "frames", Axis("latency", "s", 600, 0, 60), numbers(600)
    )
    wanted["metadata"]["subsystem"] = "run"
    assert present(run, run.keys()) == {ProductKey("run", "latency"): wanted}


def test_a_histogram_is_made_when_all_that_it_follows_from_is_there() -> None:
    units = run_of(unit_occupancy=Counts(np.array([1] * 93)))
    assert [key.product for key in present(units, units.keys())] == ["unit_occupancy", "dead_units"]
    frames = run_of(frames_vs_time=sparse({0: 1}))
    assert present(frames, frames.keys()) == {}
    assert present(units, []) == {}


@pytest.mark.parametrize(("median", "dead"), [(60, False), (61, True)])
def test_a_silent_unit_is_dead_where_others_have_more_than_sixty_hits(median: int, dead: bool) -> None:
    hits = np.full(UNITS + 1, median)
    hits[[0, 3, -1]] = 0, 0, 10**6
    run = run_of(unit_occupancy=Counts(hits))
    values = present(run, run.keys())[ProductKey(HERE, "dead_units")]["storage"]["values"]
    assert [place for place, value in enumerate(values) if value] == [0, 3] * dead


@pytest.mark.parametrize(("hits", "hot"), [(50, 0), (51, 1)])
def test_a_channel_is_hot_with_ten_times_the_hits_of_the_median(hits: int, hot: int) -> None:
    # 155 hits a unit of 31 channels are 5 a channel. What lies beyond the last unit is no unit.
    units = np.array([0, *[155] * (UNITS - 1), 10**6])
    run = run_of(unit_occupancy=Counts(units), channel_occupancy=sparse({40: hits}))
    values = present(run, run.keys())[ProductKey(HERE, "hot_channels")]["storage"]["values"]
    assert values == [0, hot] + [0] * (UNITS - 1)


def trend(frames: dict[int, int], hits: dict[int, int]) -> dict[str, Any]:
    run = run_of(frames_vs_time=sparse(frames), hits_vs_time=sparse(hits))
    return present(run, run.keys())[ProductKey(HERE, "hits_per_frame")]


def made_trend(axis: Axis, filled: dict[int, float]) -> dict[str, Any]:
    label = "Electron endcap ECAL: Hits a frame, all frames"
    values = [filled.get(place, 0.0) for place in range(axis.bins + 1)]
    return document("hits_per_frame", label, "hits a frame", axis, values)


def test_a_long_run_is_shown_in_wider_bins() -> None:
    assert trend({0: 100, 1: 300, 1023: 5}, {0: 500, 1: 100, 1023: 10}) == made_trend(
        time_axis(1024), {0: 5.0, 1: 1 / 3, 1023: 2.0}
    )
    assert trend({0: 100, 1: 300, 1024: 5}, {0: 500, 1: 100, 1024: 10}) == made_trend(
        time_axis(513, 2), {0: 1.5, 512: 2.0}
    )


def test_what_comes_after_the_longest_run_is_not_in_its_trend() -> None:
    assert trend({0: 100, 2**18: 300}, {0: 500, 2**18: 100}) == made_trend(time_axis(1024, 256), {0: 5.0})


def test_a_trend_without_frames_has_one_empty_bin() -> None:
    assert trend({}, {}) == made_trend(time_axis(1), {})


def test_a_product_is_given_in_full_dense_or_sparse_as_it_is() -> None:
    run = run_of(adc=Counts(np.array(numbers(256))), hits_vs_time=sparse({0: 500, 3: 20, 2**18: 7}))
    adc = Axis("ADC", "counts", 256, 0, 16_384)
    assert full(run, ProductKey(HERE, "adc")) == document("adc", "ADC spectrum", "hits", adc, numbers(256))
    trends = document("hits_vs_time", "Hits against time", "hits", time_axis(2**18), [0])
    trends["storage"] = {"type": "int", "index": [[0, 3, 2**18]], "values": [500, 20, 7]}
    assert full(run, ProductKey(HERE, "hits_vs_time")) == trends


def test_bins_are_grouped_when_there_are_more_than_a_screen_has() -> None:
    few = Axis("x", "cm", 1024, 5, 5 + 2048), np.arange(1025)
    axis, values = grouped(*few)
    assert (axis, values.tolist()) == (few[0], few[1].tolist())
    axis, values = grouped(Axis("x", "cm", 1025, 5, 5 + 2050), np.arange(1026))
    assert axis == Axis("x", "cm", 513, 5, 5 + 2052)
    assert values.tolist() == [*(4 * place + 1 for place in range(512)), 1024, 1025]
