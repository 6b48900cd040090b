"""Products as they travel in messages: JSON around base64 of zstandard of the counts in few bytes.

Inside: a JSON list of what follows, then the numbers, little endian, in the narrowest of 1, 2, 4 and 8 bytes
that holds them. Bin numbers of sparse products are differences to the one before, their bytes sorted by
significance, which compresses better.
"""

import binascii
import json
from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from swf_testbed.fastmon.counts import Counts, IntArray, ProductKey, ProductSet
from swf_testbed.fastmon.products import axis_of, product
from swf_testbed.model.errors import BadInput

VERSION = 1
MAX_BYTES = 64 * 1024 * 1024
"""Uncompressed; a slice of 7 frames has some 60 kB."""

MAX_COUNT = 2**53
_WIDTHS = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_LEVEL = 1
"""Of zstandard. Measured on slices of 7 frames with 0.004, 0.05 and all of ePIC's hits: level 6 takes five
to seven times as long, and makes them 0.4 to 2.5 % smaller."""


def encode(products: ProductSet) -> dict[str, Any]:
    """The products as a JSON object, for the `histograms` field of a message."""
    entries: list[list[Any]] = []
    arrays: list[bytes] = []
    # Like beside like: all subsystems of a product together.
    for key in sorted(products.counts, key=lambda key: (key.product, key.subsystem)):
        counts = products.counts[key]
        width, values = _packed(counts.values)
        arrays.append(values)
        entry: list[Any] = [*key, len(counts.values), width]
        if counts.where is not None:
            where_width, where = _packed(np.diff(counts.where, prepend=0))
            arrays.append(where)
            entry.append(where_width)
        entries.append(entry)
    listed = json.dumps(entries, separators=(",", ":")).encode()
    blob = len(listed).to_bytes(4, "little") + listed + b"".join(arrays)
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(blob)
    return {"version": VERSION, "frames": products.frames, "data": b64encode(packed).decode()}


def decode(document: Any) -> ProductSet:
    """The products in a JSON object.

    Raises:
        BadInput: it is not what `encode` makes, or holds a product, subsystem or bin that does not exist.
    """
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise BadInput("histograms", document, f"must be an object of version {VERSION}")
    frames = document.get("frames")
    if not isinstance(frames, int) or isinstance(frames, bool) or not 0 <= frames < MAX_COUNT:
        raise BadInput("histograms.frames", frames, "must be a whole number of 0 or more")
    blob = _unpacked(document.get("data"))
    listed = int.from_bytes(blob[:4], "little")
    try:
        entries = json.loads(blob[4 : 4 + listed])
    except (ValueError, RecursionError):
        raise BadInput("histograms.data", "a damaged list", "must be as written by encode") from None
    if not isinstance(entries, list):
        raise BadInput("histograms.data", entries, "must begin with a list")
    source = _Source(blob, 4 + listed)
    counts = dict(_entry(entry, source) for entry in entries)
    if len(counts) != len(entries) or source.position != len(blob):
        raise BadInput("histograms.data", f"{len(blob)} bytes", "must hold each histogram once and no more")
    return ProductSet(frames, counts)


class _Source:
    """Takes arrays off a block of bytes."""

    def __init__(self, blob: bytes, position: int) -> None:
        self.blob, self.position = blob, position

    def take(self, length: int, width: Any) -> IntArray:
        if not isinstance(width, int) or width not in _WIDTHS:
            raise BadInput("histograms.width", width, "must be 1, 2, 4 or 8")
        size = length * width
        if self.position + size > len(self.blob):
            raise BadInput("histograms.data", f"{len(self.blob)} bytes", "is cut short")
        planes = np.frombuffer(self.blob, np.uint8, size, self.position).reshape(width, length)
        self.position += size
        values = np.ascontiguousarray(planes.T).view(_WIDTHS[width]).reshape(length)
        if (highest := int(values.max(initial=0))) > MAX_COUNT:
            raise BadInput("histograms.values", highest, f"must be from 0 to {MAX_COUNT}")
        return values.astype(np.int64)


def _entry(entry: Any, source: _Source) -> tuple[ProductKey, Counts]:
    match entry:
        case [str(subsystem), str(name), int(length), width, *rest]:
            key = ProductKey(subsystem, name)
        case _:
            raise BadInput("histograms.entry", entry, "must be [subsystem, product, length, width]")
    bins = axis_of(key).bins
    is_sparse = product(name).is_sparse
    if len(rest) != is_sparse or not 0 <= length <= bins + 1 or (not is_sparse and length != bins + 1):
        raise BadInput(f"histograms.{subsystem}.{name}", length, f"must have {bins} bins and an overflow")
    values = source.take(length, width)
    if not is_sparse:
        return key, Counts(values)
    steps = source.take(length, rest[0])
    where = np.cumsum(steps)
    if length and (where[-1] > bins or (steps[1:] == 0).any() or steps.max() > bins):
        raise BadInput(
            f"histograms.{subsystem}.{name}", int(where[-1]), f"must be bins from 0 to {bins}, ascending"
        )
    return key, Counts(values, where)


def _packed(values: IntArray) -> tuple[int, bytes]:
    highest = int(values.max(initial=0))
    width = next(width for width in _WIDTHS if highest < 1 << 8 * width)
    planes: NDArray[np.uint8] = values.astype(_WIDTHS[width]).view(np.uint8).reshape(len(values), width)
    return width, planes.T.tobytes()


def _unpacked(data: Any) -> bytes:
    if not isinstance(data, str):
        raise BadInput("histograms.data", data, "must be text")
    try:
        packed = b64decode(data, validate=True)
        size = zstandard.frame_content_size(packed)
        if not 4 <= size <= MAX_BYTES:
            raise BadInput("histograms.data", f"{size} bytes", f"must be from 4 to {MAX_BYTES} bytes")
        return zstandard.ZstdDecompressor().decompress(packed)
    except (binascii.Error, ValueError, zstandard.ZstdError):
        raise BadInput("histograms.data", data, "must be base64 of zstandard") from None
