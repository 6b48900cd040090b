"""How long a worker lives: until it is drained, idle for too long, or old."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from swf_testbed.config.pool import Pool
from swf_testbed.model.clock import now

_log = logging.getLogger(__name__)

_FOREVER_S = 30 * 86_400.0


class Lifetime:
    """Ends a worker in good order, and knows why.

    Args:
        pool: idle timeout, walltime, and what the last slice may still take; None is without end.
        end: asks the worker to end; what is in hand is finished if that is quick.
        give_up: ends what is in hand.
    """

    def __init__(self, pool: Pool | None, end: Callable[[], None], give_up: Callable[[], None]) -> None:
        self._idle_s = pool.idle_timeout if pool else _FOREVER_S
        self._drain_s = pool.drain_time if pool else _FOREVER_S
        walltime = pool.walltime if pool else None
        self.deadline: datetime | None = None
        """When a slice in hand is given up."""
        if walltime is not None:
            self.deadline = now() + timedelta(seconds=walltime + self._drain_s)
        self._old_at = time.monotonic() + (_FOREVER_S if walltime is None else walltime)
        self._end, self._give_up = end, give_up
        self._changed = threading.Condition()
        self._in_hand = False
        self._stopped = False
        self._since = time.monotonic()
        self._draining_since: float | None = None
        self.reason = ""
        self._thread = threading.Thread(target=self._watch, name="lifetime", daemon=True)

    @property
    def draining(self) -> bool:
        """Whether it ends after what is in hand."""
        return self._draining_since is not None

    def start(self) -> None:
        """Begin to watch; idleness counts from now."""
        self._since = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def drain(self, reason: str) -> None:
        """End after what is in hand; the first reason counts."""
        with self._changed:
            if self._draining_since is None:
                self._draining_since = time.monotonic()
                self.reason = reason
                _log.info("ends after what is in hand: %s", reason)
                self._changed.notify_all()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Have a slice in hand."""
        self._set(in_hand=True)
        try:
            yield
        finally:
            self._set(in_hand=False)

    def _set(self, *, in_hand: bool) -> None:
        with self._changed:
            self._in_hand = in_hand
            self._since = time.monotonic()
            if self.draining:
                self._changed.notify_all()

    def _watch(self) -> None:
        while (act := self._due()) is not None:
            act()

    def _due(self) -> Callable[[], None] | None:
        """Wait for the next thing to do; None when there is no more."""
        with self._changed:
            while not self._stopped:
                present = time.monotonic()
                if self._draining_since is not None:
                    if not self._in_hand:
                        self._stopped = True
                        return self._end
                    left = self._draining_since + self._drain_s - present
                    if left <= 0:
                        self._stopped = True
                        return self._give_up
                elif present >= self._old_at:
                    return lambda: self.drain("walltime")
                elif not self._in_hand and present >= self._since + self._idle_s:
                    return lambda: self.drain(f"idle for {self._idle_s:.0f} s")
                else:
                    idle_at = self._old_at if self._in_hand else self._since + self._idle_s
                    left = min(self._old_at, idle_at) - present
                self._changed.wait(left)
        return None
