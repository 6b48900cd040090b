"""Histograms in the field's interchange form (UHI serialisation), and from there into what JSROOT draws.

The documents are plain JSON, made and read without boost-histogram, so that a server that only stores and
shows them need not load it; `from_uhi` gives `hist.Hist` objects to those who want to compute.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.root_2d import root_json_2d
from swf_testbed.model.errors import BadInput

if TYPE_CHECKING:
    import hist

MAX_DRAWN_BINS = 2048
"""More bins than a screen has columns are drawn in groups."""


def to_uhi(
    name: str, label: str, axis: Axis, values: NDArray[Any], *, sparse: bool = False, **metadata: str
) -> dict[str, Any]:
    """A one-dimensional histogram as a UHI document.

    Args:
        name, label: of the histogram.
        axis: its binning.
        values: contents of every bin and then the overflow; integers or floating point.
        sparse: write only the bins with content.
        metadata: further words to keep with the histogram (`subsystem`, `quantity`).
    """
    storage: dict[str, Any] = {"type": "int" if values.dtype.kind in "iu" else "double"}
    if sparse:
        where = np.flatnonzero(values)
        storage |= {"index": [where.tolist()], "values": values[where].tolist()}
    else:
        storage["values"] = values.tolist()
    return {
        "uhi_schema": 1,
        "metadata": {"name": name, "label": label, **metadata},
        "axes": [
            {
                "type": "regular",
                "lower": float(axis.low),
                "upper": float(axis.high),
                "bins": axis.bins,
                "underflow": False,
                "overflow": True,
                "circular": False,
                "metadata": {"name": "x", "label": axis.title, "unit": axis.unit},
            }
        ],
        "storage": storage,
    }


def from_uhi(document: dict[str, Any]) -> "hist.Hist[Any]":
    """The histogram of a UHI document, dense or sparse, of any writer; loads `hist` when first called."""
    import hist
    from boost_histogram.serialization import from_uhi as from_document
    from uhi.io import from_sparse

    return hist.Hist(from_document(from_sparse(document)))


def root_json(document: dict[str, Any]) -> dict[str, Any]:
    """A UHI document as JSROOT's `createHistogram` wants it.

    Returns:
        `kind`, `name`, `title`, `nbins`, `xmin`, `xmax`, `xtitle`, `ytitle`, `unit`, `entries` and
        `contents`, which is ROOT's `fArray`: underflow, every bin, overflow. Long axes are drawn in groups.
        Two dimensions: as `root_json_2d` says.

    Raises:
        BadInput: not of one or two dimensions, not of equal bins, not of plain counts, or of more or fewer
            contents than the axis has bins.
    """
    axes, storage = document.get("axes", []), document.get("storage", {})
    kinds = [axis.get("type") for axis in axes]
    regular = kinds in (["regular"], ["regular", "regular"])
    if not regular or storage.get("type") not in {"int", "double"}:
        raise BadInput(
            "histogram",
            f"axes {kinds}, storage {storage.get('type')}",
            "must be 1-D or 2-D, regular, int or double",
        )
    if len(axes) == 2:
        return root_json_2d(document)
    axis, words = axes[0], document.get("metadata", {})
    group = -(-axis["bins"] // MAX_DRAWN_BINS)
    nbins = -(-axis["bins"] // group)
    contents = _contents(axis, storage, group, nbins)
    told = axis.get("metadata", {})
    unit = told.get("unit", "")
    return {
        "kind": "TH1D",
        "name": words.get("name", ""),
        "title": words.get("label", ""),
        "nbins": nbins,
        "xmin": axis["lower"],
        "xmax": axis["lower"] + (axis["upper"] - axis["lower"]) / axis["bins"] * group * nbins,
        "xtitle": f"{told.get('label', '')} [{unit}]" if unit else told.get("label", ""),
        "ytitle": words.get("quantity", ""),
        "unit": unit,
        "entries": sum(contents),
        "contents": contents,
    }


def _contents(axis: dict[str, Any], storage: dict[str, Any], group: int, nbins: int) -> list[float]:
    values: Sequence[float] = storage["values"]
    first = 0 if axis["underflow"] else 1
    if "index" in storage:
        where = storage["index"][0]
    else:
        length = axis["bins"] + axis["underflow"] + axis["overflow"]
        if len(values) != length:
            raise BadInput("histogram", f"{len(values)} contents", f"must have {length}, as its axis says")
        if group == 1:
            return [0.0] * first + list(values) + [0.0] * (not axis["overflow"])
        where = range(length)
    contents = [0.0] * (nbins + 2)
    for position, value in zip(where, values, strict=True):
        bin_number = position + first - 1
        if bin_number >= axis["bins"]:
            contents[-1] += value
        else:
            contents[1 + bin_number // group] += value
    return contents


def drawing(document: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """A histogram as JSROOT wants it; None, and the reason, if it cannot be drawn."""
    try:
        return root_json(document), ""
    except BadInput as error:
        return None, str(error)
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError):
        return None, "the content is not a UHI document"
