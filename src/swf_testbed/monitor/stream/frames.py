"""The bytes of server-sent events."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pydantic_core import to_json

from swf_testbed.monitor.services.messages import StoredMessage

PIECE_BYTES = 32 * 1024
"""What is handed to a connection at once is not much longer: a thousand clients may have one each in hand."""


class Piece(NamedTuple):
    """Bytes that are sent as they are, to one client or to many."""

    data: bytes
    messages: int = 0
    last_id: int = 0


def frame(message: StoredMessage) -> bytes:
    """A stored message, with its number as the event's id."""
    # JSON text has no line ends, and message types are words; a type that is not cannot forge a field.
    event = "".join(message.event.split())
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (message.id, event.encode(), to_json(message.data))


def heartbeat(number: int) -> bytes:
    """A sign of life; an event without data only moves the number to resume from, past what was left out."""
    return b": heartbeat\nid: %d\n\n" % number


def notice(
    event: str, document: dict[str, Any], *, number: int | None = None, retry_ms: int | None = None
) -> bytes:
    """A word of the server's own: `connected` or `closed`."""
    said = b"" if number is None else b"id: %d\n" % number
    pause = b"" if retry_ms is None else b"retry: %d\n" % retry_ms
    return said + b"event: %s\ndata: %s\n%s\n" % (event.encode(), to_json(document), pause)


def pieces(frames: Iterable[tuple[int, bytes]]) -> Sequence[Piece]:
    """Frames with their numbers, joined to pieces."""
    found: list[Piece] = []
    held: list[bytes] = []
    size = last = 0
    for number, data in frames:
        held.append(data)
        size, last = size + len(data), number
        if size >= PIECE_BYTES:
            found.append(Piece(b"".join(held), len(held), last))
            held, size = [], 0
    if held:
        found.append(Piece(b"".join(held), len(held), last))
    return found
