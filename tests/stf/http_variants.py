"""A real HTTP server that answers range requests in one of the ways servers do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Ranges = list[tuple[int, int]]

BOUNDARY = "part--of--a--file"


class VariantServer(ThreadingHTTPServer):
    """Serves `content` under any path.

    Attributes:
        how: `multi` (multipart), `shuffled` (multipart in another order), `first` (only the first range),
            `hull` (one part around all ranges), `whole` (knows no ranges), `one_or_whole` (whole file if
            several ranges are asked), `short` (206 with other bytes than asked).
        failures: so many requests are answered 503 or, if `drop`, by closing the connection halfway.
        status: answer this to everything, if not 0.
        asked: the ranges of every request so far.
    """

    daemon_threads = True

    def __init__(self, content: bytes, how: str, failures: int, drop: bool, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.how, self.failures, self.drop, self.status = content, how, failures, drop, status
        self.asked: list[Ranges] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/folder/run.stf"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: VariantServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is http.server's
        pass

    def do_GET(self) -> None:  # the name is http.server's
        server, data = self.server, self.server.content
        ranges = [(int(a), int(b) + 1) for a, b in re.findall(r"(\d+)-(\d+)", self.headers["Range"] or "")]
        server.asked.append(ranges)
        if server.status:
            return self.answer(server.status, b"no")
        if server.failures:
            server.failures -= 1
            if not server.drop:
                return self.answer(503, b"busy")
            self.send_response(206)
            self.send_header("Content-Length", "1000")
            self.send_header("Content-Range", f"bytes 0-999/{len(data)}")
            self.end_headers()
            self.wfile.write(b"ten bytes!")
            self.close_connection = True
            return None
        if not data and server.how != "whole":
            return self.answer(416, b"", content_range="bytes */0")
        return self.by_range(ranges, data)

    def by_range(self, ranges: Ranges, data: bytes) -> None:
        how = self.server.how
        if how == "whole" or (how == "one_or_whole" and len(ranges) > 1):
            return self.answer(200, data)
        if how in ("multi", "shuffled") and len(ranges) > 1:
            return self.multipart(ranges if how == "multi" else ranges[::-1], data)
        if how == "hull":
            ranges = [(min(ranges)[0], max(end for _, end in ranges))]
        first, end = ranges[0]
        if how == "short" and end - first > 1:
            end -= 1
        return self.answer(206, data[first:end], content_range=f"bytes {first}-{end - 1}/{len(data)}")

    def multipart(self, ranges: Ranges, data: bytes) -> None:
        parts = []
        for first, end in ranges:
            place = f"Content-Range: bytes {first}-{end - 1}/{len(data)}"
            head = f"\r\n--{BOUNDARY}\r\nContent-Type: x/y\r\n{place}\r\n\r\n"
            parts.append(head.encode() + data[first:end])
        body = b"".join([*parts, f"\r\n--{BOUNDARY}--\r\n".encode()])
        self.answer(206, body, kind=f'multipart/byteranges; boundary="{BOUNDARY}"')

    def answer(self, status: int, body: bytes, kind: str = "x/y", content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(
    content: bytes, how: str = "multi", failures: int = 0, drop: bool = False, status: int = 0
) -> Iterator[VariantServer]:
    """The server, running until the block ends."""
    with VariantServer(content, how, failures, drop, status) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
