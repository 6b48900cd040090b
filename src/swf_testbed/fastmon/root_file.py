"""Histograms as ROOT files."""

import io
from typing import Any

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
    # uproot writes no integers: ROOT's own TH1 counts in floating point, too.
    written = hist.Hist(*counted.axes, storage=hist.storage.Double())
    written.view(flow=True)[...] = counted.values(flow=True)
    words = document.get("metadata", {})
    written.label = words.get("label", "")
    target = io.BytesIO()
    with uproot.recreate(target) as file:
        file[words.get("name") or "histogram"] = written
        # All is written by now, and at its end it closes what it writes to.
        return target.getvalue()
