"""The columns of lists and the fields of details: how a value is written, and where it leads."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from swf_testbed.monitor.web.links import address
from swf_testbed.monitor.web.templatetags import words

Row = Mapping[str, Any]
Write = Callable[[Any], str | SafeString]

SHORT = 160
"""Characters of a text that a list shows."""


@dataclass(frozen=True)
class Column:
    """One column of a list.

    Attributes:
        name: the field, as records or filters call it, or what the list's `complete` adds.
        title: its heading.
        write: how a value is written.
        number: whether values stand to the right.
        wide: whether it is a text that has much of the width.
        computed: not a field of the table.
        link: where a row leads from here; None leads to the page of what the field names, if it has one.
    """

    name: str
    title: str
    write: Write = words.text
    number: bool = False
    wide: bool = False
    computed: bool = False
    link: Callable[[Row], str | None] | None = None

    def cell(self, row: Row) -> SafeString | str:
        """What stands in the table."""
        value = row[self.name]
        written = self.write(value)
        lead = self.link if self.link and value not in (None, "") else None
        where = lead(row) if lead else address(self.name, value)
        return format_html('<a href="{}">{}</a>', where, written) if where else written


def number(name: str, title: str, write: Write = words.count, *, computed: bool = False) -> Column:
    """A column of numbers."""
    return Column(name, title, write, number=True, computed=computed)


_SPELLED = {"stf": "STF", "tf": "TF", "daq": "DAQ", "url": "URL", "id": "ID", "pid": "PID", "panda": "PanDA"}


def title_of(name: str) -> str:
    """What a field is called, where nobody gave it a title."""
    words_of_it = [_SPELLED.get(word, word) for word in name.split("_")]
    return " ".join([words_of_it[0][0].upper() + words_of_it[0][1:], *words_of_it[1:]])


def document(value: Any) -> SafeString:
    """JSON, indented."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="document" dir="ltr" tabindex="0"><bdi>{}</bdi></pre>', text)


_LAST = ("created_at", "updated_at", "metadata")


class Fields(NamedTuple):
    """All fields of a thing: titles and values of those that say something, and the titles of the others."""

    said: list[tuple[str, SafeString | str]]
    empty: list[str]


def fields_of(row: Row, key: Sequence[str]) -> Fields:
    """The fields of a record as its page shows them, its key first."""
    names = sorted(row, key=lambda name: (name not in key, name in _LAST))
    said = [name for name in names if row[name] not in (None, "", [], {}, ()) and name != "id"]
    shown = [
        (title_of(name), _by_name(name, row[name]) if name in key else whole(name, row[name]))
        for name in said
    ]
    return Fields(shown, [title_of(name) for name in names if name not in said and name != "id"])


def whole(name: str, value: Any) -> SafeString | str:
    """A value of a field, by its meaning or its type, as a link if it has a page; nothing is cut off."""
    if (where := address(name, value)) is not None:
        return format_html('<a href="{}">{}</a>', where, words.text(value, len(str(value))))
    return _by_name(name, value)


def _by_name(name: str, value: Any) -> SafeString | str:
    return _WRITTEN.get(name, _by_type)(value)


def _by_type(value: Any) -> SafeString | str:
    if isinstance(value, datetime):
        return words.moment(value)
    if isinstance(value, dict | list):
        return document(value)
    if isinstance(value, str) and (len(value) > SHORT or "\n" in value):
        return _text_block(value)
    return words.text(value)


def _text_block(value: Any) -> SafeString:
    return format_html('<pre class="document" tabindex="0"><bdi>{}</bdi></pre>', value)


_WRITTEN: Mapping[str, Write] = {
    "status": words.word,
    "phase": words.word,
    "operational_state": words.word,
    "levelname": words.word,
    "severity": words.word,
    "quality": words.word,
    "file_size_bytes": words.size,
    "workflow_enabled": words.yes,
    "is_active": words.yes,
    "message": _text_block,
}
