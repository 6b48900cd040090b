"""Histograms as ROOT files, read back by another library."""

import io

import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.root_file import root_file
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.errors import BadInput

AXIS = Axis("ADC", "counts", 8, 0, 1024)


@given(arrays(np.int64, 9, elements=st.integers(0, 2**50)), st.booleans())
@settings(max_examples=20)
def test_every_bin_comes_back(values: np.ndarray, sparse: bool) -> None:
    document = to_uhi("adc", "BIC SciFi: ADC", AXIS, values, sparse=sparse)
    with uproot.open(io.BytesIO(root_file(document))) as file:
        found = file["adc"]
        assert found.classname == "TH1D"
        assert found.title == "BIC SciFi: ADC"
        assert found.axis().edges().tolist() == np.linspace(0, 1024, 9).tolist()
        assert found.values(flow=True)[1:].tolist() == values.tolist()


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"axes": 3},
        {"uhi_schema": 1, "axes": [{"type": "regular", "bins": "x"}], "storage": {}},
        {"axes": [{"bins": 10**9}], "storage": {}},
        {"axes": [{"bins": 1}] * 3},
    ],
)
def test_what_is_no_histogram_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="histogram"):
        root_file(document)
