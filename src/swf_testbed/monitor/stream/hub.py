"""Hands every stored message to every client that wants it, encoded once; lives in the event loop."""

import asyncio
import itertools
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from swf_testbed.monitor import metrics
from swf_testbed.monitor.services.messages import StoredMessage
from swf_testbed.monitor.stream.client import Client, Visitor
from swf_testbed.monitor.stream.frames import Piece, heartbeat, notice, pieces
from swf_testbed.monitor.stream.recent import Framed, Recent, framed
from swf_testbed.monitor.stream.selection import Selection

HEARTBEAT_S = 15.0
BEAT_S = 1.0
"""How often it is seen to who has heard nothing for long, and who does not read."""

STALLED_S = 60.0
"""A client that has not taken a piece for so long is closed."""

_EVICTED_GRACE_S = 5.0
"""How long an evicted client may still read why."""

CHANGES_S = 0.25
"""For so long changes are gathered before they are told."""

_RECONNECTIONS_PER_S = 100.0
_FIRST_RETRY_MS = 1000


class Hub:
    """The open streams, and the number up to which they have heard everything.

    Args:
        process: the name of this process, with which names of clients begin.
        queue: messages that may wait for one client.
    """

    def __init__(self, process: str, queue: int) -> None:
        self.process, self._queue = process, queue
        self.last_id = 0
        self.recent = Recent()
        self.closing = False
        self.unwritten = asyncio.Event()
        """Set when the record of a client is to be written."""

        self.left: list[Client] = []
        """Clients that are gone, and whose records do not say so yet."""

        self._clients: dict[Client, None] = {}
        self._hearing: defaultdict[Selection, dict[Client, None]] = defaultdict(dict)
        self._accounts: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._moved = asyncio.Event()
        self._changed: set[str] = set()

    async def reach(self, number: int) -> None:
        """Returns when everything up to a number was heard, or the server goes down."""
        while self.last_id < number and not self.closing:
            await self._moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    @property
    def clients(self) -> list[Client]:
        """All that are open, the oldest first."""
        return list(self._clients)

    def of_account(self, account: str) -> int:
        """How many streams one user has open here."""
        return self._accounts[account]

    def enter(self, visitor: Visitor, selection: Selection, abort: Callable[[], None]) -> Client:
        """A client that counts, and does not hear yet."""
        client = Client(f"sse-{self.process}-{next(self._numbers)}", visitor, selection, abort)
        self._clients[client] = None
        self._accounts[visitor.account] += 1
        metrics.stream_clients.set(len(self._clients))
        self.unwritten.set()
        return client

    def join(self, client: Client) -> None:
        """Let a client hear everything after `last_id`."""
        if client in self._clients:
            self._hearing[client.selection][client] = None

    def leave(self, client: Client) -> None:
        """Forget a client."""
        if client not in self._clients:
            return
        self._deafen(client)
        del self._clients[client]
        self._accounts[client.visitor.account] -= 1
        if not self._accounts[client.visitor.account]:
            del self._accounts[client.visitor.account]
        client.end()
        self.left.append(client)
        metrics.stream_clients.set(len(self._clients))
        self.unwritten.set()

    def _deafen(self, client: Client) -> None:
        hearing = self._hearing[client.selection]
        hearing.pop(client, None)
        if not hearing:
            del self._hearing[client.selection]

    def broadcast(self, messages: Sequence[StoredMessage]) -> None:
        """Hand on messages, ascending; what was heard before is left out."""
        fresh = framed([message for message in messages if message.id > self.last_id])
        if not fresh:
            return
        self.last_id = fresh[-1].message.id
        self.recent.add(fresh)
        self._move()
        moment, handed = time.monotonic(), 0
        for selection, clients in list(self._hearing.items()):
            found = selected(selection, fresh)
            count = sum(piece.messages for piece in found)
            if count:
                handed += count * len(clients)
                for client in list(clients):
                    self._hand(client, found, count, moment)
        if handed:
            metrics.stream_sent.inc(handed)
            self.unwritten.set()

    def _hand(self, client: Client, found: Sequence[Piece], count: int, moment: float) -> None:
        client.hand(found, count, moment)
        if client.waiting > self._queue:
            self._evict(client, f"too slow: more than {self._queue} messages waited")

    def _evict(self, client: Client, why: str) -> None:
        metrics.stream_evicted.inc()
        self._deafen(client)
        client.drop()
        client.evicted = True
        client.close(f"{why}; resume with Last-Event-ID", _FIRST_RETRY_MS)
        asyncio.get_running_loop().call_later(_EVICTED_GRACE_S, self._cut, client)

    def _cut(self, client: Client) -> None:
        if client in self._clients:
            client.abort()

    def beat(self) -> None:
        """Say something to those who have heard nothing for long, and close those who do not read."""
        moment = time.monotonic()
        alive = [Piece(heartbeat(self.last_id))]
        for clients in list(self._hearing.values()):
            for client in clients:
                if moment - client.said_at >= HEARTBEAT_S - BEAT_S:
                    client.hand(alive, 0, moment)
        for client in self.clients:
            if not client.evicted and client.busy_since and moment - client.busy_since >= STALLED_S:
                self._evict(client, f"read nothing for {STALLED_S:.0f} s")

    def tell_changed(self, resources: Iterable[str]) -> None:
        """Tell those who want to know that records of resources changed; many changes are told once."""
        if not self._changed:
            asyncio.get_running_loop().call_later(CHANGES_S, self._tell_changes)
        self._changed.update(resources)

    def _tell_changes(self) -> None:
        told = {name: Piece(notice("changed", {"resource": name})) for name in self._changed}
        self._changed.clear()
        for selection, clients in self._hearing.items():
            for name in told.keys() & selection.changes:
                for client in clients:
                    client.remind(told[name])

    def retry_ms(self) -> int:
        """When a client shall come back, ms: the more clients, the longer they are spread over."""
        spread_ms = 1000 * len(self._clients) / _RECONNECTIONS_PER_S
        return _FIRST_RETRY_MS + round(random.uniform(0, 1000 + spread_ms))  # noqa: S311  # spreads load

    def close(self) -> None:
        """End every stream: the server goes down."""
        self.closing = True
        self._move()
        for client in self.clients:
            client.close("the server is going down; connect again", self.retry_ms())


def selected(selection: Selection, messages: Sequence[Framed]) -> Sequence[Piece]:
    """What a selection wants of messages, as it is sent."""
    return pieces((entry.message.id, entry.data) for entry in messages if selection.wants(entry.message))
