"""Which web processes live: each that has clients says so, and who falls silent has none any more."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

SAY_S = 15.0
SILENT_S = 60.0
"""A process that has said nothing for so long, while we hear ourselves, is dead."""


class Presence:
    """Hears of the other processes; told from one thread, asked from another.

    Args:
        process: the name of this one.
    """

    def __init__(self, process: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._process, self._clock = process, clock
        self._heard: dict[str, float] = {}
        self._lock = threading.Lock()

    def expect(self, processes: Iterable[str]) -> None:
        """These have clients, as their records say: they will be heard of, or are dead."""
        for process in processes:
            self.heard(process)

    def heard(self, process: str) -> None:
        """A process lives and has clients."""
        with self._lock:
            self._heard[process] = self._clock()

    def missed(self) -> None:
        """We may not have heard everything: nobody is called silent for what we missed."""
        with self._lock:
            moment = self._clock()
            self._heard = dict.fromkeys(self._heard, moment)

    @property
    def others(self) -> bool:
        """Whether another process is believed to have clients."""
        with self._lock:
            return bool(self._heard.keys() - {self._process})

    def take_silent(self) -> list[str]:
        """The processes that have fallen silent, each told once; none while we do not even hear ourselves."""
        with self._lock:
            limit = self._clock() - SILENT_S
            ourselves = self._heard.get(self._process)
            if ourselves is None or ourselves < limit + SILENT_S / 2:
                return []
            silent = [one for one, moment in self._heard.items() if moment < limit]
            for one in silent:
                del self._heard[one]
            return silent
