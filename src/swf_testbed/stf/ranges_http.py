"""Byte ranges over HTTP: many in one request where the server can, and whatever it answers is understood."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from swf_testbed.model.errors import NotFound, Refused, Unavailable
from swf_testbed.model.hosts import is_loopback
from swf_testbed.stf.urls import Range, shown

RANGES_PER_REQUEST = 200
"""About 4 kB of header: servers commonly refuse more than 8 kB."""

_ATTEMPTS = 3
_WAIT_S = 0.2
_TIMEOUT_S = 30.0
_WHOLE_FILE_RATIO = 2
"""A server that sends the whole file is let, if that is at most this many times what was asked."""

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)

Parts = list[tuple[int, bytes]]
"""Pieces of the file: offset and bytes."""


class _BusyError(Exception):
    """The server says try again."""


class HttpFile:
    """A file of an HTTP server; with `client` from outside, that client's owner closes it."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.url, self.name, self.requests, self.bytes_read = url, shown(url), 0, 0
        self._client, self._own = client or client_for(url), client is None
        self._many = True

    def size(self) -> int:
        """The file's size, bytes: from the answer to its first byte, as HEAD is not allowed everywhere."""
        for attempt in range(_ATTEMPTS):
            with self._tried(attempt), self._get([(0, 1)]) as answer:
                total = _content_range(answer)[2]
                if answer.status_code == httpx.codes.OK:
                    total = int(answer.headers.get("content-length", -1))
                if total < 0:
                    raise Unavailable(f"{self.name}: the server does not tell the file's size")
                return total
        raise AssertionError  # the last attempt raises

    def fetch(self, spans: Sequence[Range]) -> list[bytes]:
        """The bytes of each span, in as few requests as the server understands."""
        found: dict[Range, bytes] = {}
        while missing := [span for span in spans if span not in found]:
            count = RANGES_PER_REQUEST if self._many else 1
            parts = self._retried(missing[:count], missing)
            before = len(found)
            for span in missing:
                piece = _piece(parts, span)
                if piece is not None:
                    found[span] = piece
            if len(found) - before < min(count, len(missing)):
                if not self._many:
                    raise Unavailable(f"{self.name}: the server's answer lacks the bytes asked")
                self._many = False
        return [found[span] for span in spans]

    def _retried(self, spans: Sequence[Range], wanted: Sequence[Range]) -> Parts:
        for attempt in range(_ATTEMPTS):
            with self._tried(attempt), self._get(spans) as answer:
                return self._parts(answer, spans, wanted)
        raise AssertionError  # the last attempt raises

    @contextmanager
    def _tried(self, attempt: int) -> Iterator[None]:
        """Swallows a passing failure after a pause, except on the last attempt."""
        try:
            yield
        except (httpx.TransportError, _BusyError) as error:
            if attempt == _ATTEMPTS - 1:
                raise Unavailable(f"{self.name}: {error or type(error).__name__}") from error
            time.sleep(_WAIT_S * 2**attempt)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Unavailable(f"{self.name}: {error or type(error).__name__}") from error

    @contextmanager
    def _get(self, spans: Sequence[Range]) -> Iterator[httpx.Response]:
        wanted = ",".join(f"{offset}-{offset + length - 1}" for offset, length in spans)
        headers = {"Range": f"bytes={wanted}", "Accept-Encoding": "identity"}
        self.requests += 1
        with self._client.stream("GET", self.url, headers=headers) as answer:
            self._check(answer)
            yield answer

    def _check(self, answer: httpx.Response) -> None:
        code = answer.status_code
        told = f"the server answered {code} {answer.reason_phrase}"
        if code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            raise NotFound(f"{self.name}: {told}")
        if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            needs = "; it needs a token that may read" if code == httpx.codes.UNAUTHORIZED else ""
            raise Refused(f"{self.name}: {told}{needs}")
        if code in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS) or answer.is_server_error:
            raise _BusyError(told)
        empty = code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and _content_range(answer)[2] == 0
        if code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT) and not empty:
            raise Unavailable(f"{self.name}: {told}")

    def _parts(self, answer: httpx.Response, spans: Sequence[Range], wanted: Sequence[Range]) -> Parts:
        if answer.status_code == httpx.codes.OK:
            total = int(answer.headers.get("content-length", 0)) or sum(spans[-1])
            much = total > _WHOLE_FILE_RATIO * sum(length for _, length in wanted)
            # Some servers know one range and not many: ask those again, one by one, not for everything.
            return [] if len(spans) > 1 and much else self._picked(answer, wanted)
        data = b"".join(self._counted(answer))
        kind = answer.headers.get("content-type", "")
        if kind.lower().startswith("multipart/byteranges"):
            return _multipart(data, kind)
        start = _content_range(answer)[0]
        return [(start, data)] if start >= 0 else []

    def _picked(self, answer: httpx.Response, spans: Sequence[Range]) -> Parts:
        """The spans out of a whole file passing by, which is left after the last of them."""
        pieces = [bytearray() for _ in spans]
        at = 0
        for chunk in self._counted(answer):
            for piece, (offset, length) in zip(pieces, spans, strict=True):
                piece.extend(chunk[max(0, offset - at) : max(0, offset + length - at)])
            at += len(chunk)
            if at >= sum(spans[-1]):
                break
        return [(span[0], bytes(piece)) for span, piece in zip(spans, pieces, strict=True)]

    def _counted(self, answer: httpx.Response) -> Iterator[bytes]:
        for chunk in answer.iter_raw():
            self.bytes_read += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._own:
            self._client.close()


def client_for(url: str) -> httpx.Client:
    """A client that reaches the host of a URL, and follows where it points to."""
    # A proxy from the environment cannot reach this machine's own loopback address.
    return httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S, trust_env=not is_loopback(url))


def _content_range(answer: httpx.Response) -> tuple[int, int, int]:
    """First byte, last byte and total size as Content-Range says; -1 for what it does not say."""
    return _parse_content_range(answer.headers.get("content-range", ""))


def _parse_content_range(text: str) -> tuple[int, int, int]:
    found = _CONTENT_RANGE.search(text)
    if found is None:
        return -1, -1, -1
    first, last, total = (int(word) if word and word != "*" else -1 for word in found.groups())
    return first, last, total


def _multipart(data: bytes, kind: str) -> Parts:
    found = _BOUNDARY.search(kind)
    if found is None:
        return []
    mark = b"--" + found[1].encode("latin-1")
    parts = []
    at = data.find(mark)
    while at >= 0:
        end = data.find(b"\r\n\r\n", at)
        first, last, _ = _parse_content_range(data[at:end].decode("latin-1"))
        if end < 0 or first < 0:
            break
        parts.append((first, data[end + 4 : end + 5 + last - first]))
        # Searched behind the part: its bytes may look like a boundary.
        at = data.find(mark, end + 5 + last - first)
    return parts


def _piece(parts: Parts, span: Range) -> bytes | None:
    offset, length = span
    for start, data in parts:
        if start <= offset and offset + length <= start + len(data):
            return data[offset - start : offset - start + length]
    return None
