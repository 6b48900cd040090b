"""The connection of a request, which ASGI does not tell: to cut it, and to bound what it holds."""

import asyncio
import socket
from contextvars import ContextVar

from uvicorn.protocols.http.h11_impl import H11Protocol

_SEND_BUFFER = 128 * 1024
"""What the kernel holds for one client; left alone, it grows to megabytes, and hides that nobody reads."""

_transport: ContextVar[asyncio.Transport | None] = ContextVar("transport", default=None)


class Protocol(H11Protocol):
    """HTTP, whose requests know their connection."""

    def data_received(self, data: bytes) -> None:
        """Requests are begun in this context."""
        _transport.set(self.transport)
        super().data_received(data)


class Connection:
    """The connection of the present request."""

    def __init__(self) -> None:
        self._transport = _transport.get()

    def bound(self) -> None:
        """Let little wait in it."""
        found = self._transport.get_extra_info("socket") if self._transport else None
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def abort(self) -> None:
        """Cut it, with what is in it."""
        if self._transport is not None:
            self._transport.abort()
