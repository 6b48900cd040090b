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


@dataclass
class Pending:
    """A message that the broker has not confirmed; `done` is set when it is confirmed or refused."""

    receipt: str
    destination: str
    body: bytes
    headers: dict[str, str]
    done: threading.Event = field(default_factory=threading.Event)
    sent_at: float = 0.0
    transmissions: int = 0
    refusal: str = ""

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

    def transmit(self, pending: Pending, send: Callable[[str, bytes, Mapping[str, str]], None]) -> None:
        """Send it, unless that was tried too often."""
        if pending.waited_s() > HELD_BACK_S:
            pending.transmissions = 0
        pending.sent_at = time.monotonic()
        pending.transmissions += 1
        if pending.transmissions > TRANSMISSIONS:
            self.refuse(pending.receipt, f"the connection was lost {TRANSMISSIONS} times while sending it")
        else:
            send(pending.destination, pending.body, pending.headers)

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
        pending.refusal = refusal
        pending.done.set()
        return True
