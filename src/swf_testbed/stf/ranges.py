"""Reads byte ranges of a file wherever it lies: near ranges in one piece, every byte and request counted."""

import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from swf_testbed.model.errors import BadData, BadInput, NotFound, Unavailable
from swf_testbed.stf.holds import hold
from swf_testbed.stf.urls import Range, local_path, shown

if TYPE_CHECKING:
    import httpx

DEFAULT_GAP = 128 * 1024
"""Ranges at most this many bytes apart are read in one piece: cheaper than a second request."""


class RangeRead(NamedTuple):
    """The bytes of each range asked, in the order asked, and what reading them cost."""

    data: list[bytes]
    requests: int
    bytes_read: int


class Backend(Protocol):
    """One way to reach a file. `requests` and `bytes_read` count what was asked and received."""

    requests: int
    bytes_read: int

    def size(self) -> int:
        """The file's size, bytes."""

    def fetch(self, spans: Sequence[Range]) -> list[bytes]:
        """The bytes of each span; the spans are ascending, apart, and inside the file."""

    def close(self) -> None:
        """Let go of the file."""


class LocalFile:
    """A file of this machine, read by pread."""

    def __init__(self, path: Path) -> None:
        self.path, self.requests, self.bytes_read = path, 0, 0
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            hold(self._fd)
        except FileNotFoundError as error:
            raise NotFound(f"{path}: no such file") from error
        except OSError as error:
            raise Unavailable(f"{path}: {error.strerror}") from error

    def size(self) -> int:
        """The file's size, bytes."""
        return os.fstat(self._fd).st_size

    def fetch(self, spans: Sequence[Range]) -> list[bytes]:
        """The bytes of each span, one pread each."""
        try:
            return [self._pread(offset, length) for offset, length in spans]
        except OSError as error:
            raise Unavailable(f"{self.path}: {error.strerror}") from error

    def _pread(self, offset: int, length: int) -> bytes:
        pieces = []
        while length:
            piece = os.pread(self._fd, length, offset)
            self.requests += 1
            self.bytes_read += len(piece)
            if not piece:
                break
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class RangeFile:
    """An open file for range reads; the back end follows from the URL's scheme.

    Args:
        url: a path, or a URL `file://`, `http://`, `https://`, `root://` (`roots://`).
        gap: ranges at most this many bytes apart are read in one piece.
        client: the HTTP client to use (credentials, certificates, proxies); closed by its owner.
    """

    def __init__(self, url: str | Path, gap: int = DEFAULT_GAP, client: "httpx.Client | None" = None) -> None:
        self.name = shown(str(url))
        self._gap = gap
        self._backend = _open_backend(str(url), client)
        try:
            self.size = self._backend.size()
        except BaseException:
            self._backend.close()
            raise

    @property
    def requests(self) -> int:
        """Requests made so far (a pread, an HTTP request, a vector read of XRootD)."""
        return self._backend.requests

    @property
    def bytes_read(self) -> int:
        """Bytes received so far, gaps and whole files included."""
        return self._backend.bytes_read

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        """The bytes of each range, in the order asked; `BadData` if one passes the end of the file."""
        for offset, length in ranges:
            if offset < 0 or length < 0:
                raise BadInput("range", (offset, length), "offset and length must not be negative")
            if offset + length > self.size:
                asked = f"bytes {offset} to {offset + length} were asked"
                raise BadData(f"{self.name}: the file has {self.size} bytes, {asked}")
        spans = coalesce(ranges, self._gap)
        pieces = self._backend.fetch(spans)
        for (offset, length), piece in zip(spans, pieces, strict=True):
            if len(piece) != length:
                raise BadData(f"{self.name}: got {len(piece)} of {length} bytes at {offset}; did it shrink?")
        return _cut(ranges, spans, pieces)

    def close(self) -> None:
        """Let go of the file."""
        self._backend.close()

    def __enter__(self) -> "RangeFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_backend(url: str, client: "httpx.Client | None") -> Backend:
    scheme, _, rest = url.partition("://")
    if not rest:
        return LocalFile(Path(url))
    if scheme == "file":
        return LocalFile(local_path(url))
    if scheme in ("http", "https"):
        from swf_testbed.stf.ranges_http import HttpFile

        return HttpFile(url, client)
    if scheme in ("root", "roots", "xroot"):
        from swf_testbed.stf.ranges_xrootd import XRootDFile

        return XRootDFile(url)
    raise BadInput("url", shown(url), "must be a path, or begin with file:// http:// https:// or root://")


def coalesce(ranges: Sequence[Range], gap: int) -> list[Range]:
    """Ascending spans that cover the ranges; ranges up to `gap` bytes apart share a span."""
    spans: list[Range] = []
    for offset, length in sorted(ranges):
        if not length:
            continue
        if spans and offset - sum(spans[-1]) <= gap:
            start = spans[-1][0]
            spans[-1] = (start, max(sum(spans[-1]), offset + length) - start)
        else:
            spans.append((offset, length))
    return spans


def _cut(ranges: Sequence[Range], spans: Sequence[Range], pieces: Sequence[bytes]) -> list[bytes]:
    starts = [offset for offset, _ in spans]
    data = []
    for offset, length in ranges:
        place = bisect_right(starts, offset) - 1
        start = offset - starts[place] if length else 0
        data.append(pieces[place][start : start + length] if length else b"")
    return data


def read_ranges(
    url: str | Path,
    ranges: Sequence[Range],
    gap: int = DEFAULT_GAP,
    client: "httpx.Client | None" = None,
) -> RangeRead:
    """Read byte ranges (offset, length) of a file or URL; arguments and errors as for `RangeFile`."""
    with RangeFile(url, gap, client) as file:
        data = file.read(ranges)
        return RangeRead(data, file.requests, file.bytes_read)


def file_size(url: str | Path, client: "httpx.Client | None" = None) -> int:
    """Size of a file or URL, bytes."""
    with RangeFile(url, client=client) as file:
        return file.size
