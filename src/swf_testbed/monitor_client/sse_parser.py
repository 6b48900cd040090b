"""Server-sent events from bytes, cut anywhere: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from swf_testbed.model.errors import BadData

LONGEST_EVENT = 16 * 1024 * 1024
"""Bytes of one event; a message has at most 8 MiB, so more is no event of ours."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One event as the server sent it; `id` is None if this event did not set it."""

    event: str
    data: str
    id: str | None


class SseParser:
    """Fed with pieces of a body in order; gives the events that are complete."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        """The last `retry:` that was said."""

        self.last_id = ""
        """The last `id:` of a block that has ended, also of one without data: where to resume."""

        self._line: list[bytes] = []
        self._event = ""
        self._id: str | None = None
        self._data: list[str] = []
        self._begun = False
        self._after_cr = False
        self._clear()

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that end in this piece; `BadData` if one is longer than any of ours can be."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if not piece:
            return
        self._after_cr = piece.endswith(b"\r")
        start = 0
        for end in _LINE_END.finditer(piece):
            self._keep(piece[start : end.start()])
            start = end.end()
            event = self._end_line()
            if event is not None:
                yield event
        self._keep(piece[start:])

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > LONGEST_EVENT:
            raise BadData(f"an event of the stream is longer than {LONGEST_EVENT} bytes")
        if part:
            self._line.append(part)

    def _end_line(self) -> ServerEvent | None:
        line = b"".join(self._line)
        self._line.clear()
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" ").decode("utf-8", "replace"))
        return None

    def _field(self, name: bytes, value: str) -> None:
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and "\0" not in value:
            self._id = value
        elif name == b"retry" and value.isascii() and value.isdigit() and len(value) <= 12:
            self.retry_ms = int(value)

    def _dispatch(self) -> ServerEvent | None:
        if self._id is not None:
            self.last_id = self._id
        event = ServerEvent(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._clear()
        return event

    def _clear(self) -> None:
        self._event = ""
        self._id = None
        self._data = []
        self._size = 0
