"""The monitor's stream of events: an iterator that comes back, and resumes by number.

with MonitorClient(url, token) as monitor, monitor.events(msg_types=["tf_file_registered"]) as stream:
    for event in stream:
        print(event.id, event.data["tf_filename"])
"""

import json
import logging
import random
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import httpx

from swf_testbed.model.errors import BadData, NotFound, Refused, Unavailable
from swf_testbed.monitor_client.http import error_of, pauses, refuse_certificate, retry_after_s
from swf_testbed.monitor_client.sse_parser import ServerEvent, SseParser

log = logging.getLogger(__name__)

PATH = "/api/messages/stream/"

_SILENCE_S = 40.0
"""The server says something every 15 s; after more than two missed words it is taken for gone."""

_LONGEST_PAUSE_S = 10.0
_CONNECTED, _CLOSED = "connected", "closed"
_SPREAD = 1.25
"""A pause that the server asks for is made longer by chance, up to this factor."""


class Event(NamedTuple):
    """A stored message; `id` is its number, `event` its `msg_type`, `data` the message."""

    id: int
    event: str
    data: dict[str, Any]


class Connected(NamedTuple):
    """The stream is open.

    Attributes:
        resumed_from: what follows this number comes now; None: what is new.
        gap: whether messages between are gone from the monitor's store, and will not come.
    """

    resumed_from: int | None
    gap: bool


class Disconnected(NamedTuple):
    """The stream has ended, or could not be opened; it is tried again after a pause."""

    reason: str
    retry_in_s: float


StreamItem = Event | Connected | Disconnected


class EventStream:
    """Iterates over events without end, over any number of connections, each event once and in order.

    Connections that end are made again with growing pauses, never sooner than the server asked for
    (`retry:`, `Retry-After`). Messages that are gone from the store before they could be sent are logged as a
    warning; `items` tells of that, and of connections, in place.

    Iterating raises what trying again does not help: `BadInput` (a wrong filter), `Refused` (no token, a
    certificate that is not trusted), `NotFound` (no monitor there); and `Unavailable`, if it was never
    connected within `patience_s`.

    Args:
        http: of the monitor; closed with the stream.
        filters: as the query has them.
        last_event_id: begin after this message; None begins with what comes now.
        patience_s: how long to try until the first connection; None has no end.
    """

    def __init__(
        self,
        http: httpx.Client,
        filters: dict[str, str],
        last_event_id: int | None,
        patience_s: float | None = None,
    ) -> None:
        self._http, self._filters, self._patience_s = http, filters, patience_s
        self.last_event_id = last_event_id
        """The number to resume from, also in another process: all up to it was handed out."""

        self.connected = False
        self._ever_connected = False
        self._fruitful = False
        self._closed = threading.Event()
        self._reason = ""
        self._asked_pause_s = 0.0

    def close(self) -> None:
        """End the iteration, at the latest with the next word of the server; safe from any thread."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._http.close()

    def __iter__(self) -> Iterator[Event]:
        for item in self.items():
            if isinstance(item, Event):
                yield item
            elif isinstance(item, Connected) and item.gap:
                log.warning("messages before number %s are no longer in the monitor", item.resumed_from)

    def items(self) -> Iterator[StreamItem]:
        """The events, and between them what happens to the connection."""
        pause = pauses(_LONGEST_PAUSE_S)
        begun = time.monotonic()
        while not self._closed.is_set():
            try:
                yield from self._one_connection()
                self._reason = self._reason or "the server ended the stream"
            except httpx.TransportError as error:
                refuse_certificate(error, self._http.base_url)
                self._reason = str(error) or type(error).__name__
            except (Unavailable, BadData) as error:
                self._reason = str(error)
            finally:
                self.connected = False
            if self._closed.is_set():
                return
            if self._fruitful:
                pause, self._fruitful = pauses(_LONGEST_PAUSE_S), False
            wait = max(pause(), self._asked_pause_s * random.uniform(1.0, _SPREAD))  # noqa: S311  # spreads load
            self._give_up_if_never_connected(begun, wait)
            log.debug("event stream of %s: %s; again in %.1f s", self._http.base_url, self._reason, wait)
            yield Disconnected(self._reason, wait)
            self._closed.wait(wait)

    def _give_up_if_never_connected(self, begun: float, wait: float) -> None:
        limit = self._patience_s
        if limit is not None and not self._ever_connected and time.monotonic() + wait - begun > limit:
            raise Unavailable(f"no stream of events from {self._http.base_url}: {self._reason}")

    def _one_connection(self) -> Iterator[StreamItem]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = str(self.last_event_id)
        self._reason = ""
        timeout = httpx.Timeout(_SILENCE_S, connect=5.0)
        with self._http.stream(
            "GET", PATH, params=self._filters, headers=headers, timeout=timeout
        ) as response:
            self._asked_pause_s = retry_after_s(response)
            if not response.is_success:
                response.read()
                raise _refusal(response)
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise NotFound(f"what answers at {self._http.base_url} is not a monitor's stream of events")
            yield from self._heard(response)

    def _heard(self, response: httpx.Response) -> Iterator[StreamItem]:
        parser = SseParser()
        for piece in response.iter_bytes():
            for said in parser.feed(piece):
                if self._closed.is_set():
                    return
                item = self._understood(said)
                if item is not None:
                    yield item
            self._asked_pause_s = (parser.retry_ms or 0) / 1000
            self._pass(_number(parser.last_id))

    def _pass(self, number: int | None) -> None:
        """Everything up to a number was sent: a sign of life has one too, beyond what filters let through."""
        if number is not None and self.last_event_id is not None:
            self.last_event_id = max(self.last_event_id, number)

    def _understood(self, said: ServerEvent) -> StreamItem | None:
        if said.event == _CONNECTED:
            return self._begin(said)
        if said.event == _CLOSED:
            self._reason = str((_object(said.data) or {}).get("reason", ""))
            return None
        number = _number(said.id)
        if number is None:
            return None  # Not a stored message: a word of the server's that this version does not know.
        if self.last_event_id is not None and number <= self.last_event_id:
            return None
        self.last_event_id = number
        document = _object(said.data)
        if document is None:
            log.warning("event %s of the stream is not a message, and is left out", number)
            return None
        self._fruitful = True
        return Event(number, said.event, document)

    def _begin(self, said: ServerEvent) -> Connected:
        told = _object(said.data) or {}
        gap = told.get("history") == "gone"
        resumed = told.get("resumed_from")
        before = self.last_event_id
        if isinstance(resumed, int) and (gap or before is None):
            self.last_event_id = resumed
        elif before is None:
            self.last_event_id = _number(said.id)
        # Who asks for all that there is, by number 0, misses nothing.
        missed = gap and before != 0
        self.connected = self._ever_connected = True
        return Connected(self.last_event_id if before is not None else None, missed)


def _refusal(response: httpx.Response) -> Exception:
    if response.is_redirect:
        where = response.headers.get("location", "elsewhere")
        return Refused(f"the monitor is not at {response.request.url}: it points to {where}")
    if response.status_code == 404:
        return NotFound(f"there is no monitor's stream of events at {response.request.url} (404)")
    return error_of(response)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 19 else None


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object of a text; None if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
