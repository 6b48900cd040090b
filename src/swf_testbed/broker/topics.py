"""Topics: every subscriber gets every message, those that are durable also while they are away."""

import logging
from collections import deque

from swf_testbed.broker.backlog import Backlog
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.selectors import Selector
from swf_testbed.broker.subscriptions import Subscription, parse_selector
from swf_testbed.model.errors import Refused

log = logging.getLogger(__name__)


class Feed:
    """What a plain subscriber of a topic has not got yet: a bounded buffer in memory.

    A subscriber that falls further behind is disconnected: it can never hold up or swell the others.
    """

    def __init__(self, topic: "Topic", subscription: Subscription, limits: Limits) -> None:
        self._topic, self._subscription, self._limits = topic, subscription, limits
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        subscription.source = self

    def put(self, message: Message) -> None:
        """Deliver a message, or keep it until there is room."""
        subscription = self._subscription
        if not subscription.selects(message):
            return
        if not self._waiting and subscription.free:
            subscription.deliver(message)
            return
        self._waiting.append(message)
        self._bytes += message.size
        limits = self._limits
        if len(self._waiting) > limits.topic_buffer_messages or self._bytes > limits.topic_buffer_bytes:
            subscription.outlet.fail(
                f"slow consumer: {len(self._waiting)} messages of {self._topic.name} are waiting for "
                "subscription {!r}; read and acknowledge faster, or subscribe durably".format(
                    subscription.request.id
                )
            )

    def dispatch(self) -> None:
        """Deliver what waits, as far as there is room."""
        while self._waiting and self._subscription.free:
            message = self._waiting.popleft()
            self._bytes -= message.size
            if not message.expired():
                self._subscription.deliver(message)

    def settle(self, message: Message) -> None:
        """Nothing: the message belongs to nobody else."""

    def detach(self, subscription: Subscription, held: list[Message]) -> None:
        """The subscriber goes, and with it what it did not get."""
        self._waiting.clear()
        self._topic.feeds = tuple(feed for feed in self._topic.feeds if feed is not self)


class Durable:
    """A subscription that outlives its connections: a backlog that one consumer at a time may read."""

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog
        self.dropped = 0
        self._selector: Selector | None = parse_selector(backlog.identity.selector)

    def put(self, message: Message) -> None:
        """Keep a message that the subscription's selector takes."""
        if self._selector is not None and not self._selector(message.headers):
            return
        try:
            self.backlog.put(message)
        except Refused as error:
            # Only what is not persistent can find no room; one absent subscriber must not stop a topic.
            if not self.dropped:
                log.warning("durable subscription %s: %s", self.backlog.identity.subscription, error)
            self.dropped += 1


class Topic:
    """One topic: who subscribes to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.feeds: tuple[Feed, ...] = ()
        self.durables: tuple[Durable, ...] = ()
        self.published = 0

    def publish(self, message: Message) -> None:
        """Give a message to everybody."""
        self.published += 1
        for durable in self.durables:
            durable.put(message)
        for feed in self.feeds:
            feed.put(message)
