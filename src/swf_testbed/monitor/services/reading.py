"""Reading records: pages of a list with filters, and single records by natural key."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import models

from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.filtering import Filters, number_between, parse_value
from swf_testbed.monitor.services.rows import Row, plain

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


class Page(NamedTuple):
    """A part of a list; `total` is the length of the whole."""

    total: int
    limit: int
    offset: int
    results: list[Row]


def find(resource: Resource, query: Mapping[str, Sequence[str]]) -> Page:
    """One page of a resource.

    Args:
        resource: which.
        query: `limit`, `offset`, `ordering`, and filters, each with its values.

    Raises:
        BadInput: a filter that does not exist or a malformed value, by name.
    """
    filters = Filters(resource)
    said = dict(query)
    limit = number_between("limit", _last(said.pop("limit", [str(DEFAULT_LIMIT)])), 1, MAX_LIMIT)
    offset = number_between("offset", _last(said.pop("offset", ["0"])), 0, 2**62)
    ordering = said.pop("ordering", None)
    rows = resource.model._default_manager.filter(filters.condition(said))
    if ordering is not None:
        rows = rows.order_by(*filters.ordering(_last(ordering)))
    return Page(rows.count(), limit, offset, _answers(resource, rows[offset : offset + limit]))


class Newest(NamedTuple):
    """The newest records before some other; `cursor` leads to those before the last, if there are any."""

    total: int
    results: list[Row]
    cursor: int | None


def newest(
    resource: Resource, query: Mapping[str, Sequence[str]], *, limit: int, before: int | None = None
) -> Newest:
    """The newest records that pass the filters; what is added meanwhile shifts no page.

    Args:
        resource: which.
        query: filters, as for `find`.
        limit: at most so many.
        before: the `cursor` of the page before.

    Raises:
        BadInput: as `find` does.
    """
    found = resource.model._default_manager.filter(Filters(resource).condition(query)).order_by("-pk")
    part = found if before is None else found.filter(pk__lt=before)
    keys = list(part.values_list("pk", flat=True)[: limit + 1])
    shown = keys[:limit]
    rows = _answers(resource, found.filter(pk__in=shown)) if shown else []
    return Newest(found.count(), rows, shown[-1] if len(keys) > limit else None)


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def get(resource: Resource, path: str) -> Row:
    """One record as answers have it; see `get_row`."""
    return _plain(get_row(resource, path))


def get_row(resource: Resource, path: str) -> Row:
    """One record by its natural key, or by another unique field (files: their UUID).

    Args:
        resource: which.
        path: the parts of the key, separated by `/`.

    Raises:
        NotFound: there is none.
    """
    missing = NotFound(f"{resource.name} {path} does not exist; the key is {'/'.join(resource.key)}")
    for names in (resource.key, *((name,) for name in resource.lookups)):
        parts = path.split("/", len(names) - 1) if len(names) > 1 else [path]
        if len(parts) != len(names):
            continue
        try:
            limits = {
                resource.columns[name]: parse_value(resource, name, part)
                for name, part in zip(names, parts, strict=True)
            }
        except BadInput:
            continue
        rows = _rows(resource, resource.model._default_manager.filter(**limits)[:1])
        for row in rows:
            resource.complete(rows)
            return row
    raise missing


def _answers(resource: Resource, rows: "models.QuerySet[Any]") -> list[Row]:
    found = [_plain(row) for row in _rows(resource, rows)]
    resource.complete(found)
    return found


def _rows(resource: Resource, rows: "models.QuerySet[Any]") -> list[Row]:
    names, columns = list(resource.columns), list(resource.columns.values())
    return [dict(zip(names, values, strict=True)) for values in rows.values_list(*columns)]


def _plain(row: Row) -> Row:
    return {name: plain(value) for name, value in row.items()}
