"""Two-dimensional histograms in the field's interchange form, as JSROOT draws them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.errors import BadInput

MAX_DRAWN_BINS = 256
"""More bins than this on an axis are drawn in groups."""

MAX_BINS = 1024
"""More on an axis are refused."""

Values = NDArray[np.float64]


def root_json_2d(document: dict[str, Any]) -> dict[str, Any]:
    """A UHI document of two regular axes as JSROOT's `createHistogram('TH2D')` wants it.

    Returns:
        `kind`, `name`, `title`, `nbins` and `ynbins`, `xmin` and so on, and `contents`, which is ROOT's
        `fArray`: x goes fastest, with underflow and overflow of both axes.

    Raises:
        BadInput: axes that are too long, or contents of another shape than the axes say.
    """
    axes, words = document["axes"], document.get("metadata", {})
    for axis in axes:
        if not 0 < axis["bins"] <= MAX_BINS:
            raise BadInput("histogram", axis["bins"], f"must have 1 to {MAX_BINS} bins on an axis")
    groups = [-(-axis["bins"] // MAX_DRAWN_BINS) for axis in axes]
    contents = _grouped(_with_flow(_dense(document), axes), groups)
    x, y = (
        _axis(axis, group, bins - 2) for axis, group, bins in zip(axes, groups, contents.shape, strict=True)
    )
    return {
        "kind": "TH2D",
        "name": words.get("name", ""),
        "title": words.get("label", ""),
        **x,
        **{f"y{name.removeprefix('x')}": value for name, value in y.items()},
        "ztitle": words.get("quantity", ""),
        "entries": float(contents.sum()),
        "contents": contents.T.ravel().tolist(),
    }


def _axis(axis: dict[str, Any], group: int, bins: int) -> dict[str, Any]:
    told = axis.get("metadata", {})
    title, unit = told.get("label", ""), told.get("unit")
    width = (axis["upper"] - axis["lower"]) / axis["bins"] * group
    return {
        "nbins": bins,
        "xmin": axis["lower"],
        "xmax": axis["lower"] + width * bins,
        "xtitle": f"{title} [{unit}]" if unit else title,
    }


def _dense(document: dict[str, Any]) -> Values:
    """The contents as the document has them, with the flow that its axes say."""
    storage = document["storage"]
    shape = tuple(axis["bins"] + axis["underflow"] + axis["overflow"] for axis in document["axes"])
    values = np.asarray(storage["values"], np.float64)
    if "index" in storage:
        dense = np.zeros(shape)
        dense[tuple(np.asarray(index, np.int64) for index in storage["index"])] = values
        return dense
    if values.shape != shape:
        raise BadInput("histogram", f"contents of shape {values.shape}", f"must have shape {shape}")
    return values


def _with_flow(values: Values, axes: list[dict[str, Any]]) -> Values:
    """Underflow and overflow on both axes."""
    return np.pad(values, [(int(not axis["underflow"]), int(not axis["overflow"])) for axis in axes])


def _grouped(values: Values, groups: list[int]) -> Values:
    """So many bins added together on each axis; underflow and overflow stay alone."""
    for place, group in enumerate(groups):
        inner = values.shape[place] - 2
        starts = np.concatenate(([0], np.arange(1, inner + 1, group), [inner + 1]))
        values = np.add.reduceat(values, starts, axis=place)
    return values
