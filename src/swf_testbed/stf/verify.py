"""Checks everything in a file: each checksum, each size, the index against the frames."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from swf_testbed.model.errors import BadData
from swf_testbed.stf import layout
from swf_testbed.stf.documents import FileHeader, checksum_text
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.frames import FrameHead, check_frame, payloads
from swf_testbed.stf.header import read_header
from swf_testbed.stf.index import Index, Table, decode_index, footer_of
from swf_testbed.stf.ranges import RangeFile
from swf_testbed.stf.scan import Scan, scan_frames

if TYPE_CHECKING:
    import httpx

_CHUNK_BYTES = 16 * 1024 * 1024

Progress = Callable[[int], None]
"""Told how many bytes of the file are done."""


class Problem(NamedTuple):
    """One thing wrong in a file, and where: None where it does not apply or cannot be known."""

    text: str
    frame: int | None = None
    detector: int | None = None
    link: int | None = None

    def __str__(self) -> str:
        return str(CrcError(self.text, "", self.frame, self.detector, self.link))


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification counted, and every problem it found."""

    url: str
    size_bytes: int
    checksum: str
    frames: int
    banks: int
    hits: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


class _Stream:
    """A file read once from front to back, with its adler32; `position` is the next byte to take."""

    def __init__(self, file: RangeFile, progress: Progress | None) -> None:
        self._file, self._progress = file, progress
        self._buffer, self._start = b"", 0
        self.position, self.adler32 = 0, 1

    def take(self, size: int) -> bytes:
        """The next `size` bytes of the file, which must be there."""
        kept = self._buffer[self.position - self._start :]
        if len(kept) < size:
            at = self._start + len(self._buffer)
            length = min(max(size - len(kept), _CHUNK_BYTES), self._file.size - at)
            more = self._file.read([(at, length)])[0]
            self.adler32 = zlib.adler32(more, self.adler32)
            self._buffer, self._start = kept + more, self.position
            if self._progress:
                self._progress(at + length)
        start = self.position - self._start
        self.position += size
        return self._buffer[start : start + size]

    def skip_to(self, position: int) -> None:
        """Pass over everything before `position`."""
        while self.position < position:
            self.take(min(position - self.position, _CHUNK_BYTES))


def verify(
    url: str | Path,
    checksum: str | None = None,
    progress: Progress | None = None,
    client: "httpx.Client | None" = None,
) -> Report:
    """Verify a whole file; `checksum` (`ad:` and 8 digits) is what it should be, if that is known.

    A file that cannot be reached raises; whatever is wrong in it is reported.
    """
    with RangeFile(url, client=client) as file:
        return _Check(file, progress).report(checksum)


class _Check:
    """One verification under way."""

    def __init__(self, file: RangeFile, progress: Progress | None) -> None:
        self._file, self._stream = file, _Stream(file, progress)
        self._problems: list[Problem] = []
        self._banks = self._hits = 0

    def _found(self, text: str, *where: int | None) -> None:
        self._problems.append(Problem(text, *where))

    def report(self, checksum: str | None) -> Report:
        try:
            header, start = read_header(self._file)
            self._header_padding(start)
        except BadData as error:
            header, start = None, 0
            self._found(str(error).removeprefix(f"{self._file.name}: "))
        scan = scan_frames(self._file, start, header.slot_of() if header else {})
        for loss in scan.lost:
            self._found(f"{loss.problem} ({loss.size} bytes from {loss.offset})", loss.frame)
        self._frames(scan.index, header)
        if header:
            self._index(scan, start, header)
        self._stream.skip_to(self._file.size)
        found = checksum_text(self._stream.adler32)
        if checksum is not None and checksum != found:
            self._found(f"the file's checksum is {found}, expected {checksum}")
        return Report(
            url=self._file.name,
            size_bytes=self._file.size,
            checksum=found,
            frames=len(scan.index.tf),
            banks=self._banks,
            hits=self._hits,
            problems=tuple(self._problems),
        )

    def _header_padding(self, size: int) -> None:
        data = self._stream.take(size)
        meta_size = int(np.frombuffer(data, layout.FILE_HEADER, 1)[0]["meta_size"])
        if any(data[layout.HEADER_BYTES + meta_size :]):
            self._found("the file header's padding is not zero")

    def _frames(self, index: Index, header: FileHeader | None) -> None:
        known = header.slot_of() if header else None
        last = -1
        for offset, size in zip(index.offset.tolist(), index.block_size.tolist(), strict=True):
            self._stream.skip_to(offset)
            block = self._stream.take(size)
            head, table = check_frame(block)
            if head.tf <= last:
                self._found(f"the frame stands after frame {last}", head.tf)
            if header and head.run != header.run & layout.MAX_U32:
                self._found(f"the frame is of run {head.run}, the file of run {header.run}", head.tf)
            if int(table["n_hits"].sum(dtype=np.int64)) != head.n_hits:
                self._found(f"the frame says {head.n_hits} hits, its banks another number", head.tf)
            last = head.tf
            self._payloads(block, head, table, known)

    def _payloads(self, block: bytes, head: FrameHead, table: Table, known: dict[int, int] | None) -> None:
        end = head.table_end
        for bank, data in payloads(block, head, table):
            where = head.tf, bank.detector, bank.link
            start, end = end + bank.nbytes, end + layout.padded(bank.nbytes)
            self._banks += 1
            if isinstance(data, CrcError):
                self._found(data.problem, *where)
            else:
                self._hits += bank.n_hits
            if any(block[start:end]):
                self._found("the padding after the bank is not zero", *where)
            if known is not None and bank.detector not in known:
                self._found("the file header does not list the detector", *where)

    def _index(self, scan: Scan, start: int, header: FileHeader) -> None:
        """The index and footer must be, byte by byte, what the frames give."""
        self._stream.skip_to(scan.end)
        stored = self._stream.take(self._file.size - scan.end)
        if stored == scan.index.encode(scan.end):
            return
        footer = footer_of(stored, self._file.size, header.n_slot)
        if footer is None:
            self._found("the footer is missing or damaged")
            return
        index = decode_index(stored[: -layout.HEADER_BYTES], footer, start)
        if index is None:
            self._found("the index is damaged")
        elif same_index(index, scan.index):
            self._found("the footer's flags or number of hits are not what the frames give")
        else:
            self._found("the index does not agree with the frames")


def same_index(one: Index, other: Index) -> bool:
    """Both say the same of the same frames."""
    return one.entries.tobytes() == other.entries.tobytes() and one.slots.tobytes() == other.slots.tobytes()
