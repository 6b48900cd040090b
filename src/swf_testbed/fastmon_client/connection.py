"""What became of the connection while the stream was followed."""

from dataclasses import dataclass
from typing import Any

from swf_testbed.monitor_client import Connected, Disconnected


@dataclass
class ConnectionLog:
    """Counts outages and gaps, and says of each change what a person should know."""

    outages: int = 0
    gaps: int = 0
    begun: bool = False
    """Whether it was ever connected; what went wrong before is told by the error that ends it."""

    _away: bool = False

    def hear(self, item: Connected | Disconnected) -> str | None:
        """Take note; the words for a person, or None if they were said before."""
        if isinstance(item, Connected):
            return self._begin(item)
        if self._away or not self.begun:
            return None
        self._away = True
        self.outages += 1
        return f"disconnected: {item.reason}; trying again until it answers"

    def _begin(self, item: Connected) -> str:
        again, self._away, self.begun = self._away, False, True
        begun = "connected again" if again else "connected"
        if item.gap:
            self.gaps += 1
            return f"{begun}; messages are missing: those up to number {item.resumed_from} are no longer kept"
        if item.resumed_from is None:
            return f"{begun}; waiting for what comes"
        if again:
            return f"{begun}, resumed after message {item.resumed_from}: nothing was missed"
        return f"{begun}; begins after message {item.resumed_from}"

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {"outages": self.outages, "gaps": self.gaps}
