"""Messages that could not be handled: looked at, and sent again."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from swf_testbed.bus import Bus, Delivery, Subscription
from swf_testbed.model import destinations
from swf_testbed.model.errors import BadInput, Unavailable
from swf_testbed.runtime.dead_letters import AGENT, ERROR, FAILED_AT, ORIGIN

_ANSWER_S = 10.0
_SHORTEST_ID = 6
_OURS = {ERROR, ORIGIN, AGENT, FAILED_AT}
_BROKERS = {
    "subscription", "message-id", "ack", "destination", "redelivered", "content-length", "timestamp",
    "browser", "expires", "priority", "receipt",
}  # fmt: skip
"""Headers that a broker adds to a delivery, or that belong to one sending only."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message with who failed on it, when, and why."""

    id: str
    msg_type: str
    error: str
    agent: str
    failed_at: str
    origin: str
    body: bytes
    delivery: Delivery

    @classmethod
    def of(cls, delivery: Delivery) -> "DeadLetter":
        """From the queue of dead letters."""
        said = delivery.headers
        return cls(
            id=said.get("swf-message-id") or said.get("message-id", ""),
            msg_type=said.get("msg_type", ""),
            error=said.get(ERROR, ""),
            agent=said.get(AGENT, ""),
            failed_at=said.get(FAILED_AT, ""),
            origin=said.get(ORIGIN, ""),
            body=delivery.body,
            delivery=delivery,
        )

    @property
    def headers(self) -> dict[str, str]:
        """Those it was first sent with, as far as they were kept."""
        said = self.delivery.headers.items()
        return {key: value for key, value in said if key not in _OURS | _BROKERS}


def list_dead_letters(bus: Bus, namespace: str) -> list[DeadLetter]:
    """All dead letters of a namespace, oldest first; they stay where they are."""
    subscription = Subscription(destinations.dead_letters(namespace), browse=True)
    with contextlib.closing(bus.subscribe(subscription)) as inbox:
        found: list[DeadLetter] = []
        while True:
            batch = inbox.take(limit=1000, linger_s=0.05, timeout_s=_ANSWER_S)
            if not batch:
                raise Unavailable(
                    f"the broker did not show {subscription.destination} within {_ANSWER_S:.0f} s"
                )
            found += [DeadLetter.of(delivery) for delivery in batch if not delivery.last]
            if batch[-1].last:
                return found


def find(letters: Iterable[DeadLetter], said: str) -> DeadLetter:
    """The one whose id is, or begins with, what was said."""
    fitting = [letter for letter in letters if letter.id.startswith(said)]
    if len(said) < _SHORTEST_ID or len({letter.id for letter in fitting}) != 1:
        problem = "fits several" if len(said) >= _SHORTEST_ID and fitting else "fits none"
        raise BadInput(
            "dead letter",
            said,
            f"{problem}; give the id of `dead-letters list`, or its first {_SHORTEST_ID} signs",
        )
    return fitting[0]


def resend(bus: Bus, namespace: str, wanted: set[str]) -> list[DeadLetter]:
    """Send the letters with these ids to where they were first sent, and take them from the dead letters.

    A letter leaves the queue only when the broker has confirmed that it is on its way again.

    Raises:
        Unavailable: the broker did not hand out all of them.
    """
    sent: list[DeadLetter] = []
    missing = set(wanted)
    inbox = bus.subscribe(Subscription(destinations.dead_letters(namespace), prefetch=100_000))
    with contextlib.closing(inbox):
        while missing:
            batch = inbox.take(limit=1000, linger_s=0.05, timeout_s=_ANSWER_S)
            if not batch:
                raise Unavailable(f"{len(missing)} of {len(wanted)} messages were not handed out; try again")
            for delivery in batch:
                letter = DeadLetter.of(delivery)
                if letter.id in wanted:
                    bus.publish_body(letter.origin, letter.body, letter.headers, timeout_s=_ANSWER_S)
                    inbox.ack([delivery])
                    missing.discard(letter.id)
                    sent.append(letter)
    return sent
