"""What is shown: documents that any reader of UHI takes, and that JSROOT draws."""

import json
from typing import Any

import numpy as np
import pytest
import uhi.schema
from boost_histogram.serialization import to_uhi as library_to_uhi
from fastmon_samples import content, products

from swf_testbed.fastmon.counts import Axis, Counts, ProductKey, ProductSet
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.presentation import full, grouped, present
from swf_testbed.fastmon.products import latency_products, volume_products
from swf_testbed.fastmon.uhi_codec import from_uhi, root_json, to_uhi
from swf_testbed.model.detectors import detector, detectors
from swf_testbed.model.errors import BadInput

MADE = content(600)
DRICH = detector("drich")


@pytest.fixture(scope="module")
def run() -> RunHistograms:
    merged = RunHistograms()
    merged.add("slice", products(MADE, range(50)))
    merged.add("stf", volume_products(np.arange(600), MADE.counts * 8, MADE.counts, detectors()))
    merged.add("plot", latency_products([0.5, 0.7]))
    return merged


@pytest.fixture(scope="module")
def documents(run: RunHistograms) -> dict[ProductKey, dict[str, Any]]:
    return present(run, run.keys())


def test_every_subsystem_has_its_eleven_histograms(documents: dict[ProductKey, dict[str, Any]]) -> None:
    assert sorted(key.product for key in documents if key.subsystem == "drich") == [
        "adc",
        "bank_status",
        "bunch_pattern",
        "bytes_per_frame",
        "channel_occupancy",
        "dead_units",
        "fine_time",
        "hits_per_frame",
        "hot_channels",
        "time_in_frame",
        "unit_occupancy",
    ]
    assert len(documents) == 16 * 11 + 1
    assert ProductKey("run", "latency") in documents


def test_documents_are_plain_json_of_the_uhi_schema_and_come_back_the_same(
    documents: dict[ProductKey, dict[str, Any]],
) -> None:
    for key, document in documents.items():
        stored = json.loads(json.dumps(document))
        uhi.schema.validate({key.product: stored})
        histogram = from_uhi(stored)
        again = library_to_uhi(histogram)
        assert np.array_equal(again["storage"]["values"], document["storage"]["values"])
        assert {name: again["axes"][0][name] for name in ("lower", "upper", "bins", "metadata")} == {
            name: document["axes"][0][name] for name in ("lower", "upper", "bins", "metadata")
        }
        assert again["metadata"]["name"] == key.product
        assert again["metadata"]["subsystem"] == key.subsystem


def test_hits_in_the_histograms_are_the_hits_of_the_frames(
    documents: dict[ProductKey, dict[str, Any]],
) -> None:
    sampled = MADE.counts[:50].sum(axis=0)
    for name in ("adc", "unit_occupancy", "channel_occupancy", "fine_time", "bunch_pattern", "time_in_frame"):
        for slot, subsystem in enumerate(detectors()):
            histogram = from_uhi(documents[ProductKey(subsystem.name, name)])
            assert histogram.sum(flow=True) == sampled[slot]


def test_trends_are_means_a_frame_of_all_frames(documents: dict[ProductKey, dict[str, Any]]) -> None:
    hits = MADE.counts[:, DRICH.id]
    histogram = from_uhi(documents[ProductKey("drich", "hits_per_frame")])
    assert histogram.values().tolist() == pytest.approx(
        [hits[:250].mean(), hits[250:500].mean(), hits[500:].mean()]
    )
    assert histogram.axes[0].edges[1] == pytest.approx(250 * 665.34e-6, rel=1e-4)
    size = from_uhi(documents[ProductKey("drich", "bytes_per_frame")])
    assert size.values() == pytest.approx(8 * histogram.values())


def test_the_full_channel_map_is_sparse_and_exact(run: RunHistograms) -> None:
    document = json.loads(json.dumps(full(run, ProductKey("drich", "channel_occupancy"))))
    uhi.schema.validate({"channel_occupancy": document})
    histogram = from_uhi(document)
    assert histogram.axes[0].size == DRICH.channels
    assert np.array_equal(histogram.values(), run.bins(ProductKey("drich", "channel_occupancy"))[:-1])
    drawn = root_json(document)
    assert drawn["nbins"] <= 2048
    assert drawn["entries"] == MADE.counts[:50, DRICH.id].sum()
    assert len(json.dumps(document)) < 3 * DRICH.channels


def test_only_what_follows_from_a_change_is_made_again(run: RunHistograms) -> None:
    shown = present(run, {ProductKey("drich", "unit_occupancy"), ProductKey("mpgd", "frames_vs_time")})
    assert {(key.subsystem, key.product) for key in shown} == {
        ("drich", "unit_occupancy"),
        ("drich", "dead_units"),
        ("drich", "hot_channels"),
        ("mpgd", "hits_per_frame"),
        ("mpgd", "bytes_per_frame"),
    }


def test_dead_units_and_hot_channels_are_on_the_map() -> None:
    units = np.full(DRICH.units + 1, 256)
    units[[7, 100]] = 0
    units[-1] = 0
    channels = np.ones(DRICH.channels, np.int64)
    channels[70_000] = 41
    where = np.arange(DRICH.channels)
    merged = RunHistograms()
    merged.add(
        "a",
        ProductSet(
            1,
            {
                ProductKey("drich", "unit_occupancy"): Counts(units),
                ProductKey("drich", "channel_occupancy"): Counts(channels, where),
            },
        ),
    )
    shown = present(merged, merged.keys())
    dead = from_uhi(shown[ProductKey("drich", "dead_units")]).values()
    hot = from_uhi(shown[ProductKey("drich", "hot_channels")]).values()
    assert np.flatnonzero(dead).tolist() == [7, 100]
    assert np.flatnonzero(hot).tolist() == [70_000 // 256]


def test_too_few_hits_make_nothing_dead(documents: dict[ProductKey, dict[str, Any]]) -> None:
    assert from_uhi(documents[ProductKey("drich", "dead_units")]).sum() == 0


def test_root_json_is_what_jsroot_fills_a_th1_with(documents: dict[ProductKey, dict[str, Any]]) -> None:
    document = json.loads(json.dumps(documents[ProductKey("drich", "fine_time")]))
    drawn = root_json(document)
    assert drawn["kind"] == "TH1D"
    assert (drawn["nbins"], drawn["xmin"], drawn["unit"]) == (256, 0.0, "ns")
    assert drawn["xtitle"] == "t mod one crossing [ns]"
    assert drawn["ytitle"] == "hits"
    assert drawn["title"] == "dRICH: Time modulo one bunch crossing"
    assert drawn["contents"] == [0, *document["storage"]["values"]]
    assert len(drawn["contents"]) == 258
    assert drawn["entries"] == MADE.counts[:50, DRICH.id].sum()


def test_root_json_takes_other_writers_histograms_and_groups_long_axes() -> None:
    import hist

    source = hist.Hist(hist.axis.Regular(5000, 0, 50, label="E"), storage=hist.storage.Double())
    source.fill([-1.0, 0.001, 0.011, 49.99, 60.0])
    document: dict[str, Any] = json.loads(
        json.dumps(library_to_uhi(source), default=lambda array: array.tolist())
    )
    drawn = root_json(document)
    assert drawn["nbins"] == 1667
    assert drawn["xmax"] == pytest.approx(50.01)
    assert (drawn["contents"][0], drawn["contents"][1], drawn["contents"][-2], drawn["contents"][-1]) == (
        1,
        2,
        1,
        1,
    )
    assert sum(drawn["contents"]) == 5


@pytest.mark.parametrize("kind", ["axes", "storage"])
def test_what_cannot_be_drawn_is_refused(kind: str, documents: dict[ProductKey, dict[str, Any]]) -> None:
    document = dict(documents[ProductKey("drich", "adc")])
    document[kind] = [] if kind == "axes" else {"type": "mean", "values": []}
    with pytest.raises(BadInput, match="must be 1-D"):
        root_json(document)


def test_grouping_keeps_the_sum_and_the_width() -> None:
    axis, values = grouped(Axis("x", "", 10, 0, 20), np.arange(11), most=4)
    assert (axis.bins, axis.high, values.tolist()) == (4, 24, [3, 12, 21, 9, 10])
    document = to_uhi("x", "x", axis, values)
    assert from_uhi(document).sum(flow=True) == 55
