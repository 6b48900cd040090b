"""A message on its way: what was sent, and how it looks on the wire."""

import json
import time
from collections.abc import Mapping

from swf_testbed.broker.frames import ProtocolError, encode_headers
from swf_testbed.model.errors import shorten

_OF_ONE_HOP = frozenset(
    {
        "ack",
        "content-length",
        "destination",
        "message-id",
        "receipt",
        "redelivered",
        "subscription",
        "transaction",
    }
)
"""Headers of a SEND frame that do not travel on, or that the broker writes itself."""


OVERHEAD = 512
"""Bytes that a message is counted for beside its body."""


class Message:
    """One message: an immutable body and headers, shared by all who are to get it.

    `seq` numbers all messages of a broker in the order of their arrival, across restarts; it is the
    `message-id`. `expires` is milliseconds since the epoch, 0 for never.
    """

    __slots__ = ("_head", "_head_version", "body", "destination", "expires", "headers", "persistent", "seq")

    def __init__(
        self, seq: int, destination: str, headers: dict[str, str], body: bytes, *, persistent: bool
    ) -> None:
        self.seq, self.destination, self.headers, self.body = seq, destination, headers, body
        self.persistent = persistent
        self.expires = int(headers.get("expires", 0))
        self._head = b""
        self._head_version = ""

    @classmethod
    def sent(cls, seq: int, destination: str, headers: Mapping[str, str], body: bytes) -> "Message":
        """A message as a SEND frame asks for it.

        Stored unless the frame says `persistent:false` (ActiveMQ needs `persistent:true` to store).

        Raises:
            ProtocolError: `expires` is not a number.
        """
        kept = {name: value for name, value in headers.items() if name not in _OF_ONE_HOP}
        expires = kept.get("expires", "0")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 19):
            raise ProtocolError(f"expires = {shorten(expires)}: must be milliseconds since 1970")
        kept.setdefault("timestamp", str(now_ms()))
        return cls(seq, destination, kept, body, persistent=headers.get("persistent") != "false")

    @classmethod
    def stored(cls, seq: int, destination: str, headers: str, body: bytes) -> "Message":
        """A message as the store gives it back."""
        return cls(seq, destination, json.loads(headers), body, persistent=True)

    def stored_headers(self) -> str:
        """The headers as the store keeps them."""
        return json.dumps(self.headers, ensure_ascii=False)

    @property
    def size(self) -> int:
        """Bytes in memory, roughly: what the bounds count."""
        return len(self.body) + OVERHEAD

    def expired(self) -> bool:
        """True when its time has passed."""
        return 0 < self.expires <= now_ms()

    def wire(self, version: str, prefix: bytes) -> bytes:
        """A MESSAGE frame; `prefix` is the header lines of this one delivery."""
        if self._head_version != version:
            own = {"destination": self.destination, "message-id": str(self.seq)}
            own["content-length"] = str(len(self.body))
            self._head = encode_headers({**own, **self.headers}, version)
            self._head_version = version
        return b"MESSAGE\n%s%s\n%s\0" % (prefix, self._head, self.body)


def now_ms() -> int:
    """The clock that `expires` and `timestamp` are read on."""
    return int(time.time() * 1000)
