"""What holds launches back: so many a minute, and none while workers die at once."""

from collections import deque

from swf_testbed.config.pool import Pool

_MINUTE_S = 60.0


class Brakes:
    """Times are s of any clock that only goes forward."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._launches: deque[float] = deque()
        self._deaths = 0
        self._open_until: float | None = None
        self.last_death = ""

    def allowed(self, wanted: int, at: float) -> int:
        """How many of so many launches may be made now; after a pause a single one has to prove itself."""
        while self._launches and self._launches[0] <= at - _MINUTE_S:
            self._launches.popleft()
        if self._open_until is not None:
            if at < self._open_until:
                return 0
            wanted = min(wanted, 1)
        return max(0, min(wanted, self._pool.launches_per_minute - len(self._launches)))

    def launched(self, number: int, at: float) -> None:
        """So many were launched."""
        self._launches.extend([at] * number)
        if number and self._open_until is not None:
            # Until its fate is known, no other.
            self._open_until = at + self._pool.crash_age

    def died(self, age_s: float, at: float, why: str) -> None:
        """A worker ended badly."""
        if age_s > self._pool.crash_age:
            return
        self._deaths += 1
        self.last_death = why
        if self._deaths >= self._pool.crash_limit:
            self._open_until = at + self._pool.crash_pause

    def lived(self, age_s: float) -> None:
        """A worker is there, and of some age."""
        if age_s > self._pool.crash_age:
            self._deaths, self._open_until = 0, None

    def said(self, at: float) -> str:
        """Why nothing is launched; empty if nothing holds it back."""
        if self._open_until is None or at >= self._open_until:
            return ""
        return (
            f"{self._deaths} workers in a row died at once ({self.last_death}); "
            f"the next is tried in {self._open_until - at:.0f} s"
        )
