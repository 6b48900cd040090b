"""Many clients of the event stream in one event loop, for tests and benchmarks: each checks what it hears.

They listen for events of the type `note`, whose data have a `number` that counts from 0: each comes once, and
in order. They speak HTTP/1.0, whose answers are not cut into chunks, so that a thousand cost little.
"""

import asyncio
import re
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_NOTE = re.compile(rb"id: (\d+)\nevent: note\ndata: [^\n]*?\"number\":(\d+)")
_AGAIN_S = 0.2


@dataclass
class Crowd:
    """Listeners of one stream.

    Args:
        host, port, path: the stream's address, with its query.
        headers: what each sends besides.
        resumes: whether who is cut off comes again with the number of its last event.
        delay_of: how long a message took, s, given its number and the time of `time.monotonic`.
    """

    host: str
    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    resumes: bool = False
    delay_of: Callable[[int, float], float] | None = None
    listeners: list["Listener"] = field(default_factory=list)
    delays: "array[float]" = field(default_factory=lambda: array("d"))
    problems: list[str] = field(default_factory=list)

    async def enter(self, size: int) -> None:
        """Open so many streams; returns when all are connected."""
        new = [Listener(self, len(self.listeners) + index) for index in range(size)]
        self.listeners += new
        for start in range(0, size, 100):
            await asyncio.gather(*(one.connect() for one in new[start : start + 100]))
        await asyncio.gather(*(one.connected.wait() for one in new))

    async def heard(self, count: int) -> None:
        """Returns when every listener has heard so many messages."""
        for one in self.listeners:
            await one.heard(count)

    def leave(self) -> None:
        """Close all streams."""
        for one in self.listeners:
            one.leave()

    def check(self, count: int) -> None:
        """Every listener has heard exactly so many messages, in order.

        Raises:
            AssertionError: says what was wrong with the first few.
        """
        wrong = [f"listener {one.index} heard {one.next}" for one in self.listeners if one.next != count]
        if self.problems or wrong:
            raise AssertionError(f"not {count} messages in order: {[*self.problems, *wrong][:5]}")


class Listener(asyncio.Protocol):
    """One open stream."""

    def __init__(self, crowd: Crowd, index: int) -> None:
        self.index, self._crowd = index, crowd
        self.next = 0
        self.last_id: bytes | None = None
        self.connected = asyncio.Event()
        self.reconnections = -1
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._left = False
        self._awaited: tuple[int, asyncio.Event] | None = None
        self._coming: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open the stream, trying until the server is there."""
        while not self._left:
            try:
                await asyncio.get_running_loop().create_connection(
                    lambda: self, self._crowd.host, self._crowd.port
                )
            except OSError:
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP connection
        self._transport, self._rest = transport, b""
        self.reconnections += 1
        said = {"Host": f"{self._crowd.host}:{self._crowd.port}", **self._crowd.headers}
        if self.last_id is not None:
            said["Last-Event-ID"] = self.last_id.decode()
        lines = [f"GET {self._crowd.path} HTTP/1.0", *(f"{name}: {value}" for name, value in said.items())]
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        """Take whole events."""
        whole, end, rest = (self._rest + data).rpartition(b"\n\n")
        self._rest = rest
        if not end:
            return
        if b"event: connected\n" in whole:
            self.connected.set()
        moment = time.monotonic()
        for found in _NOTE.finditer(whole):
            self._take(int(found[2]), moment)
            self.last_id = found[1]
        if self._awaited and self.next >= self._awaited[0]:
            self._awaited[1].set()

    def _take(self, number: int, moment: float) -> None:
        if number != self.next:
            self._crowd.problems.append(f"listener {self.index} heard {number} in place of {self.next}")
        self.next = number + 1
        if self._crowd.delay_of is not None:
            self._crowd.delays.append(self._crowd.delay_of(number, moment))

    def connection_lost(self, error: Exception | None) -> None:
        """Come again, if that is wanted."""
        if self._left:
            return
        if self._crowd.resumes:
            self._coming = asyncio.get_running_loop().create_task(self._come_again())
        else:
            self._crowd.problems.append(f"listener {self.index} was cut off after {self.next}: {error}")

    async def _come_again(self) -> None:
        await asyncio.sleep(_AGAIN_S)
        await self.connect()

    async def heard(self, count: int) -> None:
        """Returns when so many messages were heard."""
        if self.next < count:
            self._awaited = count, asyncio.Event()
            await self._awaited[1].wait()

    def leave(self) -> None:
        """Close the stream."""
        self._left = True
        if self._transport is not None:
            self._transport.abort()
