"""What STOMP brokers differ in, and what the bus says to each of them so that all do the same.

The embedded broker speaks as ActiveMQ Classic does. `docs/explanation/brokers.md` tells each difference, and
the suites in `tests/bus` and `tests/broker` show it.
"""

import time
from collections.abc import Mapping

from swf_testbed.bus.protocol import Subscription
from swf_testbed.model import destinations

_BYTES_A_MESSAGE = 4096
"""What a message of ours counts in a window of bytes."""

_LOOK_MS = 60_000
"""How long the mark of a look may lie in a queue, if whoever looked has died."""


class Dialect:
    """ActiveMQ Classic's, and our own broker's."""

    name = "ActiveMQ Classic"
    marks = False
    """Whether a look at a queue needs a message of ours, sent to it, to have an end."""
    full: tuple[str, ...] = ("Usage Manager ", "Persistent store is Full", "Temp Store is Full")
    """How an error begins that refuses a message for now only."""

    def saying(self, destination: str, said: Mapping[str, str]) -> dict[str, str]:
        """What is added to the headers of a message."""
        return {}

    def hearing(self, subscription: Subscription, look: str) -> dict[str, str]:
        """The headers of a subscription; `look` is a name that no other has."""
        headers = {"activemq.prefetchSize": str(subscription.prefetch)}
        if subscription.durable:
            headers["activemq.subscriptionName"] = subscription.durable
        if subscription.selector:
            headers["selector"] = subscription.selector
        if subscription.browse:
            headers["browser"] = "true"
        return headers

    def heard(self, headers: dict[str, str]) -> dict[str, str]:
        """The headers of a delivery, without those that the broker gives back from the sending."""
        return headers

    def mark(self, look: str) -> dict[str, str]:
        """The headers of the message that ends a look."""
        raise NotImplementedError(f"{self.name} ends a look by itself: {look}")

    def is_end(self, headers: Mapping[str, str]) -> bool:
        """Whether a delivery says that a look has seen everything."""
        return headers.get("browser") == "end"

    def lacks_room(self, error: str) -> bool:
        """Whether a message is refused for now only; our broker lets its sender wait instead."""
        return error.startswith(self.full)


class Artemis(Dialect):
    """ActiveMQ Artemis's.

    A name does not make a topic or a queue there: each frame says which of both it means, so that it is all
    the same whether the acceptor has prefixes. Windows are in bytes. What is said again after a lost
    connection is known by its receipt, and dropped. A queue cannot be looked at: all of it is taken, up to a
    mark that is sent after it, and given back unacknowledged. A full address refuses what is said to it, and
    ends the connection.
    """

    name = "ActiveMQ Artemis"
    marks = True
    # It could not store the message, and does not say why; what is not allowed has other numbers.
    full = ("AMQ339011",)
    _given_back = frozenset({"receipt", "destination-type", "_AMQ_DUPL_ID"})

    def saying(self, destination: str, said: Mapping[str, str]) -> dict[str, str]:
        """Its kind, and by what a second sending is known."""
        kind = {"destination-type": _kind(destination)}
        return kind | ({"_AMQ_DUPL_ID": said["receipt"]} if "receipt" in said else {})

    def hearing(self, subscription: Subscription, look: str) -> dict[str, str]:
        """Its kind, and what may be under way in bytes; 0 hands out one message at a time."""
        window = 0 if subscription.prefetch == 1 else subscription.prefetch * _BYTES_A_MESSAGE
        headers = {
            "subscription-type": _kind(subscription.destination),
            "consumer-window-size": "-1" if subscription.browse else str(window),
        }
        if subscription.durable:
            headers["durable-subscription-name"] = subscription.durable
        if subscription.selector:
            headers["selector"] = subscription.selector
        if subscription.browse:
            headers["selector"] = f"swf_look IS NULL OR swf_look = '{look}'"
        return headers

    def heard(self, headers: dict[str, str]) -> dict[str, str]:
        """Without what was for the broker alone."""
        return {name: value for name, value in headers.items() if name not in self._given_back}

    def mark(self, look: str) -> dict[str, str]:
        """For this look alone, and not for long."""
        expires = int(time.time() * 1000) + _LOOK_MS
        return {"swf_look": look, "persistent": "false", "expires": str(expires)}

    def is_end(self, headers: Mapping[str, str]) -> bool:
        """The mark has come back."""
        return "swf_look" in headers


def _kind(destination: str) -> str:
    return "ANYCAST" if destinations.is_queue(destination) else "MULTICAST"


def dialect_of(server: str) -> Dialect:
    """The dialect of a broker, by the `server` header of its CONNECTED frame."""
    return Artemis() if server.startswith("ActiveMQ-Artemis") else Dialect()
