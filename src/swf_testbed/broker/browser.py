"""Looking into a queue without taking anything out (`browser:true` on SUBSCRIBE, as on ActiveMQ)."""

from collections import deque
from heapq import merge

from swf_testbed.broker.backlog import Backlog
from swf_testbed.broker.frames import encode_headers
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.store import Page, Store
from swf_testbed.broker.subscriptions import Subscription


class Browser:
    """Delivers what is in a queue now, those in flight too, then a MESSAGE with header `browser:end`."""

    def __init__(self, store: Store, limits: Limits, queue: Backlog, subscription: Subscription) -> None:
        self._store, self._limits, self._queue = store, limits, queue
        self._subscription: Subscription | None = subscription
        subscription.source = self
        subscription.auto = True
        self._volatile = deque(queue.volatile())
        self._ready: deque[Message] = deque()
        self._after = 0
        self._upto = queue.last
        self._reading = self._complete = False
        self.dispatch()

    def dispatch(self) -> None:
        """Deliver while there is room, then read on."""
        subscription = self._subscription
        while subscription is not None and self._ready and subscription.free:
            message = self._ready.popleft()
            if subscription.selects(message) and not message.expired():
                subscription.deliver(message)
        if subscription is None or self._reading or self._ready or not subscription.free:
            return
        if self._complete:
            self._end(subscription)
        else:
            self._read()

    def settle(self, message: Message) -> None:
        """Nothing: browsing holds nothing."""

    def detach(self, subscription: Subscription, held: list[Message]) -> None:
        """The browser goes."""
        self._subscription = None

    def _read(self) -> None:
        self._reading = True
        self._store.read(
            self._queue.identity.id,
            self._after,
            rows=self._limits.window_messages,
            max_bytes=self._limits.window_bytes,
            done=self._arrived,
        )

    def _arrived(self, page: Page) -> None:
        self._reading = False
        rows = [row for row in page.rows if row[0] <= self._upto]
        self._complete = page.complete or len(rows) < len(page.rows)
        self._after = rows[-1][0] if rows else self._upto
        volatile: list[Message] = []
        while self._volatile and (self._complete or self._volatile[0].seq <= self._after):
            volatile.append(self._volatile.popleft())
        found = [Message.stored(row[0], self._queue.destination, *row[1:]) for row in rows]
        self._ready.extend(merge(found, volatile, key=lambda message: message.seq))
        self.dispatch()

    def _end(self, subscription: Subscription) -> None:
        self._subscription = None
        outlet, request = subscription.outlet, subscription.request
        headers = {
            "subscription": request.id,
            "destination": request.destination,
            "message-id": "0",
            "browser": "end",
            "content-length": "0",
        }
        outlet.write(b"MESSAGE\n%s\n\0" % encode_headers(headers, outlet.version))
