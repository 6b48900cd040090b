"""What waits at the embedded broker, as it tells itself."""

import json
import threading
import time
from typing import Any
from uuid import uuid4

from swf_testbed.bus import Bus, Subscription
from swf_testbed.model.destinations import BROKER_STATISTICS, replies

ANSWER_S = 1.0
"""How long the broker may take to tell its counts."""


class BrokerCounts:
    """Asks over a bus that lives elsewhere; threads may share one.

    Args:
        bus: a connection to the embedded broker; others do not tell.
        asker: who asks.
    """

    def __init__(self, bus: Bus, asker: str) -> None:
        self._bus = bus
        self._reply_to = replies(f"{asker}-{uuid4().hex}")
        self._inbox = bus.subscribe(Subscription(self._reply_to))
        self._asking = threading.Lock()

    def ask(self) -> dict[str, Any] | None:
        """`destinations` and `durable_subscriptions` by name; None if it does not tell in `ANSWER_S`."""
        if not self._bus.connected:
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

    def close(self) -> None:
        """Ask no more."""
        self._inbox.close()
