"""What was said and not yet confirmed: kept until the broker's receipt, said again on a new connection."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from swf_testbed.messages.codec import MAX_BODY
from swf_testbed.model.errors import Refused

TRANSMISSIONS = 20
"""A message during which the connection was lost so often is the reason for it."""

HELD_BACK_S = 10.0
"""A connection that lived on for so long was not lost by the message: the broker holds its producers back."""

ROOM_S = 5.0
"""When to try again what found no room at the broker."""


@dataclass
class Pending:
    """A message that the broker has not confirmed; `done` is set when it is confirmed or refused.

    It is under way on the link of the number `sent_on`. One that is `held` is not sent: there was no room
    in its destination when it was last tried.
    """

    receipt: str
    destination: str
    body: bytes
    headers: dict[str, str]
    done: threading.Event = field(default_factory=threading.Event)
    sent_at: float = 0.0
    sent_on: int = 0
    transmissions: int = 0
    refusal: str = ""
    held: bool = False
    said_at: float = field(default_factory=time.monotonic)

    def waited_s(self) -> float:
        """Since it was sent last, s; 0 if it was never sent."""
        return time.monotonic() - self.sent_at if self.sent_at else 0.0


class Outbox:
    """The unconfirmed messages of one bus, by the receipt that each asks for."""

    def __init__(self) -> None:
        # No other has this name: some brokers know by its receipt that a message is said again.
        self._name = uuid4().hex
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self._full: dict[str, float] = {}
        self._was_full: set[str] = set()
        self._counter = itertools.count(1)

    def add(self, destination: str, body: bytes, headers: Mapping[str, str]) -> Pending:
        """Take a message in; `Refused` if it is too large for any consumer of ours."""
        if len(body) > MAX_BODY:
            raise Refused(f"a message to {destination} has {len(body)} bytes; at most {MAX_BODY} are allowed")
        receipt = f"{self._name}-{next(self._counter)}"
        pending = Pending(receipt, destination, body, {**headers, "receipt": receipt})
        with self._lock:
            self._pending[receipt] = pending
        return pending

    def transmit(
        self, pending: Pending, link: int, send: Callable[[str, bytes, Mapping[str, str]], None]
    ) -> None:
        """Send it on a link, unless that was tried too often, or it must wait, or is under way there already.

        Who says it and who says everything again on a new link do not wait for each other.
        """
        with self._lock:
            if pending.sent_on >= link:
                return
            pending.held = self._must_wait(pending.destination)
            if pending.held:
                return
            pending.sent_on = link
        if pending.waited_s() > HELD_BACK_S:
            pending.transmissions = 0
        pending.sent_at = time.monotonic()
        pending.transmissions += 1
        if pending.transmissions > TRANSMISSIONS:
            self.refuse(pending.receipt, f"the connection was lost {TRANSMISSIONS} times while sending it")
        else:
            send(pending.destination, pending.body, pending.headers)

    def _must_wait(self, destination: str) -> bool:
        """Whether there is no room; asked under the lock."""
        again = self._full.get(destination)
        if again is None or time.monotonic() < again:
            return again is not None
        # One message finds out for all of them.
        self._full[destination] = time.monotonic() + ROOM_S
        return False

    def hold(self, receipt: str) -> str | None:
        """There is no room for a message: it is kept, and those after it; its destination, if that is new."""
        with self._lock:
            pending = self._pending.get(receipt)
            if pending is None:
                return None
            pending.held, pending.sent_on, pending.transmissions = True, 0, 0
            new = pending.destination not in self._full
            self._full[pending.destination] = time.monotonic() + ROOM_S
            self._was_full.add(pending.destination)
        return pending.destination if new else None

    def freed(self, destination: str) -> list[Pending]:
        """What was held and may go, in order."""
        with self._lock:
            if destination in self._full or destination not in self._was_full:
                return []
            self._was_full.discard(destination)
            return [one for one in self._pending.values() if one.held and one.destination == destination]

    def waiting(self, lives: bool) -> list[str]:
        """Destinations without room; of a broker that lives also those that confirm nothing for long."""
        since = time.monotonic() - HELD_BACK_S
        with self._lock:
            return sorted(
                {
                    one.destination
                    for one in self._pending.values()
                    if one.destination in self._full or (lives and one.said_at < since)
                }
            )

    def unconfirmed(self) -> list[Pending]:
        """What is to be said again, in order."""
        with self._lock:
            return list(self._pending.values())

    def confirm(self, receipt: str) -> bool:
        """The broker has it; False if no message asked for this receipt."""
        return self._settle(receipt, "")

    def refuse(self, receipt: str, why: str) -> bool:
        """The broker will not have it; False if no message asked for this receipt."""
        return self._settle(receipt, why)

    def forget(self, pending: Pending) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            self._pending.pop(pending.receipt, None)

    def _settle(self, receipt: str, refusal: str) -> bool:
        with self._lock:
            pending = self._pending.pop(receipt, None)
            if pending is None:
                return False
            self._full.pop(pending.destination, None)
        pending.refusal = refusal
        pending.done.set()
        return True
