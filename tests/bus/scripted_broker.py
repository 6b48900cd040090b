"""A STOMP server that says what a test has it say: what no real broker can be made to say."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeVar

from bus_brokers import PATIENCE_S

from swf_testbed.bus import BrokerAddress, StompBus

T = TypeVar("T")


@dataclass(frozen=True)
class Heard:
    """A frame of the client."""

    command: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        self.connection = connection
        self._stream = connection.makefile("rb")

    def hear(self, command: str) -> Heard:
        """The next frame, which must be of this kind."""
        found = self._next()
        assert found is not None, f"the client went without a {command}"
        assert found.command == command, found
        return found

    def rest(self) -> list[str]:
        """What else is said until the client has gone."""
        return [found.command for found in iter(self._next, None)]

    def say(self, command: str, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        lines = [command, *(f"{name}:{value}" for name, value in (headers or {}).items())]
        self.connection.sendall("\n".join(lines).encode() + b"\n\n" + body + b"\0")

    def welcome(self, **headers: str) -> Heard:
        """Take the client in; how it asked for it."""
        asked = self.hear("STOMP")
        self.say("CONNECTED", {"version": "1.2", **headers})
        return asked

    def confirm(self, heard: Heard) -> None:
        self.say("RECEIPT", {"receipt-id": heard.headers["receipt"]})

    def hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        self.connection.close()

    def reset(self) -> None:
        """Break the connection, as a broker does that dies."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._stream.close()
        self.connection.close()

    def _next(self) -> Heard | None:
        lines: list[str] = []
        for raw in self._stream:
            if line := raw.decode().rstrip("\n"):
                lines.append(line)
            elif lines:  # else a heart-beat
                return self._with_body(lines)
        return None

    def _with_body(self, lines: list[str]) -> Heard:
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name] = value.replace("\\c", ":")
        body = self._stream.read(int(headers.get("content-length", 0)))
        while (byte := self._stream.read(1)) != b"\0":
            assert byte, "a frame has no end"
            body += byte
        return Heard(lines[0], headers, body)


class ScriptedBroker:
    """Listens from entering the context on; closes what was opened with it.

    Args:
        tls: speaks TLS, of this kind.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE_S)
        self._tls = tls
        self._peers: list[Peer] = []
        self._buses: list[StompBus] = []
        self.address = BrokerAddress("127.0.0.1", self._listening.getsockname()[1])

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def accept(self) -> Peer:
        """The next client to connect."""
        connection = self._listening.accept()[0]
        if self._tls is not None:
            connection.settimeout(PATIENCE_S)
            connection = self._tls.wrap_socket(connection, server_side=True)
        self._peers.append(Peer(connection))
        return self._peers[-1]

    def bus(self, client_id: str | None = None, **who: str) -> StompBus:
        """One that begins to connect."""
        self._buses.append(StompBus(replace(self.address, **who), client_id))  # type: ignore[arg-type]
        return self._buses[-1]

    def linked(self, server: str = "scripted") -> tuple[StompBus, Peer]:
        """One that is connected, and who speaks to it."""
        bus, peer = self.bus(), self.accept()
        peer.welcome(server=server)
        assert bus.wait_connected(PATIENCE_S)
        return bus, peer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for peer in self._peers:
            peer.hang_up()
        for bus in self._buses:
            bus.close()


def aside(act: Callable[[], T]) -> "Future[T]":
    """Do it in a thread of its own: it waits for what the test says only then."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(act())
        except BaseException as error:  # raised again by `result`
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done
