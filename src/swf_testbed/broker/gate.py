"""Back-pressure: who waits until there is room in a queue that is full."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from swf_testbed.broker.limits import Limits


class Filled(Protocol):
    """What has a bound: a queue."""

    size: int
    size_bytes: int


class Gate:
    """The door of one queue: beyond the bound nothing is let in, until consumers have made room.

    What waits here is not stored and not confirmed: a producer that asks for receipts is held back by their
    absence, and says it again if it loses its connection.
    """

    def __init__(self, queue: Filled, limits: Limits) -> None:
        self._queue, self._limits = queue, limits
        self._waiting: deque[tuple[object, Callable[[], None]]] = deque()
        self._opening = False

    @property
    def held(self) -> int:
        """How many messages, or connections, wait."""
        return len(self._waiting)

    @property
    def shut(self) -> bool:
        """True when whoever comes must wait: the queue is full, or others came before."""
        return bool(self._waiting) or self._full

    @property
    def _full(self) -> bool:
        limits, queue = self._limits, self._queue
        return queue.size >= limits.queue_messages or queue.size_bytes >= limits.queue_bytes

    def wait(self, who: object, enter: Callable[[], None]) -> None:
        """Call `enter` when there is room, in order of arrival."""
        self._waiting.append((who, enter))
        self.room()

    def leave(self, who: object) -> None:
        """Somebody waits no more."""
        self._waiting = deque(each for each in self._waiting if each[0] is not who)

    def room(self) -> None:
        """There may be room: let in whoever waits, but not in the middle of what goes on now."""
        if self._waiting and not self._opening and not self._full:
            self._opening = True
            asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._opening = False
        while self._waiting and not self._full:
            self._waiting.popleft()[1]()
