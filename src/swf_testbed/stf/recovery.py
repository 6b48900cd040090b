"""Makes a new valid file of whatever is intact in a damaged or truncated one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.errors import BadData, BadInput
from swf_testbed.model.names import derived_id
from swf_testbed.stf import layout
from swf_testbed.stf.documents import DetectorInfo, FileHeader, WriteSummary
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.frames import FrameHead, check_frame, padded_sizes, payloads
from swf_testbed.stf.header import read_header
from swf_testbed.stf.index import Table
from swf_testbed.stf.layout import Encoding
from swf_testbed.stf.ranges import RangeFile
from swf_testbed.stf.scan import Loss, Scan, scan_frames
from swf_testbed.stf.writer import StfWriter

if TYPE_CHECKING:
    import httpx

Progress = Callable[[int], None]
"""Told how many bytes of the source are done."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was written, and what was left out: parts of the file, and damaged banks of kept frames."""

    summary: WriteSummary
    header_lost: str | None
    lost: tuple[Loss, ...]
    bad_banks: tuple[CrcError, ...]


def recover(
    url: str | Path,
    path: Path | str,
    progress: Progress | None = None,
    client: "httpx.Client | None" = None,
) -> Recovery:
    """Write every intact frame of `url` to `path`, bit for bit; a damaged bank is left out of its frame.

    Without a valid file header one is made up from the frames: detectors are called by their ids, and what
    frames do not say (state, stream, channels) is unknown. `BadData` if there is neither header nor frame.
    """
    if Path(url).resolve() == Path(path).resolve():
        raise BadInput("output", str(path), "must be another file than the input")
    with RangeFile(url, client=client) as file:
        header_lost = None
        try:
            header, start = read_header(file)
        except BadData as error:
            header_lost = str(error)
            scan = scan_frames(file, 0, {})
            header = _substitute(file, scan, header_lost)
        else:
            scan = scan_frames(file, start, header.slot_of())
        lost: list[Loss] = list(scan.lost)
        bad: list[CrcError] = []
        identity = derived_id(header.uuid, "recovered", *scan.index.tf.tolist())
        with StfWriter(path, replace(header, uuid=identity)) as writer:
            for offset, block in _blocks(file, scan):
                loss = _copy(writer, block, offset, bad)
                if loss:
                    lost.append(loss)
                if progress:
                    progress(offset + len(block))
            return Recovery(writer.close(), header_lost, tuple(lost), tuple(bad))


def _blocks(file: RangeFile, scan: Scan) -> Iterator[tuple[int, bytes]]:
    for place in zip(scan.index.offset.tolist(), scan.index.block_size.tolist(), strict=True):
        yield place[0], file.read([place])[0]


def _copy(writer: StfWriter, block: bytes, offset: int, bad: list[CrcError]) -> Loss | None:
    head, table = check_frame(block)
    good = np.ones(len(table), np.bool_)
    for row, (_, data) in enumerate(payloads(block, head, table)):
        if isinstance(data, CrcError):
            bad.append(data)
            good[row] = False
    try:
        writer.add_raw(block if good.all() else _without(block, head, table, good))
    except BadInput as error:  # Out of order, or of a detector that the header does not list.
        return Loss(offset, len(block), head.tf, f"the frame does not fit here: {error}")
    return None


def _without(block: bytes, head: FrameHead, table: Table, good: NDArray[np.bool_]) -> bytes:
    """The frame with its good banks only."""
    ends = np.cumsum(padded_sizes(table)) + head.table_end
    starts = ends - padded_sizes(table)
    lines = table[good].tobytes()
    kept = [block[start:end] for start, end in zip(starts[good].tolist(), ends[good].tolist(), strict=True)]
    new = np.frombuffer(block, layout.FRAME_HEADER, 1).copy()
    new["block_size"] = layout.HEADER_BYTES + len(lines) + sum(map(len, kept))
    new["n_bank"] = int(good.sum())
    new["n_hits"] = int(table["n_hits"][good].sum())
    new["table_crc"] = google_crc32c.value(lines)
    new["crc"] = google_crc32c.value(new.tobytes()[: layout.CRC_OF_HEADER])
    return b"".join([new.tobytes(), lines, *kept])


def _substitute(file: RangeFile, scan: Scan, problem: str) -> FileHeader:
    if not len(scan.index.tf):
        raise BadData(f"{problem}; and no frame was found in it")
    encodings: dict[int, Encoding] = {}
    for _, block in _blocks(file, scan):
        for line in check_frame(block)[1]:
            hit64 = line["encoding"] == Encoding.HIT64
            encodings[int(line["detector"])] = Encoding.HIT64 if hit64 else Encoding.OPAQUE
    head, _ = check_frame(next(_blocks(file, scan))[1])
    return FileHeader(
        run=head.run,
        sequence=0,
        first_tf=head.tf,
        t0_ns=head.t_ns,
        detectors=tuple(
            DetectorInfo(id_, f"DETECTOR_{id_}", layout.CHANNEL_LIMIT, 1, encoding)
            for id_, encoding in sorted(encodings.items())
        ),
        uuid=derived_id("recovered", head.run, head.tf),
    )
