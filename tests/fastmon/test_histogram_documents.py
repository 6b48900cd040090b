"""Histograms as documents: whole ones compared with what stands in the formats, and with other libraries."""

import json
from typing import Any

import numpy as np
import pytest
from hist import Hist, axis, storage
from uhi_documents import FLOWS, Flow, Values, contents, dense, document, regular, sparse

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import drawing, root_json, to_uhi
from swf_testbed.model.errors import BadInput

ADC = Axis("ADC", "counts", 4, -16, 1008)
ADC_AXIS = {
    "type": "regular",
    "lower": -16.0,
    "upper": 1008.0,
    "bins": 4,
    "underflow": False,
    "overflow": True,
    "circular": False,
    "metadata": {"name": "x", "label": "ADC", "unit": "counts"},
}


def with_flow(values: Values, axes: list[dict[str, Any]]) -> Values:
    """The same with underflow and overflow on every axis."""
    whole = np.zeros([one["bins"] + 2 for one in axes])
    inside = [slice(int(not one["underflow"]), one["bins"] + 1 + one["overflow"]) for one in axes]
    whole[tuple(inside)] = values
    return whole


def in_groups(values: Values, sizes: list[int]) -> Values:
    """So many bins put together on every axis of contents with flow."""
    for place, size in enumerate(sizes):
        bins = values.shape[place] - 2
        group = np.array([0, *(1 + number // size for number in range(bins)), 1 + (bins + size - 1) // size])
        first = np.moveaxis(values, place, 0)
        sums = np.zeros((group[-1] + 1, *first.shape[1:]))
        np.add.at(sums, group, first)
        values = np.moveaxis(sums, 0, place)
    return values


def test_a_histogram_becomes_this_document() -> None:
    assert to_uhi("adc", "BIC: ADC", ADC, np.array([7, 0, 2, 0, 5]), subsystem="bic", quantity="hits") == {
        "uhi_schema": 1,
        "metadata": {"name": "adc", "label": "BIC: ADC", "subsystem": "bic", "quantity": "hits"},
        "axes": [ADC_AXIS],
        "storage": {"type": "int", "values": [7, 0, 2, 0, 5]},
    }


@pytest.mark.parametrize(
    ("kind", "said"), [(np.uint16, "int"), (np.int64, "int"), (np.float32, "double"), (np.float64, "double")]
)
def test_a_sparse_document_has_only_the_bins_with_content(kind: type[np.generic], said: str) -> None:
    made = to_uhi("adc", "ADC", ADC, np.array([7, 0, 2, 0, 5], kind), sparse=True)
    assert made == {
        "uhi_schema": 1,
        "metadata": {"name": "adc", "label": "ADC"},
        "axes": [ADC_AXIS],
        "storage": {"type": said, "index": [[0, 2, 4]], "values": [7, 2, 5]},
    }
    assert json.loads(json.dumps(made)) == made


def test_jsroot_is_given_the_whole_histogram() -> None:
    made = to_uhi("adc", "BIC: ADC", ADC, np.array([7, 0, 2, 0, 5]), subsystem="bic", quantity="hits")
    assert root_json(made) == {
        "kind": "TH1D",
        "name": "adc",
        "title": "BIC: ADC",
        "nbins": 4,
        "xmin": -16.0,
        "xmax": 1008.0,
        "xtitle": "ADC [counts]",
        "ytitle": "hits",
        "unit": "counts",
        "entries": 14,
        "contents": [0, 7, 0, 2, 0, 5],
    }


def test_a_histogram_without_words_is_drawn_without_them() -> None:
    assert root_json(document([regular(2)], {"values": [1.0, 2.5, 4.0]})) == {
        "kind": "TH1D",
        "name": "",
        "title": "",
        "nbins": 2,
        "xmin": 3.0,
        "xmax": 4.0,
        "xtitle": "",
        "ytitle": "",
        "unit": "",
        "entries": 7.5,
        "contents": [0.0, 1.0, 2.5, 4.0],
    }
    named = root_json(document([regular(2, label="bunch")], {"values": [1.0, 2.5, 4.0]}))
    assert (named["xtitle"], named["unit"]) == ("bunch", "")


def test_a_map_without_words_is_drawn_without_them() -> None:
    axes = [regular(2), regular(1, (False, False))]
    assert root_json(document(axes, {"values": [[1.0], [2.0], [4.0]]})) == {
        "kind": "TH2D",
        "name": "",
        "title": "",
        "nbins": 2,
        "xmin": 3.0,
        "xmax": 4.0,
        "xtitle": "",
        "ynbins": 1,
        "ymin": 3.0,
        "ymax": 3.5,
        "ytitle": "",
        "ztitle": "",
        "entries": 7.0,
        "contents": [0, 0, 0, 0, 0, 1, 2, 4, 0, 0, 0, 0],
    }


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(
    ("bins", "nbins", "size"),
    [(1, 1, 1), (5, 5, 1), (2048, 2048, 1), (2049, 1025, 2), (4096, 2048, 2), (4097, 1366, 3)],
)
def test_a_long_axis_is_drawn_in_groups(bins: int, nbins: int, size: int, flow: Flow) -> None:
    axes = [regular(bins, flow, label="E", unit="MeV")]
    values = contents(axes)
    drawn = root_json(document(axes, dense(values), name="e", label="Energy", quantity="hits"))
    assert drawn == {
        "kind": "TH1D",
        "name": "e",
        "title": "Energy",
        "nbins": nbins,
        "xmin": 3.0,
        "xmax": 3.0 + nbins * size / 2,
        "xtitle": "E [MeV]",
        "ytitle": "hits",
        "unit": "MeV",
        "entries": values.sum(),
        "contents": in_groups(with_flow(values, axes), [size]).tolist(),
    }
    assert root_json(document(axes, sparse(values), name="e", label="Energy", quantity="hits")) == drawn


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(
    ("bins", "nbins", "sizes"),
    [
        ((3, 2), (3, 2), [1, 1]),
        ((256, 2), (256, 2), [1, 1]),
        ((257, 3), (129, 3), [2, 1]),
        ((2, 513), (2, 171), [1, 3]),
        ((1, 1024), (1, 256), [1, 4]),
    ],
)
def test_a_map_with_a_long_axis_is_drawn_in_groups(
    bins: tuple[int, int], nbins: tuple[int, int], sizes: list[int], flow: Flow
) -> None:
    axes = [regular(bins[0], flow, label="x", unit="mm"), regular(bins[1], flow[::-1], label="layer")]
    values = contents(axes)
    drawn = root_json(document(axes, dense(values), name="map", label="Map", quantity="hits"))
    assert drawn == {
        "kind": "TH2D",
        "name": "map",
        "title": "Map",
        "nbins": nbins[0],
        "xmin": 3.0,
        "xmax": 3.0 + nbins[0] * sizes[0] / 2,
        "xtitle": "x [mm]",
        "ynbins": nbins[1],
        "ymin": 3.0,
        "ymax": 3.0 + nbins[1] * sizes[1] / 2,
        "ytitle": "layer",
        "ztitle": "hits",
        "entries": values.sum(),
        "contents": in_groups(with_flow(values, axes), sizes).T.ravel().tolist(),
    }
    assert root_json(document(axes, sparse(values), name="map", label="Map", quantity="hits")) == drawn


@pytest.mark.parametrize(
    ("made", "value", "allowed"),
    [
        ({}, "axes [], storage None", "must be 1-D or 2-D, regular, int or double"),
        (
            document([{"type": "variable"}], {}),
            "axes ['variable'], storage double",
            "must be 1-D or 2-D, regular, int or double",
        ),
        (
            document([regular(2)] * 3, {}),
            "axes ['regular', 'regular', 'regular'], storage double",
            "must be 1-D or 2-D, regular, int or double",
        ),
        (
            document([regular(2)], {"type": "mean"}),
            "axes ['regular'], storage mean",
            "must be 1-D or 2-D, regular, int or double",
        ),
        (document([regular(2)], {"values": [1, 2, 3, 4]}), "4 contents", "must have 3, as its axis says"),
        (
            document([regular(5000, (True, True))], {"values": [1]}),
            "1 contents",
            "must have 5002, as its axis says",
        ),
        (document([regular(0), regular(2)], {}), 0, "must have 1 to 1024 bins on an axis"),
        (document([regular(2), regular(1025)], {}), 1025, "must have 1 to 1024 bins on an axis"),
        (
            document([regular(2), regular(3)], {"values": [[1, 2], [3, 4]]}),
            "contents of shape (2, 2)",
            "must have shape (3, 4)",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told_with_what_can(made: dict[str, Any], value: Any, allowed: str) -> None:
    with pytest.raises(BadInput) as refused:
        root_json(made)
    assert (refused.value.field, refused.value.value, refused.value.allowed) == ("histogram", value, allowed)
    assert drawing(made) == (None, f"histogram = {value!r}: {allowed}")


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"values": 3},
        {"values": [None, None]},
        {"index": [[0, 1]], "values": [1.0]},
        {"index": [], "values": []},
    ],
)
def test_a_document_that_says_nothing_of_its_bins_is_no_histogram(held: dict[str, Any]) -> None:
    for made in (document([regular(1)], held), document([{"type": "regular"}], held)):
        assert drawing(made) == (None, "the content is not a UHI document")


def test_a_drawing_that_can_be_made_comes_without_a_reason() -> None:
    made = document([regular(2)], {"values": [1.0, 2.5, 4.0]})
    assert drawing(made) == (root_json(made), "")


@pytest.mark.parametrize("flow", FLOWS)
def test_what_another_library_filled_is_drawn_as_it_says(flow: Flow) -> None:
    from boost_histogram.serialization import to_uhi as library_to_uhi

    underflow, overflow = flow
    x = axis.Regular(4, 0, 8, name="x", label="E", underflow=underflow, overflow=overflow)
    source = Hist(x, storage=storage.Double())
    source.fill([-1.0, 0.5, 1.0, 3.0, 7.9, 9.0], weight=[1, 2, 4, 8, 16, 32])
    said = json.dumps(library_to_uhi(source), default=lambda array: array.tolist())
    drawn = root_json(json.loads(said))
    assert drawn["contents"] == [1.0 * underflow, 6, 8, 0, 16, 32.0 * overflow]
    assert (drawn["nbins"], drawn["xmin"], drawn["xmax"], drawn["xtitle"]) == (4, 0, 8, "E")
