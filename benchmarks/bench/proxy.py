"""A network that can fail: a TCP proxy before one server, that cuts or slows some connections."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

_CHUNK = 1 << 16
_CHUNKS_UNDER_WAY = 64
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: a reset, as of a network that is gone


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to connections: those that `pids` open, or all.

    Args:
        pids: whose connections; None for everybody's.
        until: of the monotonic clock, s.
        delay_s: of every byte, in both directions; None for no passage at all.
    """

    pids: frozenset[int] | None
    until: float
    delay_s: float | None

    def concerns(self, port: int) -> bool:
        """Whether the connection from a local port is one of them."""
        return self.pids is None or port in _ports(self.pids)


def _ports(pids: Iterable[int]) -> set[int]:
    """The local ports of the connections of some processes."""
    found: set[int] = set()
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            found |= {one.laddr.port for one in psutil.Process(pid).net_connections("tcp") if one.laddr}
    return found


class _Way:
    """One connection: a client, the server behind, and what lies between."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.delay_s, self.slow_until = 0.0, 0.0
        self.writers: list[asyncio.StreamWriter] = []

    def apply(self, trouble: Trouble) -> None:
        """Slow it, or end it with a reset."""
        if trouble.delay_s is None:
            self.reset()
        else:
            self.delay_s, self.slow_until = trouble.delay_s, trouble.until

    def reset(self) -> None:
        """End it, as if a cable were drawn."""
        for writer in self.writers:
            with contextlib.suppress(OSError, AttributeError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def due(self) -> float:
        """When what comes in now goes out, of the monotonic clock, s."""
        now = time.monotonic()
        return now + self.delay_s if now < self.slow_until else now

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes one way, in order, until the end of either."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_deliver(under_way, writer))
                while data := await reader.read(_CHUNK):
                    await under_way.put((self.due(), data))
                await under_way.put((self.due(), b""))
        except* OSError:
            self.reset()  # a process was killed: the other side must see that too


async def _deliver(under_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
    """Each piece at its time; an empty one is the end."""
    while True:
        due, data = await under_way.get()
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        if not data:
            writer.close()
            return
        writer.write(data)
        await writer.drain()


class Proxy:
    """Listens on `port`, and passes on to a server; runs in a thread until closed.

    Args:
        server: its port on this machine.
        port: where to listen.
    """

    def __init__(self, server: int, port: int) -> None:
        self.port, self._server = port, server
        self._ways: set[_Way] = set()
        self._troubles: list[Trouble] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy {port}", daemon=True)
        self._thread.start()
        self._listener = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._take_in, "127.0.0.1", port, backlog=512), self._loop
        ).result(10)

    def trouble(self, pids: Iterable[int] | None, seconds: float, delay_s: float | None) -> None:
        """Cut (`delay_s` None) or slow the connections that are, and those that come within some seconds."""
        whose = None if pids is None else frozenset(pids)
        trouble = Trouble(whose, time.monotonic() + seconds, delay_s)
        asyncio.run_coroutine_threadsafe(self._begin(trouble), self._loop).result(10)

    def close(self) -> None:
        """End, with all connections."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    async def _begin(self, trouble: Trouble) -> None:
        self._troubles.append(trouble)
        ports = None if trouble.pids is None else _ports(trouble.pids)
        for way in list(self._ways):
            if ports is None or way.port in ports:
                way.apply(trouble)

    async def _take_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = _Way(writer.get_extra_info("peername")[1])
        way.writers.append(writer)
        self._ways.add(way)
        try:
            self._hurt(way)
            if writer.is_closing():
                return
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._server)
            way.writers.append(back_writer)
            await asyncio.gather(way.carry(reader, back_writer), way.carry(back_reader, writer))
        except OSError:
            pass  # either side is gone
        finally:
            self._ways.discard(way)
            way.reset()

    def _hurt(self, way: _Way) -> None:
        now = time.monotonic()
        self._troubles = [one for one in self._troubles if one.until > now]
        for trouble in self._troubles:
            if trouble.concerns(way.port):
                way.apply(trouble)

    def _end(self) -> None:
        self._listener.close()
        for way in list(self._ways):
            way.reset()
        self._loop.call_soon(self._loop.stop)
