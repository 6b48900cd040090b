"""Histograms as ROOT files, read back by another library."""

import io
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from uhi_documents import FLOWS, Flow, contents, dense, document, regular, sparse

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.root_file import root_file
from swf_testbed.fastmon.uhi_codec import root_json, to_uhi
from swf_testbed.model.errors import BadInput

AXIS = Axis("ADC", "counts", 8, 0, 1024)


@given(arrays(np.int64, 9, elements=st.integers(0, 2**50)), st.booleans())
@settings(max_examples=20)
def test_every_bin_comes_back(values: np.ndarray, is_sparse: bool) -> None:
    made = to_uhi("adc", "BIC SciFi: ADC", AXIS, values, sparse=is_sparse)
    with uproot.open(io.BytesIO(root_file(made))) as file:
        found = file["adc"]
        assert found.classname == "TH1D"
        assert found.title == "BIC SciFi: ADC"
        assert found.axis().edges().tolist() == np.linspace(0, 1024, 9).tolist()
        assert found.values(flow=True)[1:].tolist() == values.tolist()


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"axes": 3},
        {"uhi_schema": 1, "axes": [{"type": "regular", "bins": "x"}], "storage": {}},
        {"axes": [{"bins": 10**9}], "storage": {}},
        {"axes": [{"bins": 1}] * 3},
    ],
)
def test_what_is_no_histogram_is_refused(made: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="histogram"):
        root_file(made)


def in_root(made: dict[str, Any], name: str) -> Any:
    """What another library finds in the ROOT file of a document."""
    with uproot.open(io.BytesIO(root_file(made))) as file:
        assert file.keys(cycle=False) == [name]
        return file[name]


def axis_of(found: Any, letter: str) -> dict[str, Any]:
    told = found.member(f"f{letter.upper()}axis")
    return {
        f"{letter}min": told.member("fXmin"),
        f"{letter}max": told.member("fXmax"),
        f"{letter}title": told.member("fTitle"),
    }


def head_of(found: Any) -> dict[str, Any]:
    return {
        "kind": found.classname,
        "name": found.name,
        "title": found.title,
        "nbins": found.axis("x").edges().size - 1,
        "entries": found.member("fEntries"),
    }


@pytest.mark.parametrize("held", [dense, sparse])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_root_file_and_the_page_show_the_same_histogram(flow: Flow, held: Any) -> None:
    axes = [regular(5, flow, label="E")]
    made = document(axes, held(contents(axes)), name="e", label="Energy")
    found = in_root(made, "e")
    assert root_json(made) == {
        **head_of(found),
        **axis_of(found, "x"),
        "ytitle": "",
        "unit": "",
        "contents": found.values(flow=True).tolist(),
    }


@pytest.mark.parametrize("held", [dense, sparse])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_root_file_and_the_page_show_the_same_map(flow: Flow, held: Any) -> None:
    axes = [regular(5, flow, label="column"), regular(3, flow[::-1], label="row")]
    made = document(axes, held(contents(axes)), name="map", label="Map")
    found = in_root(made, "map")
    assert root_json(made) == {
        **head_of(found),
        "ynbins": found.axis("y").edges().size - 1,
        **axis_of(found, "x"),
        **axis_of(found, "y"),
        "ztitle": "",
        "contents": found.values(flow=True).T.ravel().tolist(),
    }


def test_a_root_file_of_a_histogram_without_words_has_words_that_root_needs() -> None:
    axes = [regular(2), regular(1)]
    found = in_root(document(axes, dense(contents(axes))), "histogram")
    titles = axis_of(found, "x")["xtitle"], axis_of(found, "y")["ytitle"]
    assert (found.title, *titles) == ("", "Axis 0", "Axis 1")


def test_a_root_file_of_a_histogram_with_an_empty_name_has_one() -> None:
    in_root(document([regular(2)], {"values": [1.0, 2.5, 4.0]}, name="", label="Energy"), "histogram")


@pytest.mark.parametrize(
    ("made", "value", "allowed"),
    [
        ({}, "KeyError", "must be a UHI document of regular axes"),
        ({"axes": 3}, "TypeError", "must be a UHI document of regular axes"),
        ({"axes": []}, "ValueError", "must be a UHI document of regular axes"),
        ({"axes": [{"bins": "x"}]}, "ValueError", "must be a UHI document of regular axes"),
        ({"axes": [{"bins": 1}] * 3}, [1, 1, 1], "must have one or two axes of at most 2000000 bins"),
        (
            {"axes": [{"bins": 2}, {"bins": 2_000_001}]},
            [2, 2_000_001],
            "must have one or two axes of at most 2000000 bins",
        ),
    ],
)
def test_what_root_cannot_hold_is_told_with_what_it_can(
    made: dict[str, Any], value: Any, allowed: str
) -> None:
    with pytest.raises(BadInput) as refused:
        root_file(made)
    assert (refused.value.field, refused.value.value, refused.value.allowed) == ("histogram", value, allowed)
