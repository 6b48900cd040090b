"""The bus over STOMP: promises over all links to the broker what one link cannot.

One thread keeps the link (`LinkKeeper`); stomp.py's receiver thread fills inboxes and notes receipts; the
callers' threads send and wait. What was sent without a receipt is sent again on the next link. Nothing is
sent while the lock is held: a broker that holds its producers back must not keep receipts from being noted.
"""

import itertools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from stomp.utils import Frame

from swf_testbed.bus.address import BrokerAddress
from swf_testbed.bus.keeper import LinkKeeper
from swf_testbed.bus.link import Ears, Link
from swf_testbed.bus.outbox import Outbox, Pending
from swf_testbed.bus.protocol import Delivery, Inbox, Subscription
from swf_testbed.config.settings import Settings
from swf_testbed.messages import Message, encode, headers
from swf_testbed.model.destinations import is_queue
from swf_testbed.model.errors import BadInput, Refused, Unavailable

RECEIPT_TIMEOUT_S = 15.0
"""A broker that has not confirmed for so long is given up, and the message sent again on a new link."""

WINDOW = 500
"""Messages under way at once in `publish_many`."""

LOOK_S = 1.0
"""How often who waits for a receipt looks whether to wait on."""

_log = logging.getLogger(__name__)


class StompBus:
    """A `Bus` over a STOMP 1.2 broker.

    Args:
        address: where the broker is.
        client_id: the connection's name, needed for durable subscriptions; the same for every process
            of a role, so that a second one is refused by the broker while the first lives.
    """

    def __init__(self, address: BrokerAddress, client_id: str | None = None) -> None:
        self.address = address
        self._client_id = client_id
        self._outbox = Outbox()
        self._inboxes: dict[str, Inbox] = {}
        self._counter = itertools.count(1)
        broker = f"{address.host}:{address.port}"
        self._keeper = LinkKeeper(broker, self._open_link, self._subscribe_all, self._say_again)
        self._ears = Ears(
            self._on_message, self._on_receipt, self._on_error, self._on_full, self._keeper.lost
        )
        self._keeper.start()

    # The link.

    @property
    def connected(self) -> bool:
        """Whether there is a live link."""
        return self._keeper.connected

    @property
    def last_error(self) -> str:
        """What is wrong with the broker; empty when it is well."""
        return self._keeper.last_error

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a live link."""
        return self._keeper.wait_connected(timeout_s)

    def _open_link(self, epoch: int) -> Link:
        return Link(self.address, self._client_id, epoch, self._ears)

    def _subscribe_all(self, link: Link) -> None:
        for name, inbox in self._inboxes.items():
            link.subscribe(name, inbox.subscription)

    def _say_again(self) -> None:
        for pending in self._outbox.unconfirmed():
            self._keeper.use(lambda link, pending=pending: self._transmit(link, pending))  # type: ignore[misc]  # bound now

    def _on_error(self, said: Mapping[str, str], text: str) -> None:
        if not self._outbox.refuse(said.get("receipt-id", ""), text):
            self._keeper.note(f"broker says: {text}")

    def _on_full(self, receipt: str) -> None:
        if destination := self._outbox.hold(receipt):
            _log.warning("%s is full; what is said to it waits until there is room", destination)

    # Hearing.

    def subscribe(self, subscription: Subscription) -> Inbox:
        """Hear; survives reconnection."""
        if subscription.selector and is_queue(subscription.destination):
            raise BadInput(
                "selector", subscription.selector, "must be of a topic: in a long queue it is blind"
            )
        with self._keeper.lock:
            name = f"s{next(self._counter)}"
            inbox = Inbox(subscription, self._ack, self._is_current, self._detach)
            self._inboxes[name] = inbox
            self._keeper.use(lambda link: link.subscribe(name, subscription))
        return inbox

    def _detach(self, inbox: Inbox) -> None:
        with self._keeper.lock:
            for name in [key for key, value in self._inboxes.items() if value is inbox]:
                del self._inboxes[name]
                self._keeper.use(lambda link, name=name: link.unsubscribe(name))  # type: ignore[misc]  # bound now

    def _is_current(self, delivery: Delivery) -> bool:
        link = self._keeper.link
        return link is not None and link.epoch == delivery.epoch

    def _on_message(self, link: Link, frame: Frame) -> None:
        inbox = self._inboxes.get(frame.headers.get("subscription", ""))
        if inbox is not None:
            said = link.dialect.heard(frame.headers)
            inbox.put(
                Delivery(
                    destination=said.get("destination", ""),
                    headers=said,
                    body=frame.body,
                    redelivered=said.get("redelivered") == "true",
                    last=link.dialect.is_end(said),
                    ack_id=said.get("ack", ""),
                    epoch=link.epoch,
                )
            )

    def _ack(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._keeper.use(lambda link, ack_id=delivery.ack_id: link.ack(ack_id))  # type: ignore[misc]  # bound now

    # Saying.

    def publish(self, message: Message, *, timeout_s: float | None = None) -> None:
        """Say, and wait for the broker's receipt."""
        said = headers(message)
        self.publish_body(
            message.destination, encode(message), said, wait=message.persistent, timeout_s=timeout_s
        )

    def publish_many(self, messages: Iterable[Message]) -> None:
        """Say many, pipelined, and wait for all receipts."""
        under_way: list[Pending] = []
        for message in messages:
            under_way.append(self._start(message.destination, encode(message), headers(message)))
            if len(under_way) >= WINDOW:
                self._finish(under_way.pop(0))
        for pending in under_way:
            self._finish(pending)

    def publish_body(
        self,
        destination: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> None:
        """Send bytes as they are."""
        if not wait:
            self._keeper.use(lambda link: link.send(destination, body, headers))
            return
        until = None if timeout_s is None else time.monotonic() + timeout_s
        self._finish(self._start(destination, body, headers), until)

    def _start(self, destination: str, body: bytes, said: Mapping[str, str]) -> Pending:
        if self._keeper.closing:
            raise Unavailable("the bus is closed")
        pending = self._outbox.add(destination, body, said)
        self._keeper.use(lambda link: self._transmit(link, pending))
        return pending

    def _transmit(self, link: Link, pending: Pending) -> None:
        self._outbox.transmit(pending, link.epoch, link.send)

    def _finish(self, pending: Pending, until: float | None = None) -> None:
        while not pending.done.wait(_patience(until)):
            if self._keeper.closing or (until is not None and time.monotonic() >= until):
                self._outbox.forget(pending)
                why = self.last_error or "no answer"
                raise Unavailable(f"no receipt for a message to {pending.destination}: {why}")
            if pending.held:
                self._keeper.use(lambda link: self._transmit(link, pending))
            elif pending.waited_s() >= RECEIPT_TIMEOUT_S and not self._held_back():
                self._give_up_link(pending)
        for other in self._outbox.freed(pending.destination):
            self._keeper.use(lambda link, other=other: self._transmit(link, other))  # type: ignore[misc]  # bound now
        if pending.refusal:
            raise Refused(f"the broker refuses a message to {pending.destination}: {pending.refusal}")

    @property
    def held_back(self) -> list[str]:
        """Destinations that are full: the broker lives, and takes nothing for them."""
        return self._outbox.waiting(lives=self._held_back())

    def _held_back(self) -> bool:
        """Whether the broker lives and keeps its receipts to itself: a queue is full, and we are to wait."""
        link = self._keeper.link
        return link is not None and time.monotonic() - link.heard_at < RECEIPT_TIMEOUT_S

    def _give_up_link(self, pending: Pending) -> None:
        with self._keeper.lock:
            link, pending.sent_at = self._keeper.link, time.monotonic()
        if link is not None:
            self._keeper.note(f"{self.address} gave no receipt for {RECEIPT_TIMEOUT_S:.0f} s")
            link.drop()
            self._keeper.lost(link)

    def _on_receipt(self, receipt: str) -> None:
        if not self._outbox.confirm(receipt) and (inbox := self._inboxes.get(receipt)):
            inbox.establish()

    # The end.

    def close(self) -> None:
        """Say goodbye; whoever waits for a receipt is told that there will be none."""
        if self._keeper.closing:
            return
        with self._keeper.lock:
            link = self._keeper.part()
            inboxes = list(self._inboxes.values())
            self._inboxes.clear()
        for inbox in inboxes:
            inbox.close()
        if link is not None:
            link.goodbye()
        self._keeper.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _patience(until: float | None) -> float:
    """How long to wait before looking whether to wait on, s."""
    return LOOK_S if until is None else min(LOOK_S, max(0.0, until - time.monotonic()))


def open_bus(settings: Settings, client_id: str | None = None) -> StompBus:
    """The bus that the settings name; connects in the background."""
    return StompBus(BrokerAddress.of(settings), client_id)
