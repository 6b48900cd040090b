"""From a tool's arguments to records: parts of lists, and single records."""

from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from swf_testbed.monitor.mcp.answers import Listing
from swf_testbed.monitor.services import reading
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.records import Record

R = TypeVar("R", bound=Record)

FEW = 50
"""Items that a list answers unless it is asked for more."""


def listing(cls: type[R], limit: int, cursor: int | None, **filters: Any) -> Listing[R]:
    """The newest records of a class that pass the filters; those that are None do not limit."""
    query = {name: [_text(value)] for name, value in filters.items() if value is not None}
    found = reading.newest(RESOURCES[cls.resource], query, limit=limit, before=cursor)
    items = tuple(cls.model_validate(row) for row in found.results)
    return Listing[cls](total=found.total, items=items, next_cursor=found.cursor)  # type: ignore[valid-type]


def one(cls: type[R], *key: object) -> R:
    """A record by its natural key; `NotFound` says what the key is."""
    path = "/".join(_text(part) for part in key)
    return cls.model_validate(reading.get(RESOURCES[cls.resource], path))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)
