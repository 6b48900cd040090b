"""The file header to bytes and back."""

import json
from typing import Any
from uuid import UUID

import google_crc32c
import numpy as np

from swf_testbed.model.errors import BadData, BadInput
from swf_testbed.stf import layout
from swf_testbed.stf.documents import DetectorInfo, FileHeader
from swf_testbed.stf.layout import Encoding, FileFlags
from swf_testbed.stf.ranges import RangeFile

_START_BYTES = 4096
_LIMITS = {"run": 64, "sequence": 32, "first_tf": 64, "t0_ns": 64, "flags": 16, "bc_per_tf": 32, "n_slot": 16}


def encode_header(header: FileHeader) -> bytes:
    """The header as written: 64 bytes, JSON, zeros up to a multiple of 64; `BadInput` if it does not fit."""
    for name, bits in _LIMITS.items():
        if not 0 <= getattr(header, name) < 1 << bits:
            raise BadInput(name, getattr(header, name), f"must be from 0 to 2^{bits} - 1")
    ids = [detector.id for detector in header.detectors]
    if len(set(ids)) < len(ids) or not all(0 <= id_ < 1 << 16 for id_ in ids):
        raise BadInput("detectors", ids, "ids must differ, and be from 0 to 65535")
    meta = _meta(header)
    fixed = np.zeros((), layout.FILE_HEADER)
    fixed["magic"] = np.void(layout.FILE_MAGIC)
    fixed["major"], fixed["minor"] = layout.MAJOR, layout.MINOR
    size = layout.padded(layout.HEADER_BYTES + len(meta), layout.HEADER_ALIGN)
    fixed["header_size"], fixed["meta_size"], fixed["meta_crc"] = size, len(meta), google_crc32c.value(meta)
    for name in _LIMITS:
        fixed[name] = getattr(header, name)
    fixed["crc"] = google_crc32c.value(fixed.tobytes()[: layout.CRC_OF_HEADER])
    return (fixed.tobytes() + meta).ljust(size, b"\0")


def _meta(header: FileHeader) -> bytes:
    document = {
        "detectors": [
            {
                "id": d.id,
                "name": d.name,
                "channels": d.channels,
                "units": d.units,
                "encoding": d.encoding.label,
            }
            for d in header.detectors
        ],
        "state": header.state,
        "substate": header.substate,
        "stream": header.stream,
        "bc_ns": header.bc_ns,
        "uuid": str(header.uuid),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def header_size(start: bytes, file: str) -> int:
    """Size of the whole header, bytes, from the first 64 bytes of a file; `BadData` if they are no header."""
    if start[:8] != layout.FILE_MAGIC:
        raise BadData(f"{file}: not an STF1 file (it does not begin with the STF1 signature)")
    if len(start) < layout.HEADER_BYTES:
        raise BadData(f"{file}: the file ends inside its header")
    fixed = np.frombuffer(start, layout.FILE_HEADER, 1)[0]
    if google_crc32c.value(start[: layout.CRC_OF_HEADER]) != fixed["crc"]:
        raise BadData(f"{file}: the file header is damaged (checksum)")
    if fixed["major"] != layout.MAJOR:
        raise BadData(f"{file}: STF version {fixed['major']}; this program reads version {layout.MAJOR}")
    size, meta_size = int(fixed["header_size"]), int(fixed["meta_size"])
    if size % layout.HEADER_ALIGN or layout.HEADER_BYTES + meta_size > size:
        raise BadData(f"{file}: the file header says impossible sizes ({size}, {meta_size})")
    return size


def decode_header(data: bytes, file: str) -> tuple[FileHeader, int]:
    """The header and its size in bytes, from the first bytes of a file; `BadData` if damaged or cut."""
    size = header_size(data, file)
    if len(data) < size:
        raise BadData(f"{file}: the file ends inside its header")
    fixed = np.frombuffer(data, layout.FILE_HEADER, 1)[0]
    meta = data[layout.HEADER_BYTES : layout.HEADER_BYTES + int(fixed["meta_size"])]
    if google_crc32c.value(meta) != fixed["meta_crc"]:
        raise BadData(f"{file}: the file header's description is damaged (checksum)")
    try:
        header = _header(fixed, json.loads(meta))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadData(f"{file}: the file header's description cannot be understood: {error}") from error
    if header.n_slot != fixed["n_slot"]:
        raise BadData(f"{file}: the header counts {fixed['n_slot']} detectors and describes {header.n_slot}")
    return header, size


def read_header(file: RangeFile, start: bytes | None = None) -> tuple[FileHeader, int]:
    """The header of an open file and its size, bytes; `start` is the file's beginning, if already read."""
    if start is None:
        start = file.read([(0, min(_START_BYTES, file.size))])[0]
    size = header_size(start, file.name)
    if size > len(start):
        start = file.read([(0, min(size, file.size))])[0]
    return decode_header(start, file.name)


def _header(fixed: Any, meta: dict[str, Any]) -> FileHeader:
    encodings = {encoding.label: encoding for encoding in Encoding}
    return FileHeader(
        run=int(fixed["run"]),
        sequence=int(fixed["sequence"]),
        first_tf=int(fixed["first_tf"]),
        t0_ns=int(fixed["t0_ns"]),
        flags=FileFlags(int(fixed["flags"])),
        bc_per_tf=int(fixed["bc_per_tf"]),
        detectors=tuple(
            DetectorInfo(
                int(d["id"]), str(d["name"]), int(d["channels"]), int(d["units"]), encodings[d["encoding"]]
            )
            for d in meta["detectors"]
        ),
        state=str(meta["state"]),
        substate=str(meta["substate"]),
        stream=str(meta["stream"]),
        bc_ns=float(meta["bc_ns"]),
        uuid=UUID(meta["uuid"]),
    )
