"""One connection to a STOMP broker, from CONNECT to its loss; never mended, only replaced.

This is the only place that speaks stomp.py. What it knows of it: an exception in a listener closes the
connection, a listener that takes long makes the heart-beat fail, and `is_connected` may lie over TLS.
So the listener only hands on, and whoever needs certainty asks for a receipt.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import stomp
from stomp.exception import NotConnectedException, StompException
from stomp.utils import Frame

from swf_testbed.bus.address import BrokerAddress
from swf_testbed.bus.dialects import Dialect, dialect_of
from swf_testbed.bus.protocol import Subscription
from swf_testbed.bus.tls import files_problem, tls_problem
from swf_testbed.model.errors import Unavailable

HEARTBEAT_MS = 10_000
CONNECT_TIMEOUT_S = 10.0

_GOODBYE = "goodbye"
_PARTING_S = 2.0
"""How long a parting may take: a broker that stands still does not keep us."""

logging.getLogger("stomp.py").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told of what a link hears; each must return at once and raise nothing."""

    message: Callable[["Link", Frame], None]
    receipt: Callable[[str], None]
    error: Callable[[Mapping[str, str], str], None]
    full: Callable[[str], None]
    lost: Callable[["Link"], None]


class Link(stomp.ConnectionListener):  # type: ignore[misc]  # stomp.py has no types
    """A live connection; `epoch` numbers the links of one bus."""

    def __init__(self, address: BrokerAddress, client_id: str | None, epoch: int, ears: Ears) -> None:
        self.epoch = epoch
        self._ears = ears
        self._tls = address.tls
        self._settled, self._welcome = threading.Event(), False
        self._gone = threading.Event()
        self._parted = threading.Event()
        self._refusal = ""
        self._accepted = False
        self._look = uuid4().hex
        self.heard_at = time.monotonic()
        self.dialect = Dialect()
        self._connection = stomp.Connection12(
            [(address.host, address.port)],
            try_loopback_connect=False,
            heartbeats=(HEARTBEAT_MS, HEARTBEAT_MS),
            reconnect_attempts_max=1,
            reconnect_sleep_initial=0.0,
            timeout=CONNECT_TIMEOUT_S,
            keepalive=True,
            auto_decode=False,
            auto_content_length=False,
        )
        if address.tls:
            self._secure(address)
        self._connection.set_listener("bus", self)
        self._connect(address, {"client-id": client_id} if client_id else {})

    def _secure(self, address: BrokerAddress) -> None:
        if problem := files_problem(address):
            raise Unavailable(f"broker {address.host}:{address.port}: {problem}")
        self._connection.set_ssl(
            for_hosts=[(address.host, address.port)],
            ca_certs=str(address.ca_file) if address.ca_file else None,
            cert_file=str(address.cert_file) if address.cert_file else None,
            key_file=str(address.key_file) if address.key_file else None,
            ssl_version=ssl.PROTOCOL_TLS_CLIENT,
        )

    def _connect(self, address: BrokerAddress, headers: dict[str, str]) -> None:
        try:
            self._connection.connect(address.user, address.password, wait=False, headers=headers)
            # stomp.py's own waiting may never end over TLS, when the broker closes after the handshake.
            settled, live = self._settled.wait(CONNECT_TIMEOUT_S), self._connection.transport.socket
            if not settled or not self._welcome or live is None:
                raise StompException("")
            # Else a frame that follows an acknowledgement waits up to 40 ms for the kernel's own.
            live.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (StompException, OSError) as error:
            self.drop()
            said = self._refusal or (tls_problem(address) if address.tls else "") or str(error) or "no answer"
            raise Unavailable(f"broker {address.host}:{address.port} did not accept us: {said}") from None
        self._accepted = True

    # What stomp.py calls, in its receiver thread.

    def on_connected(self, frame: Frame) -> None:
        """The broker takes us, and says who it is."""
        self.dialect = dialect_of(frame.headers.get("server", ""))
        self._welcome = True
        self._settled.set()

    def on_heartbeat(self) -> None:
        """The broker lives."""
        self.heard_at = time.monotonic()

    def on_message(self, frame: Frame) -> None:
        """A delivery."""
        self.on_heartbeat()
        self._ears.message(self, frame)
        if self.dialect.marks and self.dialect.is_end(frame.headers):
            self.ack(frame.headers["ack"])

    def on_receipt(self, frame: Frame) -> None:
        """The broker has it."""
        self.on_heartbeat()
        said = frame.headers["receipt-id"]
        if said == _GOODBYE:
            self._parted.set()
        else:
            self._ears.receipt(said)

    def on_error(self, frame: Frame) -> None:
        """The broker refuses something, and will close the connection."""
        self._refusal = (frame.headers.get("message") or frame.body.decode("utf-8", "replace")).strip()
        if self._accepted and self.dialect.lacks_room(self._refusal):
            self._ears.full(frame.headers.get("receipt-id", ""))
        elif self._accepted:
            self._ears.error(frame.headers, self._refusal)
        self._settled.set()

    def on_disconnected(self) -> None:
        """The connection is gone, whoever ended it."""
        if not self._gone.is_set():
            self._gone.set()
            self._parted.set()
            self._settled.set()
            self._ears.lost(self)

    # What the bus asks for.

    @property
    def alive(self) -> bool:
        """False once the connection is known to be gone."""
        return not self._gone.is_set()

    def send(self, destination: str, body: bytes, headers: Mapping[str, str]) -> None:
        """A SEND frame; raises `OSError` or `StompException` when the connection is gone.

        ActiveMQ takes a message with a length for binary; only a body with a NUL cannot do without.
        """
        length = {"content-length": str(len(body))} if b"\0" in body else {}
        said = {**headers, **self.dialect.saying(destination, headers), **length}
        with self._speaking():
            self._connection.send(destination, body, headers=said)

    def subscribe(self, name: str, subscription: Subscription) -> None:
        """A SUBSCRIBE frame; its receipt is its name."""
        look = f"{self._look}.{name}"
        headers = {**self.dialect.hearing(subscription, look), "receipt": name}
        with self._speaking():
            self._connection.subscribe(
                subscription.destination, id=name, ack="client-individual", headers=headers
            )
        if subscription.browse and self.dialect.marks:
            self.send(subscription.destination, b"", self.dialect.mark(look))

    def unsubscribe(self, name: str) -> None:
        """Stop hearing; a durable subscription is kept by the broker."""
        with self._speaking():
            self._connection.unsubscribe(id=name)

    def ack(self, ack_id: str) -> None:
        """An ACK frame."""
        with self._speaking():
            self._connection.ack(ack_id)

    def goodbye(self) -> None:
        """DISCONNECT, and wait a little until the broker has heard everything; then close the socket."""
        try:
            if self.alive:
                with self._speaking():
                    self._connection.send_frame("DISCONNECT", {"receipt": _GOODBYE})
                self._parted.wait(_PARTING_S)
        except (StompException, OSError):
            pass
        self.drop()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except AttributeError as error:
            # stomp.py looks whether it has a socket, and its receiver may take it away before it is used.
            raise NotConnectedException from error

    def drop(self) -> None:
        """Close the socket at once, and end the heart-beat thread."""
        transport: Any = self._connection.transport
        if self._tls and transport.socket is not None:
            # stomp.py would wait for the broker's last word, for ever if the broker stands still.
            with suppress(OSError):
                transport.socket.shutdown(socket.SHUT_RDWR)
        transport.disconnect_socket()
