"""The way between a monitor's processes over Redis; the only importer of its client."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import redis

from swf_testbed.model.errors import BadInput, Unavailable

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_LOOK_S = 1.0
"""How soon a listener notices that it is to end."""

_CHECK_S = 15
"""How often a silent connection is asked whether it lives."""


class RedisWay:
    """A channel that each process publishes to and listens at; connects again by itself."""

    def __init__(self, url: str, channel: str) -> None:
        self._channel = channel
        self._closing = threading.Event()
        try:
            self._redis = redis.Redis.from_url(
                url, socket_connect_timeout=5, socket_timeout=10, health_check_interval=_CHECK_S
            )
        except ValueError as error:
            raise BadInput(
                "REDIS_URL", "(hidden)", f"must be like redis://127.0.0.1:6379/0 ({error})"
            ) from None

    def tell(self, body: bytes) -> None:
        """Publish, again and again while Redis is away."""
        self._insist(lambda: self._redis.publish(self._channel, body))

    def listen(self, hear: Callable[[bytes | None], None]) -> None:
        """Hand on what is published; a subscription that is confirmed (again) is None."""
        with suppress(Unavailable):
            while True:
                self._insist(lambda: self._one_connection(hear))

    def _one_connection(self, hear: Callable[[bytes | None], None]) -> None:
        with self._redis.pubsub() as heard:  # type: ignore[no-untyped-call]  # redis leaves it untyped
            heard.subscribe(self._channel)
            while not self._closing.is_set():
                said = heard.get_message(timeout=_LOOK_S)
                if said is not None and said["type"] in {"subscribe", "message"}:
                    hear(said["data"] if said["type"] == "message" else None)

    def _insist(self, work: Callable[[], object]) -> None:
        pause, told = _FIRST_PAUSE_S, False
        while not self._closing.is_set():
            try:
                work()
            except redis.RedisError as error:
                if not told:
                    log.warning("redis: %s; trying again", error)
                told = True
                self._closing.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            else:
                return
        raise Unavailable("the connection to Redis is closed")

    def close(self) -> None:
        """End `tell` and `listen`."""
        self._closing.set()
