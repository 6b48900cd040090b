"""BaseAgent: what an agent is, from its first heartbeat to its last."""

import logging
import threading
from contextlib import nullcontext
from typing import Any, ClassVar

from swf_testbed.bus import Inbox, Subscription
from swf_testbed.messages import REGISTRY
from swf_testbed.model import destinations
from swf_testbed.model.errors import BadInput, Unavailable
from swf_testbed.model.status import OperationalState
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.consumer import Consumer, Listener
from swf_testbed.runtime.context import AgentContext
from swf_testbed.runtime.handlers import Handler, collect
from swf_testbed.runtime.patience import Stopping, persist
from swf_testbed.runtime.presence import HEARTBEAT_S, Heart, MonitorPresence, Presence

GRACE_S = 10.0
"""How long a handler may go on after the agent was asked to end; the broker delivers again what it had."""

_log = logging.getLogger(__name__)


class BaseAgent:
    """An agent: a subclass names its type and marks its handlers.

    What it hears follows from its handlers: topics by a durable subscription in the name of its role (one of
    many hears what is said while it lives), queues together with the others of its role. Handlers run one at
    a time.
    """

    agent_type: ClassVar[str]
    prefetch: ClassVar[int] = 100
    heartbeat_s: ClassVar[float] = HEARTBEAT_S
    alone: ClassVar[bool] = True
    """Whether a namespace may have one at a time: the broker then refuses a second while the first lives."""

    everybody: ClassVar[bool] = False
    """Whether it hears messages of every namespace; the destinations must then be its own."""

    handlers: ClassVar[dict[str, Handler]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.handlers = collect(cls)

    def __init__(self, context: AgentContext) -> None:
        self.context = context
        self.stopping = threading.Event()
        self.activity = Activity(self.changed)
        self._one_at_a_time = threading.Lock()
        self._inboxes: list[Inbox] = []
        self._heart: Heart | None = None

    # What a subclass may say.

    def presence(self) -> Presence:
        """How it is seen."""
        return MonitorPresence(self.agent_type, self.context, self.activity, self.metadata)

    def metadata(self) -> dict[str, Any]:
        """What else is said of it with each heartbeat."""
        return {}

    def on_start(self) -> None:
        """Before the first message."""

    def on_stop(self) -> None:
        """After the last message."""

    def changed(self) -> None:
        """The operational state has changed."""

    def not_understood(self, body: bytes, error: BadInput) -> None:
        """What came is no message; it becomes a dead letter."""

    # Its life.

    @classmethod
    def client_id(cls, namespace: str) -> str | None:
        """The name of its connection: that of its role, or none for one of many."""
        return destinations.subscription_name(cls.agent_type, namespace) if cls.alone else None

    @classmethod
    def heard(cls, namespace: str) -> dict[str, dict[str, Handler]]:
        """The handlers by destination."""
        found: dict[str, dict[str, Handler]] = {}
        for msg_type, handler in cls.handlers.items():
            found.setdefault(REGISTRY[msg_type].goes_to(namespace), {})[msg_type] = handler
        return found

    def stop(self) -> None:
        """Ask it to end; safe from any thread and from a signal handler."""
        self.stopping.set()

    def beat_now(self) -> None:
        """Be heard of at once, instead of at the next regular time."""
        if self._heart is not None:
            self._heart.beat_now()

    def run(self) -> None:
        """Live until asked to end."""
        presence = self.presence()
        self._heart = heart = Heart(presence, self.activity, self.heartbeat_s)
        consumers: list[Consumer] = []
        try:
            persist(lambda: self._register(presence), self.stopping, _log_retry)
            heart.start()
            persist(self.on_start, self.stopping, _log_retry)
            consumers = self._start_consumers()
            self._await_subscriptions()
            self.activity.become(OperationalState.READY)
            heart.beat_now()
            _log.info("%s is ready in namespace %s", self.context.name, self.context.namespace)
            self.stopping.wait()
        except Stopping:
            _log.info("asked to end while starting")
        finally:
            self._end(heart, consumers)

    def _register(self, presence: Presence) -> None:
        self.context.name = presence.register()

    def _await_subscriptions(self) -> None:
        def check() -> None:
            if not all(inbox.wait_established(1.0) for inbox in self._inboxes):
                raise Unavailable("the broker has not confirmed what we want to hear")

        persist(check, self.stopping, _log_retry)

    def _start_consumers(self) -> list[Consumer]:
        context = self.context
        consumers = []
        for destination, handlers in self.heard(context.namespace).items():
            inbox = context.bus.subscribe(self._subscription(destination, handlers))
            who = Listener(context.namespace, context.name, self.everybody, self.not_understood)
            consumer = Consumer(inbox, handlers, self._call, context.bus, who, self.activity, self.stopping)
            self._inboxes.append(inbox)
            consumers.append(consumer)
            consumer.start()
        return consumers

    def _subscription(self, destination: str, handlers: dict[str, Handler]) -> Subscription:
        if destinations.is_queue(destination):
            return Subscription(destination, prefetch=self.prefetch)
        topic = destination.rsplit("/", 1)[-1]
        role = destinations.subscription_name(self.agent_type, self.context.namespace)
        return Subscription(
            destination,
            durable=f"{role}.{topic}" if self.alone else None,
            selector=f"namespace = '{self.context.namespace}'",
            msg_types=frozenset(handlers),
            prefetch=self.prefetch,
        )

    def _call(self, handler: Handler, said: Any) -> None:
        with nullcontext() if handler.at_once else self._one_at_a_time:
            getattr(self, handler.method)(said)

    def _end(self, heart: Heart, consumers: list[Consumer]) -> None:
        self.stopping.set()
        for inbox in self._inboxes:
            inbox.end()
        unfinished = [consumer for consumer in consumers if not consumer.join(GRACE_S)]
        for inbox in self._inboxes:
            inbox.close()  # not before: what was done meanwhile is acknowledged
        if unfinished:
            _log.warning(
                "a handler did not end within %.0f s; the broker delivers its message again", GRACE_S
            )
        self.on_stop()
        self.activity.become(OperationalState.EXITED)
        heart.stop()
        _log.info("%s has ended", self.context.name)


def _log_retry(error: Exception, delay: float) -> None:
    _log.warning("starting: again in %.1f s: %s", delay, error)
