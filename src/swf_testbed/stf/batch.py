"""Many frames to bytes at once: the writer's bulk path."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.errors import BadInput
from swf_testbed.stf import layout
from swf_testbed.stf.documents import FrameBatch
from swf_testbed.stf.layout import Encoding

_CHUNK_BYTES = 8 * 1024 * 1024
"""Encoded at once: more would only wait for memory."""


class EncodedBatch(NamedTuple):
    """Frames ready to be written, with their headers (n_frames) and bank tables (n_frames, n_bank)."""

    data: bytes
    heads: NDArray[np.void]
    tables: NDArray[np.void]


def encode_batch(batch: FrameBatch, run: int) -> Iterator[EncodedBatch]:
    """The frames' bytes, some 8 MB at a time; `BadInput` if the arrays contradict each other."""
    _check(batch)
    ends = np.concatenate([[0], np.cumsum(batch.counts.sum(axis=1, dtype=np.int64))])
    cuts = np.flatnonzero(np.diff(ends[1:] * 8 // _CHUNK_BYTES)) + 1
    for start, end in pairwise([0, *cuts.tolist(), len(batch.counts)]):
        rows = slice(start, end)
        part = replace(
            batch,
            tf=batch.tf + start,
            bc0=batch.bc0[rows],
            t_ns=batch.t_ns[rows],
            counts=batch.counts[rows],
            hits=batch.hits[ends[start] : ends[end]],
            flags=None if batch.flags is None else batch.flags[rows],
        )
        yield _encode(part, run)


def _encode(batch: FrameBatch, run: int) -> EncodedBatch:
    n_frame, n_bank = batch.counts.shape
    data = np.ascontiguousarray(batch.hits, "<u8").tobytes()
    sizes = batch.counts.astype(np.int64) * 8

    tables = np.zeros((n_frame, n_bank), layout.BANK)
    tables["detector"], tables["link"] = batch.bank_detector, batch.bank_link
    tables["encoding"] = Encoding.HIT64
    tables["nbytes"] = tables["raw_bytes"] = sizes
    tables["n_hits"] = batch.counts
    tables["crc"] = np.array(_checksums(data, sizes.ravel()), np.uint32).reshape(n_frame, n_bank)
    lines = tables.tobytes()
    line_size = n_bank * layout.BANK.itemsize

    heads = np.zeros(n_frame, layout.FRAME_HEADER)
    heads["magic"] = np.void(layout.FRAME_MAGIC)
    heads["block_size"] = layout.HEADER_BYTES + line_size + sizes.sum(axis=1)
    heads["tf"] = np.arange(batch.tf, batch.tf + n_frame, dtype=np.uint64)
    heads["bc0"], heads["t_ns"] = batch.bc0, batch.t_ns
    heads["n_hits"] = batch.counts.sum(axis=1)
    heads["n_bank"], heads["run"] = n_bank, run & layout.MAX_U32
    heads["flags"] = 0 if batch.flags is None else batch.flags
    heads["table_crc"] = _checksums(lines, np.full(n_frame, line_size))
    heads["crc"] = _header_checksums(heads.tobytes())
    return EncodedBatch(_join(heads.tobytes(), lines, line_size, data, sizes.sum(axis=1)), heads, tables)


def _check(batch: FrameBatch) -> None:
    n_frame, n_bank = batch.counts.shape
    shapes: list[tuple[str, NDArray[Any], tuple[int, ...]]] = [
        ("bc0", batch.bc0, (n_frame,)),
        ("t_ns", batch.t_ns, (n_frame,)),
        ("bank_detector", batch.bank_detector, (n_bank,)),
        ("bank_link", batch.bank_link, (n_bank,)),
        ("hits", batch.hits, (int(batch.counts.sum(dtype=np.int64)),)),
    ]
    for name, array, shape in shapes:
        if array.shape != shape:
            raise BadInput(name, array.shape, f"must have shape {shape} with counts {batch.counts.shape}")
    largest = int(batch.counts.sum(axis=1, dtype=np.int64).max(initial=0)) * 8
    if layout.HEADER_BYTES + n_bank * layout.BANK.itemsize + largest > layout.MAX_U32:
        raise BadInput("hits", largest, "a frame must be smaller than 4 GiB")


def _checksums(data: bytes, sizes: NDArray[np.int64]) -> list[int]:
    """CRC-32C of consecutive pieces of `data`; a tight loop, as one call costs 0.2 us."""
    crc = google_crc32c.value
    ends = np.cumsum(sizes).tolist()
    return [crc(data[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _header_checksums(heads: bytes) -> list[int]:
    crc, size, covered = google_crc32c.value, layout.HEADER_BYTES, layout.CRC_OF_HEADER
    return [crc(heads[start : start + covered]) for start in range(0, len(heads), size)]


def _join(heads: bytes, lines: bytes, line_size: int, data: bytes, sizes: NDArray[np.int64]) -> bytes:
    view, end = memoryview(data), 0
    pieces: list[bytes | memoryview] = []
    for number, size in enumerate(sizes.tolist()):
        head = number * layout.HEADER_BYTES
        line = number * line_size
        start, end = end, end + size
        pieces += [heads[head : head + layout.HEADER_BYTES], lines[line : line + line_size], view[start:end]]
    return b"".join(pieces)
