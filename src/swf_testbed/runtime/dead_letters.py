"""Messages that could not be handled: kept with their error, looked at, and sent again."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from swf_testbed.bus import Bus, Delivery, Subscription
from swf_testbed.messages.codec import MAX_BODY
from swf_testbed.model import destinations
from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import BadInput, Unavailable

ERROR, ORIGIN, AGENT, FAILED_AT = "swf-error", "swf-destination", "swf-agent", "swf-failed-at"
_KEPT_HEADERS = ("msg_type", "namespace", "run_id", "swf-message-id")
_ERROR_CHARS = 1000
_ANSWER_S = 10.0
_OURS = {ERROR, ORIGIN, AGENT, FAILED_AT}
_BROKERS = {
    "subscription", "message-id", "ack", "destination", "redelivered", "content-length", "timestamp",
    "browser", "expires", "priority", "receipt",
}  # fmt: skip
"""Headers that a broker adds to a delivery, or that belong to one sending only."""


def bury(bus: Bus, delivery: Delivery, *, namespace: str, agent: str, error: Exception) -> None:
    """Move a delivery to the dead letters of a namespace, with who failed, when, and why."""
    headers = {key: delivery.headers[key] for key in _KEPT_HEADERS if key in delivery.headers}
    headers |= {
        ERROR: f"{type(error).__name__}: {error}"[:_ERROR_CHARS],
        ORIGIN: delivery.destination,
        AGENT: agent,
        FAILED_AT: iso(now()),
        "persistent": "true",
    }
    bus.publish_body(destinations.dead_letters(namespace), delivery.body[:MAX_BODY], headers)


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
    def failed(self) -> datetime | None:
        """When, if it says so; whoever reaches the queue may have written anything there."""
        try:
            moment = datetime.fromisoformat(self.failed_at)
        except ValueError:
            return None
        return moment if moment.tzinfo else None

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


def resend(bus: Bus, namespace: str, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Send letters to where they were first sent, and take them from the dead letters.

    A letter leaves the queue only when the broker has confirmed that it is on its way again.

    Raises:
        BadInput: one does not say where it was first sent; none has been sent.
        Unavailable: the broker did not hand out all of them.
    """
    wanted = {letter.id: letter for letter in letters}
    if homeless := [letter.id for letter in wanted.values() if not letter.origin]:
        raise BadInput("dead letter", homeless[0], "does not say where it was first sent")
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
