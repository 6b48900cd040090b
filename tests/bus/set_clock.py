"""A monotonic clock that goes on when it is told."""


class Clock:
    """Stands in a module for `time`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now
