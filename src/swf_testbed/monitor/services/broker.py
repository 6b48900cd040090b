"""The broker as this process sees it: whether it answers, and how much waits in it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from swf_testbed.bus import Bus
from swf_testbed.messages import Message
from swf_testbed.messages.control import Command
from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime.asking import ask
from swf_testbed.runtime.broker_counts import ANSWER_S, BrokerCounts

log = logging.getLogger(__name__)


class Broker:
    """Asks over a bus that lives elsewhere.

    Args:
        bus: the connection.
        tells: whether this broker answers with its counts; only the embedded one does.
    """

    def __init__(self, bus: Bus, *, tells: bool) -> None:
        self._bus, self._tells = bus, tells
        self._counts = BrokerCounts(bus, "monitor") if tells else None

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
        return self._counts.ask() if self._counts is not None else None

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
        if self._counts is not None:
            self._counts.close()


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
