"""One open stream."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from swf_testbed.model.clock import now
from swf_testbed.monitor.stream.frames import PIECE_BYTES, Piece
from swf_testbed.monitor.stream.selection import Selection


@dataclass(frozen=True)
class Visitor:
    """Who opens a stream."""

    address: str
    agent: str
    user: str | None = None

    @property
    def account(self) -> str:
        """Whose allowance a stream uses up: a user's, or that of an address without one."""
        return f"user {self.user}" if self.user else f"address {self.address}"


@dataclass(eq=False)
class Client:
    """One open stream: what waits for it, and what became of it.

    Attributes:
        name: unique among all streams of all processes; the name of its record among the subscribers.
        abort: cuts the connection, whatever is still in it.
        received: messages that it should get, `sent`: that it got, `dropped`: that it will not get here.
        busy_since: since when its connection takes no more, s; None when it does.
    """

    name: str
    visitor: Visitor
    selection: Selection
    abort: Callable[[], None]
    since: datetime = field(default_factory=now)
    until: datetime | None = None
    received: int = 0
    sent: int = 0
    dropped: int = 0
    last_id: int = 0
    evicted: bool = False
    closed: str | None = None
    """Why the stream ends, once it does."""

    retry_ms: int | None = None
    busy_since: float | None = None
    said_at: float = field(default_factory=time.monotonic)
    changed: bool = True
    """Whether its record is to be written again."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: deque[Piece] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        """Messages that wait to be sent."""
        return self.received - self.sent - self.dropped

    def hand(self, pieces: Sequence[Piece], messages: int, moment: float) -> None:
        """Let pieces wait, which hold so many messages."""
        self._waiting.extend(pieces)
        self.received += messages
        self.said_at = moment
        self.changed = self.changed or messages > 0
        self.arrived.set()

    def remind(self, piece: Piece) -> None:
        """Let a piece wait that holds no message; one that has not been taken yet says it all."""
        if piece not in self._waiting:
            self._waiting.append(piece)
            self.arrived.set()

    def take(self) -> bytes:
        """What waits first, as one piece; empty if nothing does."""
        if not self._waiting:
            return b""
        taken = [self._waiting.popleft()]
        size = len(taken[0].data)
        while self._waiting and size < PIECE_BYTES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].data)
        if not self._waiting:
            self.arrived.clear()
        self.count_sent(taken)
        return taken[0].data if len(taken) == 1 else b"".join(piece.data for piece in taken)

    def count_sent(self, pieces: Sequence[Piece]) -> None:
        """These are on their way."""
        for piece in pieces:
            self.sent += piece.messages
            self.last_id = max(self.last_id, piece.last_id)
            self.changed = self.changed or piece.messages > 0

    def close(self, reason: str, retry_ms: int | None = None) -> None:
        """End this stream after what it has; the client may come again and resume by number."""
        if self.closed is None:
            self.closed, self.retry_ms = reason, retry_ms
            self.changed = True
        self.arrived.set()

    def drop(self) -> None:
        """Throw away what waits."""
        self.dropped += sum(piece.messages for piece in self._waiting)
        self._waiting.clear()
        self.arrived.clear()

    def end(self) -> None:
        """Nothing is sent any more."""
        self.drop()
        self.until = now()
        self.closed = self.closed or "the client went away"
        self.changed = True

    def record(self, process: str) -> dict[str, Any]:
        """As it stands among the subscribers."""
        return {
            "subscriber_name": self.name,
            "delivery_type": "sse",
            "is_active": self.until is None,
            "client_ip": self.visitor.address[:45],
            "connected_at": self.since,
            "disconnected_at": self.until,
            "message_filters": self.selection.shown(),
            "messages_received": self.received,
            "messages_sent": self.sent,
            "messages_dropped": self.dropped,
            "metadata": {
                "process": process,
                "account": self.visitor.account,
                "agent": self.visitor.agent,
                "last_id": self.last_id,
                "evicted": self.evicted,
                "reason": self.closed,
            },
        }
