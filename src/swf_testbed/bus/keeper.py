"""Keeps a bus linked: a thread of its own makes a new link whenever one is lost, until the bus is closed."""

import itertools
import logging
import threading
import time
from collections.abc import Callable

from stomp.exception import StompException

from swf_testbed.bus.link import Link
from swf_testbed.model.errors import Unavailable

FIRST_RETRY_S, LAST_RETRY_S = 0.1, 5.0
LASTING_S = 5.0
"""A link that lived so long was a good one."""

_END_S = 15.0
"""How long the thread may take to end: as long as an attempt to connect."""

_log = logging.getLogger(__name__)


class LinkKeeper:
    """The one live link of a bus, or none at this moment.

    Args:
        broker: which broker it is, as logs name it.
        open_link: makes the link of that number; raises `Unavailable`, with the reason.
        begin: what is said first on every link, before it counts as connected.
        resume: called when it is connected.
    """

    def __init__(
        self,
        broker: str,
        open_link: Callable[[int], Link],
        begin: Callable[[Link], None],
        resume: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._open_link, self._begin, self._resume = open_link, begin, resume
        self.lock = threading.RLock()
        """Held while the link changes; whoever changes what `begin` says must hold it too."""
        self.link: Link | None = None
        self.last_error = ""
        self._connected = threading.Event()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_linked, name="bus-keeper", daemon=True)

    def start(self) -> None:
        """Begin to link."""
        self._wanted.set()
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether there is a live link."""
        return self._connected.is_set()

    @property
    def closing(self) -> bool:
        """Whether there will be no further link."""
        return self._closing.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a live link."""
        return self._connected.wait(timeout_s)

    def use(self, act: Callable[[Link], None]) -> None:
        """Do something on the link if there is one; if it is lost by that, there will be another."""
        link = self.link
        if link is None:
            return
        try:
            act(link)
        except (StompException, OSError):
            link.drop()
            self.lost(link)

    def lost(self, link: Link) -> None:
        """A link is gone."""
        with self.lock:
            if self.link is link:
                self.link = None
                self._connected.clear()
                self._wanted.set()

    def note(self, error: str) -> None:
        """Something is wrong with the broker; logged when it is new."""
        if error != self.last_error:
            _log.warning("%s; trying again", error)
        self.last_error = error

    def part(self) -> Link | None:
        """Make no further link; the last one, to say goodbye on."""
        with self.lock:
            self._closing.set()
            link, self.link = self.link, None
        return link

    def end(self) -> None:
        """After `part`: wait for the thread."""
        self._connected.clear()
        self._wanted.set()
        self._thread.join(timeout=_END_S)

    def _keep_linked(self) -> None:
        delay, tried_at = 0.0, 0.0
        for epoch in itertools.count(1):
            self._wanted.wait()
            # A link that did not last is no reason to hurry: the broker may refuse us again and again.
            lasted = time.monotonic() - tried_at > LASTING_S
            delay = 0.0 if lasted else min(max(2 * delay, FIRST_RETRY_S), LAST_RETRY_S)
            if self._closing.wait(delay):
                return
            tried_at = time.monotonic()
            try:
                link = self._open_link(epoch)
            except Unavailable as error:
                self.note(str(error))
            else:
                self._take_up(link)

    def _take_up(self, link: Link) -> None:
        with self.lock:
            self.link = link
            self._wanted.clear()
            try:
                self._begin(link)
            except (StompException, OSError):
                link.drop()
            if not link.alive or self.closing:
                self.lost(link)
                return
            if self.last_error:
                _log.info("broker %s is back", self._broker)
                self.last_error = ""
            self._connected.set()
        self._resume()
