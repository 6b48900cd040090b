"""How much may be sent without a token."""

import threading
import time

from swf_testbed.monitor.api.answers import TooMany

_MAX_SENDERS = 10_000


class Allowance:
    """So many units in a window of time for each sender."""

    def __init__(self, units: int, window_s: float) -> None:
        self._units, self._window_s = units, window_s
        self._used: dict[str, int] = {}
        self._until = 0.0
        self._lock = threading.Lock()

    def take(self, sender: str, units: int) -> None:
        """Use some of the sender's allowance; `TooMany` when it is used up."""
        with self._lock:
            moment = time.monotonic()
            if moment > self._until or len(self._used) > _MAX_SENDERS:
                self._used.clear()
                self._until = moment + self._window_s
            used = self._used.get(sender, 0) + units
            if used > self._units:
                raise TooMany(f"at most {self._units} in {self._window_s:g} s; try again later")
            self._used[sender] = used
