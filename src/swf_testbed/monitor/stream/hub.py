"""Hands every stored message to every client that wants it, encoded once; lives in the event loop."""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from swf_testbed.model.clock import iso, now
from swf_testbed.monitor import metrics
from swf_testbed.monitor.services.messages import StoredMessage
from swf_testbed.monitor.stream.frames import frame, notice
from swf_testbed.monitor.stream.selection import Selection

QUEUE_LIMIT = 2000
"""Messages that wait for a slow client before it is closed."""

MAX_CLIENTS = 2000

CHANGES_S = 0.25
"""For so long changes are gathered before they are told."""


@dataclass(eq=False)
class Client:
    """One open stream."""

    number: int
    address: str
    agent: str
    selection: Selection
    since: str = field(default_factory=lambda: iso(now()))
    waiting: deque[bytes] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: str | None = None
    """Why the stream ends, once it does."""

    sent: int = 0
    last_id: int = 0

    def close(self, reason: str) -> None:
        """End this stream after what it has; the client may come again and resume by number."""
        self.closed = self.closed or reason
        self.arrived.set()

    def take(self) -> bytes:
        """All that waits, as one piece."""
        piece = b"".join(self.waiting)
        self.sent += len(self.waiting)
        metrics.stream_sent.inc(len(self.waiting))
        self.waiting.clear()
        self.arrived.clear()
        return piece


class Hub:
    """The open streams, and the number up to which they have heard everything."""

    def __init__(self) -> None:
        self.last_id = 0
        self.closing = False
        self._clients: set[Client] = set()
        self._numbers = itertools.count(1)
        self._evicted = 0
        self._changed: set[str] = set()

    def new_client(self, address: str, agent: str, selection: Selection) -> Client:
        """A client that does not hear yet."""
        return Client(next(self._numbers), address, agent, selection)

    @property
    def full(self) -> bool:
        """Whether there are as many clients as allowed."""
        return len(self._clients) >= MAX_CLIENTS

    def join(self, client: Client) -> None:
        """Let a client hear everything after `last_id`."""
        self._clients.add(client)
        metrics.stream_clients.set(len(self._clients))

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)
        metrics.stream_clients.set(len(self._clients))

    def broadcast(self, messages: Sequence[StoredMessage]) -> None:
        """Hand on messages, ascending; what was heard before is left out."""
        fresh = [message for message in messages if message.id > self.last_id]
        if not fresh:
            return
        self.last_id = fresh[-1].id
        frames = [(message, frame(message)) for message in fresh]
        for client in list(self._clients):
            self._hand(client, frames)

    def _hand(self, client: Client, frames: Sequence[tuple[StoredMessage, bytes]]) -> None:
        for message, piece in frames:
            if client.selection.wants(message):
                client.waiting.append(piece)
                client.last_id = message.id
        if len(client.waiting) > QUEUE_LIMIT:
            client.waiting.clear()
            self._evicted += 1
            metrics.stream_evicted.inc()
            client.close(f"too slow: more than {QUEUE_LIMIT} messages waited; resume with Last-Event-ID")
            self.leave(client)
        elif client.waiting:
            client.arrived.set()

    def tell_changed(self, resource: str) -> None:
        """Tell those who want to know that records of a resource changed; many changes are told once."""
        if not self._changed:
            asyncio.get_running_loop().call_later(CHANGES_S, self._tell_changes)
        self._changed.add(resource)

    def _tell_changes(self) -> None:
        pieces = {resource: notice("changed", {"resource": resource}) for resource in self._changed}
        self._changed.clear()
        for client in self._clients:
            # One that has not been taken yet says it all.
            told = [pieces[resource] for resource in pieces.keys() & client.selection.changes]
            client.waiting.extend(piece for piece in told if piece not in client.waiting)
            if told:
                client.arrived.set()

    def close(self) -> None:
        """End every stream: the server goes down."""
        self.closing = True
        for client in list(self._clients):
            client.close("the server is going down; connect again")
            self.leave(client)

    def status(self) -> dict[str, Any]:
        """The clients, their filters, and how far behind they are."""
        clients = [
            {
                "client": client.number,
                "address": client.address,
                "agent": client.agent,
                "since": client.since,
                "filters": _shown(client.selection),
                "sent": client.sent,
                "waiting": len(client.waiting),
            }
            for client in sorted(self._clients, key=lambda client: client.number)
        ]
        return {"last_id": self.last_id, "count": len(clients), "evicted": self._evicted, "clients": clients}


def _shown(selection: Selection) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in vars(selection).items()
        if value
    }
