"""Waiting for news of the stream: many changes in a moment are one."""

import threading
from collections.abc import Callable
from typing import Self

from swf_testbed.model.errors import SwfError
from swf_testbed.monitor_client.sse import Connected, Disconnected, Event, EventStream


class Changes:
    """Reads a stream in a thread, and tells when something has happened.

    A connection that was lost and comes back counts as a change, as what was missed may be one.

    Args:
        stream: closed at the end.
        concerns: whether an event matters; every one, if left out.
    """

    def __init__(self, stream: EventStream, concerns: Callable[[Event], bool] = lambda event: True) -> None:
        self._stream, self._concerns = stream, concerns
        self._news = threading.Event()
        self._ready = threading.Event()
        self._failed: SwfError | None = None
        self._thread = threading.Thread(target=self._read, name="changes", daemon=True)
        self.lost: str | None = None
        """Why there is no connection; None while there is one."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until something has changed since the last time; False if nothing has in `timeout_s`.

        Raises:
            SwfError: what trying again does not help.
        """
        found = self._news.wait(timeout_s)
        self._news.clear()
        if self._failed is not None:
            raise self._failed
        return found

    def ready(self, timeout_s: float) -> bool:
        """Wait for the first connection: what happens from then on is told."""
        return self._ready.wait(timeout_s)

    def _read(self) -> None:
        try:
            for item in self._stream.items():
                if isinstance(item, Event) and not self._concerns(item):
                    continue
                if isinstance(item, Disconnected):
                    self.lost = item.reason
                elif isinstance(item, Connected):
                    self.lost = None
                    self._ready.set()
                self._news.set()
        except SwfError as error:
            self._failed = error
            self._ready.set()
            self._news.set()
