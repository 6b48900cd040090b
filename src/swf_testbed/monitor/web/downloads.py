"""Rows as files, written while they are read."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pydantic_core import to_json

from swf_testbed.monitor.services.rows import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of texts that a spreadsheet would compute."""

_PIECE = 200
"""Rows that are sent at a time."""


class Form(NamedTuple):
    """How a file is written, and what it is."""

    write: Callable[[Sequence[str], Iterable[Row]], Iterator[str] | Iterator[bytes]]
    content_type: str


class _Line:
    """What a CSV writer writes to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)

    def take(self) -> str:
        """All that was written, once."""
        text = "".join(self.lines)
        self.lines.clear()
        return text


def as_csv(names: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A line a row; documents are JSON, and what would be a formula begins with an apostrophe."""
    written = _Line()
    writer = csv.writer(written)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
        if len(written.lines) >= _PIECE:
            yield written.take()
    yield written.take()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def as_json(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """An array of records, as REST answers them."""
    del names
    yield b"["
    pieces: list[bytes] = []
    separator = b"\n"
    for row in rows:
        pieces += (separator, to_json(row))
        separator = b",\n"
        if len(pieces) >= 2 * _PIECE:
            yield b"".join(pieces)
            pieces.clear()
    yield b"".join(pieces) + b"\n]\n"


FORMS: dict[str, Form] = {
    "csv": Form(as_csv, "text/csv; charset=utf-8"),
    "json": Form(as_json, "application/json"),
}
"""The forms of a download by the ending of its name."""
