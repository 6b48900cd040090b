"""`python -m swf_testbed.monitor intake`: the process that stores what the bus says."""

import json
import logging
import signal
import threading
from collections.abc import Callable, Sequence

from swf_testbed.bus import Bus, Inbox, Subscription, open_bus
from swf_testbed.config.settings import Settings
from swf_testbed.model import destinations
from swf_testbed.monitor.startup import prepare

log = logging.getLogger(__name__)

CLIENT = "monitor-intake"
BATCH = 500
LINGER_S = 0.05
"""How long a batch waits for more: short beside the second in which a plot must follow its data."""

_IDLE_S = 60.0
_HEARD = {f"{CLIENT}-events": destinations.EVENTS, f"{CLIENT}-workers": destinations.WORKERS}
"""What is heard, by the name of the durable subscription."""


class Intake:
    """Stores everything said on the topics of all namespaces; one thread a topic."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._stopping = threading.Event()
        self._inboxes = [
            bus.subscribe(Subscription(topic, durable=name, prefetch=2 * BATCH))
            for name, topic in _HEARD.items()
        ]
        self._threads = [
            threading.Thread(target=self._take_all, args=(inbox,), name=inbox.subscription.durable)
            for inbox in self._inboxes
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def _take_all(self, inbox: Inbox) -> None:
        from django.db import OperationalError, connections

        from swf_testbed.monitor.intake import batches

        while not self._stopping.is_set():
            deliveries = inbox.take(limit=BATCH, linger_s=LINGER_S, timeout_s=_IDLE_S)
            if not deliveries:
                continue
            try:
                numbers = batches.store(deliveries, lambda: not self._stopping.is_set())
            except OperationalError as error:
                log.warning("%d messages not stored: %s; the broker keeps them", len(deliveries), error)
                break
            inbox.ack(deliveries)
            self._hint(numbers)
        connections.close_all()

    def _hint(self, numbers: Sequence[int]) -> None:
        # Also when nothing is new: the process before this one may have died between storing and telling.
        body = json.dumps({"count": len(numbers), "last": max(numbers, default=None)}).encode()
        said = {"persistent": "false", "content-type": "application/json"}
        self._bus.publish_body(destinations.STORED, body, said, wait=False)

    def stop(self) -> None:
        """End after the batches in hand."""
        self._stopping.set()
        for inbox in self._inboxes:
            inbox.close()
        for thread in self._threads:
            thread.join()


def run(swf: Settings) -> None:
    """Take in until SIGTERM or SIGINT."""
    ended = threading.Event()
    end: Callable[..., None] = lambda *_: ended.set()  # noqa: E731  # a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    prepare(swf)
    with open_bus(swf, CLIENT) as bus:
        intake = Intake(bus)
        intake.start()
        log.info("taking in %s", ", ".join(_HEARD.values()))
        ended.wait()
        intake.stop()
