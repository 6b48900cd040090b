"""Follows the store: told by the intake over the bus, it reads what is new and gives it to the hub."""

import asyncio
import logging
import threading
from typing import Any

from django.db import DatabaseError, connections

from swf_testbed.bus import Bus, Subscription
from swf_testbed.model import destinations
from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.stream.hub import Hub

log = logging.getLogger(__name__)

_CHUNK = 500
_LOOK_ANYWAY_S = 10.0
"""Hints are not kept by the broker, and it may be down: look from time to time without being told."""


class Follower:
    """One thread that waits for hints and reads the store; no message crosses the bus a second time."""

    def __init__(self, bus: Bus, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._bus, self._hub, self._loop = bus, hub, loop
        self._reading = threading.Lock()
        self._last = messages.newest()
        hub.last_id = self._last
        self._inbox = bus.subscribe(Subscription(destinations.STORED))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="stream-follower", daemon=True)
        messages.stored.connect(self._on_stored_here)
        changed.connect(self._on_changed_here)
        self._thread.start()

    def _follow(self) -> None:
        while not self._closing.is_set():
            hints = self._inbox.take(limit=1000, timeout_s=_LOOK_ANYWAY_S)
            self._inbox.ack(hints)
            self.read_new()
        connections.close_all()

    def _on_stored_here(self, sender: object, **_: Any) -> None:
        del sender
        self.read_new()

    def _on_changed_here(self, sender: object, *, resource: str, **_: Any) -> None:
        del sender
        try:
            self._loop.call_soon_threadsafe(self._hub.tell_changed, resource)
        except RuntimeError:
            log.debug("stream: the server's loop is closed")

    def read_new(self) -> None:
        """Give the hub everything that it has not heard."""
        with self._reading:
            try:
                while found := messages.after(self._last, _CHUNK):
                    self._last = found[-1].id
                    self._loop.call_soon_threadsafe(self._hub.broadcast, found)
                    messages.count(found)
            except DatabaseError as error:
                log.warning("stream: the database did not answer (%s); trying again soon", error)
            except RuntimeError:
                log.debug("stream: the server's loop is closed")

    def close(self) -> None:
        """Stop, and wait for the thread."""
        messages.stored.disconnect(self._on_stored_here)
        changed.disconnect(self._on_changed_here)
        self._closing.set()
        self._inbox.close()
        self._thread.join(5.0)
