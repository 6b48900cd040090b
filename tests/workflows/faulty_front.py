"""An HTTP server before another, that is slow, and fails now and then."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


class Front(ThreadingHTTPServer):
    """Passes every request on to `behind`, a URL without a path; one that does not answer is a 503.

    Attributes:
        failing: the share of requests that are answered with 500: by turns passed on first, and not at all.
        delay_s: before each is passed on.
        failed: how many were.
    """

    daemon_threads = True
    failing, delay_s, failed = 0.0, 0.0, 0

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        no_pool = httpx.Limits(max_keepalive_connections=0)
        self.behind = httpx.Client(base_url=behind, timeout=60, limits=no_pool)
        self.chance = random.Random(10)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    server: Front

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.server.delay_s)
        fails = self.server.chance.random() < self.server.failing
        if fails:
            self.server.failed += 1
            if self.server.failed % 2:
                self._answer(500, {}, b"")
                return
        try:
            said = self.server.behind.request(
                self.command, self.path, content=body, headers=dict(self.headers.items())
            )
        except httpx.TransportError:
            self._answer(503, {}, b"")
            return
        if fails:  # it was done, and nobody is told
            self._answer(500, {}, b"")
        else:
            self._answer(said.status_code, dict(said.headers), said.content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815  # as the base class calls them

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in _OF_ONE_CONNECTION:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # who asked has been killed
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: who asks tells what comes of it."""


@contextmanager
def front_before(behind: str) -> Iterator[Front]:
    """One that serves until the context ends."""
    with Front(behind) as front:
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        yield front
        front.shutdown()
        thread.join()
        front.behind.close()
