"""Histograms of two dimensions as JSROOT wants them, and whatever else somebody stores as one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.fastmon.root_2d import MAX_BINS, MAX_DRAWN_BINS
from swf_testbed.fastmon.uhi_codec import root_json
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.api.pictures import as_root

sizes = st.integers(1, 2 * MAX_DRAWN_BINS + 3)
flags = st.booleans()


def axis(bins: int, underflow: bool = False, overflow: bool = True) -> dict[str, Any]:
    return {
        "type": "regular",
        "lower": -1.0,
        "upper": -1.0 + bins,
        "bins": bins,
        "underflow": underflow,
        "overflow": overflow,
        "metadata": {"label": "length", "unit": "mm"},
    }


def document(axes: list[dict[str, Any]], storage: dict[str, Any]) -> dict[str, Any]:
    words = {"name": "map", "label": "Map", "quantity": "hits"}
    return {"uhi_schema": 1, "metadata": words, "axes": axes, "storage": {"type": "double"} | storage}


def filled(axes: list[dict[str, Any]], seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    shape = [one["bins"] + one["underflow"] + one["overflow"] for one in axes]
    return np.random.default_rng(seed).integers(0, 9, shape).astype(np.float64)


@settings(max_examples=25)
@given(st.tuples(sizes, flags, flags), st.tuples(sizes, flags, flags), st.integers(0, 99))
def test_every_bin_is_found_in_its_group(first: Any, second: Any, seed: int) -> None:
    axes = [axis(*first), axis(*second)]
    values = filled(axes, seed)
    said = root_json(document(axes, {"values": values.tolist()}))
    shape = (said["ynbins"] + 2, said["nbins"] + 2)
    drawn = np.reshape(said["contents"], shape)
    assert max(said["nbins"], said["ynbins"]) <= MAX_DRAWN_BINS
    assert drawn.sum() == values.sum() == said["entries"]
    groups = [-(-one["bins"] // MAX_DRAWN_BINS) for one in axes]
    x, y = (one["bins"] - 1 for one in axes)
    corner = values[
        axes[0]["underflow"] + x // groups[0] * groups[0] : axes[0]["underflow"] + x + 1,
        axes[1]["underflow"] + y // groups[1] * groups[1] : axes[1]["underflow"] + y + 1,
    ]
    assert drawn[1 + y // groups[1], 1 + x // groups[0]] == corner.sum()
    assert (said["xmin"], said["ymin"], said["xtitle"], said["ytitle"]) == (
        -1,
        -1,
        "length [mm]",
        "length [mm]",
    )
    assert said["xmax"] == pytest.approx(-1 + groups[0] * said["nbins"])


def test_a_sparse_map_is_the_same_as_a_dense_one() -> None:
    axes = [axis(7), axis(5, underflow=True)]
    values = filled(axes, 1)
    where = np.nonzero(values)
    sparse = {"index": [index.tolist() for index in where], "values": values[where].tolist()}
    assert root_json(document(axes, sparse)) == root_json(document(axes, {"values": values.tolist()}))


@pytest.mark.parametrize(
    ("axes", "values", "says"),
    [
        ([axis(2), axis(2)], [[1, 2], [3, 4]], "must have shape"),
        ([axis(MAX_BINS + 1), axis(2)], [], "bins on an axis"),
        ([axis(0), axis(2)], [], "bins on an axis"),
        ([axis(2), axis(2), axis(2)], [], "1-D or 2-D"),
    ],
)
def test_what_is_none_is_refused_by_name(axes: Any, values: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        root_json(document(axes, {"values": values}))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200)
@given(
    st.lists(json_values, min_size=3, max_size=3), st.sampled_from(["values", "index"]), st.integers(-3, 2000)
)
def test_whatever_is_stored_as_a_map_is_answered(said: Any, where: str, bins: int) -> None:
    axes = [axis(3), axis(2) | {"bins": bins, "lower": said[0]}]
    row = as_root({"name": "map", "content": document(axes, {"values": said[1], where: said[2]})})
    assert row["content"] is not None or row["problem"]


def test_numbers_beyond_all_bounds_are_no_error_of_the_server() -> None:
    row = as_root({"content": document([axis(1, overflow=False)] * 2, {"values": [[10**400]]})})
    assert row["content"] is None
