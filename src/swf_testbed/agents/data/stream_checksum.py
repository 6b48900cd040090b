"""The running checksum of a stream of files: the adler32 of all their bytes, one file after the other."""

from typing import NamedTuple

_BASE = 65_521


class Stream(NamedTuple):
    """How far a stream has come: files without a gap from the first, their bytes, and their adler32."""

    files: int
    size_bytes: int
    adler32: int

    def document(self) -> dict[str, int | str]:
        """As records have it."""
        return {"files": self.files, "size_bytes": self.size_bytes, "checksum": f"ad:{self.adler32:08x}"}


def combined(first: int, second: int, second_bytes: int) -> int:
    """The adler32 of two pieces in a row, from that of each and the length of the second."""
    a1, b1 = first & 0xFFFF, first >> 16
    a2, b2 = second & 0xFFFF, second >> 16
    rest = second_bytes % _BASE
    a = (a1 + a2 - 1) % _BASE
    b = (b1 + b2 + rest * (a1 - 1)) % _BASE
    return b << 16 | a


class StreamChecksum:
    """Takes files in any order, and counts those without a gap from the first."""

    def __init__(self) -> None:
        self._steps = [Stream(0, 0, 1)]
        self._early: dict[int, tuple[int, int]] = {}

    def add(self, position: int, size_bytes: int, checksum: str) -> None:
        """A file has come: its place from 0, its bytes, and its checksum (`ad:` and 8 hex digits)."""
        self._early[position] = size_bytes, int(checksum.removeprefix("ad:"), 16)
        while (entry := self._early.pop(len(self._steps) - 1, None)) is not None:
            size, value = entry
            last = self._steps[-1]
            done = combined(last.adler32, value, size)
            self._steps.append(Stream(last.files + 1, last.size_bytes + size, done))

    @property
    def now(self) -> Stream:
        """How far it is."""
        return self._steps[-1]

    def after(self, files: int) -> Stream:
        """How it was after so many files."""
        return self._steps[files]


def first_difference(one: StreamChecksum, other: StreamChecksum) -> int | None:
    """The place of the first file that differs, as far as both have come; None if they agree."""
    common = min(one.now.files, other.now.files)
    if one.after(common) == other.after(common):
        return None
    low, high = 0, common  # they agree after `low` files, and not after `high`
    while high - low > 1:
        middle = (low + high) // 2
        if one.after(middle) == other.after(middle):
            low = middle
        else:
            high = middle
    return low
