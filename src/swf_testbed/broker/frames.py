"""STOMP frames on the wire: an incremental parser and an encoder, for versions 1.0, 1.1 and 1.2."""

import re
from collections.abc import Iterator, Mapping

from swf_testbed.broker.limits import Limits
from swf_testbed.model.errors import SwfError, shorten

VERSIONS = ("1.2", "1.1", "1.0")
"""Versions spoken, the best one first."""

_PLAIN_COMMANDS = frozenset({"CONNECT", "STOMP", "CONNECTED"})
"""Their headers are never escaped (STOMP 1.2, 'Value Encoding'), so that every version can read them."""

_ESCAPES = {
    "1.1": {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
    "1.2": {"\\": "\\\\", "\n": "\\n", ":": "\\c", "\r": "\\r"},
}
_ENCODE = {version: str.maketrans(table) for version, table in _ESCAPES.items()}
_DECODE = {version: {code: char for char, code in table.items()} for version, table in _ESCAPES.items()}
_NAME_1_0 = str.maketrans({"\n": " ", ":": "_"})
_VALUE_1_0 = str.maketrans({"\n": " "})
_ESCAPED = re.compile(r"\\.?", re.DOTALL)


class ProtocolError(SwfError):
    """The client said something that STOMP, or a limit of this broker, does not allow."""


class Frame:
    """One frame: a command, headers as text (the first of a repeated name counts), a body of bytes."""

    __slots__ = ("body", "command", "headers")

    def __init__(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        self.command, self.headers, self.body = command, headers, body

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Frame)
            and self.command == other.command
            and self.headers == other.headers
            and self.body == other.body
        )

    __hash__ = None  # type: ignore[assignment]  # frames are mutable

    def __repr__(self) -> str:
        return f"Frame({self.command!r}, {self.headers!r}, {shorten(self.body)})"


def encode_headers(headers: Mapping[str, str], version: str) -> bytes:
    """Header lines, each with its line end, escaped as `version` wants.

    Version 1.0 has no escapes: line ends become spaces there, and colons in names underscores.
    """
    table = _ENCODE.get(version)
    name_table, value_table = (table, table) if table else (_NAME_1_0, _VALUE_1_0)
    lines = [
        f"{name.translate(name_table)}:{value.translate(value_table)}\n" for name, value in headers.items()
    ]
    return "".join(lines).encode()


def encode(frame: Frame, version: str) -> bytes:
    """A whole frame as bytes; a body gets its `content-length`."""
    headers = frame.headers
    if frame.body:
        headers = {**headers, "content-length": str(len(frame.body))}
    if frame.command in _PLAIN_COMMANDS:
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items()).encode()
    else:
        lines = encode_headers(headers, version)
    return b"%s\n%s\n%s\0" % (frame.command.encode(), lines, frame.body)


class Parser:
    """Bytes in, frames out, whatever the pieces the bytes come in.

    `version` decides on escapes and line ends; it is set when the client's CONNECT has been answered.

    Raises:
        ProtocolError: from `frames`, after which the stream cannot be read any further.
    """

    def __init__(self, limits: Limits) -> None:
        self.version = VERSIONS[0]
        self._limits = limits
        self._buffer = bytearray()
        self._start = 0  # where the frame being read begins
        self._scanned = 0  # up to where its end has been looked for in vain
        self._head: tuple[str, dict[str, str]] | None = None
        self._body_start = 0
        self._length = -1  # of the body, when the frame says it

    def frames(self, data: bytes | memoryview) -> Iterator[Frame]:
        """Add bytes; yield every frame that is complete now."""
        if self._start:
            del self._buffer[: self._start]
            self._scanned -= self._start
            self._body_start -= self._start
            self._start = 0
        self._buffer += data
        while self._head is not None or self._read_head():
            frame = self._read_body()
            if frame is None:
                return
            yield frame

    def _read_head(self) -> bool:
        buffer, end = self._buffer, len(self._buffer)
        start = self._start
        while start < end and buffer[start] in b"\r\n":  # heart-beats, and line ends after a frame
            start += 1
        self._start = start
        scan = max(start, self._scanned)
        stop, size = buffer.find(b"\n\n", scan), 2
        crlf = buffer.find(b"\n\r\n", scan, stop + 1 if stop >= 0 else end)
        if crlf >= 0:
            stop, size = crlf, 3
        if buffer.find(0, scan, stop if stop >= 0 else end) >= 0:
            raise ProtocolError("a frame ends within its headers: a blank line must follow them")
        if (stop if stop >= 0 else end) - start > self._limits.max_header_bytes:
            raise ProtocolError(f"headers longer than {self._limits.max_header_bytes} bytes")
        if stop < 0:
            self._scanned = max(start, end - 2)
            return False
        self._head = self._parse_head(buffer[start:stop])
        self._body_start = self._scanned = stop + size
        self._length = self._content_length(self._head[1])
        return True

    def _parse_head(self, raw: bytearray) -> tuple[str, dict[str, str]]:
        try:
            command, *lines = raw.decode().split("\n")
        except UnicodeDecodeError as error:
            raise ProtocolError("command and headers must be UTF-8") from error
        command = command.removesuffix("\r")
        if len(lines) > self._limits.max_headers:
            raise ProtocolError(f"more than {self._limits.max_headers} headers")
        plain = command in _PLAIN_COMMANDS
        chomp = plain or self.version == "1.2"
        codes = None if plain else _DECODE.get(self.version)
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = (line.removesuffix("\r") if chomp else line).partition(":")
            if not colon or not name:
                raise ProtocolError(f"header line {shorten(line)}: must be name:value")
            if codes is not None and "\\" in line:
                name, value = _unescape(name, codes), _unescape(value, codes)
            headers.setdefault(name, value)
        return command, headers

    def _content_length(self, headers: dict[str, str]) -> int:
        text = headers.get("content-length")
        if text is None:
            return -1
        text = text.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise ProtocolError(f"content-length = {shorten(text)}: must be a number of bytes")
        self._check_size(self._body_start - self._start + int(text))
        return int(text)

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_frame:
            raise ProtocolError(f"frame of {size} bytes: at most {self._limits.max_frame} are allowed")

    def _read_body(self) -> Frame | None:
        buffer = self._buffer
        if self._length >= 0:
            end = self._body_start + self._length
            if len(buffer) <= end:
                return None
            if buffer[end]:
                raise ProtocolError(
                    f"no NUL after content-length = {self._length}: it counts bytes, not characters"
                )
        else:
            end = buffer.find(0, self._scanned)
            self._check_size((end if end >= 0 else len(buffer)) - self._start)
            if end < 0:
                self._scanned = len(buffer)
                return None
        assert self._head is not None  # noqa: S101  # for the type checker: the caller has read the head
        command, headers = self._head
        body = bytes(memoryview(buffer)[self._body_start : end])
        self._head = None
        self._start = self._scanned = end + 1
        return Frame(command, headers, body)


def _unescape(text: str, codes: Mapping[str, str]) -> str:
    def char(match: re.Match[str]) -> str:
        try:
            return codes[match.group()]
        except KeyError:
            raise ProtocolError(f"escape {match.group()!r} in a header: not defined") from None

    return _ESCAPED.sub(char, text) if "\\" in text else text
