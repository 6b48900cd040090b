"""The broker as this process sees it: whether it answers, and how much waits in it."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from swf_testbed.bus import Bus, Subscription
from swf_testbed.messages import Message
from swf_testbed.messages.control import Command
from swf_testbed.model.destinations import BROKER_STATISTICS, replies
from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime.asking import ask

log = logging.getLogger(__name__)

ANSWER_S = 1.0
"""How long the broker may take to tell its counts."""


class Broker:
    """Asks over a bus that lives elsewhere.

    Args:
        bus: the connection.
        tells: whether this broker answers with its counts; only the embedded one does.
    """

    def __init__(self, bus: Bus, *, tells: bool) -> None:
        self._bus, self._tells = bus, tells
        self._reply_to = replies(f"monitor-{uuid4().hex}")
        self._inbox = bus.subscribe(Subscription(self._reply_to)) if tells else None
        self._asking = threading.Lock()

    @property
    def bus(self) -> Bus:
        """The connection itself."""
        return self._bus

    @property
    def tells(self) -> bool:
        """Whether this broker answers with its counts."""
        return self._tells

    @property
    def connected(self) -> bool:
        """Whether it answers at this moment."""
        return self._bus.connected

    def statistics(self) -> dict[str, Any] | None:
        """Its counts; None if it does not tell in `ANSWER_S`."""
        if self._inbox is None or not self.connected:
            return None
        with self._asking:
            question = uuid4().hex
            said = {"reply-to": self._reply_to, "correlation-id": question, "persistent": "false"}
            self._bus.publish_body(BROKER_STATISTICS, b"", said, wait=False)
            until = time.monotonic() + ANSWER_S
            while (left := until - time.monotonic()) > 0:
                for delivery in self._inbox.take(timeout_s=left):
                    self._inbox.ack([delivery])
                    if delivery.headers.get("correlation-id") == question:
                        return dict(json.loads(delivery.body))
        return None

    def say(self, message: Message) -> None:
        """Say what the store knows already: who hears only the bus hears it too, if the broker answers."""
        if self.connected:
            try:
                self._bus.publish(message, timeout_s=ANSWER_S)
            except Unavailable as error:
                log.warning("said to the store alone: %s (%s)", message.msg_type, error)

    def announce(self, message: Message, timeout_s: float) -> None:
        """Say something new to all; `Unavailable` without the broker's receipt."""
        self._bus.publish(message, timeout_s=timeout_s)

    def ask(self, command: Command, whom: str, answer_s: float) -> dict[str, Any]:
        """Have a command carried out, as `runtime.asking.ask` does."""
        return ask(self._bus, command, whom, answer_s)

    def close(self) -> None:
        """Ask no more."""
        if self._inbox is not None:
            self._inbox.close()


_present: Broker | None = None


def present() -> Broker | None:
    """The one that this process is connected to; None where none is, as in a command."""
    return _present


@contextmanager
def connected_to(broker: Broker) -> Iterator[None]:
    """Let a broker be the present one."""
    global _present  # noqa: PLW0603  # Django's views have nothing else in common with the server
    _present = broker
    try:
        yield
    finally:
        _present = None
        broker.close()
