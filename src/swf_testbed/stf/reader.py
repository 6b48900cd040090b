"""Reads STF1 files: the index in one read, then only the frames that are asked for."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.errors import BadInput
from swf_testbed.stf import layout
from swf_testbed.stf.documents import FileHeader, Frame
from swf_testbed.stf.errors import CrcError, OnBad
from swf_testbed.stf.frames import parse_frame
from swf_testbed.stf.header import read_header
from swf_testbed.stf.hits import HitBatch, frame_hits_by_detector
from swf_testbed.stf.index import Index, decode_index, footer_of
from swf_testbed.stf.ranges import DEFAULT_GAP, RangeFile
from swf_testbed.stf.scan import Loss, scan_frames

if TYPE_CHECKING:
    import httpx

__all__ = ["HitBatch", "Slots", "StfReader", "Which", "frame_hits_by_detector", "parse_frame"]

TAIL_BYTES = 256 * 1024
"""Read at once from the end of a file: the index of 1000 frames of 16 detectors is 160 kB."""

_HEAD_BYTES = 4096
_CHUNK_BYTES = 64 * 1024 * 1024
"""Frames are read through in pieces of about this size."""

Which = slice | Iterable[int]
"""Some frames of a file: a slice of their positions, or their numbers."""

ALL = slice(None)


class Slots(NamedTuple):
    """Stored bytes and hits of each detector in each frame: arrays (n_tf, n_slot), slots as in the header."""

    nbytes: NDArray[np.uint32]
    n_hits: NDArray[np.uint32]


class StfReader:
    """An open file. Read it with `open`; close it, or use it as a context manager.

    Attributes:
        url: where the file is (without what may be secret in a URL).
        header: the file header.
        header_size: where the first frame begins, bytes.
        index: offset, tf, block_size, n_hits and flags of each frame.
        recovered: True if the index could not be read, and the frames were searched for instead.
        lost: what a recovered file lacks, or cannot give back.
    """

    def __init__(self, file: RangeFile) -> None:
        self._file = file
        self.url = file.name
        head = min(_HEAD_BYTES, file.size)
        tail = min(TAIL_BYTES, file.size)
        start, end = file.read([(0, head), (file.size - tail, tail)])
        self.header: FileHeader
        self.header, self.header_size = read_header(file, start)
        index = self._stored_index(end)
        self.recovered = index is None
        self.lost: tuple[Loss, ...] = ()
        self.index: Index = self._found_index() if index is None else index

    @classmethod
    def open(
        cls, url: str | Path, gap: int = DEFAULT_GAP, client: "httpx.Client | None" = None
    ) -> "StfReader":
        """Open a path or URL; arguments as for `RangeFile`. `BadData` if it has no valid STF1 header."""
        file = RangeFile(url, gap, client)
        try:
            return cls(file)
        except BaseException:
            file.close()
            raise

    def _stored_index(self, tail: bytes) -> Index | None:
        footer = footer_of(tail, self._file.size, self.header.n_slot)
        if footer is None:
            return None
        offset, size = int(footer["index_offset"]), int(footer["index_size"])
        start = len(tail) - layout.HEADER_BYTES - size
        data = tail[start : start + size] if start >= 0 else self._file.read([(offset, size)])[0]
        return decode_index(data, footer, self.header_size)

    def _found_index(self) -> Index:
        scan = scan_frames(self._file, self.header_size, self.header.slot_of())
        rest = Loss(scan.end, self._file.size - scan.end, None, "the index is missing or damaged")
        self.lost = (*scan.lost, rest)
        return scan.index

    @property
    def size(self) -> int:
        """The file's size, bytes."""
        return self._file.size

    @property
    def requests(self) -> int:
        """Read requests made so far."""
        return self._file.requests

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return self._file.bytes_read

    @property
    def slots(self) -> Slots:
        """Volume and hits of every detector in every frame, without reading the frames."""
        return Slots(self.index.slots["nbytes"], self.index.slots["n_hits"])

    def tf_numbers(self) -> NDArray[np.uint64]:
        """The numbers of the frames, in the file's order (n_tf)."""
        return self.index.tf

    @cached_property
    def _row_of(self) -> dict[int, int]:
        numbers = self.index.tf.tolist()
        return {tf: row for row, tf in reversed(list(enumerate(numbers)))}

    def _rows(self, which: Which) -> list[int]:
        if isinstance(which, slice):
            return list(range(len(self.index.tf)))[which]
        numbers = [int(tf) for tf in which]
        for tf in numbers:
            if tf not in self._row_of:
                raise BadInput("tf", tf, f"{self.url} has {self._held()}")
        return [self._row_of[tf] for tf in numbers]

    def _held(self) -> str:
        if not len(self.index.tf):
            return "no frames"
        return f"{len(self.index.tf)} frames, {self.index.tf.min()} to {self.index.tf.max()}"

    def read_blocks(self, which: Which = ALL) -> list[bytes]:
        """The raw bytes of frames, not verified, in the order asked and in as few reads as possible."""
        return self._blocks(self._rows(which))

    def _blocks(self, rows: list[int]) -> list[bytes]:
        offsets, sizes = self.index.offset[rows].tolist(), self.index.block_size[rows].tolist()
        return self._file.read(list(zip(offsets, sizes, strict=True)))

    def iter_blocks(self, which: Which = ALL) -> Iterator[tuple[int, bytes]]:
        """Number and raw bytes of frames, one after the other, read some 64 MB at a time."""
        rows = self._rows(which)
        ends = np.cumsum(self.index.block_size[rows], dtype=np.int64) // _CHUNK_BYTES
        for chunk in np.split(np.array(rows, np.int64), np.flatnonzero(np.diff(ends)) + 1):
            chosen = chunk.tolist()
            yield from zip(self.index.tf[chosen].tolist(), self._blocks(chosen), strict=True)

    def read_frames(self, which: Which = ALL, on_bad: OnBad = None, verify: bool = True) -> Iterator[Frame]:
        """Frames, decoded and verified, in the order asked.

        Args:
            which: a slice of positions in the file, or frame numbers; `BadInput` if one is not there.
            on_bad: told about each damaged frame or bank, which is left out; None raises `CrcError`.
            verify: check the payloads' checksums.
        """
        for tf, block in self.iter_blocks(which):
            try:
                frame = parse_frame(block, verify, file=self.url, tf=tf, on_bad=on_bad)
            except CrcError as error:
                if on_bad is None:
                    raise
                on_bad(error)
            else:
                yield frame

    def hits_by_detector(self, which: Which = ALL, on_bad: OnBad = None) -> dict[int, HitBatch]:
        """The hits of frames by detector, verified: `frame_hits_by_detector` over this file."""
        rows = self._rows(which)
        tfs = self.index.tf[rows].tolist()
        return frame_hits_by_detector(self._blocks(rows), on_bad, file=self.url, tfs=tfs)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> "StfReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
