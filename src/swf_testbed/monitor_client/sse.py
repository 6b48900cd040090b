"""The monitor's stream of events: an iterator that comes back and resumes by number."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import httpx

from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor_client.http import error_of, pauses, refuse_certificate

log = logging.getLogger(__name__)

_SILENCE_S = 40.0
"""The server says something every 15 s; after more than two missed words it is taken for gone."""

_NOTICES = frozenset({"connected", "closed"})


class Event(NamedTuple):
    """A stored message; `id` is its number."""

    id: int
    event: str
    data: dict[str, Any]


class EventStream:
    """Iterates over events without end, over any number of connections, each event once.

    A refusal by the server (a wrong filter, no token) is raised; anything else is tried again with growing
    pauses. `last_event_id` is the number to resume from in another process.
    """

    def __init__(self, http: httpx.Client, filters: dict[str, str], last_event_id: int | None) -> None:
        self._http = http
        self._filters = filters
        self.last_event_id = last_event_id
        self.connected = False
        self._closed = False

    def close(self) -> None:
        """End the iteration at the next word of the server."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._http.close()

    def __iter__(self) -> Iterator[Event]:
        pause = pauses()
        while not self._closed:
            try:
                for event in self._one_connection():
                    pause = pauses()
                    yield event
            except (httpx.TransportError, Unavailable) as error:
                if isinstance(error, httpx.TransportError):
                    refuse_certificate(error, self._http.base_url)
                log.debug("event stream of %s: %s; connecting again", self._http.base_url, error)
            finally:
                self.connected = False
            if not self._closed:
                time.sleep(pause())

    def _one_connection(self) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = str(self.last_event_id)
        timeout = httpx.Timeout(_SILENCE_S, connect=5.0)
        with self._http.stream(
            "GET", "/api/messages/stream/", params=self._filters, headers=headers, timeout=timeout
        ) as response:
            if not response.is_success:
                response.read()
                raise error_of(response)
            yield from self._events(response)

    def _events(self, response: httpx.Response) -> Iterator[Event]:
        rest = b""
        for piece in response.iter_bytes():
            # Not by httpx's lines: those also end at characters that may stand in JSON.
            *blocks, rest = (rest + piece).split(b"\n\n")
            for block in blocks:
                if self._closed:
                    return
                event = self._heard(block)
                if event is not None:
                    yield event

    def _heard(self, block: bytes) -> Event | None:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
        if b"id" in fields:
            self.last_event_id = int(fields[b"id"])
        name = fields.get(b"event", b"").decode()
        if name == "connected":
            self.connected = True
            if b'"history":"gone"' in fields[b"data"]:
                log.warning("events after number %s are no longer in the monitor", self.last_event_id)
        if not name or name in _NOTICES:
            return None
        return Event(int(fields[b"id"]), name, json.loads(fields[b"data"]))
