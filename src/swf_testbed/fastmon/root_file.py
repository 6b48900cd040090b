"""Histograms as ROOT files."""

import io
from typing import Any

import numpy as np

from swf_testbed.fastmon.uhi_codec import from_uhi
from swf_testbed.model.errors import BadInput

MAX_BINS = 2_000_000


def root_file(document: dict[str, Any]) -> bytes:
    """A UHI document of one or two axes as a ROOT file with one `TH1D` or `TH2D` of its name.

    Raises:
        BadInput: it is no histogram that ROOT can hold.
    """
    import hist
    import uproot

    try:
        bins = [int(axis["bins"]) for axis in document["axes"]]
        if len(bins) > 2 or max(bins) > MAX_BINS:
            raise BadInput("histogram", bins, f"must have one or two axes of at most {MAX_BINS} bins")
        counted = from_uhi(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadInput("histogram", type(error).__name__, "must be a UHI document of regular axes") from None
    # uproot writes no integers (ROOT's own TH1 counts in floating point, too), and wants all flow bins.
    axes = [
        hist.axis.Regular(len(axis), axis.edges[0], axis.edges[-1], label=axis.label) for axis in counted.axes
    ]
    written: hist.Hist[Any] = hist.Hist(*axes)
    flow = [(int(not axis.traits.underflow), int(not axis.traits.overflow)) for axis in counted.axes]
    written.view(flow=True)[...] = np.pad(counted.values(flow=True), flow)
    words = document.get("metadata", {})
    written.title = words.get("label", "")  # type: ignore[attr-defined]  # where uproot looks for it
    target = io.BytesIO()
    with uproot.recreate(target) as file:
        file[words.get("name") or "histogram"] = written
        # All is written by now, and at its end it closes what it writes to.
        return target.getvalue()
