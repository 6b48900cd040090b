"""The stream while the server runs: what feeds it, what it writes, and what it hears of other processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from django.db import DatabaseError, close_old_connections

from swf_testbed.bus import Bus
from swf_testbed.config.settings import Settings
from swf_testbed.monitor.services import processes, subscribers
from swf_testbed.monitor.services.fanout import Fanout, open_fanout
from swf_testbed.monitor.stream.client import Client, Visitor
from swf_testbed.monitor.stream.exchange import Exchange
from swf_testbed.monitor.stream.follower import Follower
from swf_testbed.monitor.stream.hub import BEAT_S, Hub
from swf_testbed.monitor.stream.presence import SAY_S, Presence
from swf_testbed.monitor.stream.refusals import GoingDown, TooMany
from swf_testbed.monitor.stream.register import Register
from swf_testbed.monitor.stream.selection import Selection

T = TypeVar("T")


class Running:
    """One web process's part of the stream; reads and writes the store in a few threads of its own."""

    def __init__(self, swf: Settings) -> None:
        self._swf = swf
        self.process = str(processes.this_process())
        self.hub = Hub(self.process, swf.swf_stream_queue)
        self.register = Register(self.hub, self.read)
        self._presence = Presence(self.process)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="stream-store")
        self.look: Callable[[], None] = lambda: None
        """Lets the store be read, also when nobody has told that there is something new."""

        self._entered = asyncio.Event()

    async def read(self, work: Callable[[], T]) -> T:
        """Do something with the database, in another thread."""

        def isolated() -> T:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, isolated)

    async def make_sure_of_room(self, visitor: Visitor) -> None:
        """Refuse one more stream if there are too many, those of other processes among them.

        Raises:
            TooMany, GoingDown: so it is.
            DatabaseError: it does not answer, and there are other processes.
        """
        others = subscribers.Elsewhere(0, 0)
        if self._presence.others:
            others = await self.read(lambda: subscribers.elsewhere(self.process, visitor.account))
        if self.hub.closing:
            raise GoingDown
        most, each = self._swf.swf_stream_max_clients, self._swf.swf_stream_max_clients_per_user
        if self.hub.of_account(visitor.account) + others.of_account >= each:
            raise TooMany(f"{visitor.account} has {each} open streams, which is the most")
        if len(self.hub.clients) + others.total >= most:
            raise TooMany(f"there are {most} open streams, which is the most")

    def enter(self, visitor: Visitor, selection: Selection, abort: Callable[[], None]) -> Client:
        """A client that counts, here and for the other processes."""
        self._entered.set()
        return self.hub.enter(visitor, selection, abort)

    @asynccontextmanager
    async def following(self, bus: Bus) -> AsyncIterator[None]:
        """Follow the store, and keep the records of clients, until the context ends."""
        loop = asyncio.get_running_loop()
        await self.read(self._take_over)
        follower = await asyncio.to_thread(Follower, self.hub, loop)
        self.look = follower.wake
        exchange = Exchange(self.hub, follower, self._presence)
        with open_fanout(self._swf, bus, self.process, exchange.hear) as fanout:
            exchange.begin(fanout)
            kept = [
                asyncio.create_task(work) for work in (self.register.keep(), self._beat(), self._say(fanout))
            ]
            try:
                yield
            finally:
                exchange.end()
                for task in kept:
                    task.cancel()
                await asyncio.gather(*kept, return_exceptions=True)
                await self._last_words()
                await asyncio.to_thread(follower.close)

    def _take_over(self) -> None:
        """Close the records of processes that died, and listen for those that may live."""
        for process in subscribers.processes():
            name = processes.parse(process or "")
            if name is None or name.surely_dead:
                subscribers.close_of(process)
            else:
                self._presence.expect([process])

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self.hub.beat()

    async def _say(self, fanout: Fanout) -> None:
        """Say that we live, to others or to hear whether we hear; see to the clients of those who do not."""
        while True:
            if not (self.hub.clients or self._presence.others):
                self._entered.clear()
                await self._entered.wait()
            fanout.tell(serves=bool(self.hub.clients))
            await asyncio.sleep(SAY_S)
            for process in self._presence.take_silent():
                try:
                    await self.read(lambda: subscribers.close_of(process))  # noqa: B023  # awaited at once
                except DatabaseError:
                    self._presence.expect([process])

    async def _last_words(self) -> None:
        try:
            await self.register.write()
        except DatabaseError:
            return
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)
