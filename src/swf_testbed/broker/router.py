"""Which message goes where: all queues, topics and durable subscriptions, by name."""

import json
import logging
import re
import time
from collections.abc import Iterable, Mapping

from swf_testbed.broker.backlog import Backlog
from swf_testbed.broker.browser import Browser
from swf_testbed.broker.frames import ProtocolError
from swf_testbed.broker.gate import Gate
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.store import Backlog as Identity
from swf_testbed.broker.store import Saved, Store
from swf_testbed.broker.subscriptions import Subscription
from swf_testbed.broker.topics import Durable, Feed, Topic
from swf_testbed.model.destinations import BROKER_STATISTICS
from swf_testbed.model.errors import Refused, shorten

log = logging.getLogger(__name__)

DEAD_LETTERS = "/queue/ActiveMQ.DLQ"
"""Where a message goes that a consumer refused (NACK), as on ActiveMQ Classic."""

_DESTINATION = re.compile(r"/(?:queue|topic)/[^\s*>,\x00-\x1f]{1,240}")


def check_destination(name: str) -> str:
    """The name itself, if it is one.

    Raises:
        ProtocolError: it is not; wildcards and lists of destinations are not supported.
    """
    if not _DESTINATION.fullmatch(name):
        raise ProtocolError(
            f"destination = {shorten(name)}: must be /queue/NAME or /topic/NAME, NAME of 1 to 240 characters "
            "without spaces, commas, '*' and '>'"
        )
    return name


class Router:
    """All destinations of a broker."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits
        self._queues: dict[str, Backlog] = {}
        self._topics: dict[str, Topic] = {}
        self._durables: dict[tuple[str, str], Durable] = {}
        self._idle_since: dict[str, float] = {}
        last = 0
        for saved in store.saved:
            last = max(last, saved.last)
            self._restore(saved)
        # Microseconds at start, then counting: never given twice, though nothing about it is stored.
        self._seq = max(last, time.time_ns() // 1000)

    def _restore(self, saved: Saved) -> None:
        backlog = Backlog(self._store, self._limits, saved)
        if saved.backlog.subscription:
            self._add_durable(backlog)
        else:
            self._queues[backlog.destination] = backlog

    # -- sending

    def send(self, destination: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take in what a client sends.

        Raises:
            ProtocolError: the destination or a header is not allowed.
            Refused: the destination is full.
        """
        if destination == BROKER_STATISTICS:
            self._answer_statistics(headers)
            return
        self._seq += 1
        self._put(Message.sent(self._seq, destination, headers, body))

    def gate(self, destination: str, headers: Mapping[str, str]) -> Gate | None:
        """Where a message must wait, if it must: a queue that is full, for what would be stored."""
        queue = self._queues.get(destination)
        if queue is None or headers.get("persistent") == "false" or not queue.gate.shut:
            return None
        return queue.gate

    def dead_letter(self, message: Message) -> None:
        """Keep a refused message where it can be looked at."""
        self._seq += 1
        headers = {
            **message.headers,
            "original-destination": message.destination,
            "original-message-id": str(message.seq),
        }
        headers.pop("expires", None)
        dead = Message(self._seq, DEAD_LETTERS, headers, message.body, persistent=message.persistent)
        try:
            self._put(dead)
        except Refused as error:
            log.warning("a refused message is lost: %s", error)

    def _put(self, message: Message) -> None:
        queue = self._queues.get(message.destination)
        if queue is not None:
            queue.put(message)
        elif message.destination.startswith("/topic/"):
            self._topic(message.destination).publish(message)
        else:
            self._queue(message.destination).put(message)

    # -- subscribing

    def subscribe(self, subscription: Subscription, client_id: str) -> None:
        """Connect a subscription with its destination.

        Raises:
            ProtocolError: the destination is not allowed, or the durable subscription cannot be had.
        """
        request = subscription.request
        if request.browser:
            Browser(self._store, self._limits, self._queue(request.destination), subscription)
        elif request.destination.startswith("/queue/"):
            self._queue(request.destination).attach(subscription)
        elif request.durable:
            self._subscribe_durably(subscription, client_id)
        else:
            topic = self._topic(request.destination)
            topic.feeds = (*topic.feeds, Feed(topic, subscription, self._limits))

    def unsubscribe_durable(self, client_id: str, name: str) -> None:
        """Forget a durable subscription and what waits for it.

        Raises:
            ProtocolError: there is none of that name.
        """
        durable = self._durables.pop((client_id, name), None)
        if durable is None:
            raise ProtocolError(f"client-id {client_id!r} has no durable subscription {name!r}")
        topic = self._topic(durable.backlog.destination)
        topic.durables = tuple(each for each in topic.durables if each is not durable)
        durable.backlog.remove()

    def _subscribe_durably(self, subscription: Subscription, client_id: str) -> None:
        request = subscription.request
        if not client_id:
            raise ProtocolError("a durable subscription needs a header 'client-id' on CONNECT")
        durable = self._durables.get((client_id, request.durable))
        if durable is not None:
            if durable.backlog.consumers:
                raise ProtocolError(f"durable subscription {request.durable!r} is in use")
            identity = durable.backlog.identity
            if (identity.destination, identity.selector) != (request.destination, request.selector):
                # JMS: another topic or selector under an old name is a new subscription.
                log.info("durable subscription %s of %s: replaced", request.durable, client_id)
                self.unsubscribe_durable(client_id, request.durable)
                durable = None
        if durable is None:
            durable = self._new_durable(subscription, client_id)
        subscription.selector = None  # applied when a message comes in
        durable.backlog.attach(subscription)

    def _new_durable(self, subscription: Subscription, client_id: str) -> Durable:
        request = subscription.request
        self._topic(request.destination)
        self._check_room()
        number = self._store.create(request.destination, client_id, request.durable, request.selector)
        identity = Identity(number, request.destination, client_id, request.durable, request.selector)
        return self._add_durable(Backlog(self._store, self._limits, Saved(identity, 0, 0)))

    def _add_durable(self, backlog: Backlog) -> Durable:
        durable = Durable(backlog)
        topic = self._topic(backlog.destination)
        topic.durables = (*topic.durables, durable)
        self._durables[backlog.identity.client_id, backlog.identity.subscription] = durable
        return durable

    # -- destinations

    def _queue(self, name: str) -> Backlog:
        queue = self._queues.get(name)
        if queue is None:
            check_destination(name)
            self._check_room()
            queue = self._queues[name] = Backlog(self._store, self._limits, Saved(Identity(0, name), 0, 0))
        return queue

    def _topic(self, name: str) -> Topic:
        topic = self._topics.get(name)
        if topic is None:
            check_destination(name)
            self._check_room()
            topic = self._topics[name] = Topic(name)
        return topic

    def _check_room(self) -> None:
        count = len(self._queues) + len(self._topics) + len(self._durables)
        if count >= self._limits.max_destinations:
            raise ProtocolError(f"{count} destinations exist: no more are allowed")

    def sweep(self) -> None:
        """Let go what has expired, and destinations that nobody has used for a while."""
        now = time.monotonic()
        for durable in self._durables.values():
            durable.backlog.sweep()
        for queue in self._queues.values():
            queue.sweep()
        idle = {name for name, queue in self._queues.items() if not (queue.size or queue.consumers)}
        idle |= {name for name, topic in self._topics.items() if not (topic.feeds or topic.durables)}
        self._idle_since = {name: self._idle_since.get(name, now) for name in idle}
        for name, since in self._idle_since.items():
            if now - since >= self._limits.idle_destination:
                self._topics.pop(name, None)
                queue_gone = self._queues.pop(name, None)
                if queue_gone is not None:
                    queue_gone.remove()

    # -- statistics

    connections = 0
    """Kept by the server."""
    started_at = ""
    """ISO 8601; kept by the server."""

    def statistics(self) -> dict[str, object]:
        """What is where: `destinations` and `durable_subscriptions` by name, with their counts."""
        return {
            "started_at": self.started_at,
            "connections": self.connections,
            "queue_bounds": {"messages": self._limits.queue_messages, "bytes": self._limits.queue_bytes},
            "destinations": {
                **{name: _counts([queue]) for name, queue in sorted(self._queues.items())},
                **{name: _topic_counts(topic) for name, topic in sorted(self._topics.items())},
            },
            "durable_subscriptions": {
                f"{client_id}:{name}": {
                    "destination": durable.backlog.destination,
                    "selector": durable.backlog.identity.selector,
                    **_counts([durable.backlog]),
                }
                for (client_id, name), durable in sorted(self._durables.items())
            },
        }

    def _answer_statistics(self, headers: Mapping[str, str]) -> None:
        reply_to = headers.get("reply-to")
        if not reply_to or reply_to == BROKER_STATISTICS:
            raise ProtocolError(f"a message to {BROKER_STATISTICS} needs 'reply-to': where to answer")
        reply = {"content-type": "application/json", "persistent": "false"}
        if "correlation-id" in headers:
            reply["correlation-id"] = headers["correlation-id"]
        self.send(reply_to, reply, json.dumps(self.statistics()).encode())


_COUNTED = ("queued", "in_flight", "enqueued", "dequeued", "expired", "consumers", "bytes", "held")
"""`held`: what producers have sent and must wait with, as the queue is full."""


def _counts(backlogs: Iterable[Backlog]) -> dict[str, int]:
    counts = dict.fromkeys(_COUNTED, 0)
    for backlog in backlogs:
        counts["queued"] += backlog.size - backlog.in_flight
        counts["in_flight"] += backlog.in_flight
        counts["enqueued"] += backlog.enqueued
        counts["dequeued"] += backlog.dequeued
        counts["expired"] += backlog.expired
        counts["consumers"] += backlog.consumers
        counts["bytes"] += backlog.size_bytes
        counts["held"] += backlog.gate.held
    return counts


def _topic_counts(topic: Topic) -> dict[str, int]:
    counts = _counts([durable.backlog for durable in topic.durables])
    counts["enqueued"] = topic.published
    counts["consumers"] += len(topic.feeds)
    return counts
