"""The columns of lists and the fields of details: how a value is written, and where it leads."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
        computed: not a field of the table.
        link: where a row leads from here; None leads to the page of what the field names, if it has one.
    """

    name: str
    title: str
    write: Write = words.text
    number: bool = False
    computed: bool = False
    link: Callable[[Row], str | None] | None = None

    def cell(self, row: Row) -> SafeString | str:
        """What stands in the table."""
        value = row[self.name]
        written = self.write(value)
        where = self.link(row) if self.link else address(self.name, value)
        return format_html('<a href="{}">{}</a>', where, written) if where else written


def number(name: str, title: str, write: Write = words.count, *, computed: bool = False) -> Column:
    """A column of numbers."""
    return Column(name, title, write, number=True, computed=computed)


def document(value: Any) -> SafeString:
    """JSON, indented."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="document" dir="ltr" tabindex="0"><bdi>{}</bdi></pre>', text)


def whole(name: str, value: Any) -> SafeString | str:
    """A value of a detail's field, by its type: nothing is cut off."""
    if value is None or value in ("", [], {}, ()):
        return words.NOTHING
    if (where := address(name, value)) is not None:
        return format_html('<a href="{}">{}</a>', where, words.text(value, len(str(value))))
    return _WRITTEN.get(name, _by_type)(value)


def _by_type(value: Any) -> SafeString | str:
    if isinstance(value, datetime):
        return words.moment(value)
    if isinstance(value, dict | list):
        return document(value)
    if isinstance(value, str) and (len(value) > SHORT or "\n" in value):
        return format_html('<pre class="document" tabindex="0"><bdi>{}</bdi></pre>', value)
    return words.text(value)


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
}
