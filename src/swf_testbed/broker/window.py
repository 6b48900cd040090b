"""The messages of a backlog that are in memory, in order: how many there may be, and when there are few."""

from collections import deque
from collections.abc import Iterable, Iterator

from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message


class Window:
    """A row of messages that knows its size, and its bounds: `window_messages` and `window_bytes`."""

    __slots__ = ("_limits", "_messages", "_size_bytes")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._messages: deque[Message] = deque()
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    @property
    def first(self) -> Message:
        """The oldest message."""
        return self._messages[0]

    @property
    def newest(self) -> Message:
        """The last message."""
        return self._messages[-1]

    @property
    def full(self) -> bool:
        """Whether a bound is reached."""
        limits = self._limits
        return len(self._messages) >= limits.window_messages or self._size_bytes >= limits.window_bytes

    @property
    def low(self) -> bool:
        """Whether it is less than half full, by number and by bytes."""
        limits = self._limits
        return (
            len(self._messages) < limits.window_messages // 2 and self._size_bytes < limits.window_bytes // 2
        )

    def push(self, message: Message) -> None:
        """Add one behind the others."""
        self._messages.append(message)
        self._size_bytes += message.size

    def pop_first(self) -> Message:
        """Take the oldest out."""
        message = self._messages.popleft()
        self._size_bytes -= message.size
        return message

    def pop_newest(self) -> Message:
        """Take the last out."""
        message = self._messages.pop()
        self._size_bytes -= message.size
        return message

    def replace(self, messages: Iterable[Message]) -> None:
        """Hold these instead; they may be made of what it holds now."""
        self._messages = deque(messages)
        self._size_bytes = sum(message.size for message in self._messages)

    def take_all(self) -> deque[Message]:
        """Take everything out."""
        taken, self._messages, self._size_bytes = self._messages, deque(), 0
        return taken
