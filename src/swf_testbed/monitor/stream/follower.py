"""Follows the store: woken when something was stored, it reads what is new and gives it to the hub."""

import asyncio
import logging
import threading

from django.db import DatabaseError, connections

from swf_testbed.monitor.services import messages
from swf_testbed.monitor.stream.hub import Hub
from swf_testbed.monitor.stream.recent import framed

log = logging.getLogger(__name__)

_CHUNK = 500
_REMEMBERED = 2000
"""Messages that are read once at the start, for all who come back after a restart."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0


class Follower:
    """One thread that reads the store when it is woken, and only then; no message crosses the bus again."""

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._hub, self._loop = hub, loop
        found = messages.newest_ones(_REMEMBERED)
        self._last = hub.last_id = found[-1].id if found else messages.newest()
        hub.recent.begin(found[0].id - 1 if found else self._last, framed(found))
        connections.close_all()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="stream-follower", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something may be new; returns at once."""
        self._news.set()

    def _follow(self) -> None:
        while self._news.wait() and not self._closing.is_set():
            self._news.clear()
            self._insist()
        connections.close_all()

    def _insist(self) -> None:
        """Read on, however long the database is away."""
        pause = _FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                self._read_on()
            except DatabaseError as error:
                log.warning("stream: the database did not answer (%s); trying again in %.1f s", error, pause)
                connections.close_all()
                self._closing.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            except RuntimeError:
                log.debug("stream: the server's loop is closed")
                return
            else:
                return

    def _read_on(self) -> None:
        while found := messages.after(self._last, _CHUNK):
            self._loop.call_soon_threadsafe(self._hub.broadcast, found)
            self._last = found[-1].id
            messages.count(found)
            if len(found) < _CHUNK:
                return

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._closing.set()
        self._news.set()
        self._thread.join(5.0)
