"""How the processes of one monitor tell one another that something was stored, and that they live.

What is told is no message: it says only that the store is worth a look, and may come twice, and late. What
must not happen is that nobody looks: who tells goes on until it is heard, and who hears is woken too when the
way to the others was cut and is there again.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from swf_testbed.bus import Bus, Inbox, Subscription
from swf_testbed.config.settings import Settings
from swf_testbed.model import destinations
from swf_testbed.model.errors import SwfError

log = logging.getLogger(__name__)

_PATIENCE_S = 2.0


class Word(NamedTuple):
    """What one process says: who it is, whether it has stored messages, whether it has clients.

    `changed` names the resources whose records it has changed.
    """

    process: str
    stored: bool = False
    serves: bool = False
    changed: frozenset[str] = frozenset()

    def encode(self) -> bytes:
        """As it travels."""
        return json.dumps({**self._asdict(), "changed": sorted(self.changed)}).encode()


def decode(body: bytes) -> Word | None:
    """What another process said; None if it cannot be understood, as from another version: look then."""
    try:
        said = json.loads(body)
        changed = frozenset(map(str, said["changed"]))
        return Word(str(said["process"]), bool(said["stored"]), bool(said["serves"]), changed)
    except (ValueError, KeyError, TypeError):
        return None


Hear = Callable[[Word | None], None]
"""Called in a thread for each word, and with None when words may have been missed; returns at once."""


class Way(Protocol):
    """A way to the other processes."""

    def tell(self, body: bytes) -> None:
        """Returns when the others will hear it, however long that takes; raises `SwfError` once closed."""

    def listen(self, hear: Callable[[bytes | None], None]) -> None:
        """Hand on what is said until closed; None at first, and whenever something may have been missed."""

    def close(self) -> None:
        """End `tell` and `listen`."""


class BrokerWay:
    """Over a topic of the broker; the bus lives elsewhere."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox: Inbox | None = None

    def tell(self, body: bytes) -> None:
        """Say it, and again after a reconnection, until the broker has it."""
        said = {"persistent": "false", "content-type": "application/json"}
        self._bus.publish_body(destinations.STORED, body, said)

    def listen(self, hear: Callable[[bytes | None], None]) -> None:
        """An empty delivery is a subscription that is there (again)."""
        inbox = self._inbox = self._bus.subscribe(Subscription(destinations.STORED, wakes=True))
        while not inbox.closed:
            heard = inbox.take(limit=1000)
            inbox.ack(heard)
            for delivery in heard:
                hear(delivery.body)
            if not heard:
                hear(None)

    def close(self) -> None:
        """The bus is closed by who opened it, which ends `tell`."""
        if self._inbox is not None:
            self._inbox.close()


class Fanout:
    """Tells and hears in two threads; what waits to be told is told once, however often it was said."""

    def __init__(self, way: Way, process: str, hear: Hear | None = None) -> None:
        self.process = process
        self._way, self._hear = way, hear
        self._closing = False
        self._waiting: Word | None = None
        self._news = threading.Condition()
        works = [self._tell_on, *([self._hear_on] if hear else [])]
        self._threads = [threading.Thread(target=work, name="fanout", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def tell(self, *, stored: bool = False, serves: bool = False, changed: Iterable[str] = ()) -> None:
        """Let the other processes know, soon; returns at once."""
        with self._news:
            before = self._waiting or Word(self.process)
            self._waiting = Word(
                self.process, stored or before.stored, serves or before.serves, before.changed.union(changed)
            )
            self._news.notify()

    def _tell_on(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._closing)
                word, self._waiting = self._waiting, None
            if word is None:
                return
            try:
                self._way.tell(word.encode())
            except SwfError as error:
                log.debug("not told to the other processes: %s", error)
                if self._closing:
                    return

    def _hear_on(self) -> None:
        assert self._hear is not None  # noqa: S101  # else there is no such thread
        hear = self._hear

        def take(body: bytes | None) -> None:
            hear(None if body is None else decode(body))

        self._way.listen(take)

    def close(self) -> None:
        """Tell what waits, if that is possible at once, and end."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._threads[0].join(_PATIENCE_S)
        self._way.close()
        for thread in self._threads[1:]:
            thread.join(_PATIENCE_S)


@contextmanager
def open_fanout(swf: Settings, bus: Bus, process: str, hear: Hear | None = None) -> Iterator[Fanout]:
    """The way that the settings name: Redis where `REDIS_URL` is set, else the broker."""
    if swf.redis_url is None:
        way: Way = BrokerWay(bus)
    else:
        from swf_testbed.monitor.services.fanout_redis import RedisWay

        way = RedisWay(swf.redis_url, f"swf.stored.{swf.db_name}")
    fanout = Fanout(way, process, hear)
    try:
        yield fanout
    finally:
        fanout.close()
