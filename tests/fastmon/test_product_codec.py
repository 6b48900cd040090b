"""Products on the wire: small, exact, and nothing damaged is taken."""

import json
from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import pytest
import zstandard
from fastmon_samples import content, products, same
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.products import volume_products
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput

SLICE = products(content(7), range(7))


def test_a_slice_of_seven_frames_is_some_thirty_kilobytes() -> None:
    assert len(json.dumps(encode(SLICE))) < 32_000


def test_an_stf_of_index_is_a_few_kilobytes() -> None:
    hits = content(1000, scale=0.001).counts
    assert len(json.dumps(encode(volume_products(np.arange(1000), hits * 8, hits, detectors())))) < 3000


def test_products_come_back_as_they_were() -> None:
    assert same(decode(json.loads(json.dumps(encode(SLICE)))), SLICE)
    assert same(decode(encode(ProductSet())), ProductSet())


@given(
    values=st.lists(st.integers(0, 2**53), min_size=4, max_size=4),
    sparse=st.dictionaries(st.integers(0, 319_488), st.integers(1, 2**53), max_size=50),
)
def test_any_counts_come_back_as_they_were(values: list[int], sparse: dict[int, int]) -> None:
    where = np.array(sorted(sparse), np.int64)
    amounts = np.array([sparse[number] for number in sorted(sparse)], np.int64)
    some = ProductSet(
        3,
        {
            ProductKey("drich", "bank_status"): Counts(np.array(values, np.int64)),
            ProductKey("drich", "channel_occupancy"): Counts(amounts, where),
        },
    )
    assert same(decode(encode(some)), some)


def rewritten(change: Any) -> dict[str, Any]:
    """The small document of one histogram with its inside changed by `change(blob)`."""
    key = ProductKey("drich", "bank_status")
    document = encode(ProductSet(7, {key: SLICE.counts[key]}))
    blob = zstandard.ZstdDecompressor().decompress(b64decode(document["data"]))
    return {**document, "data": b64encode(zstandard.ZstdCompressor().compress(change(blob))).decode()}


def with_list(entries: Any, arrays: bytes = b"") -> dict[str, Any]:
    listed = json.dumps(entries).encode()
    return rewritten(lambda _: len(listed).to_bytes(4, "little") + listed + arrays)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"version": 2, "frames": 1, "data": ""},
        {"version": 1, "frames": -1, "data": ""},
        {"version": 1, "frames": 1, "data": 3},
        {"version": 1, "frames": 1, "data": "%%%"},
        {"version": 1, "frames": 1, "data": b64encode(b"not zstandard").decode()},
        rewritten(lambda blob: blob[:-1]),
        rewritten(lambda blob: blob + b"x"),
        rewritten(lambda blob: b"\xff\xff\xff\xff" + blob[4:]),
        rewritten(lambda blob: b""),
        with_list({}),
        with_list(["x"]),
        with_list([["drich", "bank_status", 4]]),
        with_list([["drich", "bank_status", 3, 1]], b"abc"),
        with_list([["drich", "bank_status", 4, 3]], b"abcdefghijkl"),
        with_list([["drich", "bank_status", 4, 8]], b"\xff" * 32),
        with_list([["drich", "bank_status", 4, 1]] * 2, b"abcdabcd"),
        with_list([["drihc", "bank_status", 4, 1]], b"abcd"),
        with_list([["drich", "colour", 4, 1]], b"abcd"),
        with_list([["run", "bank_status", 4, 1]], b"abcd"),
        with_list([["drich", "channel_occupancy", 2, 1]], b"ab"),
        with_list([["drich", "channel_occupancy", 2, 1, 1]], b"ab\x05\x00"),
        with_list([["drich", "channel_occupancy", 1, 1, 4]], b"a\xff\xff\xff\xff"),
        with_list([["drich", "channel_occupancy", -1, 1, 1]]),
        with_list([["drich", "channel_occupancy", 10**15, 8, 8]]),
    ],
    ids=range(27),
)
def test_a_damaged_document_is_refused_with_its_reason(document: Any) -> None:
    with pytest.raises(BadInput, match=r"histograms|product|detector|subsystem"):
        decode(document)


@settings(max_examples=300)
@given(noise=st.binary(max_size=120))
def test_noise_never_gets_past_the_checks(noise: bytes) -> None:
    with pytest.raises(BadInput):
        decode(rewritten(lambda _: noise))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(BadInput, match=r"must be from 4 to"):
        decode(rewritten(lambda _: bytes(70_000_000)))
