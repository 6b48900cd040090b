"""The bus over STOMP: keeps a link to the broker, and promises over all links what one cannot.

One thread keeps the link; stomp.py's receiver thread fills inboxes and notes receipts; the callers'
threads send and wait. What was sent without a receipt is sent again on the next link. Nothing is sent
while the lock is held: a broker that holds its producers back must not keep receipts from being noted.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from stomp.exception import StompException
from stomp.utils import Frame

from swf_testbed.bus.address import BrokerAddress
from swf_testbed.bus.link import Ears, Link
from swf_testbed.bus.outbox import Outbox, Pending
from swf_testbed.bus.protocol import Delivery, Inbox, Subscription
from swf_testbed.config.settings import Settings
from swf_testbed.messages import Message, encode, headers
from swf_testbed.model.destinations import is_queue
from swf_testbed.model.errors import BadInput, Refused, Unavailable

RECEIPT_TIMEOUT_S = 15.0
"""A broker that has not confirmed for so long is given up, and the message sent again on a new link."""

FIRST_RETRY_S, LAST_RETRY_S = 0.1, 5.0
LASTING_S = 5.0
"""A link that lived so long was a good one."""

WINDOW = 500
"""Messages under way at once in `publish_many`."""

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
        self._lock = threading.RLock()
        self._link: Link | None = None
        self._outbox = Outbox()
        self._inboxes: dict[str, Inbox] = {}
        self._counter = itertools.count(1)
        self._connected = threading.Event()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self.last_error = ""
        self._ears = Ears(self._on_message, self._on_receipt, self._on_error, self._on_full, self._on_lost)
        self._keeper = threading.Thread(target=self._keep_linked, name="bus-keeper", daemon=True)
        self._wanted.set()
        self._keeper.start()

    # The link and its keeper.

    @property
    def connected(self) -> bool:
        """Whether there is a live link."""
        return self._connected.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a live link."""
        return self._connected.wait(timeout_s)

    def _keep_linked(self) -> None:
        delay, tried_at = 0.0, 0.0
        for epoch in itertools.count(1):
            self._wanted.wait()
            # A link that did not last is no reason to hurry: the broker may refuse us again and again.
            lasted = time.monotonic() - tried_at > LASTING_S
            delay = 0.0 if lasted else min(max(2 * delay, FIRST_RETRY_S), LAST_RETRY_S)
            if self._closing.wait(delay):
                return
            tried_at = time.monotonic()
            try:
                link = Link(self.address, self._client_id, epoch, self._ears)
            except Unavailable as error:
                self._note(str(error))
            else:
                self._take_up(link)

    def _note(self, error: str) -> None:
        if error != self.last_error:
            _log.warning("%s; trying again", error)
        self.last_error = error

    def _take_up(self, link: Link) -> None:
        with self._lock:
            self._link = link
            self._wanted.clear()
            try:
                for name, inbox in self._inboxes.items():
                    link.subscribe(name, inbox.subscription)
            except (StompException, OSError):
                link.drop()
            if not link.alive or self._closing.is_set():
                self._on_lost(link)
                return
            if self.last_error:
                _log.info("broker %s:%s is back", self.address.host, self.address.port)
                self.last_error = ""
            self._connected.set()
        for pending in self._outbox.unconfirmed():
            self._on_link(lambda link, pending=pending: self._transmit(link, pending))  # type: ignore[misc]  # bound now

    def _on_lost(self, link: Link) -> None:
        with self._lock:
            if self._link is link:
                self._link = None
                self._connected.clear()
                self._wanted.set()

    def _on_error(self, said: Mapping[str, str], text: str) -> None:
        if not self._outbox.refuse(said.get("receipt-id", ""), text):
            self._note(f"broker says: {text}")

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
        with self._lock:
            name = f"s{next(self._counter)}"
            inbox = Inbox(subscription, self._ack, self._is_current, self._detach)
            self._inboxes[name] = inbox
            self._on_link(lambda link: link.subscribe(name, subscription))
        return inbox

    def _detach(self, inbox: Inbox) -> None:
        with self._lock:
            for name in [key for key, value in self._inboxes.items() if value is inbox]:
                del self._inboxes[name]
                self._on_link(lambda link, name=name: link.unsubscribe(name))  # type: ignore[misc]  # bound now

    def _is_current(self, delivery: Delivery) -> bool:
        link = self._link
        return link is not None and link.epoch == delivery.epoch

    def _on_message(self, link: Link, frame: Frame) -> None:
        inbox = self._inboxes.get(frame.headers.get("subscription", ""))
        if inbox is not None:
            said = link.dialect.heard(frame.headers)
            inbox.put(
                Delivery(
                    destination=said.get("destination", ""),
                    headers=said,
                    body=frame.body if isinstance(frame.body, bytes) else frame.body.encode(),
                    redelivered=said.get("redelivered") == "true",
                    last=link.dialect.is_end(said),
                    ack_id=said.get("ack", ""),
                    epoch=link.epoch,
                )
            )

    def _ack(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._on_link(lambda link, ack_id=delivery.ack_id: link.ack(ack_id))  # type: ignore[misc]  # bound now

    # Saying.

    def publish(self, message: Message, *, timeout_s: float | None = None) -> None:
        """Say, and wait for the broker's receipt."""
        said = headers(message)
        self.publish_body(
            message.destination, encode(message), said, wait=message.persistent, timeout_s=timeout_s
        )

    def publish_many(self, messages: Iterable[Message], *, timeout_s: float | None = None) -> None:
        """Say many, pipelined, and wait for all receipts."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        under_way: list[Pending] = []
        for message in messages:
            under_way.append(self._start(message.destination, encode(message), headers(message)))
            if len(under_way) >= WINDOW:
                self._finish(under_way.pop(0), until)
        for pending in under_way:
            self._finish(pending, until)

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
            self._on_link(lambda link: link.send(destination, body, headers))
            return
        until = None if timeout_s is None else time.monotonic() + timeout_s
        self._finish(self._start(destination, body, headers), until)

    def _start(self, destination: str, body: bytes, said: Mapping[str, str]) -> Pending:
        if self._closing.is_set():
            raise Unavailable("the bus is closed")
        pending = self._outbox.add(destination, body, said)
        self._on_link(lambda link: self._transmit(link, pending))
        return pending

    def _transmit(self, link: Link, pending: Pending) -> None:
        self._outbox.transmit(pending, link.send)

    def _finish(self, pending: Pending, until: float | None) -> None:
        while not pending.done.wait(_patience(until)):
            if self._closing.is_set() or (until is not None and time.monotonic() >= until):
                self._outbox.forget(pending)
                why = self.last_error or "no answer"
                raise Unavailable(f"no receipt for a message to {pending.destination}: {why}")
            if pending.held:
                self._on_link(lambda link: self._transmit(link, pending))
            elif pending.waited_s() >= RECEIPT_TIMEOUT_S and not self._held_back():
                self._give_up_link(pending)
        for other in self._outbox.freed(pending.destination):
            self._on_link(lambda link, other=other: self._transmit(link, other))  # type: ignore[misc]  # bound now
        if pending.refusal:
            raise Refused(f"the broker refuses a message to {pending.destination}: {pending.refusal}")

    @property
    def held_back(self) -> list[str]:
        """Destinations that are full: the broker lives, and takes nothing for them."""
        return self._outbox.waiting(lives=self._held_back())

    def _held_back(self) -> bool:
        """Whether the broker lives and keeps its receipts to itself: a queue is full, and we are to wait."""
        link = self._link
        return link is not None and time.monotonic() - link.heard_at < RECEIPT_TIMEOUT_S

    def _give_up_link(self, pending: Pending) -> None:
        with self._lock:
            link, pending.sent_at = self._link, time.monotonic()
        if link is not None:
            self._note(f"{self.address} gave no receipt for {RECEIPT_TIMEOUT_S:.0f} s")
            link.drop()
            self._on_lost(link)

    def _on_receipt(self, receipt: str) -> None:
        if not self._outbox.confirm(receipt) and (inbox := self._inboxes.get(receipt)):
            inbox.establish()

    def _on_link(self, act: Callable[[Link], None]) -> None:
        """Do something on the link if there is one; its loss is for the keeper to mend."""
        link = self._link
        if link is None:
            return
        try:
            act(link)
        except (StompException, OSError):
            link.drop()
            self._on_lost(link)

    # The end.

    def close(self) -> None:
        """Say goodbye; whoever waits for a receipt is told that there will be none."""
        if self._closing.is_set():
            return
        with self._lock:
            self._closing.set()
            link, self._link = self._link, None
            inboxes = list(self._inboxes.values())
            self._inboxes.clear()
        for inbox in inboxes:
            inbox.close()
        if link is not None:
            link.goodbye()
        self._connected.clear()
        self._wanted.set()
        self._keeper.join(timeout=15)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _patience(until: float | None) -> float:
    """How long to wait before looking whether to wait on, s."""
    return 1.0 if until is None else min(1.0, max(0.0, until - time.monotonic()))


def open_bus(settings: Settings, client_id: str | None = None) -> StompBus:
    """The bus that the settings name; connects in the background."""
    address = BrokerAddress(
        host=settings.activemq_host,
        port=settings.activemq_port,
        user=settings.activemq_user,
        password=settings.broker_password(),
        tls=settings.activemq_use_ssl,
        ca_file=settings.activemq_ssl_ca_certs,
        cert_file=settings.activemq_ssl_cert_file,
        key_file=settings.activemq_ssl_key_file,
    )
    return StompBus(address, client_id)
