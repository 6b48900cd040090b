"""`GET /api/messages/stream/` and its status."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings as django_settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpRequest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from swf_testbed.model.errors import BadInput, shorten
from swf_testbed.monitor.middleware import secure_name
from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.tokens import holder_of
from swf_testbed.monitor.stream.frames import HEARTBEAT, frame, notice
from swf_testbed.monitor.stream.hub import Client, Hub
from swf_testbed.monitor.stream.selection import event_number, parse

HEARTBEAT_S = 15.0
_CHUNK = 500
T = TypeVar("T")


class Stream:
    """The stream's two addresses; reads the store in a few threads of its own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="stream-reader")

    def close(self) -> None:
        """Let the threads go."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def events(self, request: Request) -> Response:
        """The stream."""
        refused = await self._refusal(request)
        if refused is not None:
            return refused
        try:
            selection, last = parse(request.query_params.multi_items())
            resumed = request.headers.get("last-event-id")
            if resumed:
                last = event_number("Last-Event-ID", resumed)
        except BadInput as error:
            return _error(
                400, str(error), field=error.field, value=shorten(error.value), allowed=error.allowed
            )
        if self._hub.full or self._hub.closing:
            return _error(503, "too many clients of the stream; try again later")
        address = request.client.host if request.client else ""
        client = self._hub.new_client(address, request.headers.get("user-agent", "")[:200], selection)
        return StreamingResponse(
            self._pieces(client, last),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def status(self, request: Request) -> Response:
        """The clients of the stream."""
        return await self._refusal(request) or JSONResponse(self._hub.status())

    async def _pieces(self, client: Client, last: int | None) -> AsyncIterator[bytes]:
        try:
            if last is None:
                self._hub.join(client)
                start = self._hub.last_id
                yield notice("connected", {"client": client.number, "last_id": start}, start)
            else:
                async for piece in self._replay(client, last):
                    yield piece
            while True:
                if not client.waiting:
                    if client.closed:
                        break
                    await self._wait(client)
                yield client.take() or (b"" if client.closed else HEARTBEAT)
            yield notice("closed", {"reason": client.closed})
        finally:
            self._hub.leave(client)

    async def _wait(self, client: Client) -> None:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await client.arrived.wait()
        except TimeoutError:
            return

    async def _replay(self, client: Client, last: int) -> AsyncIterator[bytes]:
        """What was missed, from the store; then the client hears what follows, without gap or copy."""
        gone, newest = await self._read(lambda: (messages.gone(), messages.newest()))
        known = gone <= last <= max(newest, self._hub.last_id)
        position = last if known else gone
        # No number here: a client that is cut off now must ask from where it was.
        yield notice(
            "connected",
            {
                "client": client.number,
                "last_id": self._hub.last_id,
                "resumed_from": position,
                "history": "complete" if known else "gone",
            },
        )
        while position < self._hub.last_id and not self._hub.closing:
            until = self._hub.last_id
            start = position
            found, gone = await self._read(
                lambda: (messages.after(start, _CHUNK, until), messages.gone())  # noqa: B023  # run at once
            )
            if gone > start:
                client.close("the history that was being told was thrown away; connect again")
                return
            position = found[-1].id if len(found) == _CHUNK else until
            wanted = [frame(message) for message in found if client.selection.wants(message)]
            client.sent += len(wanted)
            if wanted:
                yield b"".join(wanted)
        # Nothing is awaited between the comparison above and this, so nothing is broadcast in between.
        if self._hub.closing:
            client.close("the server is going down; connect again")
        self._hub.join(client)

    async def _refusal(self, request: Request) -> Response | None:
        if django_settings.PUBLIC_READ:
            return None
        if await self._read(lambda: _may_read(request)):
            return None
        return _error(401, "needs the header 'Authorization: Token <key>' with a valid token")

    async def _read(self, work: Callable[[], T]) -> T:
        def isolated() -> T:
            try:
                return work()
            finally:
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._readers, isolated)


def _may_read(request: Request) -> bool:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"token", "bearer"} and holder_of(key.strip()) is not None:
        return True
    name = django_settings.SESSION_COOKIE_NAME
    cookie = request.cookies.get(secure_name(name) if request.url.scheme == "https" else name)
    if not cookie:
        return False
    browser = HttpRequest()
    browser.session = SessionStore(cookie)
    return bool(get_user(browser).is_authenticated)


def _error(status: int, detail: str, **more: str) -> JSONResponse:
    return JSONResponse({"detail": detail, **more}, status_code=status)
