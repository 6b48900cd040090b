"""Byte ranges over XRootD: vector reads within the protocol's limits."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from swf_testbed.model.errors import NotFound, Unavailable
from swf_testbed.stf.urls import Range, shown

MAX_CHUNKS = 1024
MAX_CHUNK_BYTES = 2_097_136
"""What one vector read takes at most; it fails whole if it asks more, or passes the end of the file."""

_NOT_FOUND = 3011
"""kXR_NotFound."""

_PATIENCE = {
    "ConnectionWindow": 5,
    "ConnectionRetry": 1,
    "StreamErrorWindow": 1,
    "StreamTimeout": 20,
    "RequestTimeout": 30,
    "TimeoutResolution": 1,
}
"""How long the client waits, s: by itself minutes for a dead server. `XRD_*` of the environment win."""


@cache
def xrootd() -> Any:
    """XRootD's own client library, that gives up on a dead server within seconds.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        from XRootD import client
    except ImportError as error:
        raise Unavailable(
            "what lies at an XRootD server needs its client: pip install 'swf-testbed[xrootd]'"
        ) from error
    for name, seconds in _PATIENCE.items():
        client.EnvPutInt(name, seconds)
    return client


class XRootDFile:
    """A file of an XRootD server, by its own client library (`pip install swf-testbed[xrootd]`)."""

    def __init__(self, url: str) -> None:
        self.name, self.requests, self.bytes_read = shown(url), 0, 0
        self._file = xrootd().File()
        self._answer(self._file.open(url))

    def _answer(self, reply: tuple[Any, Any]) -> Any:
        self.requests += 1
        return _answered(self.name, reply)

    def size(self) -> int:
        """The file's size, bytes."""
        return int(self._answer(self._file.stat()).size)

    def fetch(self, spans: Sequence[Range]) -> list[bytes]:
        """The bytes of each span, up to 1024 chunks in a request."""
        chunks = list(split(spans))
        pieces: list[bytes] = []
        for first in range(0, len(chunks), MAX_CHUNKS):
            answer = self._answer(self._file.vector_read(chunks=chunks[first : first + MAX_CHUNKS]))
            come = [chunk.buffer for chunk in answer.chunks]
            self.bytes_read += sum(map(len, come))
            pieces += come
        rest = iter(pieces)
        return [b"".join(next(rest) for _ in split([span])) for span in spans]

    def close(self) -> None:
        """Close the file; a server that is gone does not matter any more."""
        if self._file.is_open():
            self._file.close()


def split(spans: Sequence[Range]) -> Iterator[Range]:
    """The spans in chunks that a vector read takes."""
    for offset, length in spans:
        for start in range(offset, offset + length, MAX_CHUNK_BYTES):
            yield start, min(MAX_CHUNK_BYTES, offset + length - start)


def _answered(url: str, reply: tuple[Any, Any]) -> Any:
    status, value = reply
    if status.ok:
        return value
    kind = NotFound if status.errno == _NOT_FOUND else Unavailable
    raise kind(f"{shown(url)}: {status.message.strip()}")


def checksum_of(url: str) -> tuple[int, str]:
    """Size, bytes, and adler32 (8 hex digits) of a file, as its own server reads it: no byte of it is sent.

    Raises:
        NotFound: there is no such file.
        Unavailable: the server does not answer, or computes no adler32.
    """
    library = xrootd()
    place = library.URL(url)
    server = library.FileSystem(f"{place.protocol}://{place.hostid}")
    size = int(_answered(url, server.stat(place.path)).size)
    said = _answered(url, server.query(library.flags.QueryCode.CHECKSUM, f"{place.path}?cks.type=adler32"))
    kind, _, value = said.decode().strip("\0 \n").partition(" ")
    if kind != "adler32" or not value:
        raise Unavailable(f"{shown(url)}: the server says no adler32")
    return size, value.strip().zfill(8)
