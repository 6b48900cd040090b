"""stomp.py, used the ordinary way, with everything that arrives kept in queues a test can wait on."""

import queue
import threading
from typing import Any, Self

import stomp

from swf_testbed.model.destinations import is_queue

PATIENCE = 60.0


class StompClient:
    """A connection with stomp.py's own API (`connection`) and what came in over it."""

    def __init__(
        self,
        address: tuple[str, int],
        login: tuple[str, str] | None = None,
        *,
        version: str = "1.2",
        **options: Any,
    ) -> None:
        self._login = dict(zip(("username", "passcode"), login or (), strict=False))
        kinds = {
            "1.0": stomp.Connection10,
            "1.1": stomp.Connection11,
            "1.2": stomp.Connection12,
        }
        self.connection = kinds[version]([address], reconnect_attempts_max=1, **options)
        self.connection.set_listener("test", self)
        self.messages: queue.Queue[Any] = queue.Queue()
        self.receipts: queue.Queue[str] = queue.Queue()
        self.errors: queue.Queue[Any] = queue.Queue()
        self.gone = threading.Event()
        self.beats = threading.Semaphore(0)

    # -- what stomp.py calls

    def on_message(self, frame: Any) -> None:
        self.messages.put(frame)

    def on_receipt(self, frame: Any) -> None:
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame: Any) -> None:
        self.errors.put(frame)

    def on_heartbeat(self) -> None:
        self.beats.release()

    def on_disconnected(self) -> None:
        self.gone.set()

    # -- what tests call

    def connect(self, client_id: str = "") -> Self:
        headers = {"client-id": client_id} if client_id else {}
        self.connection.connect(wait=True, headers=headers, **self._login)
        return self

    def subscribe(self, destination: str, *, ack: str = "auto", id: str = "1", **headers: str) -> Self:  # noqa: A002  # stomp.py's own word
        """Subscribe, and return when the broker has confirmed it; `_` in a header's name means `.`."""
        named = {name.replace("_", "."): value for name, value in headers.items()}
        said = {"subscription-type": _kind(destination), **named, "receipt": f"sub-{id}"}
        self.connection.subscribe(destination, id=id, ack=ack, headers=said)
        assert self.receipt() == f"sub-{id}"
        return self

    def send(self, destination: str, body: str | bytes, **headers: str) -> None:
        """Send a persistent message, and return when the broker has confirmed it."""
        self.say(destination, body, **headers, receipt="sent")
        assert self.receipt() == "sent"

    def say(self, destination: str, body: str | bytes, **headers: str) -> None:
        """Send a persistent message."""
        said = {"persistent": "true", "destination-type": _kind(destination), **headers}
        self.connection.send(destination, body, headers=said)

    def receipt(self) -> str:
        return self.receipts.get(timeout=PATIENCE)

    def message(self) -> Any:
        return self.messages.get(timeout=PATIENCE)

    def bodies(self, count: int) -> list[str]:
        return [self.message().body for _ in range(count)]

    def error(self) -> str:
        frame = self.errors.get(timeout=PATIENCE)
        return f"{frame.headers.get('message', '')} {frame.body}"

    def nothing_more(self, destination: str, **headers: str) -> bool:
        """True when nothing but a message sent now, after all others, arrives."""
        self.send(destination, "the last", **headers)
        return bool(self.message().body == "the last")

    def ack(self, frame: Any) -> None:
        self.connection.ack(frame.headers["ack"])

    def cut(self) -> None:
        """Close the socket without a word, as a killed process does."""
        transport = self.connection.transport
        transport.disconnect_socket()
        assert self.gone.wait(PATIENCE)

    def close(self) -> None:
        """Disconnect the polite way."""
        if self.connection.is_connected():
            self.connection.disconnect()
            assert self.gone.wait(PATIENCE)


def _kind(destination: str) -> str:
    """Artemis must be told; others do not listen."""
    return "ANYCAST" if is_queue(destination) else "MULTICAST"
