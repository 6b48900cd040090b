"""What an agent is doing now, counted: READY, or PROCESSING while anything is in hand."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from swf_testbed.model.status import OperationalState


class Activity:
    """Counts what is in hand and what was done; `changed` is called when the state changes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._in_hand = 0
        self._base = OperationalState.STARTING
        self.handled = 0
        self.failed = 0
        self.skipped = 0

    @property
    def state(self) -> OperationalState:
        """The operational state."""
        busy = self._in_hand and self._base is OperationalState.READY
        return OperationalState.PROCESSING if busy else self._base

    def become(self, state: OperationalState) -> None:
        """Enter READY or EXITED."""
        self._base = state
        self._changed()

    @contextmanager
    def processing(self, count: int) -> Iterator[None]:
        """Have `count` messages in hand."""
        self._add(count)
        try:
            yield
        finally:
            self._add(-count)

    def _add(self, count: int) -> None:
        with self._lock:
            before = self._in_hand
            self._in_hand += count
            switched = bool(before) != bool(self._in_hand)
        if switched:
            self._changed()
