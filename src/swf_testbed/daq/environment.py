"""Simulated time: as fast as the machine allows, or paced by the clock on the wall."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import simpy

from swf_testbed.model.clock import now


class Stopped(Exception):
    """The simulation was asked to end; the text says why."""


class DaqEnvironment(simpy.Environment):
    """A SimPy environment that can be paced, and stopped from another thread.

    When paced it catches up if it falls behind, and `drift_s` says by how much it was behind at most.

    Args:
        paced: whether a simulated second takes a second.
    """

    def __init__(self, *, paced: bool) -> None:
        super().__init__()
        self.paced = paced
        self.drift_s = 0.0
        self._began, self._began_at = time.monotonic(), now()
        self._stop = threading.Event()
        self._reason = ""

    def stop(self, reason: str) -> None:
        """End the simulation at its next step; from any thread."""
        self._reason = self._reason or reason
        self._stop.set()

    def run(self, until: float | simpy.Event | None = None) -> Any | None:
        """As of SimPy; when paced, time goes on from this moment."""
        self._began, self._began_at = time.monotonic() - self.now, now() - timedelta(seconds=self.now)
        return super().run(until)

    def step(self) -> None:
        """The next event, when its time has come.

        Raises:
            Stopped: the simulation was asked to end.
        """
        if self.paced and self.peek() != simpy.core.Infinity:
            ahead = self._began + self.peek() - time.monotonic()
            self.drift_s = max(self.drift_s, -ahead)
            self._stop.wait(max(0.0, ahead))
        if self._stop.is_set():
            raise Stopped(self._reason)
        super().step()

    def idle(self, seconds: float) -> simpy.Event:
        """Let seconds of the clock on the wall pass: simulated ones if paced, else none are simulated."""
        if self.paced:
            return self.timeout(seconds)
        self._stop.wait(min(seconds, 0.2))
        return self.timeout(0)

    def stamp(self) -> datetime:
        """The present moment: of the wall clock if paced, else as it would have been."""
        return now() if self.paced else self._began_at + timedelta(seconds=self.now)
