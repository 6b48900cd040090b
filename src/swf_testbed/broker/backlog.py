"""Messages waiting for consumers that share them: a queue, or a durable subscription.

In memory is a window: the first messages, at most `window_messages` of them. The others are on disk and
come in by pages. A number a message (`seq`) grows in order of arrival, so three numbers say where we are:

    passed <= ... window ... <= cursor < ... on disk only ... <= last

With selectors the window may hold nothing that a free consumer wants. Its messages are then let go from
memory ('passed over', they stay on disk) and the search goes on. A consumer that wanted some of them but
had no room is suspended, so that it sees nothing out of order, until the search goes back to `passed`.
Non-persistent messages are never on disk: they stay in memory, bounded by `volatile_*`.
"""

import logging
from collections import deque
from heapq import merge
from operator import attrgetter

from swf_testbed.broker import store as stored
from swf_testbed.broker.gate import Gate
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.subscriptions import Subscription
from swf_testbed.broker.window import Window
from swf_testbed.model.errors import Refused

log = logging.getLogger(__name__)

_BY_SEQ = attrgetter("seq")


class Backlog:
    """An ordered store of messages with competing consumers, served round-robin.

    Args:
        saved: what the store holds of it already; its `id` 0 says nothing yet.
    """

    def __init__(self, store: stored.Store, limits: Limits, saved: stored.Saved) -> None:
        self._store, self._limits = store, limits
        self.identity = saved.backlog
        self.destination = saved.backlog.destination
        self.enqueued = self.dequeued = self.expired = 0
        self.size, self.size_bytes = saved.size, saved.size_bytes
        self.gate = Gate(self, limits)
        self._last = saved.last
        self._cursor = 0 if saved.size else saved.last
        self._passed: int | None = None
        self._window = Window(limits)
        self._later: deque[Message] = deque()  # non-persistent ones that belong behind what is on disk only
        self._volatile = self._volatile_bytes = 0
        self._held: set[int] = set()
        self._redelivered: set[int] = set()
        self._consumers: deque[Subscription] = deque()
        self._reading = False
        self._settled_while_reading: set[int] = set()
        self._closed = False

    @property
    def in_flight(self) -> int:
        """Messages delivered and not yet acknowledged."""
        return len(self._held)

    @property
    def last(self) -> int:
        """The number of the newest message on disk."""
        return self._last

    @property
    def consumers(self) -> int:
        """How many subscriptions are active."""
        return len(self._consumers)

    # -- producers

    def put(self, message: Message) -> None:
        """Take a message in, and hand it on at once if somebody is free.

        Raises:
            Refused: too many non-persistent messages are waiting.
        """
        at_end = self._cursor >= self._last and not self._reading
        if message.persistent:
            self._store.insert(self._stored_id(), message)
            self._last = message.seq
        else:
            self._admit_volatile(message)
        self.size += 1
        self.size_bytes += message.size
        self.enqueued += 1
        if not at_end:
            if not message.persistent:
                self._later.append(message)
            self._refill()
        elif message.persistent and self._window.full:
            self._refill()  # on disk only
        else:
            self._cursor = self._last
            self._window.push(message)
            if len(self._window) == 1:
                self.dispatch()
            else:
                self._offer_newest()

    def _offer_newest(self) -> None:
        """Those before the newest found nobody free who wants them: only the newest can."""
        taker = self._taker(self._window.newest)
        if taker is not None:
            self._hand(self._window.pop_newest(), taker)
        self._refill()

    def _admit_volatile(self, message: Message) -> None:
        limits = self._limits
        if self._volatile >= limits.volatile_messages or self._volatile_bytes >= limits.volatile_bytes:
            raise Refused(
                f"{self.destination} holds {self._volatile} non-persistent messages, "
                f"{self._volatile_bytes} bytes: consume them first, or send with persistent:true"
            )
        self._volatile += 1
        self._volatile_bytes += message.size

    # -- consumers

    def attach(self, subscription: Subscription) -> None:
        """A consumer comes."""
        subscription.source = self
        subscription.suspended = self._passed is not None
        self._consumers.append(subscription)
        self.dispatch()

    def detach(self, subscription: Subscription, held: list[Message]) -> None:
        """A consumer goes; what it held is delivered again, first and in order, to the others."""
        self._consumers.remove(subscription)
        if held and not self._closed:
            self._held.difference_update(message.seq for message in held)
            self._redelivered.update(message.seq for message in held)
            self._window.replace(merge(sorted(held, key=_BY_SEQ), self._window, key=_BY_SEQ))
        self.dispatch()

    def settle(self, message: Message) -> None:
        """A delivered message was acknowledged, or moved elsewhere."""
        self._held.discard(message.seq)
        self._forget(message)

    def dispatch(self) -> None:
        """Hand out what can be handed out, then see to it that the window is filled."""
        if any(consumer.selector for consumer in self._consumers):
            self._dispatch_selecting()
        else:
            while self._window and (taker := self._taker(self._window.first)) is not None:
                self._hand(self._window.pop_first(), taker)
        self._refill()

    def _dispatch_selecting(self) -> None:
        waiting = self._window.take_all()
        while waiting and any(consumer.free and not consumer.suspended for consumer in self._consumers):
            message = waiting.popleft()
            taker = self._taker(message)
            if taker is None:
                self._window.push(message)
            else:
                self._hand(message, taker)
        for message in waiting:
            self._window.push(message)

    def _taker(self, message: Message) -> Subscription | None:
        consumers = self._consumers
        for _ in range(len(consumers)):
            consumer = consumers[0]
            consumers.rotate(-1)
            if consumer.free and not consumer.suspended and consumer.selects(message):
                return consumer
        return None

    def _hand(self, message: Message, taker: Subscription) -> None:
        if message.expires and message.expired():
            self.expired += 1
            self._forget(message)
            return
        taker.deliver(message, redelivered=message.seq in self._redelivered)
        if taker.auto:
            self._forget(message)
        else:
            self._held.add(message.seq)

    def _forget(self, message: Message) -> None:
        if self._closed:
            return
        self.size -= 1
        self.size_bytes -= message.size
        self.dequeued += 1
        self.gate.room()
        self._redelivered.discard(message.seq)
        if message.persistent:
            self._store.delete(self.identity.id, message.seq)
            if self._reading:
                self._settled_while_reading.add(message.seq)
        else:
            self._volatile -= 1
            self._volatile_bytes -= message.size

    # -- the window

    def _refill(self) -> None:
        """Read on if the window runs low or holds nothing for a free consumer; go back if one is owed."""
        if self._reading or self._closed or (self._cursor >= self._last and self._passed is None):
            return
        free = [consumer for consumer in self._consumers if consumer.free]
        searching = any(not consumer.suspended for consumer in free)
        if self._cursor < self._last and (searching or (not free and self._consumers and self._window.low)):
            if searching and self._window.full:
                self._pass_over()
            self._read()
        elif any(consumer.suspended for consumer in free):
            self._go_back()

    def _pass_over(self) -> None:
        volatile: list[Message] = []
        busy = [consumer for consumer in self._consumers if not consumer.free]
        for message in self._window:
            if not message.persistent:
                volatile.append(message)
                continue
            self._passed = message.seq if self._passed is None else min(self._passed, message.seq)
            for consumer in busy:
                consumer.suspended = consumer.suspended or consumer.selects(message)
        self._later = deque(merge(volatile, self._later, key=_BY_SEQ))
        self._window.replace(())

    def _go_back(self) -> None:
        self._pass_over()
        if self._passed is not None:
            self._cursor = self._passed - 1
        self._passed = None
        for consumer in self._consumers:
            consumer.suspended = False
        self._read()

    def _read(self) -> None:
        self._reading = True
        self._settled_while_reading.clear()
        upto = self._last
        self._store.read(
            self.identity.id,
            self._cursor,
            rows=self._limits.window_messages,
            max_bytes=self._limits.window_bytes,
            done=lambda page: self._arrived(page, upto),
        )

    def _arrived(self, page: stored.Page, upto: int) -> None:
        self._reading = False
        if self._closed:
            return
        known = self._held | self._settled_while_reading | {message.seq for message in self._window}
        fresh = [
            Message.stored(row[0], self.destination, *row[1:]) for row in page.rows if row[0] not in known
        ]
        ends = [row[0] for row in page.rows[-1:]] + ([upto] if page.complete else [])
        self._cursor = max([self._cursor, *ends])
        later: list[Message] = []
        while self._later and (self._later[0].seq <= self._cursor or self._cursor >= self._last):
            later.append(self._later.popleft())
        self._window.replace(merge(self._window, fresh, later, key=_BY_SEQ))
        self.dispatch()

    # -- housekeeping

    def sweep(self) -> None:
        """Let expired messages of the window go, and look at the next ones if that made room."""
        gone = {message.seq: message for message in self._window if message.expired()}
        if gone:
            self.expired += len(gone)
            for message in gone.values():
                self._forget(message)
            self._window.replace([message for message in self._window if message.seq not in gone])
        if not self._consumers and not self._reading and self._cursor < self._last and self._window.low:
            self._read()

    def volatile(self) -> list[Message]:
        """The non-persistent messages that wait, in order."""
        return [message for message in (*self._window, *self._later) if not message.persistent]

    def remove(self) -> None:
        """Forget everything, on disk too."""
        self._closed = True
        for consumer in list(self._consumers):
            consumer.close()
        if self.identity.id:
            self._store.drop(self.identity.id)

    def _stored_id(self) -> int:
        if not self.identity.id:
            number = self._store.create(*self.identity[1:])
            self.identity = self.identity._replace(id=number)
        return self.identity.id
