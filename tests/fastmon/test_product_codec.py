"""Products on the wire: small, exact, and nothing damaged is taken."""

import json
import re
from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import pytest
import zstandard
from fastmon_samples import content, products, same
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.fastmon.codec import MAX_BYTES, decode, encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.products import REGISTRY, volume_products
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


def with_sparse(length: int, steps: list[int], width: int) -> dict[str, Any]:
    """The smallest subsystem's channels, as many with one hit each, in these steps from one to the next."""
    where = np.array(steps, f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()
    return with_list([["eeemcal", "channel_occupancy", length, 1, width]], b"\x01" * length + where)


def with_packed(packed: bytes) -> dict[str, Any]:
    return {"version": 1, "frames": 1, "data": b64encode(packed).decode()}


def compressed(blob: bytes, **options: Any) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(blob)


KNOWN = ", ".join(one.name for one in detectors())
LIES = compressed(b"ab" * 50)
LIES = LIES[:5] + b"\x32" + LIES[6:]
"""Says that it holds 50 bytes, and holds 100."""

CHANNEL = "channel_occupancy"
OBJECT = "must be an object of version 1"
FRAMES = "must be a whole number of 0 or more"
ENTRY = "must be [subsystem, product, length, width]"
PACKED = "must be base64 of zstandard"
SIZE = "must be from 4 to 67108864 bytes"
LIST = "must be as written by encode"
STATUS = "must have 3 bins and an overflow"
CHANNELS = "must have 2852 bins and an overflow"
ASCENDING = "must be bins from 0 to 2852, ascending"
VALUES = "must be from 0 to 9007199254740992"
WIDTH = "must be 1, 2, 4 or 8"
ONCE = "must hold each histogram once and no more"


@pytest.mark.parametrize(
    ("document", "field", "value", "allowed"),
    [
        (None, "", None, OBJECT),
        ([], "", [], OBJECT),
        ({}, "", {}, OBJECT),
        ({"version": 2}, "", {"version": 2}, OBJECT),
        ({"version": 1, "data": ""}, ".frames", None, FRAMES),
        ({"version": 1, "frames": -1, "data": ""}, ".frames", -1, FRAMES),
        ({"version": 1, "frames": 2**53, "data": ""}, ".frames", 2**53, FRAMES),
        ({"version": 1, "frames": True, "data": ""}, ".frames", True, FRAMES),
        ({"version": 1, "frames": 1.0, "data": ""}, ".frames", 1.0, FRAMES),
        ({"version": 1, "frames": 1}, ".data", None, "must be text"),
        ({"version": 1, "frames": 1, "data": 3}, ".data", 3, "must be text"),
        ({"version": 1, "frames": 1, "data": "%%%"}, ".data", "%%%", PACKED),
        (with_packed(b"not zstandard"), ".data", "bm90IHpzdGFuZGFyZA==", PACKED),
        (with_packed(LIES), ".data", b64encode(LIES).decode(), PACKED),
        (with_packed(compressed(b"abcd", write_content_size=False)), ".data", "-1 bytes", SIZE),
        (rewritten(lambda blob: b""), ".data", "0 bytes", SIZE),
        (rewritten(lambda blob: bytes(3)), ".data", "3 bytes", SIZE),
        (rewritten(lambda blob: bytes(4)), ".data", "a damaged list", LIST),
        (rewritten(lambda blob: b"\xff\xff\xff\xff" + blob[4:]), ".data", "a damaged list", LIST),
        (rewritten(lambda blob: blob[:-1]), ".data", "36 bytes", "is cut short"),
        (rewritten(lambda blob: blob + b"x"), ".data", "38 bytes", ONCE),
        (with_list({}), ".data", {}, "must begin with a list"),
        (with_list(["x"]), ".entry", "x", ENTRY),
        (with_list([["drich", "bank_status", 4]]), ".entry", ["drich", "bank_status", 4], ENTRY),
        (with_list([["drich", "bank_status", 3, 1]], b"abc"), ".drich.bank_status", 3, STATUS),
        (with_list([["drich", "bank_status", 5, 1]], b"abcde"), ".drich.bank_status", 5, STATUS),
        (with_list([["drich", "bank_status", 4, 1, 1]], b"abcd"), ".drich.bank_status", 4, STATUS),
        (with_list([["drich", "bank_status", 4, 3]], b"abcdefghijkl"), ".width", 3, WIDTH),
        (with_list([["drich", "bank_status", 4, "1"]], b"abcd"), ".width", "1", WIDTH),
        (with_list([["drich", "bank_status", 4, 8]], b"\xff" * 32), ".values", 2**64 - 1, VALUES),
        (
            with_list([["drich", "bank_status", 4, 8]], bytes([*[1] * 4, *bytes(20), *[32] * 4, *bytes(4)])),
            ".values",
            2**53 + 1,
            VALUES,
        ),
        (with_list([["drich", "bank_status", 4, 1]] * 2, b"abcdabcd"), ".data", "76 bytes", ONCE),
        (with_list([["eeemcal", CHANNEL, 2, 1]], b"ab"), f".eeemcal.{CHANNEL}", 2, CHANNELS),
        (with_sparse(-1, [], 1), f".eeemcal.{CHANNEL}", -1, CHANNELS),
        (with_sparse(2854, [], 8), f".eeemcal.{CHANNEL}", 2854, CHANNELS),
        (with_sparse(2, [5, 0], 1), f".eeemcal.{CHANNEL}", 5, ASCENDING),
        (with_sparse(1, [2853], 4), f".eeemcal.{CHANNEL}", 2853, ASCENDING),
        (with_sparse(2, [2851, 2], 2), f".eeemcal.{CHANNEL}", 2853, ASCENDING),
        # The sum goes round the 64 bits, back to 7.
        (with_sparse(2049, [7] + [2**53] * 2048, 8), f".eeemcal.{CHANNEL}", 7, ASCENDING),
    ],
)
def test_a_damaged_document_is_refused_with_its_reason(
    document: Any, field: str, value: Any, allowed: str
) -> None:
    with pytest.raises(BadInput) as refused:
        decode(document)
    assert (refused.value.field, refused.value.value, refused.value.allowed) == (
        f"histograms{field}",
        value,
        allowed,
    )


@pytest.mark.parametrize(
    ("subsystem", "product", "told"),
    [
        ("drihc", "bank_status", f"detector = 'drihc': must be one of {KNOWN}"),
        ("run", "bank_status", f"detector = 'run': must be one of {KNOWN}"),
        ("drich", "colour", f"product = 'colour': must be one of {', '.join(REGISTRY)}"),
        ("drich", "latency", "subsystem = 'drich': must be run for latency"),
    ],
)
def test_a_histogram_that_does_not_exist_is_refused_with_what_does(
    subsystem: str, product: str, told: str
) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(told)}$"):
        decode(with_list([[subsystem, product, 4, 1]], b"abcd"))


def test_text_beside_the_base64_is_refused() -> None:
    document = encode(SLICE)
    with pytest.raises(BadInput, match=PACKED):
        decode({**document, "data": document["data"] + "\n"})


def test_the_document_is_what_its_format_says_byte_by_byte() -> None:
    def counts(*values: int) -> Counts:
        return Counts(np.array(values))

    document = encode(
        ProductSet(
            7,
            {
                ProductKey("mpgd", "bank_status"): counts(256, 1, 0, 0),
                ProductKey("drich", "channel_occupancy"): Counts(np.array([300, 1]), np.array([5, 70_000])),
                ProductKey("drich", "bank_status"): counts(1, 2, 3, 0),
            },
        )
    )
    listed = b'[["drich","bank_status",4,1],["mpgd","bank_status",4,2],["drich","channel_occupancy",2,2,4]]'
    drich, mpgd = bytes([1, 2, 3, 0]), bytes([0, 1, 0, 0, 1, 0, 0, 0])
    # 300 and 1; then 5 and, from there, 69 995 (0x01116b): the bytes of least significance come first.
    values, where = bytes([0x2C, 1, 1, 0]), bytes([5, 0x6B, 0, 0x11, 0, 1, 0, 0])
    assert zstandard.ZstdDecompressor().decompress(b64decode(document.pop("data"))) == b"".join(
        [len(listed).to_bytes(4, "little"), listed, drich, mpgd, values, where]
    )
    assert document == {"version": 1, "frames": 7}


@pytest.mark.parametrize(
    ("highest", "width"),
    [(255, 1), (256, 2), (2**16 - 1, 2), (2**16, 4), (2**32 - 1, 4), (2**32, 8), (2**53, 8)],
)
def test_numbers_take_no_more_bytes_than_the_highest_needs(highest: int, width: int) -> None:
    some = ProductSet(1, {ProductKey("drich", "bank_status"): Counts(np.array([0, highest, 2, 1]))})
    document = encode(some)
    blob = zstandard.ZstdDecompressor().decompress(b64decode(document["data"]))
    assert blob[4:33].decode() == f'[["drich","bank_status",4,{width}]]'
    assert same(decode(document), some)


def test_every_channel_and_the_overflow_come_back() -> None:
    key = ProductKey("eeemcal", "channel_occupancy")
    full = Counts(np.arange(1, 2854), np.arange(2853))
    last = Counts(np.array([3]), np.array([2852]))
    none = Counts(np.zeros(0, np.int64), np.zeros(0, np.int64))
    for counts in (full, last, none):
        some = ProductSet(2**53 - 1, {key: counts})
        assert same(decode(encode(some)), some)


@settings(max_examples=300)
@given(noise=st.binary(max_size=120))
def test_noise_never_gets_past_the_checks(noise: bytes) -> None:
    with pytest.raises(BadInput):
        decode(rewritten(lambda _: noise))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(BadInput, match="= '67108865 bytes': must be from 4 to 67108864 bytes"):
        decode(rewritten(lambda _: bytes(MAX_BYTES + 1)))
    with pytest.raises(BadInput, match="= 'a damaged list': must be as written by encode"):
        decode(rewritten(lambda _: bytes(MAX_BYTES)))
