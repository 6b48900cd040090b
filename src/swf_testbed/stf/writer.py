"""Writes STF1 files, from one frame at a time to a thousand at once."""

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.errors import BadInput
from swf_testbed.stf import layout
from swf_testbed.stf.batch import encode_batch
from swf_testbed.stf.documents import FileHeader, Frame, FrameBatch, WriteSummary, checksum_text
from swf_testbed.stf.frames import check_frame, encode_frame
from swf_testbed.stf.header import encode_header
from swf_testbed.stf.index import Index, index_lines, join_lines
from swf_testbed.stf.layout import FileFlags
from swf_testbed.stf.partfile import PartFile


class StfWriter:
    """Writes `path`; as a context manager it closes the file, or removes the part file on an exception.

    Frames come in ascending order of their number, and every bank's detector is in the header.
    """

    def __init__(self, path: Path | str, header: FileHeader) -> None:
        self.header = header
        self._slot_of = header.slot_of()
        self._detectors = np.array(sorted(self._slot_of), np.int64)
        self._lines: list[Index] = []
        self._last_tf = -1
        self._summary: WriteSummary | None = None
        start = encode_header(header)
        self._file = PartFile(Path(path))
        self._file.write(start)

    def add(self, frame: Frame) -> None:
        """Write one frame."""
        if frame.run & layout.MAX_U32 != self.header.run & layout.MAX_U32:
            raise BadInput("run", frame.run, f"the file holds run {self.header.run}")
        self.add_raw(encode_frame(frame, bool(self.header.flags & FileFlags.NO_PAYLOAD)))

    def add_raw(self, block: bytes) -> None:
        """Copy one complete frame bit for bit; `CrcError` if its header or bank table is damaged.

        Payloads are not looked at: damage in one stays what it was, and is found by who reads it.
        """
        _, table = check_frame(block)
        self._write(block, np.frombuffer(block, layout.FRAME_HEADER, 1), table[np.newaxis])

    def add_many(self, frames: FrameBatch) -> None:
        """Write many frames of the header's run at once (10 MB in some 20 ms)."""
        if len(frames.counts):
            for encoded in encode_batch(frames, self.header.run):
                self._write(*encoded)

    def _write(self, data: bytes, heads: NDArray[np.void], tables: NDArray[np.void]) -> None:
        if self._summary is not None:
            raise BadInput("frame", int(heads["tf"][0]), f"{self._file.path} is closed")
        first, last = int(heads["tf"][0]), int(heads["tf"][-1])
        if first <= self._last_tf:
            raise BadInput("tf", first, f"must be greater than {self._last_tf}, the frame before")
        unknown = np.setdiff1d(tables["detector"], self._detectors)
        if len(unknown):
            raise BadInput("detector", int(unknown[0]), f"the file header lists {self._detectors.tolist()}")
        lines = index_lines(heads, tables, self._file.size, self._slot_of)
        self._file.write(data)
        self._lines.append(lines)
        self._last_tf = last

    def close(self, fsync: bool = False) -> WriteSummary:
        """Write index and footer and give the file its name; with `fsync` once it is safe on disk.

        A second call returns the same summary.
        """
        if self._summary is None:
            index = join_lines(self._lines, self.header.n_slot)
            offset = self._file.size
            try:
                self._file.write(index.encode(offset))
                self._file.commit(fsync)
            except BaseException:
                self._file.discard()
                raise
            self._summary = WriteSummary(
                path=self._file.path,
                size_bytes=self._file.size,
                checksum=checksum_text(self._file.adler32),
                index_offset=offset,
                tf_first=int(index.tf[0]) if len(index.tf) else self.header.first_tf,
                tf_count=len(index.tf),
                n_hits=int(index.n_hits.sum(dtype=np.uint64)),
            )
        return self._summary

    def discard(self) -> None:
        """Give up: remove the part file. Nothing happens if the file is closed."""
        self._file.discard()

    def __enter__(self) -> "StfWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
