"""`GET /api/messages/stream/` and its status."""

import time
from collections.abc import AsyncIterator

from django.db import DatabaseError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from swf_testbed.monitor.services import messages, subscribers
from swf_testbed.monitor.services.stream_parameters import EARLIEST
from swf_testbed.monitor.stream.client import Client
from swf_testbed.monitor.stream.connection import Connection
from swf_testbed.monitor.stream.frames import heartbeat, notice
from swf_testbed.monitor.stream.hub import Hub, selected
from swf_testbed.monitor.stream.recent import Framed, framed
from swf_testbed.monitor.stream.refusals import REFUSALS, refusal
from swf_testbed.monitor.stream.running import Running
from swf_testbed.monitor.stream.selection import Start, parse
from swf_testbed.monitor.stream.visitors import visitor_of

_CHUNK = 500
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_MEDIA_TYPE = "text/event-stream"


class Stream:
    """The stream's two addresses."""

    def __init__(self, running: Running) -> None:
        self._running = running

    @property
    def _hub(self) -> Hub:
        return self._running.hub

    async def events(self, request: Request) -> Response:
        """The stream."""
        try:
            visitor = await self._running.read(lambda: visitor_of(request))
            selection, start = parse(
                request.query_params.multi_items(), request.headers.getlist("last-event-id")
            )
            await self._running.make_sure_of_room(visitor)
        except REFUSALS as error:
            return refusal(error)
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=_MEDIA_TYPE)
        connection = Connection()
        connection.bound()
        client = self._running.enter(visitor, selection, connection.abort)
        return _EventResponse(self._hub, client, self._watched(client, start))

    async def status(self, request: Request) -> Response:
        """The clients of the stream, of all web processes."""
        try:
            await self._running.read(lambda: visitor_of(request))
            await self._running.register.write()
            found = await self._running.read(
                lambda: subscribers.stream_status(self._hub.process, self._hub.last_id)
            )
        except REFUSALS as error:
            return refusal(error)
        return Response(found.model_dump_json(), media_type="application/json")

    async def _watched(self, client: Client, start: Start) -> AsyncIterator[bytes]:
        """What a client is sent, with the time that its connection takes for it."""
        async for piece in self._pieces(client, start):
            client.busy_since = time.monotonic()
            yield piece
            client.busy_since = None

    async def _pieces(self, client: Client, start: Start) -> AsyncIterator[bytes]:
        if start is None:
            self._hub.join(client)
            number = self._hub.last_id
            told = {"client": client.name, "last_id": number}
            yield notice("connected", told, number=number, retry_ms=self._hub.retry_ms())
        else:
            try:
                async for piece in self._replay(client, start):
                    yield piece
            except DatabaseError:
                client.close("the database did not answer; connect again", self._hub.retry_ms())
        while True:
            if piece := client.take():
                yield piece
            elif client.closed:
                break
            else:
                await client.arrived.wait()
        yield notice("closed", {"reason": client.closed}, retry_ms=client.retry_ms)

    async def _replay(self, client: Client, start: Start) -> AsyncIterator[bytes]:
        """What was missed, from memory or the store; then the client hears what follows."""
        hub = self._hub
        position, whole = await self._begin(start)
        # No number here: a client that is cut off now must ask from where it was.
        yield notice(
            "connected",
            {
                "client": client.name,
                "last_id": hub.last_id,
                "resumed_from": position,
                "history": "complete" if whole else "gone",
            },
            retry_ms=hub.retry_ms(),
        )
        while position < hub.last_id and not client.closed:
            found = await self._after(position)
            if found is None:
                client.close("the history that was being told was thrown away; connect again")
                return
            position = found[-1].message.id
            wanted = selected(client.selection, found)
            client.received += sum(piece.messages for piece in wanted)
            client.count_sent(wanted)
            yield b"".join(piece.data for piece in wanted) or heartbeat(position)
        if position > hub.last_id:
            # It was further with another web process; we are told soon what that has heard.
            self._running.look()
            await hub.reach(position)
        # Nothing is awaited between the last comparison and this, so nothing is broadcast in between.
        hub.join(client)

    async def _begin(self, start: Start) -> tuple[int, bool]:
        """The number to begin after, and whether all that was asked for is there."""
        known, gone, newest = await self._running.read(lambda: messages.locate(start))
        if isinstance(start, int):
            there = gone <= known <= max(newest, self._hub.last_id)
            return (known, True) if there else (gone, False)
        return known, known > gone or gone == 0 or start == EARLIEST

    async def _after(self, position: int) -> list[Framed] | None:
        """What follows a number; None if it was thrown away meanwhile."""
        recent = self._hub.recent.after(position, _CHUNK)
        if recent:
            return list(recent)
        until = self._hub.last_id
        found, gone = await self._running.read(
            lambda: (messages.after(position, _CHUNK, until), messages.gone())
        )
        return None if gone > position or not found else framed(found)


class _EventResponse(StreamingResponse):
    """A stream that the hub forgets as soon as its connection has ended."""

    def __init__(self, hub: Hub, client: Client, content: AsyncIterator[bytes]) -> None:
        super().__init__(content, media_type=_MEDIA_TYPE, headers=_HEADERS)
        self._hub, self._client = hub, client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._client)
