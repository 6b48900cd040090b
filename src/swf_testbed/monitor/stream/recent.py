"""The newest messages, kept in memory as they are sent: who comes back soon costs the database nothing."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from swf_testbed.monitor.services.messages import StoredMessage
from swf_testbed.monitor.stream.frames import frame

_MOST, _MOST_BYTES = 5000, 4 * 1024 * 1024


class Framed(NamedTuple):
    """A message, without its content, and its frame, which has it."""

    message: StoredMessage
    data: bytes


def framed(messages: Sequence[StoredMessage]) -> list[Framed]:
    """Messages with their frames."""
    return [Framed(message._replace(data={}), frame(message)) for message in messages]


class Recent:
    """Every stored message after a certain number, and what that number is."""

    def __init__(self) -> None:
        self._floor = 0
        self._kept: list[Framed] = []
        self._numbers: list[int] = []
        self._bytes = 0

    def begin(self, floor: int, messages: Sequence[Framed]) -> None:
        """Begin with the messages that follow `floor`, all of them."""
        self._floor, self._kept, self._numbers, self._bytes = floor, [], [], 0
        self.add(messages)

    def add(self, messages: Sequence[Framed]) -> None:
        """What follows; the oldest are forgotten when there are too many."""
        self._kept += messages
        self._numbers += [entry.message.id for entry in messages]
        self._bytes += sum(len(entry.data) for entry in messages)
        # Twice as many are let grow, so that lists are cut seldom.
        if len(self._kept) > 2 * _MOST or self._bytes > 2 * _MOST_BYTES:
            self._forget()

    def _forget(self) -> None:
        cut = max(0, len(self._kept) - _MOST)
        size = self._bytes - sum(len(entry.data) for entry in self._kept[:cut])
        while size > _MOST_BYTES:
            size -= len(self._kept[cut].data)
            cut += 1
        self._floor = self._numbers[cut - 1]
        self._bytes = size
        del self._kept[:cut], self._numbers[:cut]

    def reaches(self, number: int) -> bool:
        """Whether all messages that follow a number are here."""
        return number >= self._floor

    def after(self, number: int, limit: int) -> Sequence[Framed] | None:
        """The messages that follow a number, oldest first, at most `limit`; None if older ones are wanted."""
        if not self.reaches(number):
            return None
        start = bisect_right(self._numbers, number)
        return self._kept[start : start + limit]
