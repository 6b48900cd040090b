"""Finds the frames of a file without its index: from header to header, over whatever is damaged."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from swf_testbed.stf import layout
from swf_testbed.stf.frames import FrameHead, bank_table, frame_head
from swf_testbed.stf.index import Index, index_lines, join_lines
from swf_testbed.stf.ranges import RangeFile

_WINDOW = 256 * 1024
"""Bytes read at once: many small frames, or one large frame's header."""


class Loss(NamedTuple):
    """A part of the file that cannot be used: offset and size in bytes, the frame if known, and why."""

    offset: int
    size: int
    frame: int | None
    problem: str

    def __str__(self) -> str:
        frame = "" if self.frame is None else f", frame {self.frame}"
        return f"bytes {self.offset} to {self.offset + self.size}{frame}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found: the frames, the damage between them, and where frames end."""

    index: Index
    lost: tuple[Loss, ...]
    end: int


class _Window:
    """The part of the file being looked at."""

    def __init__(self, file: RangeFile) -> None:
        self._file, self._start, self._data = file, 0, b""

    def at(self, offset: int, length: int) -> bytes:
        """`length` bytes at `offset`, fewer at the end of the file."""
        length = max(0, min(length, self._file.size - offset))
        start = offset - self._start
        if start < 0 or start + length > len(self._data):
            size = min(max(length, _WINDOW), self._file.size - offset)
            self._data, self._start, start = self._file.read([(offset, size)])[0], offset, 0
        return self._data[start : start + length]

    def head(self, offset: int) -> FrameHead | None:
        return frame_head(self.at(offset, layout.HEADER_BYTES))

    def next_head(self, offset: int) -> int | None:
        """Where the next valid frame header is, from `offset` on; frames are 8-byte aligned."""
        while offset < self._file.size:
            data = self.at(offset, _WINDOW)
            place = data.find(layout.FRAME_MAGIC)
            while place >= 0:
                found = offset + place
                if found % layout.FRAME_ALIGN == 0 and frame_head(self._peek(found)):
                    return found
                place = data.find(layout.FRAME_MAGIC, place + 1)
            # The magic's beginning may be the last bytes of this window.
            offset += max(len(data) - 3, 1)
        return None

    def _peek(self, offset: int) -> bytes:
        """A header's bytes, without moving the window."""
        start = offset - self._start
        if start + layout.HEADER_BYTES <= len(self._data):
            return self._data[start : start + layout.HEADER_BYTES]
        return self._file.read([(offset, min(layout.HEADER_BYTES, self._file.size - offset))])[0]


def scan_frames(file: RangeFile, start: int, slot_of: dict[int, int]) -> Scan:
    """Every complete frame from offset `start` on; payloads are not looked at."""
    window, lines, lost, offset = _Window(file), [], [], start
    while offset < file.size:
        head = window.head(offset)
        if head is None:
            if window.at(offset, 8) == layout.INDEX_MAGIC:
                break
            found = window.next_head(offset + 1)
            end = file.size if found is None else found
            lost.append(Loss(offset, end - offset, None, "no frame can be found here"))
            offset = end
            continue
        if offset + head.block_size > file.size:
            missing = offset + head.block_size - file.size
            problem = f"the file ends inside the frame, {missing} bytes are missing"
            lost.append(Loss(offset, file.size - offset, head.tf, problem))
            offset = file.size
            break
        table = bank_table(head, window.at(offset, head.table_end))
        if table is None:
            lost.append(Loss(offset, head.block_size, head.tf, "the bank table is damaged"))
        else:
            heads = np.frombuffer(window.at(offset, layout.HEADER_BYTES), layout.FRAME_HEADER)
            lines.append(index_lines(heads, table[np.newaxis], offset, slot_of))
        offset += head.block_size
    return Scan(join_lines(lines, len(slot_of)), tuple(lost), offset)
