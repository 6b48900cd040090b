"""A simulation that is asked to stop at any of its events."""

from swf_testbed.daq.environment import DaqEnvironment


class StopsAfter(DaqEnvironment):
    """Asked to stop when so many events have passed."""

    def __init__(self, events: int) -> None:
        super().__init__(paced=False)
        self._left = events

    def step(self) -> None:
        if not self._left:
            self.stop("stopped by alice")
        self._left -= 1
        super().step()
