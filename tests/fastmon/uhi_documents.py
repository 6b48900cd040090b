"""Histograms as UHI documents, made by hand."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOWS = [(False, False), (False, True), (True, False), (True, True)]
Flow = tuple[bool, bool]
Values = NDArray[np.float64]


def regular(bins: int, flow: Flow = (False, True), **words: str) -> dict[str, Any]:
    """An axis of a document whose bins are 0.5 wide, from 3 on."""
    underflow, overflow = flow
    told = {"metadata": words} if words else {}
    ends = {"lower": 3.0, "upper": 3.0 + bins / 2}
    flows = {"underflow": underflow, "overflow": overflow, "circular": False}
    return {"type": "regular", **ends, "bins": bins, **flows, **told}


def document(axes: list[dict[str, Any]], held: dict[str, Any], **words: str) -> dict[str, Any]:
    told = {"metadata": words} if words else {}
    return {"uhi_schema": 1, "axes": axes, "storage": {"type": "double", **held}, **told}


def contents(axes: list[dict[str, Any]]) -> Values:
    """A number in every bin, under- and overflow as the axes have them; some are 0, no two others alike."""
    shape = [one["bins"] + one["underflow"] + one["overflow"] for one in axes]
    numbers = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    return np.where(numbers % 3 == 2, 0, numbers + 1)


def dense(values: Values) -> dict[str, Any]:
    return {"values": values.tolist()}


def sparse(values: Values) -> dict[str, Any]:
    where = np.nonzero(values)
    return {"index": [index.tolist() for index in where], "values": values[where].tolist()}
