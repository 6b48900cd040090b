"""Keeps the records of the stream's clients: many in one write, and only when something has changed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import DatabaseError

from swf_testbed.monitor.services import subscribers
from swf_testbed.monitor.stream.hub import Hub

log = logging.getLogger(__name__)

WRITE_S = 5.0
"""How old a record may be."""

_MOST_LEFT = 10_000
"""Clients that are gone and are remembered while the database is away."""

Work = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Does something with the database in another thread."""


class Register:
    """Writes how the clients of a hub stand."""

    def __init__(self, hub: Hub, work: Work) -> None:
        self._hub, self._work = hub, work
        self._one_at_a_time = asyncio.Lock()

    async def keep(self) -> None:
        """Write for ever."""
        while True:
            await self._hub.unwritten.wait()
            await asyncio.sleep(WRITE_S)
            try:
                await self.write()
            except DatabaseError as error:
                log.warning("stream: records of clients are not written: %s; trying again", error)

    async def write(self) -> None:
        """Write what has changed; a `DatabaseError` leaves it for the next time."""
        async with self._one_at_a_time:
            hub = self._hub
            hub.unwritten.clear()
            left, hub.left = hub.left, []
            changed = [client for client in (*left, *hub.clients) if client.changed]
            if not changed:
                return
            rows = [client.record(hub.process) for client in changed]
            for client in changed:
                client.changed = False
            try:
                await self._work(lambda: subscribers.write(rows))
            except DatabaseError:
                hub.left = [*left, *hub.left][-_MOST_LEFT:]
                for client in changed:
                    client.changed = True
                hub.unwritten.set()
                raise
