"""What every bus offers: the contract that the suite in `tests/bus` holds all of them to."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from swf_testbed.messages import Message


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to hear.

    Args:
        destination: a topic or a queue.
        durable: the name under which a topic is kept while nobody listens; None hears only what is
            said meanwhile.
        selector: SQL-92 over the message headers of a topic, which are strings; None hears everything. A
            durable name keeps the selector it began with: with another, one broker forgets what it has kept,
            and another hears nothing new.
        msg_types: what is wanted of that, sorted out here, so that a durable name may want something else one
            day; None wants everything.
        prefetch: how many messages may be in hand without acknowledgement.
        browse: look at a queue without taking from it; a delivery with `last` set ends the look.
        wakes: let `take` return too, maybe empty, each time the broker has confirmed the subscription: what
            was said on a topic before that, since the last time, may have been missed.
    """

    destination: str
    durable: str | None = None
    selector: str | None = None
    msg_types: frozenset[str] | None = None
    prefetch: int = 1000
    browse: bool = False
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it arrived."""

    destination: str
    headers: Mapping[str, str]
    body: bytes
    redelivered: bool = False
    last: bool = False
    ack_id: str = ""
    epoch: int = 0


_CLOSED = Delivery("", {}, b"")
_CONFIRMED = Delivery("", {}, b"")


@dataclass
class Inbox:
    """The deliveries of one subscription, in order; filled by a bus, emptied by one thread."""

    subscription: Subscription
    acknowledge: Callable[[Sequence[Delivery]], None]
    is_current: Callable[[Delivery], bool]
    detach: Callable[["Inbox"], None]
    _queue: "queue.SimpleQueue[Delivery]" = field(default_factory=queue.SimpleQueue)
    _established: threading.Event = field(default_factory=threading.Event)
    _closed: bool = False

    def establish(self) -> None:
        """Called by the bus: the broker has confirmed the subscription."""
        self._established.set()
        if self.subscription.wakes:
            self._queue.put(_CONFIRMED)

    def wait_established(self, timeout_s: float) -> bool:
        """Wait until the broker has confirmed: from then on nothing that is said is missed."""
        return self._established.wait(timeout_s)

    @property
    def closed(self) -> bool:
        """Whether nothing is taken any more."""
        return self._closed

    def put(self, delivery: Delivery) -> None:
        """Called by the bus."""
        self._queue.put(delivery)

    def take(
        self, limit: int = 1, *, linger_s: float = 0.0, timeout_s: float | None = None
    ) -> list[Delivery]:
        """Up to `limit` deliveries: waits for the first, then `linger_s` for more.

        Empty when `timeout_s` has passed, when the inbox is closed, or when a subscription that `wakes` was
        confirmed. What an earlier connection delivered is dropped: the broker delivers it again.
        """
        taken: list[Delivery] = []
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while len(taken) < limit and not self._closed:
            wait = None if until is None else max(0.0, until - time.monotonic())
            try:
                delivery = self._queue.get(timeout=wait)
            except queue.Empty:
                break
            if delivery is _CLOSED or delivery is _CONFIRMED:
                break
            if self._wanted(delivery):
                taken.append(delivery)
                if len(taken) == 1:
                    until = time.monotonic() + linger_s
        return taken

    def _wanted(self, delivery: Delivery) -> bool:
        if not self.is_current(delivery):
            return False
        types = self.subscription.msg_types
        if types is None or delivery.headers.get("msg_type") in types:
            return True
        self.acknowledge([delivery])
        return False

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """The work on these is done; what an earlier connection delivered is ignored."""
        self.acknowledge([delivery for delivery in deliveries if self.is_current(delivery)])

    def end(self) -> None:
        """Take no more: whoever waits in `take` gets what there is, or nothing.

        What was taken can be acknowledged until `close`.
        """
        self._closed = True
        self._queue.put(_CLOSED)

    def close(self) -> None:
        """Hear no more, and give back what is not acknowledged. A durable name stays."""
        self.end()
        self.detach(self)


class Bus(Protocol):
    """A connection to a broker that mends itself."""

    @property
    def connected(self) -> bool:
        """Whether the broker answers at this moment."""

    @property
    def held_back(self) -> list[str]:
        """Destinations that are full: the broker lives, and who says something to them waits for room."""

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the broker; False when it did not answer in time."""

    def subscribe(self, subscription: Subscription) -> Inbox:
        """Hear; survives reconnection."""

    def publish(self, message: Message, *, timeout_s: float | None = None) -> None:
        """Say, and wait for the broker's receipt; said again after a reconnection.

        Raises:
            Unavailable: no receipt within `timeout_s`, or the bus was closed.
        """

    def publish_many(self, messages: Iterable[Message]) -> None:
        """Say many, pipelined, and wait for all receipts."""

    def publish_body(
        self,
        destination: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> None:
        """Send bytes as they are; without `wait` they may be lost."""

    def close(self) -> None:
        """Say goodbye."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
