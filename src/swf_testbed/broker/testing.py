"""A broker for tests: in a thread of its own, on a free port, killed and restarted at will."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from swf_testbed.broker.limits import Limits
from swf_testbed.broker.server import Server

_PATIENCE = 10.0


class RunningBroker:
    """A broker that runs from `start` (or entering the context) to `stop`, `kill` or leaving the context.

        with RunningBroker(tmp_path) as broker:
            stomp.Connection12([(broker.host, broker.port)])
            broker.kill()
            broker.start()      # same directory, same port

    Args:
        data: directory of what is stored.
        login: user and passcode that clients must give.
        limits: other bounds than the defaults.
    """

    host = "127.0.0.1"

    def __init__(
        self, data: Path, *, login: tuple[str, str] | None = None, limits: Limits | None = None
    ) -> None:
        self.port = 0
        self._data, self._login, self._limits = data, login, limits
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._abandon = False

    def start(self) -> Self:
        """Start, on the port of the last time if there was one; return when it listens.

        Raises:
            Unavailable: the port or the directory is in use.
        """
        started: Future[int] = Future()
        self._abandon = False
        self._thread = threading.Thread(target=self._run, args=(started,), name="broker", daemon=True)
        self._thread.start()
        self.port = started.result(_PATIENCE)
        return self

    def stop(self) -> None:
        """Stop cleanly; everything taken in is stored. Does nothing if it does not run."""
        if self._thread is None or self._loop is None or self._server is None:
            return
        self._loop.call_soon_threadsafe(self._server.request_stop)
        self._thread.join(_PATIENCE)
        self._thread = self._loop = self._server = None

    def kill(self) -> None:
        """End at once: connections are cut, what is not committed is lost."""
        self._abandon = True
        self.stop()

    def statistics(self) -> dict[str, object]:
        """The broker's counts, as a message to `/queue/swf.broker.statistics` would be answered."""
        assert self._loop is not None  # noqa: S101  # asked of a broker that runs
        assert self._server is not None  # noqa: S101
        router = self._server.router

        async def ask() -> dict[str, object]:
            return router.statistics()

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(_PATIENCE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, started: "Future[int]") -> None:
        asyncio.run(self._serve(started))

    async def _serve(self, started: "Future[int]") -> None:
        try:
            server = Server(self._data, login=self._login, limits=self._limits)
            port = await server.start(self.host, self.port)
        except Exception as error:  # raised again by `start`, in the caller's thread
            started.set_exception(error)
            return
        self._loop, self._server = asyncio.get_running_loop(), server
        started.set_result(port)
        await server.wait_stopped()
        await server.close(abandon=self._abandon)
