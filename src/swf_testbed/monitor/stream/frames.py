"""The bytes of server-sent events."""

from typing import Any

from pydantic_core import to_json

from swf_testbed.monitor.services.messages import StoredMessage

HEARTBEAT = b": heartbeat\n\n"


def frame(message: StoredMessage) -> bytes:
    """A stored message, with its number as the event's id."""
    # JSON text has no line ends, and message types are words; a type that is not cannot forge a field.
    event = "".join(message.event.split())
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (message.id, event.encode(), to_json(message.data))


def notice(event: str, document: dict[str, Any], number: int | None = None) -> bytes:
    """A word of the server's own: `connected` or `closed`."""
    said = b"" if number is None else b"id: %d\n" % number
    return said + b"event: %s\ndata: %s\n\n" % (event.encode(), to_json(document))
