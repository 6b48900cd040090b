"""Filters of lists: text from a query to conditions on a table, every mistake named."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.names import LAST_RUN_NUMBER
from swf_testbed.monitor.services.declaration import Resource

_LONGEST = 300


def number_between(name: str, text: str, low: int, high: int) -> int:
    """A whole number; `BadInput` outside of `low` to `high`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and low <= int(text) <= high):
        raise BadInput(name, text, f"must be a whole number from {low} to {high}")
    return int(text)


def run_number_of(text: str, name: str = "run_number") -> int:
    """The number of a run; `BadInput` if the text is none."""
    return number_between(name, text, 0, LAST_RUN_NUMBER)


def moment(name: str, text: str) -> datetime:
    """An ISO 8601 time with an offset; a `+` that the query turned into a blank is understood."""
    try:
        value = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return value.astimezone(UTC) if value.tzinfo else _refuse_naive()
    except (ValueError, OverflowError):
        raise BadInput(
            name, text, "must be an ISO 8601 time with an offset, like 2026-01-31T12:00:00Z"
        ) from None


def _refuse_naive() -> datetime:
    raise ValueError


def _identity(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(name, text, "must be a UUID") from None


def _flag(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadInput(name, text, "must be true or false")
    return text == "true"


def _text(name: str, text: str) -> str:
    if len(text) > _LONGEST or "\0" in text:
        raise BadInput(name, text, f"must be at most {_LONGEST} characters, none of them NUL")
    return text


_PARSERS: "tuple[tuple[type[models.Field[Any, Any]], Callable[[str, str], Any]], ...]" = (
    (models.DateTimeField, moment),
    (models.UUIDField, _identity),
    (models.BooleanField, _flag),
    (models.IntegerField, lambda name, text: number_between(name, text, 0, 2**63 - 1)),
)


def parse_value(resource: Resource, name: str, text: str) -> Any:
    """The value of a field from text.

    Raises:
        BadInput: malformed.
    """
    return _parse(field_of(resource, name), name, text)


def path_of(resource: Resource, name: str) -> str:
    """Where a filter's value stands, seen from the resource's table; `KeyError` if it is no field of one."""
    further = {"namespace": resource.namespace, "run_number": resource.run} | dict(resource.related)
    return further.get(name) or resource.columns[name]


def field_of(resource: Resource, name: str) -> "models.Field[Any, Any]":
    """The field at `path_of` the name; of a reference, the field that it refers by."""
    model: type[models.Model] = resource.model
    entry: object = None
    for step in path_of(resource, name).split("__"):
        entry = model._meta.get_field(step)
        model = entry.related_model if isinstance(entry.related_model, type) else model
    while isinstance(entry, models.ForeignKey):
        entry = entry.target_field
    assert isinstance(entry, models.Field)  # noqa: S101  # a path ends in one
    return entry


def _parse(entry: "models.Field[Any, Any]", name: str, text: str) -> Any:
    if entry.choices:
        allowed = [value for value, _ in entry.flatchoices]
        if text not in allowed:
            raise BadInput(name, text, one_of(allowed))
        return text
    for kind, parser in _PARSERS:
        if isinstance(entry, kind):
            return parser(name, text)
    return _text(name, text)


_NUMBER = {"type": "integer", "minimum": 0}
_SCHEMAS: "tuple[tuple[type[models.Field[Any, Any]], dict[str, Any]], ...]" = (
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, _NUMBER | {"maximum": 2**63 - 1}),
)


def schema_of(resource: Resource, name: str) -> dict[str, Any]:
    """The JSON Schema of a filter's value."""
    if name in {"start_time", "end_time"}:
        return dict(_SCHEMAS[0][1])
    if name == "run_number" and resource.run:
        return _NUMBER | {"maximum": LAST_RUN_NUMBER}
    if name in resource.columns or name in resource.related:
        entry = field_of(resource, name)
        if entry.choices:
            return {"type": "string", "enum": [value for value, _ in entry.flatchoices]}
        for kind, schema in _SCHEMAS:
            if isinstance(entry, kind):
                return dict(schema)
    return {"type": "string", "maxLength": _LONGEST}


class Filters:
    """What a list of a resource can be filtered and ordered by."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._fields = tuple(dict.fromkeys((*resource.key, *resource.filters, *resource.related)))

    @property
    def ordered(self) -> tuple[str, ...]:
        """Every field to order by."""
        return self._fields

    @property
    def names(self) -> list[str]:
        """Every filter."""
        further = [
            *(["namespace"] if self._resource.namespace else []),
            *(["run_number"] if self._resource.run else []),
            "start_time",
            "end_time",
        ]
        return list(dict.fromkeys((*self._fields, *further)))

    def condition(self, said: Mapping[str, Sequence[str]]) -> Q:
        """All filters together; a filter that is given several values accepts any of them."""
        found = Q()
        for name, values in said.items():
            found &= self._one(name, values)
        return found

    def _one(self, name: str, values: Sequence[str]) -> Q:
        resource = self._resource
        if name == "start_time":
            return Q(**{f"{resource.time}__gte": max(moment(name, text) for text in values)})
        if name == "end_time":
            return Q(**{f"{resource.time}__lt": min(moment(name, text) for text in values)})
        self.check(name, values)
        return Q(**{f"{path_of(resource, name)}__in": [self.value(name, text) for text in values]})

    def check(self, name: str, values: Sequence[str] = ()) -> None:
        """Refuse what is not a filter, by name."""
        if name not in self.names:
            raise BadInput(name, list(values), f"is not a filter; {one_of(self.names)}")

    def value(self, name: str, text: str) -> Any:
        """What a filter compares with; `BadInput` if the text is malformed."""
        if name == "namespace" and self._resource.namespace:
            return _text(name, text)
        if name == "run_number" and self._resource.run:
            return run_number_of(text)
        return parse_value(self._resource, name, text)

    def absent(self, name: str) -> Q:
        """Rows that have no value to filter by."""
        try:
            return Q(**{f"{path_of(self._resource, name)}__isnull": True})
        except KeyError:
            raise BadInput("without", name, one_of(self.names)) from None

    def ordering(self, text: str, also: Sequence[str] = ()) -> list[str]:
        """Columns from `name,-name`; the primary key settles ties, so that pages do not overlap.

        It goes the way of the last column, as an index of that column does. `also` names further fields, for
        whoever can wait for an order that no index has.
        """
        columns: list[str] = []
        for word in text.split(","):
            name = word.removeprefix("-")
            if name not in self._fields and name not in also:
                allowed = f"{one_of(dict.fromkeys((*self._fields, *also)))}, with - for the greatest first"
                raise BadInput("ordering", text, allowed)
            columns.append(("-" if word.startswith("-") else "") + path_of(self._resource, name))
        return [*columns, "-pk" if columns[-1].startswith("-") else "pk"]
